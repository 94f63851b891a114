# SPDX-License-Identifier: Apache-2.0
"""The hand knob in the person's own cortex: the bulge of the precentral gyrus into the central sulcus."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import find_peaks
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.core.frames import MNI152, SCANNER
from trephine.kernels.geometry.lines import heights_over_chord
from trephine.model.activation import ContrastMap, Side
from trephine.model.anatomy import Anatomy
from trephine.model.cortex import CorticalSurface
from trephine.model.knob import OwnKnob
from trephine.stages.mapping.central_sulcus import STEP_MM, Level, Sulcus, find_sulcus, levels_of
from trephine.stages.mapping.hand_area import knob_of, opposite
from trephine.stages.mapping.settings import Settings

_SIDES: tuple[Side, Side] = ("left", "right")
_DEPTHS_MM = (6.0, 9.0, 12.0, 15.0)
"""From just below the crowns to near the floor of a sulcus of 15 to 20 mm. Assumed."""
_MIDDLE = 1
"""Number of the depth by which places are told and at which the sulcus is drawn."""
_HALVES_MM = (8.0, 10.0, 12.0, 14.0)
"""Half of the bulge along the line: 16 to 19 mm wide and 9 to 11 mm high (`omega2021`, `omega2011`) make 12
to 15, a flat one 8."""
_ACROSS_MM = (20.0, 45.0)
"""From the template's midplane; the hand lies 31 mm beside the midline on average (`jang`)."""
_LEAST_HEIGHT_MM = 1.5
"""A line between voxels of 1 mm wavers by less. Assumed."""
_RIVAL_SHARE = 0.67
_BASE_MM = 17.0
_LEAST_ODDS = 3.0
"""Of the sulcus against its neighbour, as a logarithm: 20 to 1. Assumed."""
_MOST_SD_MM = 8.5
_LEAST_SD_MM = 1.0
_SPAN = (0.025, 0.975)
_SHALLOW_MM, _SHALLOW_END_MM = 4.0, 15.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """Heights along the level of reference: one row a depth and a width of the bulge, shape (row, step)."""

    heights: AnyArray
    mean: AnyArray
    back: Vector3


def own_knobs(
    anatomy: Anatomy, contrasts: tuple[ContrastMap, ...], settings: Settings
) -> tuple[OwnKnob, OwnKnob]:
    """Look for the knobs of both hemispheres, and say how far they are from the template's and the task's.

    Parameters
    ----------
    anatomy
        With its hemispheres.
    contrasts
        That of each hand gives the task's centre on the other side.
    settings
        Where the template has the knob.

    Returns
    -------
    tuple
        Left, right.
    """
    left, right = (own_knob(anatomy, side) for side in _SIDES)
    return _compared(left, anatomy, contrasts, settings), _compared(right, anatomy, contrasts, settings)


def _compared(
    knob: OwnKnob, anatomy: Anatomy, contrasts: tuple[ContrastMap, ...], settings: Settings
) -> OwnKnob:
    if knob.position_mm is None:
        return knob
    template = knob_of(anatomy, knob.hemisphere, settings)
    task = [one.centroid_mm for one in contrasts if one.name == opposite(knob.hemisphere)]
    apart = [
        None if other is None else float(np.linalg.norm(knob.position_mm - other))
        for other in (template, *(task or [None]))
    ]
    return replace(knob, template_distance_mm=apart[0], task_distance_mm=apart[1])


def own_knob(anatomy: Anatomy, side: Side) -> OwnKnob:
    """Look for the knob of one hemisphere.

    Parameters
    ----------
    anatomy
        With its hemispheres.
    side
        Which.

    Returns
    -------
    OwnKnob
        Without a position, and with the reason, when cortex shows none or more than one.

    Notes
    -----
    The sulcus is followed on its floor and at four depths. At every place and for four widths of a bulge the
    line's height over its chord is measured towards the back; the mean of all has one top where the gyrus
    bulges most. The template tells only which sulcus is the central one and which part of it is looked at.

    References
    ----------
    yousry1997, omega2021, omega2011
    """
    halves = [half for half in anatomy.hemispheres if half.hemisphere == side]
    if not halves:
        return _nothing(side, "The surfaces of this hemisphere could not be made.")
    sulcus = find_sulcus(anatomy, halves[0])
    if sulcus is None:
        return _nothing(side, "No line of cortex leads from the midline to the Sylvian fissure.")
    levels = levels_of(anatomy, halves[0], sulcus, _DEPTHS_MM, _MIDDLE)
    course = levels[_MIDDLE].line_mm if levels else sulcus.floor_mm
    doubt = _doubt_of(sulcus, levels)
    if doubt:
        return _nothing(side, doubt, course)
    measured = _measured(anatomy, levels)
    tops = _tops(anatomy, measured, course)
    if not len(tops):
        reason = (
            f"The central sulcus has no bulge of {_LEAST_HEIGHT_MM:.1f} mm to the back where the hand is."
        )
        return _nothing(side, reason, course)
    best = tops[0]
    others = [top for top in tops[1:] if measured.mean[top] > _RIVAL_SHARE * measured.mean[best]]
    if others:
        apart = STEP_MM * abs(others[0] - best)
        reason = f"Two bulges of like height, {apart:.0f} mm apart along the sulcus: neither is taken."
        return _nothing(side, reason, course)
    return _placed(anatomy, halves[0], measured, levels, int(best))


def _nothing(side: Side, remark: str, course_mm: Points | None = None) -> OwnKnob:
    return OwnKnob(
        hemisphere=side,
        position_mm=None,
        position_mni_mm=None,
        sd_mm=None,
        ends_mm=None,
        height_mm=None,
        sulcus_mm=np.zeros((0, 3)) if course_mm is None else course_mm,
        template_distance_mm=None,
        task_distance_mm=None,
        remark=remark,
    )


def _doubt_of(sulcus: Sulcus, levels: tuple[Level, ...]) -> str:
    """Say why the line may not be the central sulcus; nothing when it is."""
    if sulcus.rival_cost - sulcus.cost < _LEAST_ODDS:
        return "The central sulcus is not told apart from its neighbour."
    end = round(_SHALLOW_END_MM / STEP_MM)
    if (sulcus.depth_mm[end:-end] < _SHALLOW_MM).any():
        return "The central sulcus is interrupted by a gyrus that reaches the surface."
    return "" if levels else "The central sulcus is too shallow to be followed at several depths."


def _measured(anatomy: Anatomy, levels: tuple[Level, ...]) -> _Measured:
    behind = anatomy.scanner_from_mni(np.array([[0.0, -20.0, 50.0], [0.0, -40.0, 50.0]]), frame=MNI152)
    back = behind[1] - behind[0]
    back /= np.linalg.norm(back)
    steps = np.arange(len(levels[_MIDDLE].line_mm))
    rows = []
    for level in levels:
        which, first = np.unique(level.steps, return_index=True)
        for half_mm in _HALVES_MM:
            height = heights_over_chord(level.line_mm, round(half_mm / STEP_MM), level.outward, back)
            rows.append(np.interp(steps, which, height[first], left=np.nan, right=np.nan))
    heights = np.array(rows)
    is_known = np.isfinite(heights)
    enough = is_known.sum(axis=0) > len(rows) // 2
    total = np.where(is_known, heights, 0.0).sum(axis=0)
    mean = np.where(enough, total / np.maximum(is_known.sum(axis=0), 1), -np.inf)
    return _Measured(heights=heights, mean=mean, back=back)


def _tops(anatomy: Anatomy, measured: _Measured, course_mm: Points) -> AnyArray:
    """Return the steps at which the mean height has a top, highest first."""
    low = np.where(np.isfinite(measured.mean), measured.mean, -1e3)
    tops, _ = find_peaks(low, height=_LEAST_HEIGHT_MM, distance=round(0.5 * _BASE_MM / STEP_MM))
    if not len(tops):
        return tops
    across = np.abs(anatomy.mni_from_scanner(course_mm[tops], frame=SCANNER)[:, 0])
    tops = tops[(across >= _ACROSS_MM[0]) & (across <= _ACROSS_MM[1])]
    return np.asarray(tops[np.argsort(-measured.mean[tops], kind="stable")])


def _placed(
    anatomy: Anatomy,
    half: CorticalSurface,
    measured: _Measured,
    levels: tuple[Level, ...],
    top: int,
) -> OwnKnob:
    """Say where the bulge is, and how far single depths and widths spread about it."""
    reach = round(0.5 * _BASE_MM / STEP_MM)
    near = measured.heights[:, max(top - reach, 0) : top + reach + 1]
    near = near[np.isfinite(near).any(axis=1)]
    own = np.nanargmax(near, axis=1) + max(top - reach, 0)
    sd = max(STEP_MM * float(np.std(own)), _LEAST_SD_MM)
    middle = levels[_MIDDLE]
    if sd > _MOST_SD_MM:
        reason = f"The bulge is too flat: its top lies anywhere within {sd:.0f} mm (standard deviation)."
        return _nothing(half.hemisphere, reason, middle.line_mm)
    ends = [_at(middle, round(float(step))) for step in np.quantile(own, _SPAN)]
    groove = np.mean([_at(level, top) for level in levels[: _MIDDLE + 2]], axis=0)
    position = _front_bank(half, groove, measured.back)
    height = float(measured.mean[top])
    return OwnKnob(
        hemisphere=half.hemisphere,
        position_mm=position,
        position_mni_mm=anatomy.mni_from_scanner(position[None], frame=SCANNER)[0],
        sd_mm=sd,
        ends_mm=np.array(ends),
        height_mm=height,
        sulcus_mm=middle.line_mm,
        template_distance_mm=None,
        task_distance_mm=None,
        remark=f"The person's own cortex: the precentral gyrus bulges back by {height:.1f} mm here "
        f"({len(own)} measurements at {len(levels)} depths).",
    )


def _at(level: Level, step: int) -> Vector3:
    return level.line_mm[int(np.argmin(np.abs(level.steps - step)))]


def _front_bank(half: CorticalSurface, groove_mm: Vector3, back: Vector3) -> Vector3:
    """Return the middle of the cortex in front of a place between the banks."""
    cortex = 0.5 * (half.white.points_mm + half.pial.points_mm)
    is_front = half.is_cortex & ((cortex - groove_mm) @ back < 0)
    front = cortex[is_front]
    return np.asarray(front[cKDTree(front).query(groove_mm)[1]])
