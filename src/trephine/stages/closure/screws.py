# SPDX-License-Identifier: Apache-2.0
"""Where screws go: round the rim, on bone that is thick enough, away from what must not be met."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import IMPLANT, SCANNER
from trephine.kernels.geometry.outlines import ring
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.interval import Interval
from trephine.model.opening import Opening
from trephine.model.seat import Screw
from trephine.stages.closure.fit import bone_radius_mm
from trephine.stages.closure.layers import Layers, on_skull
from trephine.stages.closure.seat_settings import Settings

_PLACES = 72
"""Places tried round the rim: every 5 degrees."""
_FREEDOM_FRACTION = 0.125
"""A screw may leave its even place by this share of the way to the next; farther, and two of them crowd."""
_SIGMAS = 2.0
Holds = Literal["yes", "no", "not known"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ring:
    """Every place tried, shape (place,) or (place, 3); distances are infinite where nothing is known."""

    place_mm: Points
    inward: Points
    bone_mm: AnyArray
    low_mm: AnyArray
    high_mm: AnyArray
    incision_mm: AnyArray
    sinus_mm: AnyArray
    vessel_mm: AnyArray

    def is_clear(self, settings: Settings) -> AnyArray:
        """Tell which places keep every distance."""
        return (
            (self.incision_mm >= settings.screw_incision_mm)
            & (self.sinus_mm >= settings.screw_sinus_mm)
            & (self.vessel_mm >= settings.screw_vessel_mm)
        )


def screws(
    made: Layers, opening: Opening, anatomy: Anatomy, angiogram: Angiogram | None, settings: Settings
) -> tuple[Screw, ...]:
    """Choose the places of all screws.

    Notes
    -----
    Every turn of an even pattern is tried, and within it every screw may leave its place by an eighth of the
    way to the next. Chosen is the pattern with the most screws that surely hold, then the most on clear
    places, then the most bone to spare at its worst screw; ties go to the first.
    """
    tried = _ring(made, opening, anatomy, angiogram, settings)
    clear = tried.is_clear(settings)
    spare = tried.low_mm - settings.screw_length_mm
    rank = np.where(clear, spare, -math.inf)
    step = _PLACES / settings.screw_count
    free = int(step * _FREEDOM_FRACTION)
    best: tuple[tuple[float, ...], list[int]] | None = None
    for turn in range(math.ceil(step)):
        chosen = [
            _best_near(rank, round(turn + number * step), free) for number in range(settings.screw_count)
        ]
        key = (
            float((clear[chosen] & (spare[chosen] >= 0)).sum()),
            float(clear[chosen].sum()),
            float(spare[chosen].min()),
        )
        if best is None or key > best[0]:
            best = (key, chosen)
    places = sorted(best[1]) if best else []
    return tuple(_screw(tried, place, number, settings) for number, place in enumerate(places, start=1))


def _best_near(rank: AnyArray, middle: int, free: int) -> int:
    """Return the best place about a middle; the nearest of equals."""
    offsets = sorted(range(-free, free + 1), key=abs)
    return max(((middle + offset) % _PLACES for offset in offsets), key=lambda place: float(rank[place]))


def _ring(
    made: Layers, opening: Opening, anatomy: Anatomy, angiogram: Angiogram | None, settings: Settings
) -> _Ring:
    """Measure every place."""
    xy = ring(bone_radius_mm(opening) + settings.screw_edge_mm, _PLACES)
    place = made.pose(np.column_stack([xy, made.at(made.outer_mm, xy)]), frame=IMPLANT)
    nearest, normal = on_skull(anatomy, place)
    tip = place - settings.screw_length_mm * normal
    return _Ring(
        place_mm=place,
        inward=-normal,
        bone_mm=anatomy.skull.thickness_mm[nearest].astype(np.float64),
        low_mm=anatomy.skull.low_mm[nearest].astype(np.float64),
        high_mm=anatomy.skull.high_mm[nearest].astype(np.float64),
        incision_mm=_from_incision_mm(opening, xy),
        sinus_mm=np.min(
            [np.full(_PLACES, np.inf), *(zone.clearance_mm(tip) for zone in anatomy.sinuses)], axis=0
        ),
        vessel_mm=_from_vessels_mm(angiogram, tip),
    )


def _from_incision_mm(opening: Opening, xy_mm: AnyArray) -> AnyArray:
    """Return the distance across the axis from the scalp incision."""
    if opening.incision is None:
        return np.full(len(xy_mm), np.inf)
    line = opening.pose.inverse()(np.array(opening.incision.line_mm), frame=SCANNER)[:, :2]
    return np.asarray(cKDTree(line).query(xy_mm)[0])


def _from_vessels_mm(angiogram: Angiogram | None, tip_mm: Points) -> AnyArray:
    """Return how far tips keep from walls of known vessels, two standard deviations taken off."""
    if angiogram is None or not len(angiogram.tree.points_mm):
        return np.full(len(tip_mm), np.inf)
    tree = angiogram.tree
    away, nearest = cKDTree(tree.points_mm).query(tip_mm)
    return np.asarray(away - tree.radius_mm[nearest] - _SIGMAS * angiogram.registration_error_mm)


def _screw(tried: _Ring, place: int, number: int, settings: Settings) -> Screw:
    holds, reason = _verdict(tried, place, settings)
    bone = (tried.bone_mm[place], tried.low_mm[place], tried.high_mm[place])
    x, y, z = tried.place_mm[place].tolist()
    u, v, w = tried.inward[place].tolist()
    return Screw(
        number=number,
        angle_rad=2 * math.pi * place / _PLACES,
        place_mm=(x, y, z),
        inward=(u, v, w),
        bone_mm=Interval(value=float(bone[0]), low=float(bone[1]), high=float(bone[2])),
        incision_mm=_known(tried.incision_mm[place]),
        sinus_mm=_known(tried.sinus_mm[place]),
        vessel_mm=_known(tried.vessel_mm[place]),
        holds=holds,
        reason=reason,
    )


def _known(distance_mm: AnyArray) -> float | None:
    return float(distance_mm) if np.isfinite(distance_mm) else None


def _verdict(tried: _Ring, place: int, settings: Settings) -> tuple[Holds, str]:
    """Say whether a screw holds there, and why not."""
    near = [
        name
        for name, distance, limit in (
            ("the incision", tried.incision_mm[place], settings.screw_incision_mm),
            ("a sinus", tried.sinus_mm[place], settings.screw_sinus_mm),
            ("a vessel", tried.vessel_mm[place], settings.screw_vessel_mm),
        )
        if distance < limit
    ]
    if near:
        return "no", f"too near {' and '.join(near)}"
    length = settings.screw_length_mm
    if tried.high_mm[place] < length:
        return "no", "bone thinner than the screw is long"
    if tried.low_mm[place] < length:
        return "not known", "bone may be thinner than the screw is long"
    return "yes", ""
