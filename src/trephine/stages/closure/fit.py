# SPDX-License-Identifier: Apache-2.0
"""How the body meets bone, dura and brain, and what room for air is left."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.frames import SCANNER
from trephine.model.device import Device
from trephine.model.interval import Interval
from trephine.model.opening import Opening
from trephine.model.seat import AirLeft, AirPocket, RimPoint, Under
from trephine.stages.closure.layers import PIXEL_MM, Layers
from trephine.stages.closure.seat_settings import Settings

MM3_PER_ML = 1000.0
_AIR_ML, _AIR_SD_ML = 15.6, 9.1
"""In the whole head within six hours of 79 craniotomies (``pneumocephalus2022``)."""
_SETTLING = (
    AirLeft(when="first two days", people_fraction=1.0),
    AirLeft(when="by day 7", people_fraction=0.75),
    AirLeft(when="second week", people_fraction=0.596),
    AirLeft(when="third week", people_fraction=0.263),
)
"""Scans with any air left, of 240 after supratentorial craniotomies (``reasoner1994``)."""


def outer_error_mm(is_measured: bool, settings: Settings) -> float:
    """Return half the interval of the outer skull's place."""
    return settings.outer_error_ct_mm if is_measured else settings.outer_error_t1_mm


def brain_error_mm(is_measured: bool, settings: Settings) -> float:
    """Return half the interval of the distance between outer skull and cortex."""
    return math.hypot(outer_error_mm(is_measured, settings), settings.cortex_error_mm)


def bone_radius_mm(opening: Opening) -> float:
    """Return the mean radius of the craniectomy about the axis."""
    flat = opening.pose.inverse()(np.array(opening.craniectomy_mm), frame=SCANNER)
    return float(np.hypot(flat[:, 0], flat[:, 1]).mean())


def rim(made: Layers, opening: Opening, device: Device, settings: Settings) -> tuple[RimPoint, ...]:
    """Measure bump and gap to the bone at every point of the craniectomy's outline."""
    flat = opening.pose.inverse()(np.array(opening.craniectomy_mm), frame=SCANNER)
    radius = np.hypot(flat[:, 0], flat[:, 1])
    outward = flat[:, :2] / radius[:, None]
    beside = made.at(made.outer_mm, outward * (radius[:, None] + PIXEL_MM))
    top, half = device.body.thickness_mm.value, device.body.width_mm.value / 2
    error = outer_error_mm(opening.is_bone_measured, settings)
    return tuple(
        RimPoint(
            angle_rad=float(np.arctan2(y, x)) % (2 * math.pi),
            bump_mm=Interval.give_or_take(float(top - level), error),
            gap_mm=Interval.give_or_take(float(away - half), settings.drill_error_mm),
        )
        for (x, y), level, away in zip(outward, beside, radius, strict=True)
    )


def under(made: Layers, opening: Opening, device: Device, settings: Settings) -> Under:
    """Measure what lies under the foot.

    Notes
    -----
    The foot is at z = 0. The surgeon seats the body by the bone that is there, so that an error of the outer
    face moves the foot with it: the gap to the dura is as sure as the bone's thickness.
    """
    foot = made.within(device.body.width_mm.value / 2)
    dura = [(bone - made.outer_mm)[foot] for bone in (made.bone_mm, made.bone_low_mm, made.bone_high_mm)]
    brain = -made.hull_mm[foot]
    error = brain_error_mm(opening.is_bone_measured, settings)
    thickness = device.body.thickness_mm.value
    least = _of(dura, np.min)
    return Under(
        dura_mean_mm=_of(dura, np.mean),
        dura_least_mm=least,
        # The thinner the bone, the more of the foot touches: low and high change places.
        contact_fraction=Interval(
            value=float((dura[0] <= 0).mean()),
            low=float((dura[2] <= 0).mean()),
            high=float((dura[1] <= 0).mean()),
        ),
        brain_mean_mm=Interval.give_or_take(float(brain.mean()), error),
        brain_least_mm=Interval.give_or_take(float(brain.min()), error),
        free_bump_mm=_raised(device.body.bump_mm.value, least, thickness),
    )


def _of(bounds: list[AnyArray], figure: Callable[[AnyArray], object]) -> Interval:
    value, low, high = (float(np.asarray(figure(values))) for values in bounds)
    return Interval(value=value, low=low, high=high)


def _raised(bump_mm: float, least: Interval, thickness_mm: float) -> Interval:
    """Return the bump of a body raised off the dura; never more than the whole body."""

    def bump(gap_mm: float) -> float:
        return min(bump_mm + max(-gap_mm, 0.0), thickness_mm)

    return Interval(value=bump(least.value), low=bump(least.high), high=bump(least.low))


def air(made: Layers, opening: Opening, device: Device) -> AirPocket:
    """Measure the room that air can fill under and around the body."""
    half, edge = device.body.width_mm.value / 2, bone_radius_mm(opening)
    hole, foot = made.within(edge), made.within(half)
    ring = hole & ~foot
    holes, fluids = [], []
    for bone in (made.bone_mm, made.bone_low_mm, made.bone_high_mm):
        dura = made.outer_mm - bone
        below = np.clip(-dura[foot], 0, None).sum()
        around = np.clip(np.minimum(made.outer_mm, device.body.thickness_mm.value) - dura, 0, None)[
            ring
        ].sum()
        holes.append(float(below + around) * PIXEL_MM**2 / MM3_PER_ML)
        fluid = np.clip(np.minimum(dura, 0) - made.cortex_mm, 0, None)[hole].sum()
        fluids.append(float(fluid) * PIXEL_MM**2 / MM3_PER_ML)
    area_mm2 = math.pi * edge**2
    return AirPocket(
        hole_ml=Interval(value=holes[0], low=holes[1], high=holes[2]),
        # Thicker bone leaves less room for fluid.
        fluid_ml=Interval(value=fluids[0], low=fluids[2], high=fluids[1]),
        mean_height_mm=(holes[0] + fluids[0]) * MM3_PER_ML / area_mm2,
        published_ml=Interval.give_or_take(_AIR_ML, _AIR_SD_ML),
        settling=_SETTLING,
    )
