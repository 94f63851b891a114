# SPDX-License-Identifier: Apache-2.0
"""The scalp drawn over the body: how far it is stretched, and how thick it stays."""

from __future__ import annotations

import math

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.model.device import Device
from trephine.model.interval import Interval
from trephine.model.opening import Opening
from trephine.model.seat import Cover, Profile
from trephine.stages.closure.fit import bone_radius_mm, outer_error_mm
from trephine.stages.closure.layers import HALF_MM, PIXEL_MM, Layers
from trephine.stages.closure.seat_settings import Settings

_DIRECTIONS = 36


def cover(made: Layers, opening: Opening, device: Device, settings: Settings) -> Cover:
    """Measure the scalp over the body before and after.

    Notes
    -----
    Along each line through the axis, from edge to edge of the flap, the scalp's underside is taken for a
    string: it follows the skull before, and spans skull and body afterwards. Its volume stays, so it is
    thinned as much as it is stretched. Stretch is along the line alone.
    """
    reach = bone_radius_mm(opening) + (opening.incision.gap_mm if opening.incision else 0.0)
    reach = min(reach, HALF_MM)
    angles = np.arange(_DIRECTIONS) * math.pi / _DIRECTIONS
    stretch = np.array([_stretch_fraction(made, device, angle, reach) for angle in angles])
    over = made.within(device.body.width_mm.value / 2)
    thick = (made.scalp_mm - made.outer_mm)[over]
    error = math.hypot(outer_error_mm(opening.is_bone_measured, settings), settings.skin_error_mm)
    thinner = 1 / (1 + float(stretch.mean()))
    return Cover(
        before_mm=_not_negative(float(thick.min()), error),
        after_mm=_not_negative(float(thick.min()) * thinner, error),
        mean_after_mm=_not_negative(float(thick.mean()) * thinner, error),
        stretch_fraction=float(stretch.mean()),
        most_stretch_fraction=float(stretch.max()),
    )


def _not_negative(value_mm: float, error_mm: float) -> Interval:
    return Interval(value=value_mm, low=max(value_mm - error_mm, 0.0), high=value_mm + error_mm)


def _line(made: Layers, angle_rad: float, reach_mm: float) -> tuple[AnyArray, AnyArray]:
    """Return places along a line through the axis, and where they lie in the plane."""
    count = int(reach_mm / PIXEL_MM)
    along = np.arange(-count, count + 1) * PIXEL_MM
    return along, along[:, None] * np.array([math.cos(angle_rad), math.sin(angle_rad)])


def _with_body(outer_mm: AnyArray, along_mm: AnyArray, device: Device) -> AnyArray:
    """Return the upper of skull and body."""
    is_body = np.abs(along_mm) <= device.body.width_mm.value / 2
    return np.where(is_body, np.maximum(outer_mm, device.body.thickness_mm.value), outer_mm)


def _stretch_fraction(made: Layers, device: Device, angle_rad: float, reach_mm: float) -> float:
    along, xy = _line(made, angle_rad, reach_mm)
    outer = made.at(made.outer_mm, xy)
    before = _length_mm(along, taut_mm(along, outer))
    after = _length_mm(along, taut_mm(along, _with_body(outer, along, device)))
    return max(after / before - 1, 0.0)


def taut_mm(along_mm: AnyArray, height_mm: AnyArray) -> AnyArray:
    """Return the height of a string drawn tight over a profile: its upper convex hull, same shape."""
    hull: list[int] = []
    for index in range(len(along_mm)):
        while len(hull) > 1 and _turns_up(along_mm, height_mm, hull[-2], hull[-1], index):
            hull.pop()
        hull.append(index)
    return np.interp(along_mm, along_mm[hull], height_mm[hull])


def _turns_up(x: AnyArray, z: AnyArray, a: int, b: int, c: int) -> bool:
    return bool((x[b] - x[a]) * (z[c] - z[a]) - (z[b] - z[a]) * (x[c] - x[a]) >= 0)


def _length_mm(along_mm: AnyArray, height_mm: AnyArray) -> float:
    return float(np.hypot(np.diff(along_mm), np.diff(height_mm)).sum())


def profiles(made: Layers, device: Device, covered: Cover) -> tuple[Profile, ...]:
    """Cut through the seat along the implant's x and y."""
    return (_profile(made, device, covered, "x"), _profile(made, device, covered, "y"))


def _profile(made: Layers, device: Device, covered: Cover, axis: str) -> Profile:
    along, xy = _line(made, 0.0 if axis == "x" else math.pi / 2, HALF_MM)
    outer = made.at(made.outer_mm, xy)
    closed = taut_mm(along, _with_body(outer, along, device))
    scalp = made.at(made.scalp_mm, xy)
    thickness = (scalp - outer) / (1 + covered.stretch_fraction)
    heights = {
        "along_mm": along,
        "scalp_mm": scalp,
        "outer_mm": outer,
        "inner_mm": outer - made.at(made.bone_mm, xy),
        "inner_low_mm": outer - made.at(made.bone_high_mm, xy),
        "inner_high_mm": outer - made.at(made.bone_low_mm, xy),
        "cortex_mm": made.at(made.cortex_mm, xy),
        "closed_mm": closed,
        "skin_mm": np.maximum(closed + thickness, scalp),
    }
    plain = {name: tuple(np.round(values, 3).tolist()) for name, values in heights.items()}
    return Profile.model_validate({"axis": axis, **plain})
