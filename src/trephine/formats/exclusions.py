# SPDX-License-Identifier: Apache-2.0
"""The surgeon's zones: closed outlines drawn on the picture, or given in a frame in millimetres."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.core.frames import SCANNER, Affine
from trephine.core.units import UM_PER_MM
from trephine.formats.content import read_bytes
from trephine.kernels.geometry.segments import crossing_pairs
from trephine.model.wishes import Rule, Zone

_FEWEST_CORNERS = 3
_SMALLEST_MM2 = 1e-4
_IN_PLANE, _IN_SPACE = 2, 3


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ZoneInFile(_Part):
    """One outline.

    Parameters
    ----------
    name
        The surgeon's word for it.
    rule
        ``keep out`` or ``stay within``.
    frame
        Where its corners are: ``image`` (pixels of the picture named above), ``implant`` or ``scanner`` (mm).
    outline_pixel
        (column, row) of every corner, from the centre of the first pixel; for ``image`` alone.
    outline_mm
        (x, y) of every corner in ``implant``, or (x, y, z) in ``scanner``.
    """

    name: str = Field(min_length=1)
    rule: Rule = "keep out"
    frame: Literal["image", "implant", "scanner"]
    outline_pixel: tuple[tuple[float, float], ...] | None = None
    outline_mm: tuple[tuple[float, ...], ...] | None = None


class ExclusionsFile(_Part):
    """What ``trephine replan --exclude`` reads.

    Parameters
    ----------
    schema_version
        Version of this layout.
    image
        File name of the picture the zones in ``image`` were drawn on; a lasso of one picture means nothing
        on another.
    zones
        The outlines.
    """

    schema_version: Literal[1] = 1
    image: str | None = None
    zones: tuple[ZoneInFile, ...] = Field(min_length=1)


def read_exclusions(
    path: Path, *, image: str, pixel_um: float, shape: tuple[int, int], scanner_from_implant: Affine
) -> tuple[Zone, ...]:
    """Read zones.

    Parameters
    ----------
    path
        JSON as ``ExclusionsFile``.
    image, pixel_um, shape
        File name of the picture planned on, its scale, and its rows and columns.
    scanner_from_implant
        Pose of the implant.

    Returns
    -------
    tuple of Zone
        In the order of the file.

    Raises
    ------
    FormatError
        If the file is not of this layout, a zone has fewer than three corners, no area or crosses itself, or
        was drawn on another picture or beyond this one.
    """
    try:
        file = ExclusionsFile.model_validate_json(read_bytes(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise _refused(
            f"{path}, {'.'.join(map(str, first['loc'])) or 'top'}",
            first["msg"],
            "zones as in docs/reference/schemas/exclusions.json",
            "Correct the file.",
        ) from error
    zones = []
    for zone in file.zones:
        where = f"{path}, zone {zone.name!r}"
        _check_image(zone, file.image, image, where)
        corners = _corners(zone, where)
        if zone.frame == "image":
            _check_on_picture(corners, shape, where)
            corners = corners * (pixel_um / UM_PER_MM)
        outline = (
            np.column_stack([corners, np.zeros(len(corners))]) if corners.shape[1] == _IN_PLANE else corners
        )
        place = {
            "image": None,
            "implant": scanner_from_implant,
            "scanner": Affine.identity(target=SCANNER, source=SCANNER),
        }
        _check_simple(_flat(outline, place[zone.frame], scanner_from_implant), where)
        zones.append(Zone(name=zone.name, rule=zone.rule, outline_mm=outline, place=place[zone.frame]))
    return tuple(zones)


def _flat(outline_mm: AnyArray, place: Affine | None, scanner_from_implant: Affine) -> AnyArray:
    """Return the outline in a plane in which it must not cross itself."""
    if place is None:
        return outline_mm[:, :2]
    return scanner_from_implant.inverse()(place(outline_mm, frame=place.source), frame=SCANNER)[:, :2]


def _corners(zone: ZoneInFile, where: str) -> AnyArray:
    is_drawn = zone.frame == "image"
    given = zone.outline_pixel if is_drawn else zone.outline_mm
    other = zone.outline_mm if is_drawn else zone.outline_pixel
    width = _IN_SPACE if zone.frame == "scanner" else _IN_PLANE
    if given is None or other is not None or any(len(corner) != width for corner in given):
        raise _refused(
            where,
            f"frame {zone.frame!r} with {'outline_mm' if zone.outline_mm else 'outline_pixel'}",
            "outline_pixel (column, row) for image; outline_mm (x, y) for implant, (x, y, z) for scanner",
            "Say in which frame the zone was drawn.",
        )
    corners = np.array(given, dtype=np.float64).reshape(-1, width)
    if len(corners) > 1 and np.allclose(corners[0], corners[-1]):
        corners = corners[:-1]
    if len(corners) < _FEWEST_CORNERS or not np.all(np.isfinite(corners)):
        raise _refused(
            where,
            f"{len(corners)} corners",
            "at least three, all finite",
            "Draw the zone as a closed outline.",
        )
    return corners


def _check_image(zone: ZoneInFile, said: str | None, image: str, where: str) -> None:
    if zone.frame != "image" or said == image:
        return
    raise _refused(
        where,
        f"a zone drawn on {said or 'a picture that is not named'}",
        f"one drawn on {image}",
        "Draw it anew on this picture, or give it in scanner or implant coordinates; name the picture in "
        "the field image.",
    )


def _check_on_picture(corners: AnyArray, shape: tuple[int, int], where: str) -> None:
    rows, columns = shape
    within = (corners >= -0.5).all(axis=1) & (corners <= np.array([columns, rows]) - 0.5).all(axis=1)
    if within.all():
        return
    column, row = corners[~within][0]
    raise _refused(
        where,
        f"a corner at column {column:g}, row {row:g}",
        f"columns 0 to {columns - 1} and rows 0 to {rows - 1}",
        "Check that the zone was drawn on this picture at full size, in pixels.",
    )


def _check_simple(flat: AnyArray, where: str) -> None:
    following = np.roll(flat, -1, axis=0)
    pairs = crossing_pairs(flat, following)
    if len(pairs):
        i, j = pairs[0]
        raise _refused(
            where,
            f"an outline that crosses itself (edge {i + 1} and edge {j + 1})",
            "an outline with one inside",
            "Draw it anew without a loop, or as two zones.",
        )
    area = abs(float(np.sum(flat[:, 0] * following[:, 1] - following[:, 0] * flat[:, 1]))) / 2
    if area < _SMALLEST_MM2:
        raise _refused(where, f"an area of {area:.2g}", "a zone with an inside", "Draw it anew.")


def _refused(where: str, found: str, expected: str, remedy: str) -> FormatError:
    return FormatError.because(where=where, found=found, expected=expected, remedy=remedy)
