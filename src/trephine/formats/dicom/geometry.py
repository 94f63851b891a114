# SPDX-License-Identifier: Apache-2.0
"""Where a stack's slices lie against each other: evenly or not, one above the other or sheared by a tilt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Matrix4
from trephine.core.errors import FormatError
from trephine.formats.dicom.gaps import steps_of
from trephine.formats.dicom.order import Ordered, normal_of
from trephine.formats.dicom.picture import placed

_EVEN_SHARE = 0.05
"""Slices within this share of a step of their even places count as even: headers round. Assumed."""
_UPRIGHT_PIXEL = 0.25
"""Slices that wander less than this against each other over the stack count as upright. Assumed."""
_TILT_AGREEMENT_RAD = float(np.deg2rad(1.0))
_NO_TILT_RAD = float(np.deg2rad(0.3))


@dataclass(frozen=True, kw_only=True, eq=False)
class Geometry:
    """How slices lie.

    Parameters
    ----------
    at_mm
        Along the normal, rising, shape (slice,).
    offset_mm
        Of each corner from the first one: down the columns and across the rows, shape (slice, 2).
    is_even, is_upright
        Whether distances are equal, and whether slices lie straight above each other.
    tilt_rad
        Between the normal and the way from the first slice to the last; positive where slices move along the
        direction in which rows count up.
    """

    at_mm: AnyArray
    offset_mm: AnyArray
    is_even: bool
    is_upright: bool
    tilt_rad: float

    @property
    def step_mm(self) -> AnyArray:
        """Distances from slice to slice, shape (slice - 1,)."""
        return steps_of(self.at_mm)


def geometry_of(stack: Ordered) -> Geometry:
    """Measure how slices lie, from their positions alone.

    Parameters
    ----------
    stack
        In order.

    Returns
    -------
    Geometry
        What is to be evened.

    Raises
    ------
    FormatError
        If the header states a gantry tilt that the positions contradict.
    """
    _, row, column, spacing = placed(stack.first)
    corners = np.array([placed(picture)[0] for picture in stack.pictures[0]])
    way = corners - corners[0]
    offset_mm = np.stack([way @ column, way @ row], axis=1)
    at_mm = stack.at_mm
    even = np.linspace(at_mm[0], at_mm[-1], len(at_mm))
    step_mm = (at_mm[-1] - at_mm[0]) / (len(at_mm) - 1)
    wander = np.abs(offset_mm).max(axis=0) / np.array(spacing)
    depth_mm = float(at_mm[-1] - at_mm[0])
    found = Geometry(
        at_mm=at_mm,
        offset_mm=offset_mm,
        is_even=bool(np.abs(at_mm - even).max() <= _EVEN_SHARE * step_mm),
        is_upright=bool(wander.max() <= _UPRIGHT_PIXEL),
        tilt_rad=float(np.arctan2(offset_mm[-1, 0], depth_mm)),
    )
    _check_tilt(stack, found)
    return found


def affine_of(stack: Ordered) -> Matrix4:
    """Return the map from (column, row, slice) to RAS mm of an even, upright stack, shape (4, 4)."""
    corner, row, column, spacing = placed(stack.first)
    last = placed(stack.pictures[0][-1])[0]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = row * spacing[1], column * spacing[0]
    matrix[:3, 2] = (last - corner) / (len(stack.at_mm) - 1)
    matrix[:3, 3] = corner
    return matrix


def _check_tilt(stack: Ordered, geometry: Geometry) -> None:
    """Hold the stated gantry tilt against the positions; its sign has no agreed meaning and is not used.

    A stated tilt without shear is right where the slices themselves are turned by it (a volume computed along
    the tilted axis); else orientation or position must be wrong.
    """
    stated = stack.first.header.number("GantryDetectorTilt")
    if stack.first.header.word("Modality") != "CT" or not stated:
        return
    stated_rad, found_rad = abs(float(np.deg2rad(stated))), abs(geometry.tilt_rad)
    if abs(stated_rad - found_rad) <= _TILT_AGREEMENT_RAD:
        return
    turned_rad = float(np.arccos(np.clip(np.abs(normal_of(stack.first)).max(), 0.0, 1.0)))
    if found_rad <= _NO_TILT_RAD and abs(turned_rad - stated_rad) <= _TILT_AGREEMENT_RAD:
        return
    raise FormatError.because(
        where="GantryDetectorTilt",
        found=f"a stated tilt of {np.rad2deg(stated_rad):.1f} degrees and slice positions that are sheared "
        f"by {np.rad2deg(found_rad):.1f} degrees",
        expected="the same tilt in both, within 1 degree",
        remedy="Export the original slices anew; with one of the two wrong, the head would lie askew.",
    )
