# SPDX-License-Identifier: Apache-2.0
"""Choose, anchor and order threads on a ground that is mapped already: the part a live view repeats."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.distance import pdist

from trephine.core.arrays import Mask2
from trephine.core.findings import Finding, Outcome
from trephine.core.progress import Progress, part_of
from trephine.core.units import UM_PER_MM
from trephine.kernels.optimize.packing import Packing
from trephine.model.device import Device, Robot
from trephine.model.ground import Ground
from trephine.model.obstacles import Obstacles, PlacementResult
from trephine.model.thread_plan import ElectrodeYield, Thread, ThreadPlan
from trephine.safety.rules import Limits
from trephine.stages.placement.bleeding import bleeding
from trephine.stages.placement.candidates import Candidates, candidates
from trephine.stages.placement.checks import Context, findings
from trephine.stages.placement.choosing import Demands, asked_count, chosen
from trephine.stages.placement.depth import Thickness, electrode_yield
from trephine.stages.placement.held import as_they_were, held, room_beside, with_held
from trephine.stages.placement.held import findings as held_findings
from trephine.stages.placement.layout import (
    Layout,
    anchors_mm,
    is_reached_by_all,
    laid_out,
    length_needed_mm,
    threads,
)
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.obstacle_map import Origin
from trephine.stages.placement.reach import map_reach
from trephine.stages.placement.reliefs import Relief, reliefs
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.spares import spares


@dataclass(frozen=True, kw_only=True)
class Means:
    """The implant, the robot with its errors, published limits, and the settings."""

    device: Device
    robot: Robot
    limits: Limits
    settings: Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What a plan is made on.

    Parameters
    ----------
    ground, obstacles
        The cortex with what a thread is worth everywhere, and what to keep away from.
    origin
        What the vessels come from.
    margin
        Distances to keep.
    forbidden
        Where the surgeon's zones allow no thread, shape (row, column) of the map; absent without zones.
    locked
        Threads that stay.
    """

    ground: Ground
    obstacles: Obstacles
    origin: Origin
    margin: Margins
    forbidden: Mask2 | None = None
    locked: tuple[Thread, ...] = ()


def plan_on(
    scene: Scene, means: Means, *, progress: Progress, is_explained: bool = True
) -> Outcome[PlacementResult]:
    """Choose, anchor and order the threads on a scene.

    Parameters
    ----------
    scene
        Ground, obstacles, margin, and what the surgeon asks for.
    means
        Device, robot, limits and settings.
    progress
        Told before the third of five steps and after each.
    is_explained
        Whether to work out what relaxing each limit would give, where fewer threads fit than are wanted.

    Returns
    -------
    Outcome
        The plan and the map it was made on. Locked threads are in it whatever they break; a finding says so.

    Raises
    ------
    NumericalError
        If a solver fails.
    """
    progress(2, 5, "listing sites")
    obstacles, zoned = _closed(scene)
    kept = held(scene.locked, scene.ground, obstacles, scene.margin)
    demands = Demands(
        ground=scene.ground, device=means.device, margin=scene.margin, settings=means.settings, kept=kept
    )
    sites = _listed(scene, obstacles, demands, means)
    sites = replace(sites, refused=sites.refused | zoned)
    progress(3, 5, "choosing sites")
    choosing = part_of(progress, 3, 4, 5)
    packing = chosen(sites, demands, choosing)
    progress(4, 5, "anchors and order")
    free = sites
    sites, packing, layout = _within_reach(sites, packing, demands, choosing)
    plan = plan_of(sites, packing, layout, (scene.origin, obstacles, means, scene.margin))
    plan = plan.model_copy(
        update={
            "threads": as_they_were(plan.threads, kept),
            "candidate_count": plan.candidate_count - len(kept.threads),
            "threads_bound": packing.count_bound,
            "objective_kind": means.settings.solver.objective,
            "map_reach": map_reach(sites.xy_mm[packing.chosen], scene.ground, means.settings),
        }
    )
    is_full = len(plan.threads) == plan.threads_asked
    context = _context((obstacles, scene.ground), sites, packing, (means, scene.margin))
    relaxed = (
        () if is_full or not is_explained else _reliefs(scene, free, packing, (demands, means), choosing)
    )
    found = (
        *findings(plan, replace(context, reliefs=relaxed)),
        *held_findings(kept, plan.threads, obstacles.scanner_from_implant, scene.margin, means.device),
    )
    progress(5, 5, "threads planned")
    return Outcome(value=PlacementResult(plan=plan, obstacles=obstacles, ground=scene.ground), findings=found)


def _listed(scene: Scene, obstacles: Obstacles, demands: Demands, means: Means) -> Candidates:
    """List the sites that pass every limit and that locked threads leave."""
    sites = candidates(scene.ground, obstacles, demands.margin, means.robot, demands.settings)
    anchors = anchors_mm(means.device)
    return room_beside(sites, demands.kept, anchors, demands.spacing_mm, demands.settings)


def _reliefs(
    scene: Scene, sites: Candidates, packing: Packing, how: tuple[Demands, Means], progress: Progress
) -> tuple[Relief, ...]:
    """Say what relaxing each limit would give."""
    demands, means = how

    def listed(margin: Margins, settings: Settings, is_zoned: bool) -> Candidates:
        obstacles = _closed(scene)[0] if is_zoned else scene.obstacles
        return _listed(scene, obstacles, replace(demands, margin=margin, settings=settings), means)

    found = (len(packing.chosen), packing.count_bound)
    return reliefs(sites, listed, demands, progress, found=found, has_zones=scene.forbidden is not None)


def _closed(scene: Scene) -> tuple[Obstacles, dict[str, int]]:
    """Close the surgeon's zones, and count the sites that this takes away."""
    if scene.forbidden is None:
        return scene.obstacles, {}
    step = scene.ground.site_pixels
    lost = (scene.forbidden & ~scene.obstacles.outside)[::step, ::step]
    closed = replace(scene.obstacles, outside=scene.obstacles.outside | scene.forbidden)
    return closed, {"the surgeon's zones": int(lost.sum())}


def judged(
    plan: ThreadPlan,
    maps: tuple[Obstacles, Ground],
    sites: Candidates,
    packing: Packing,
    how: tuple[Means, Margins],
) -> tuple[Finding, ...]:
    """Judge a plan that was written out from these sites."""
    return findings(plan, _context(maps, sites, packing, how))


def _context(
    maps: tuple[Obstacles, Ground], sites: Candidates, packing: Packing, how: tuple[Means, Margins]
) -> Context:
    """Gather what the judgement needs beside the plan."""
    means, margin = how
    return Context(
        obstacles=maps[0],
        refused=sites.refused,
        count_bound=packing.count_bound,
        device=means.device,
        settings=means.settings,
        margin=margin,
        before=maps[1].before,
        limits=means.limits,
        vessel_um=_nearest_vessel_um(sites, packing),
    )


def _nearest_vessel_um(sites: Candidates, packing: Packing) -> float | None:
    """Return how near the chosen sites come to a known vessel; nothing when none is known near any."""
    nearest = float(np.min(sites.vessel_mm[packing.chosen], initial=np.inf)) * UM_PER_MM
    return nearest if np.isfinite(nearest) else None


def _within_reach(
    free: Candidates, packing: Packing, demands: Demands, progress: Progress
) -> tuple[Candidates, Packing, Layout]:
    """Choose again among the sites that every anchor reaches, if a thread would be too short for its site.

    Notes
    -----
    Sites chosen far to one side leave the anchors of the other side with the longest way. Where the sites
    that all anchors reach hold as many threads, they are taken; otherwise the first choice stays, and the
    judgement says that a thread is too short.
    """
    device, settings, kept = demands.device, demands.settings, demands.kept
    sites = with_held(kept, free)
    layout = laid_out(sites, packing.chosen, device, settings, locked=kept.threads)
    entry, anchor = sites.entry_mm[layout.site], layout.anchors_mm[layout.anchor]
    depth = sites.depth_mm[layout.site]
    if np.all(length_needed_mm(entry, anchor, depth, settings) <= device.threads.length_mm.value):
        return sites, packing, layout
    near = free.only(is_reached_by_all(free, device, settings))
    again = chosen(near, demands, progress)
    if len(again.chosen) < len(packing.chosen):
        return sites, packing, layout
    near = with_held(kept, near)
    return near, again, laid_out(near, again.chosen, device, settings, locked=kept.threads)


def plan_of(
    sites: Candidates,
    packing: Packing,
    layout: Layout,
    how: tuple[Origin, Obstacles, Means, Margins],
) -> ThreadPlan:
    """Write the plan out."""
    origin, obstacles, means, margin = how
    device, robot, settings = means.device, means.robot, means.settings
    made = threads(
        layout, sites, obstacles.scanner_from_implant, device=device, margin=margin, settings=settings
    )
    xy = sites.xy_mm[packing.chosen]
    clearances = [thread.clearance_um for thread in made if thread.clearance_um is not None]
    gap = (packing.bound - packing.objective) / packing.bound if packing.bound > 0 else 0.0
    return ThreadPlan(
        device=device.name,
        vessels_from=origin,
        threads_asked=asked_count(device, settings),
        threads=made,
        objective=packing.objective,
        bound=packing.bound,
        gap_fraction=gap,
        solver_status=packing.status,
        candidate_count=len(sites.value),
        candidate_spacing_um=settings.pixel_mm * settings.candidate_pixels * UM_PER_MM,
        spacing_um=device.threads.spacing_um.value,
        smallest_spacing_um=float(pdist(xy).min()) * UM_PER_MM if len(xy) > 1 else None,
        smallest_clearance_um=min(clearances) if clearances else None,
        crossings=layout.crossings,
        under_laid=layout.under_laid,
        travel_mm=layout.travel_mm,
        travel_bound_mm=layout.travel_bound_mm,
        work_time_s=layout.travel_mm / robot.travel_mm_per_s.value + len(made) * robot.thread_time_s.value,
        bleeding=None if origin == "nothing" else bleeding(xy, obstacles, margin, robot, settings),
        thread_width_um=device.threads.width_um.value,
        spares=spares(layout, sites, obstacles.scanner_from_implant, device, settings),
        settings=settings.model_dump(mode="json"),
        electrode_yield=_electrodes(sites.only(packing.chosen), device, settings),
    )


def _electrodes(chosen: Candidates, device: Device, settings: Settings) -> ElectrodeYield:
    """Count the electrodes expected in grey matter and in layer V."""
    thickness = Thickness(mean_mm=chosen.thickness_mm, sd_mm=chosen.thickness_sd_mm)
    return electrode_yield(chosen.depth_mm, thickness, chosen.grey_count, device, settings.depth)
