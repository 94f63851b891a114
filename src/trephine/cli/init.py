# SPDX-License-Identifier: Apache-2.0
"""``trephine init``: make a study, or add to one, and never overwrite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.cli.options import AsJson, Study
from trephine.cli.output import print_json, print_words

if TYPE_CHECKING:
    from pathlib import Path

_README = """A study for trephine, organised as BIDS (https://bids-specification.readthedocs.io).

Put each participant's scans here before running:

  sub-01/anat/sub-01_T1w.nii.gz                  planning T1 (needed)
  sub-01/func/sub-01_task-hand_bold.nii.gz       hand task, with _bold.json and _events.tsv (needed)
  sub-01/anat/sub-01_angio.nii.gz                angiography (vessels are unknown without it)
  sub-01/ct/sub-01_acq-angio_ct.nii.gz           CT angiography, in its place
  sub-01/ct/sub-01_ct.nii.gz                     CT (the skull is estimated from the T1 without it)
  sub-01/micr/sub-01_sample-cortex_photo.png     live view of the cortex, with .json

Give each participant one row of participants.tsv; participants.json says what its columns mean. Write n/a for
what is not known: it stays unknown, and is never taken for no.

Then: trephine check STUDY, and trephine run STUDY sub-01.
"""


def command(study: Study, as_json: AsJson = False) -> int:
    """Make the skeleton of a BIDS study, or add what is missing to an existing one."""
    from trephine.case import dataset
    from trephine.case.disk import json_bytes, make_folder, write_atomically
    from trephine.case.store import Case
    from trephine.formats.participant_columns import described

    description = {
        "Name": study.resolve().name,
        "BIDSVersion": dataset.BIDS_VERSION,
        "DatasetType": "raw",
    }
    wanted: dict[Path, bytes] = {
        study / "dataset_description.json": json_bytes(description),
        study / "README": _README.encode(),
        study / "participants.tsv": "\t".join(["participant_id", *described()]).encode() + b"\n",
        study / "participants.json": json_bytes(described()),
    }
    derivatives = Case(study=study, subject="sub-01").derivatives
    is_new = not derivatives.exists()
    make_folder(study)
    made = [path for path in wanted if not path.exists()]
    if (study / "participants.tsv").exists():
        # A description of columns that are somebody else's would be wrong.
        made = [path for path in made if path.name != "participants.json"]
    if (study / "README.md").exists():
        made = [path for path in made if path.name != "README"]
    for path in made:
        write_atomically(path, wanted[path])
    dataset.describe(Case(study=study, subject="sub-01"))
    names = [str(path) for path in (*made, *([derivatives] if is_new else []))]
    if as_json:
        print_json({"schema_version": 1, "study": str(study), "made": names})
    else:
        print_words(*(f"made {name}" for name in names or ["nothing: all of it was there already"]))
    return 0
