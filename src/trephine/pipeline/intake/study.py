# SPDX-License-Identifier: Apache-2.0
"""Write an imported person into the study: all of it at once, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from trephine import __version__
from trephine.case.disk import guarded, json_bytes, make_folder, sync_folder, write_atomically, write_synced
from trephine.core.errors import InputError
from trephine.formats.text import NOT_AVAILABLE, read_table

_BIDS_VERSION = "1.10.0"
_RESULTS = "derivatives/trephine-import"
_IGNORED = "**/ct/\n**/*_angio.*\n"


def check_free(study: Path, label: str, *, replaces: bool) -> None:
    """Refuse to overwrite a person, and a folder that is something else than a study.

    Raises
    ------
    InputError
        If the person is there and is not to be replaced, or the folder holds other things.
    """
    recover(study, label)
    if study.exists() and not study.is_dir():
        raise InputError.because(
            where=str(study), found="a file", expected="a folder", remedy="Name another study."
        )
    if study.is_dir() and any(study.iterdir()) and not (study / "dataset_description.json").is_file():
        raise InputError.because(
            where=str(study),
            found="a folder with files, but no dataset_description.json",
            expected="a BIDS study, or an empty or new folder",
            remedy="Name a new folder, or make this one a study with: trephine init STUDY.",
        )
    if (study / f"sub-{label}").exists() and not replaces:
        raise InputError.because(
            where=str(study / f"sub-{label}"),
            found="a person of that label",
            expected="no such folder",
            remedy="Choose another --subject, or move the earlier one aside with --replace (it is kept).",
        )


def recover(study: Path, label: str) -> None:
    """Finish or undo a replacement that was killed between its two steps, and clear what was half written."""
    folder, moving = study / f"sub-{label}", study / f".sub-{label}.replacing"
    with guarded(study):
        shutil.rmtree(_staging(study, label), ignore_errors=True)
        if moving.is_dir():
            moving.rename(_free_name(study, label) if folder.exists() else folder)


def commit(
    study: Path,
    label: str,
    files: Mapping[str, bytes],
    table: bytes,
    person: Mapping[str, str],
    *,
    replaces: bool,
) -> tuple[tuple[str, ...], str | None]:
    """Put a person's files in place.

    Parameters
    ----------
    study
        Made where it is not there.
    label
        Without ``sub-``.
    files
        Content by name, relative to the study; all below the person's folder.
    table
        Table of series.
    person
        Cells for ``participants.tsv``.
    replaces
        Whether an earlier folder of the person may be moved aside.

    Returns
    -------
    tuple of str
        Names written, relative to the study.
    str, optional
        Where the earlier folder was moved to.

    Raises
    ------
    StorageError
        If the disk refuses; the study is then as it was.
    """
    check_free(study, label, replaces=replaces)
    staging, folder = _staging(study, label), study / f"sub-{label}"
    try:
        for name, content in files.items():
            write_synced(staging / name, content)
        make_folder(staging / f"sub-{label}")
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    series = f"{_RESULTS}/sub-{label}_series.tsv"
    written = [*_describe(study), series, "participants.tsv", *files]
    write_atomically(study / series, table)
    write_atomically(study / "participants.tsv", _participants(study, label, person))
    kept = None
    with guarded(folder):
        if folder.exists():
            moving, aside = study / f".sub-{label}.replacing", _free_name(study, label)
            folder.rename(moving)
            (staging / folder.name).rename(folder)
            moving.rename(aside)
            kept = aside.name
        else:
            (staging / folder.name).rename(folder)
        shutil.rmtree(staging, ignore_errors=True)
    sync_folder(study)
    return tuple(written), kept


def _staging(study: Path, label: str) -> Path:
    return study / f".import-sub-{label}.partial"


def _free_name(study: Path, label: str) -> Path:
    number = 1
    while (study / f".sub-{label}.replaced-{number}").exists():
        number += 1
    return study / f".sub-{label}.replaced-{number}"


def _describe(study: Path) -> list[str]:
    """Write the files that make the folder a BIDS study, and the results' folder a derivative of it."""
    made_by = [{"Name": "trephine import", "Version": __version__}]
    wanted = {
        "dataset_description.json": json_bytes(
            {
                "Name": study.resolve().name,
                "BIDSVersion": _BIDS_VERSION,
                "DatasetType": "raw",
                "GeneratedBy": made_by,
            }
        ),
        ".bidsignore": _IGNORED.encode(),
        f"{_RESULTS}/dataset_description.json": json_bytes(
            {
                "Name": "How scans were imported",
                "BIDSVersion": _BIDS_VERSION,
                "DatasetType": "derivative",
                "GeneratedBy": made_by,
            }
        ),
    }
    made = [name for name in wanted if not (study / name).exists()]
    for name in made:
        write_atomically(study / name, wanted[name])
    return made


def _participants(study: Path, label: str, person: Mapping[str, str]) -> bytes:
    """Add the person's row, or fill its empty cells; other rows and columns stay as they are."""
    path = study / "participants.tsv"
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []
    has_rows = len([line for line in lines if line.strip()]) > 1
    rows = read_table(path, ("participant_id",)) if has_rows else []
    columns = [cell.strip() for cell in lines[0].split("\t")] if lines else ["participant_id"]
    columns += [name for name in person if name not in columns]
    own = next((row for row in rows if row["participant_id"] == f"sub-{label}"), None)
    if own is None:
        own = {"participant_id": f"sub-{label}"}
        rows.append(own)
    for name, cell in person.items():
        if own.get(name, "").lower() in NOT_AVAILABLE:
            own[name] = cell
    text = ["\t".join(columns), *("\t".join(row.get(name, "n/a") for name in columns) for row in rows)]
    return ("\n".join(text) + "\n").encode()
