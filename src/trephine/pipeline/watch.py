# SPDX-License-Identifier: Apache-2.0
"""Pictures that a microscope saves into a folder: each new one, once it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trephine.core.errors import InputError
from trephine.formats.live_picture import PICTURE_ENDINGS

LOOK_S = 0.05
"""Pause between two looks at the folder; it decides no result."""
_SETTLED_S = 0.5
"""A file without a mark of its end is whole when nothing about it changed for so long."""
_PNG_END = b"IEND\xaeB`\x82"

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class NewFrame:
    """A picture that is whole.

    Parameters
    ----------
    path
        The newest one.
    passed_over
        Pictures that came at the same time and are older: nobody plans on them.
    """

    path: Path
    passed_over: tuple[Path, ...] = ()


def new_frames(folder: Path, *, look: Callable[[], None] = lambda: None) -> Iterator[NewFrame]:
    """Wait for pictures, those already there left aside, and give each new one when it is whole.

    Parameters
    ----------
    folder
        Where the microscope saves.
    look
        Called between two looks at the folder; raises to stop.

    Returns
    -------
    iterator of NewFrame
        Without end: the newest whole picture since the last one was asked for. A picture counts as new
        again when it, or its sidecar, is written anew.

    Raises
    ------
    InputError
        If there is no such folder.

    Notes
    -----
    A PNG is whole when its last bytes are the mark of its end. TIFF has no such mark: it is taken when its
    size and time stood still for half a second. A sidecar must be there before its picture.
    """
    if not folder.is_dir():
        raise InputError.because(
            where=f"--watch {folder}",
            found="no such folder",
            expected="the folder that the microscope saves into",
            remedy="Make it, or correct its name.",
        )
    # Looked at now, not when the first is asked for: a picture that comes in between is new.
    return _waited_for(folder, _stamps(folder), look)


def _waited_for(folder: Path, known: dict[Path, Stamp], look: Callable[[], None]) -> Iterator[NewFrame]:
    since: dict[Path, tuple[Stamp, float]] = {}
    while True:
        look()
        now = _stamps(folder)
        fresh = {path: stamp for path, stamp in now.items() if known.get(path) != stamp}
        since = {path: _seen(path, stamp, since) for path, stamp in fresh.items()}
        whole = [path for path in fresh if _is_whole(path, time.monotonic() - since[path][1])]
        if whole:
            order = sorted(whole, key=lambda path: (fresh[path][0][1], path.name))
            known |= {path: fresh[path] for path in whole}
            yield NewFrame(path=order[-1], passed_over=tuple(order[:-1]))
        else:
            time.sleep(LOOK_S)


def _stamps(folder: Path) -> dict[Path, Stamp]:
    """Return size and time of every picture and of its sidecar."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICTURE_ENDINGS and not path.name.startswith("."):
            stamp = tuple(one for one in map(_stamp, (path, path.with_suffix(".json"))) if one is not None)
            if stamp:
                found[path] = stamp
    return found


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None  # gone between the two calls, or no sidecar
    return status.st_size, status.st_mtime_ns


def _seen(path: Path, stamp: Stamp, since: dict[Path, tuple[Stamp, float]]) -> tuple[Stamp, float]:
    """Return since when a file has looked as it does."""
    before = since.get(path)
    return before if before is not None and before[0] == stamp else (stamp, time.monotonic())


def _is_whole(path: Path, unchanged_s: float) -> bool:
    if path.suffix.lower() != ".png":
        return unchanged_s >= _SETTLED_S
    try:
        with path.open("rb") as stream:
            stream.seek(-min(len(_PNG_END), path.stat().st_size), 2)
            return stream.read() == _PNG_END
    except OSError:
        return False
