# SPDX-License-Identifier: Apache-2.0
"""The few files that make ``derivatives/trephine`` a BIDS derivative of its study."""

from __future__ import annotations

import json
import re

from trephine import __version__
from trephine.case.disk import json_bytes, write_if_changed
from trephine.case.layout import layout
from trephine.case.store import Case

BIDS_VERSION = "1.10.0"
_NOT_BIDS = (
    "*.html",
    "*/plan/",
    "*/sim/",
    "*/log/",
    "*/receipts/",
    "*/figures/",
    "*/audit*",
    "**/*.sidecar.json",
)
_DESCRIPTION = re.compile(r"desc-([A-Za-z0-9]+)_")


def describe(case: Case) -> None:
    """Write ``dataset_description.json``, ``descriptions.tsv`` and ``.bidsignore`` where they are not so yet.

    Parameters
    ----------
    case
        Any participant of the study.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    folder = case.derivatives
    write_if_changed(folder / "dataset_description.json", json_bytes(_description(case)))
    write_if_changed(folder / "descriptions.tsv", _labels())
    write_if_changed(folder / ".bidsignore", ("\n".join(_NOT_BIDS) + "\n").encode())


def _description(case: Case) -> dict[str, object]:
    name = case.study.resolve().name
    source = case.study / "dataset_description.json"
    if source.is_file():
        name = str(json.loads(source.read_bytes()).get("Name", name))
    return {
        "Name": f"trephine: plans for {name}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "trephine",
                "Version": __version__,
                "Description": "Research software, no medical device",
            }
        ],
        "SourceDatasets": [{"URL": "../../"}],
    }


def _labels() -> bytes:
    """List what every ``desc-`` label means."""
    meanings: dict[str, str] = {}
    for kind in layout().values():
        match = _DESCRIPTION.search(kind.name)
        if match:
            meanings.setdefault(match[1], kind.description)
    lines = ["desc_id\tdescription", *(f"{label}\t{words}" for label, words in sorted(meanings.items()))]
    return ("\n".join(lines) + "\n").encode()
