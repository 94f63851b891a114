# SPDX-License-Identifier: Apache-2.0
"""One run at a time for one participant."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trephine.case.disk import guarded, make_folder
from trephine.core.errors import StorageError

log = logging.getLogger(__name__)


@contextmanager
def hold(path: Path, *, purpose: str) -> Iterator[None]:
    """Hold a participant's lock for as long as the block lasts.

    Parameters
    ----------
    path
        The lock file; made when missing, emptied and never deleted afterwards (deleting would let two runs
        hold two files of one name).
    purpose
        What the holder does, for the message to others.

    Raises
    ------
    StorageError
        If another process holds it, or the disk refuses.

    Notes
    -----
    The system lets go of the lock when its holder dies, so a killed run leaves no lock behind; the text in
    the file only tells people who holds it, and is noted as stale when nobody does.
    """
    make_folder(path.parent)
    with guarded(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(handle, path)
        _note_stale(handle, path)
        _describe(handle, path, purpose)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _holder(handle)
        raise StorageError.because(
            where=str(path),
            found=f"a lock held by process {holder.get('pid', '?')} on {holder.get('host', '?')} "
            f"({holder.get('purpose', 'unknown work')})",
            expected="no other run on this participant",
            remedy="Wait until it ends, or stop that process, and run again.",
        ) from error


def _holder(handle: int) -> dict[str, object]:
    text = os.pread(handle, 4096, 0)
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _note_stale(handle: int, path: Path) -> None:
    holder = _holder(handle)
    if holder:
        log.warning("%s: process %s ended without letting go; its lock is stale", path, holder.get("pid"))


def _describe(handle: int, path: Path, purpose: str) -> None:
    words = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose})
    with guarded(path):
        os.ftruncate(handle, 0)
        os.pwrite(handle, words.encode(), 0)
