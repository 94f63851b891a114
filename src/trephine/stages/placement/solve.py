# SPDX-License-Identifier: Apache-2.0
"""Choose, anchor and order threads on a ground that is mapped already: the part a live view repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist

from trephine.core.findings import Finding, Outcome
from trephine.core.progress import Progress, part_of
from trephine.core.units import UM_PER_MM
from trephine.kernels.optimize.packing import Effort, Packing, packed
from trephine.model.device import Device, Robot
from trephine.model.ground import Ground
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles, PlacementResult
from trephine.model.thread_plan import ElectrodeYield, ThreadPlan
from trephine.safety.rules import Limits
from trephine.stages.placement.bleeding import bleeding, hit_budget, hit_cost
from trephine.stages.placement.candidates import Candidates, candidates
from trephine.stages.placement.checks import Context, findings
from trephine.stages.placement.depth import Thickness, electrode_yield
from trephine.stages.placement.layout import (
    Layout,
    is_reached_by_all,
    laid_out,
    length_needed_mm,
    threads,
)
from trephine.stages.placement.margins import Margins, margins
from trephine.stages.placement.obstacle_map import Origin, obstacle_map
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.spares import spares


@dataclass(frozen=True, kw_only=True)
class Means:
    """The implant, the robot with its errors, published limits, and the settings."""

    device: Device
    robot: Robot
    limits: Limits
    settings: Settings


def plan_on(
    ground: Ground, live_view: LiveView | None, means: Means, *, progress: Progress
) -> Outcome[PlacementResult]:
    """Choose, anchor and order the threads on a mapped ground.

    Parameters
    ----------
    ground
        The cortex under the opening with what a thread is worth everywhere.
    live_view
        What vessels are known from; without one, those seen before surgery.
    means
        Device, robot, limits and settings.
    progress
        Told before the second of five steps and after each.

    Returns
    -------
    Outcome
        The plan and the map it was made on.

    Raises
    ------
    InputError
        If the live view misses the opening.
    NumericalError
        If a solver fails.
    """
    device, settings = means.device, means.settings
    progress(1, 5, "finding vessels")
    obstacles, origin = obstacle_map(ground, settings, live_view=live_view)
    progress(2, 5, "listing sites")
    margin = margins(means.robot, settings, live_view=live_view, before=ground.before)
    sites = candidates(ground, obstacles, margin, means.robot, settings)
    progress(3, 5, "choosing sites")
    choosing = part_of(progress, 3, 4, 5)
    packing = _chosen(sites, device, settings, choosing)
    progress(4, 5, "anchors and order")
    sites, packing, layout = _within_reach(sites, packing, device, settings, choosing)
    plan = plan_of(sites, packing, layout, (origin, obstacles, means, margin))
    found = judged(plan, (obstacles, ground), sites, packing, (means, margin))
    progress(5, 5, "threads planned")
    return Outcome(value=PlacementResult(plan=plan, obstacles=obstacles, ground=ground), findings=found)


def judged(
    plan: ThreadPlan,
    maps: tuple[Obstacles, Ground],
    sites: Candidates,
    packing: Packing,
    how: tuple[Means, Margins],
) -> tuple[Finding, ...]:
    """Judge a plan that was written out from these sites."""
    means, margin = how
    context = Context(
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
    return findings(plan, context)


def _nearest_vessel_um(sites: Candidates, packing: Packing) -> float | None:
    """Return how near the chosen sites come to a known vessel; nothing when none is known near any."""
    nearest = float(np.min(sites.vessel_mm[packing.chosen], initial=np.inf)) * UM_PER_MM
    return nearest if np.isfinite(nearest) else None


def _chosen(sites: Candidates, device: Device, settings: Settings, progress: Progress) -> Packing:
    """Pack the sites with the device's spacing, within the budget of hits.

    Notes
    -----
    The best packing without the budget is the best within it whenever it keeps it, and its bound holds as
    well; only otherwise the budget enters the model, which is harder to solve. Before surgery the errors are
    many times the margin, and no array would keep the budget: sites are provisional then, and it is told
    but not asked for.
    """
    free = _packed(sites, device, settings, progress, budget=np.inf)
    cost, budget = hit_cost(sites.hit_chance), hit_budget(settings)
    if not sites.is_exact or float(cost[free.chosen].sum()) <= budget:
        return free
    return _packed(sites, device, settings, progress, budget=budget)


def _packed(
    sites: Candidates, device: Device, settings: Settings, progress: Progress, *, budget: float
) -> Packing:
    solver = settings.solver
    return packed(
        sites.xy_mm,
        sites.value,
        spacing_mm=device.threads.spacing_um.value / UM_PER_MM,
        count=int(device.threads.thread_count.value),
        effort=Effort(
            gap_fraction=solver.gap_fraction,
            node_limit=solver.node_limit,
            spread_limit=solver.spread_limit,
            windows=solver.windows,
        ),
        cost=hit_cost(sites.hit_chance) if np.isfinite(budget) else None,
        budget=budget,
        progress=progress,
    )


def _within_reach(
    sites: Candidates, packing: Packing, device: Device, settings: Settings, progress: Progress
) -> tuple[Candidates, Packing, Layout]:
    """Choose again among the sites that every anchor reaches, if a thread would be too short for its site.

    Notes
    -----
    Sites chosen far to one side leave the anchors of the other side with the longest way. Where the sites
    that all anchors reach hold as many threads, they are taken; otherwise the first choice stays, and the
    judgement says that a thread is too short.
    """
    layout = laid_out(sites, packing.chosen, device, settings)
    entry, anchor = sites.entry_mm[layout.site], layout.anchors_mm[layout.anchor]
    if np.all(
        length_needed_mm(entry, anchor, sites.depth_mm[layout.site], settings)
        <= device.threads.length_mm.value
    ):
        return sites, packing, layout
    near = sites.only(is_reached_by_all(sites, device, settings))
    again = _chosen(near, device, settings, progress)
    if len(again.chosen) < len(packing.chosen):
        return sites, packing, layout
    return near, again, laid_out(near, again.chosen, device, settings)


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
        threads_asked=int(device.threads.thread_count.value),
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
