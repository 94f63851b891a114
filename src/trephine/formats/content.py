# SPDX-License-Identifier: Apache-2.0
"""Every byte of a file, or why it cannot be had."""

from __future__ import annotations

from pathlib import Path

from trephine.core.errors import FormatError, StorageError


def read_bytes(path: Path) -> bytes:
    """Read a whole file, or say why that cannot be.

    Parameters
    ----------
    path
        File to read.

    Returns
    -------
    bytes
        Everything in it.

    Raises
    ------
    FormatError
        If there is no such file, or it is empty.
    StorageError
        If the system does not let us read it.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError) as error:
        raise FormatError.because(
            where=str(path),
            found="no such file" if isinstance(error, FileNotFoundError) else "a folder",
            expected="a file",
            remedy="Check the name, and that a link does not point into nothing.",
        ) from error
    except OSError as error:
        raise StorageError.because(
            where=str(path),
            found=f"a file that the system does not let us read ({error.strerror})",
            expected="a readable one",
            remedy="Give yourself read permission, or copy the file anew.",
        ) from error
    if not data:
        raise FormatError.because(
            where=str(path),
            found="an empty file (0 bytes)",
            expected="content",
            remedy="Copy the file anew from its source.",
        )
    return data
