# SPDX-License-Identifier: Apache-2.0
"""BIDS file names: their parts, and a person's files of one kind."""

from __future__ import annotations

import re
from pathlib import Path

from trephine.core.errors import FormatError

NAME = re.compile(
    r"^(?P<entities>(?:[A-Za-z]+-[A-Za-z0-9]+_)+)(?P<suffix>[A-Za-z0-9]+)(?P<ending>(?:\.[A-Za-z0-9]+)+)$"
)
IMAGE_ENDINGS = (".nii", ".nii.gz")


def entities_of(path: Path) -> dict[str, str]:
    """Return the entities of a file name by key; empty when it is no BIDS name."""
    match = NAME.match(path.name)
    parts = match["entities"].rstrip("_").split("_") if match else []
    return dict(part.split("-", 1) for part in parts)


def suffix_of(path: Path) -> str:
    """Return the suffix of an image's name, such as ``T1w``; empty when it is no BIDS image."""
    match = NAME.match(path.name)
    return match["suffix"] if match and match["ending"].lower() in IMAGE_ENDINGS else ""


def files_in(folder: Path, kind: str) -> list[Path]:
    """Return every file of a person in folders of one kind, of every session, sorted."""
    return sorted((*folder.glob(f"{kind}/*"), *folder.glob(f"ses-*/{kind}/*")))


def files_with(folder: Path, kind: str, suffix: str, endings: tuple[str, ...] = IMAGE_ENDINGS) -> list[Path]:
    """Return a person's files with one suffix, of every session, sorted."""
    found = []
    for path in files_in(folder, kind):
        match = NAME.match(path.name)
        if match and match["suffix"] == suffix and match["ending"].lower() in endings:
            found.append(path)
    return found


def at_most_one(found: list[Path], folder: Path, what: str, setting: str | None = None) -> Path | None:
    """Return the only file found, or nothing.

    Raises
    ------
    FormatError
        If there are several; the message names the setting that chooses one, where there is such a setting.
    """
    if len(found) > 1:
        choose = (
            f"Choose one by its file name (--set {setting}={found[0].name}), or move" if setting else "Move"
        )
        raise FormatError.because(
            where=str(folder),
            found=f"{len(found)} images of kind {what}: {', '.join(path.name for path in found)}",
            expected="at most one",
            remedy=f"{choose} the others out.",
        )
    return found[0] if found else None
