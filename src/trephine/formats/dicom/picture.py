# SPDX-License-Identifier: Apache-2.0
"""One slice: where it lies, how its numbers are to be read, and what tells it from its neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from trephine.core.arrays import AnyArray, Vector3, locked
from trephine.formats.dicom.header import Header
from trephine.formats.dicom.mosaic import Mosaic, mosaic_of

_RAS_FROM_LPS = np.array([-1.0, -1.0, 1.0])
_TIMES = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "AcquisitionNumber",
    "FrameAcquisitionNumber",
    "TriggerTime",
)
_ENHANCED = frozenset({"1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.2.1",
                       "1.2.840.10008.5.1.4.1.1.4.4", "1.2.840.10008.5.1.4.1.1.2.2"})  # fmt: skip
"""Enhanced and legacy converted enhanced MR and CT (DICOM PS3.4, annex B)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One slice of a scan.

    Parameters
    ----------
    path
        Its file.
    frame
        Its place in a multi-frame file; 0 in a file of one.
    tile
        Row and column of its first pixel in a mosaic; absent elsewhere.
    corner_mm
        Centre of the first pixel, RAS, shape (3,); absent where the header does not say.
    along_row, along_column
        Unit vectors in which columns and rows count up, RAS, shape (3,); absent likewise.
    spacing_mm
        Between rows, and between columns; absent likewise.
    shape
        Rows and columns.
    number
        Of the picture in its series or stack (InstanceNumber, InStackPositionNumber).
    times
        What may tell one repetition from the next, in the order of ``_TIMES``; absent fields are ``None``.
    series, frame_of_reference
        Identifiers, used to group and never stored.
    header
        All other fields.
    """

    path: Path
    frame: int
    tile: tuple[int, int] | None
    corner_mm: Vector3 | None
    along_row: Vector3 | None
    along_column: Vector3 | None
    spacing_mm: tuple[float, float] | None
    shape: tuple[int, int]
    number: int | None
    times: tuple[float | None, ...]
    series: str
    frame_of_reference: str
    header: Header = field(repr=False)

    @property
    def is_placed(self) -> bool:
        """Whether the header says where the slice lies."""
        return (
            self.corner_mm is not None
            and self.along_row is not None
            and self.along_column is not None
            and self.spacing_mm is not None
        )

    def where_mm(self, pixels: AnyArray) -> AnyArray:
        """Map (row, column), shape (point, 2), to RAS mm, shape (point, 3)."""
        corner, row, column, spacing = placed(self)
        return corner + pixels[:, :1] * spacing[0] * column + pixels[:, 1:] * spacing[1] * row


def placed(picture: Picture) -> tuple[Vector3, Vector3, Vector3, tuple[float, float]]:
    """Return corner, direction along a row, along a column, and spacings of a picture that has them."""
    corner, row, column = picture.corner_mm, picture.along_row, picture.along_column
    if corner is None or row is None or column is None or picture.spacing_mm is None:
        raise ValueError(f"{picture.path} has no place")
    return corner, row, column, picture.spacing_mm


def pictures_of(path: Path, file: Dataset) -> Iterator[Picture]:
    """Give every slice of a file.

    Parameters
    ----------
    path
        The file.
    file
        Its header.

    Returns
    -------
    iterator of Picture
        One for a classic file, one a frame for an enhanced one, one a tile for a mosaic.
    """
    plain = Header(file=file)
    mosaic = mosaic_of(plain)
    if mosaic is not None:
        yield from _tiles(path, plain, mosaic)
        return
    count = plain.integer("NumberOfFrames") or 1
    groups = plain.raw("PerFrameFunctionalGroupsSequence")
    if plain.word("SOPClassUID") not in _ENHANCED or groups is None or len(groups) != count:
        yield _picture(path, plain, frame=0)
        return
    shared = plain.raw("SharedFunctionalGroupsSequence")
    for frame, own in enumerate(groups):
        header = Header(file=file, shared=shared[0] if shared else None, own=own)
        yield _picture(path, header, frame=frame)


def _picture(path: Path, header: Header, *, frame: int) -> Picture:
    position = header.numbers("ImagePositionPatient")
    turn = header.numbers("ImageOrientationPatient")
    spacing = header.numbers("PixelSpacing")
    is_turn = len(turn) == 6 and _is_right_angled(np.array(turn))
    if header.own is not None:
        number = header.integer("InStackPositionNumber")
    else:
        number = header.integer("InstanceNumber")
    return Picture(
        path=path,
        frame=frame,
        tile=None,
        corner_mm=_ras(position) if len(position) == 3 else None,
        along_row=_unit(turn[:3]) if is_turn else None,
        along_column=_unit(turn[3:]) if is_turn else None,
        spacing_mm=(spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
        shape=(header.integer("Rows") or 0, header.integer("Columns") or 0),
        number=number,
        times=tuple(header.number(name) for name in _TIMES),
        series=header.word("SeriesInstanceUID") + (f"/{path}" if header.own is not None else ""),
        frame_of_reference=header.word("FrameOfReferenceUID"),
        header=header,
    )


def _tiles(path: Path, header: Header, mosaic: Mosaic) -> Iterator[Picture]:
    """Cut a mosaic: its header places the middle of the whole sheet where the first tile's middle is."""
    whole = _picture(path, header, frame=0)
    for index in range(mosaic.count):
        corner = None
        if whole.is_placed:
            start, row, column, spacing = placed(whole)
            edge = (np.array(whole.shape) - np.array(mosaic.shape)) / 2.0
            normal = _ras(mosaic.normal_lps)
            corner = (
                start
                + column * edge[0] * spacing[0]
                + row * edge[1] * spacing[1]
                + normal * index * mosaic.spacing_mm
            )
        yield Picture(
            path=path,
            frame=0,
            tile=mosaic.tile(index, whole.shape),
            corner_mm=None if corner is None else locked(corner, np.float64, (3,), "corner_mm"),
            along_row=whole.along_row,
            along_column=whole.along_column,
            spacing_mm=whole.spacing_mm,
            shape=mosaic.shape,
            number=None,
            times=(whole.number, *whole.times[1:]),
            series=whole.series,
            frame_of_reference=whole.frame_of_reference,
            header=header,
        )


def _ras(lps: tuple[float, ...]) -> Vector3:
    return locked(np.array(lps) * _RAS_FROM_LPS, np.float64, (3,), "position")


def _unit(lps: tuple[float, ...]) -> Vector3:
    vector = np.array(lps) * _RAS_FROM_LPS
    return locked(vector / np.linalg.norm(vector), np.float64, (3,), "direction")


def _is_right_angled(turn: AnyArray) -> bool:
    """Whether both directions have length one and stand upright on each other, to 1 in 100."""
    row, column = turn[:3], turn[3:]
    lengths = abs(row @ row - 1.0) + abs(column @ column - 1.0)
    return bool(lengths < 0.04 and abs(row @ column) < 0.01)
