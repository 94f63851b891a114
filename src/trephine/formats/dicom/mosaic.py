# SPDX-License-Identifier: Apache-2.0
"""Siemens mosaics: all slices of one volume as tiles of one picture."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from trephine.formats.dicom.fields import CSA, MOSAIC_COUNT
from trephine.formats.dicom.header import Header

with warnings.catch_warnings():  # nibabel warns of its own readers, of which only the CSA one is used here
    warnings.simplefilter("ignore")
    from nibabel.nicom import csareader


@dataclass(frozen=True, kw_only=True)
class Mosaic:
    """How a mosaic is cut.

    Parameters
    ----------
    count
        Slices.
    shape
        Rows and columns of one tile.
    spacing_mm
        From one slice to the next.
    normal_lps
        Direction from one slice to the next, LPS.
    """

    count: int
    shape: tuple[int, int]
    spacing_mm: float
    normal_lps: tuple[float, float, float]

    def tile(self, index: int, sheet: tuple[int, int]) -> tuple[int, int]:
        """Return row and column of a tile's first pixel: tiles are laid as one reads."""
        across = sheet[1] // self.shape[1]
        return (index // across * self.shape[0], index % across * self.shape[1])


def mosaic_of(header: Header) -> Mosaic | None:
    """Tell how to cut a picture into tiles, or ``None`` where it is no mosaic or does not say."""
    if "MOSAIC" not in header.words("ImageType"):
        return None
    csa = _csa(header)
    count = _count(header, csa)
    rows, columns = header.integer("Rows") or 0, header.integer("Columns") or 0
    turn = header.numbers("ImageOrientationPatient")
    spacing_mm = header.number("SpacingBetweenSlices") or header.number("SliceThickness")
    if not count or not rows or not columns or len(turn) != 6 or not spacing_mm:
        return None
    across = math.ceil(math.sqrt(count))
    stated = _numbers(csa, "SliceNormalVector")
    normal = np.array(stated) if len(stated) == 3 else np.cross(turn[:3], turn[3:])
    return Mosaic(
        count=count,
        shape=(rows // across, columns // across),
        spacing_mm=spacing_mm,
        normal_lps=(float(normal[0]), float(normal[1]), float(normal[2])),
    )


def _csa(header: Header) -> dict[str, object]:
    element = header.file.get(CSA)
    if element is None or not isinstance(element.value, bytes):
        return {}
    try:
        return dict(csareader.read(element.value)["tags"])
    except (csareader.CSAReadError, ValueError, KeyError, IndexError):
        return {}


def _numbers(csa: dict[str, object], name: str) -> tuple[float, ...]:
    tag = csa.get(name)
    items = tag.get("items", ()) if isinstance(tag, dict) else ()
    try:
        return tuple(float(item) for item in items)
    except (TypeError, ValueError):
        return ()


def _count(header: Header, csa: dict[str, object]) -> int:
    element = header.file.get(MOSAIC_COUNT)
    if element is not None:
        try:
            value = element.value
            return int.from_bytes(value[:2], "little") if isinstance(value, bytes) else int(value)
        except (TypeError, ValueError):
            return 0
    stated = _numbers(csa, "NumberOfImagesInMosaic")
    return round(stated[0]) if stated else 0
