# SPDX-License-Identifier: Apache-2.0
"""Judge a plan that was made elsewhere as if it were ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.core.findings import Finding, Outcome, Severity
from trephine.core.frames import SCANNER
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.clearance import ClearanceField
from trephine.kernels.geometry.heights import bilinear, filled
from trephine.kernels.optimize.packing import Packing
from trephine.model.ground import Ground
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles, PlacementResult
from trephine.model.trajectory import Trajectory
from trephine.stages.placement.bleeding import hit_map
from trephine.stages.placement.candidates import Candidates
from trephine.stages.placement.layout import laid_out
from trephine.stages.placement.margins import Margins, margins
from trephine.stages.placement.obstacle_map import Origin
from trephine.stages.placement.reach import map_reach
from trephine.stages.placement.solve import Means, judged, plan_of

OFF_CORTEX_MM = 2.0
"""Entries farther from the cortex of the case, in the median, belong to another frame; assumed."""
_ROUNDING = 3e-6
"""Beyond a limit by more than files round, in mm and rad."""
_TURNS = {
    "x and y turned round (LPS taken for RAS, or the other way)": (-1.0, -1.0, 1.0),
    "x turned round": (-1.0, 1.0, 1.0),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What a plan is judged on: the ground, the obstacles, what their vessels come from, the live view."""

    ground: Ground
    obstacles: Obstacles
    origin: Origin
    live_view: LiveView | None


def judge(lines: Sequence[Trajectory], case: Case, means: Means) -> Outcome[PlacementResult]:
    """Check trajectories against the case and give them anchors, an order, clearances and chances of hits.

    Parameters
    ----------
    lines
        In ``scanner``.
    case
        The cortex and what is known of its vessels.
    means
        Device, robot, limits and settings.

    Returns
    -------
    Outcome
        A plan as ours are, without a bound: it was not chosen among sites of a grid.

    Raises
    ------
    InputError
        If there are no lines or more than the device's threads, they are not on this cortex, or they point
        outward.
    """
    _check_count(lines, means)
    entry, tip = (_placed(lines, end, case.obstacles) for end in ("entry_mm", "tip_mm"))
    _check_inward(entry, tip, lines)
    _check_frame(entry, lines, case.obstacles)
    margin = margins(means.robot, means.settings, live_view=case.live_view, before=case.ground.before)
    sites = _sites(entry, tip, case, margin)
    chosen = np.arange(len(lines))
    score = float(sites.value.sum())
    packing = Packing(
        chosen=chosen, objective=score, bound=score, count_bound=len(lines), status="made elsewhere"
    )
    layout = laid_out(sites, chosen, means.device, means.settings)
    plan = plan_of(sites, packing, layout, (case.origin, case.obstacles, means, margin))
    reach = map_reach(sites.xy_mm, case.ground, means.settings)
    plan = plan.model_copy(
        update={"bound": None, "gap_fraction": None, "candidate_count": 0, "map_reach": reach}
    )
    found = judged(plan, (case.obstacles, case.ground), sites, packing, (means, margin))
    extra = tuple(_limits(sites, case, margin, means))
    result = PlacementResult(plan=plan, obstacles=case.obstacles, ground=case.ground)
    return Outcome(value=result, findings=(*extra, *found))


def _placed(lines: Sequence[Trajectory], end: str, obstacles: Obstacles) -> Points:
    to_implant = obstacles.scanner_from_implant.inverse()
    return to_implant(np.array([getattr(line, end) for line in lines]), frame=SCANNER)


def _check_count(lines: Sequence[Trajectory], means: Means) -> None:
    most = int(means.device.threads.thread_count.value)
    if not 0 < len(lines) <= most:
        raise InputError.because(
            where="plan made elsewhere",
            found=f"{len(lines)} trajectories",
            expected=f"1 to {most}, the threads of {means.device.name}",
            remedy="Choose the plan of this device, or delete the trajectories that are none of its threads.",
        )


def _off_cortex_mm(entry_mm: Points, obstacles: Obstacles) -> AnyArray:
    """Return how far entries are from the cortex of the maps, along the axis, or from the maps' edge."""
    place = obstacles.row_column_of(entry_mm[:, :2])
    top = np.array(obstacles.height_mm.shape) - 1
    beyond = np.linalg.norm(place - np.clip(place, 0, top), axis=1) * obstacles.pixel_mm
    height = bilinear(filled(obstacles.height_mm.astype(np.float64)), place)
    return np.hypot(entry_mm[:, 2] - height, beyond)


def _check_frame(entry_mm: Points, lines: Sequence[Trajectory], obstacles: Obstacles) -> None:
    """Refuse entries that are not on the cortex under the opening, and say if a turned frame would be."""
    off = float(np.median(_off_cortex_mm(entry_mm, obstacles)))
    if off <= OFF_CORTEX_MM:
        return
    to_implant = obstacles.scanner_from_implant.inverse()
    hint = ""
    for words, turn in _TURNS.items():
        turned = to_implant(np.array([line.entry_mm for line in lines]) * turn, frame=SCANNER)
        if float(np.median(_off_cortex_mm(turned, obstacles))) <= OFF_CORTEX_MM:
            hint = f"; with {words} they would lie on it"
    raise InputError.because(
        where="plan made elsewhere, entries",
        found=f"a median of {off:.1f} mm between the entries and the exposed cortex{hint}",
        expected=f"at most {OFF_CORTEX_MM:g} mm, in RAS of the planning T1",
        remedy="Export the plan in the frame of this person's planning T1.",
    )


def _check_inward(entry_mm: Points, tip_mm: Points, lines: Sequence[Trajectory]) -> None:
    for line, depth_mm in zip(lines, entry_mm[:, 2] - tip_mm[:, 2], strict=True):
        if depth_mm <= 0:
            raise InputError.because(
                where=f"plan made elsewhere, {line.name!r}",
                found=f"a tip {-depth_mm:.2f} mm above its entry",
                expected="a tip below its entry",
                remedy="Exchange entry and target.",
            )


def _sites(entry_mm: Points, tip_mm: Points, case: Case, margin: Margins) -> Candidates:
    """Read what is known at the entries: clearances exactly, values from the nearest site of the ground."""
    ground, obstacles = case.ground, case.obstacles
    place = obstacles.row_column_of(entry_mm[:, :2])
    last = np.array(ground.value.shape) - 1
    row, column = np.clip(np.rint(place / ground.site_pixels).astype(int), 0, last).T
    depth = np.linalg.norm(tip_mm - entry_mm, axis=1)
    is_known = case.origin != "nothing"
    chance = bilinear(hit_map(obstacles, margin), place) if is_known else np.zeros(len(place))
    on_ground = {
        name: getattr(ground, name)[row, column].astype(np.float64)
        for name in ("value", "grey_count", "thickness_mm", "thickness_sd_mm")
    }
    return Candidates(
        entry_mm=entry_mm,
        inward=(tip_mm - entry_mm) / depth[:, None],
        hit_chance=chance,
        depth_mm=depth,
        vessel_mm=ClearanceField(obstacles.vessel, obstacles.pixel_mm)(place),
        sulcus_mm=ClearanceField(obstacles.sulcus, obstacles.pixel_mm)(place),
        refused={},
        **on_ground,
    )


def _limits(sites: Candidates, case: Case, margin: Margins, means: Means) -> Iterator[Finding]:
    """Say which threads our own planning would not have placed so."""
    yield Finding(
        code="PLAN_MADE_ELSEWHERE",
        severity=Severity.NOTE,
        message="Entries and tips are as they were read; anchors and order are ours. No bound is known.",
    )
    for words, broken in _broken(sites, case, margin, means).items():
        if broken.any():
            named = ", ".join(str(one + 1) for one in np.flatnonzero(broken))
            yield Finding(
                code="THREADS_BEYOND_OUR_LIMITS",
                severity=Severity.WARN,
                message=f"Threads {words}: {named} in the order of the file.",
                value=int(broken.sum()),
                limit=0,
                unit="1",
            )


def _broken(sites: Candidates, case: Case, margin: Margins, means: Means) -> dict[str, AnyArray]:
    """Return for each limit, in words, which threads break it."""
    index = np.rint(case.obstacles.row_column_of(sites.xy_mm)).astype(int)
    inside = ((index >= 0) & (index < case.obstacles.outside.shape)).all(axis=1)
    row, column = np.where(inside[:, None], index, 0).T
    depth = means.device.threads.insertion_depth_mm
    low, high = (depth.value if end is None else end for end in (depth.low, depth.high))
    tilt = np.arccos(np.clip(-sites.inward[:, 2], -1, 1))
    gap = np.linalg.norm(sites.xy_mm[:, None] - sites.xy_mm[None], axis=2)
    np.fill_diagonal(gap, np.inf)
    spacing_mm = means.device.threads.spacing_um.value / UM_PER_MM
    blind = ~inside | case.obstacles.outside[row, column]
    return {
        "off the dura's opening, in its rim, or where the view is blind": blind,
        "nearer to a known vessel than the margin": sites.vessel_mm < margin.vessel_mm,
        "nearer to a sulcus than the margin": sites.sulcus_mm < margin.sulcus_mm,
        "nearer to another thread than the device's spacing": gap.min(axis=1) < spacing_mm - _ROUNDING,
        "not within the device's depths": (sites.depth_mm < low - _ROUNDING)
        | (sites.depth_mm > high + _ROUNDING),
        "tilted more than the robot can": tilt > means.robot.tilt_limit_rad.value + _ROUNDING,
    }
