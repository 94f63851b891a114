# SPDX-License-Identifier: Apache-2.0
"""Whether a DICOM file holds all of the picture that its header promises."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import FileDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from trephine.formats.dicom.header import Header

_UNDEFINED = 0xFFFFFFFF
_ITEM = (0xFFFE, 0xE000)
_DELIMITER = (0xFFFE, 0xE0DD)
_PICTURE = {(0x7FE0, 0x0010), (0x7FE0, 0x0008), (0x7FE0, 0x0009)}
_LONG = {b"OB", b"OW", b"OF", b"OD", b"UN"}
"""Types of a picture; their length stands four bytes further on."""


def is_whole(path: Path, file: FileDataset, start: int) -> bool:
    """Tell whether the picture's bytes are all there.

    Parameters
    ----------
    path
        The file.
    file
        Its header, as read without the picture.
    start
        Byte at which the header ended and the picture's field should begin.

    Returns
    -------
    bool
        True also for a deflated file, whose own check sum was met when it was read.
    """
    syntax = file.file_meta.get("TransferSyntaxUID")
    if syntax == DeflatedExplicitVRLittleEndian:
        return True
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(start)
        length = _length_of_picture(stream, order=order, is_implicit=syntax == ImplicitVRLittleEndian)
        if length is None:
            return False
        if length == _UNDEFINED:
            return _ends_properly(stream)
        return stream.tell() + length <= size and length >= _promised_bytes(file)


def _length_of_picture(stream: BinaryIO, *, order: str, is_implicit: bool) -> int | None:
    """Read the picture's tag and length and stop at its first byte; ``None`` where there is no picture."""
    head = stream.read(8 if is_implicit else 12)
    if len(head) < 8 or struct.unpack(order + "HH", head[:4]) not in _PICTURE:
        return None
    if is_implicit or head[4:6] not in _LONG:
        return None if not is_implicit else int(struct.unpack(order + "I", head[4:8])[0])
    return int(struct.unpack(order + "I", head[8:12])[0]) if len(head) == 12 else None


def _ends_properly(stream: BinaryIO) -> bool:
    """Walk over a compressed picture's pieces to the mark that ends them."""
    while True:
        head = stream.read(8)
        if len(head) < 8:
            return False
        tag = struct.unpack("<HH", head[:4])
        if tag == _DELIMITER:
            return True
        if tag != _ITEM:
            return False
        length = struct.unpack("<I", head[4:])[0]
        here = stream.tell()
        if stream.seek(0, 2) < here + length:
            return False
        stream.seek(here + length)


def _promised_bytes(file: FileDataset) -> int:
    header = Header(file=file)
    names = ("Rows", "Columns", "BitsAllocated")
    rows, columns, bits = (header.integer(name) or 0 for name in names)
    samples, frames = header.integer("SamplesPerPixel") or 1, header.integer("NumberOfFrames") or 1
    return rows * columns * samples * frames * bits // 8
