# SPDX-License-Identifier: Apache-2.0
"""Write a file whole or not at all, and say clearly when the disk refuses."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from trephine.core.errors import StorageError

PARTIAL = ".partial"
"""Folder, or prefix of names, for files that are not finished; safe to delete when no run is going on."""

_REFUSALS = {
    errno.ENOSPC: ("a full disk", "free space", "Free some space and run again"),
    errno.EDQUOT: ("a used-up disk quota", "free space", "Free some space and run again"),
    errno.EROFS: ("a read-only disk", "a disk that may be written to", "Mount it writable and run again"),
    errno.EACCES: ("no permission to write", "permission to write", "Change the permissions and run again"),
    errno.EPERM: ("no permission to write", "permission to write", "Change the permissions and run again"),
}


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into a ``StorageError`` that names the file.

    Parameters
    ----------
    path
        The file or folder worked on.

    Raises
    ------
    StorageError
        If the disk is full, read-only or out of reach.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        default = (f"the system's answer {reason!r}", "a disk that works", "Check the disk and run again")
        found, expected, remedy = _REFUSALS.get(error.errno or 0, default)
        raise StorageError.because(
            where=str(path), found=found, expected=expected, remedy=f"{remedy}; earlier results are intact."
        ) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it."""
    with guarded(path):
        path.mkdir(parents=True, exist_ok=True)


def write_synced(path: Path, data: bytes) -> None:
    """Write bytes and wait until the disk has them; on failure the file is removed again."""
    make_folder(path.parent)
    with guarded(path):
        try:
            with path.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise


def sync_folder(folder: Path) -> None:
    """Wait until the disk has a folder's names."""
    with guarded(folder):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Parameters
    ----------
    path
        Where to; folders are made.
    data
        Its content.

    Raises
    ------
    StorageError
        If the disk refuses; an older file stays as it was.
    """
    partial = path.with_name(f"{PARTIAL}-{os.getpid()}-{path.name}")
    write_synced(partial, data)
    with guarded(path):
        partial.replace(path)
    sync_folder(path.parent)


def write_if_changed(path: Path, data: bytes) -> None:
    """Write atomically unless the file already holds these bytes."""
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, data)


def json_bytes(value: BaseModel | dict[str, Any]) -> bytes:
    """Write a model or dictionary as indented JSON for people and programs alike."""
    plain = value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value
    return (json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
