# SPDX-License-Identifier: Apache-2.0
"""Choose the sites: for value, for coverage or against retraction, within the budget of hits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.core.progress import Progress
from trephine.core.units import UM_PER_MM
from trephine.kernels.optimize.coverage import covered
from trephine.kernels.optimize.packing import Effort, Packing, packed
from trephine.kernels.optimize.packing_model import Problem
from trephine.model.device import Device
from trephine.model.ground import Ground
from trephine.stages.placement.bleeding import hit_budget, hit_cost
from trephine.stages.placement.candidates import Candidates
from trephine.stages.placement.held import Held
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.reach import hand_field
from trephine.stages.placement.settings import Settings, SolverSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class Demands:
    """What the sites are chosen by.

    Parameters
    ----------
    ground
        What a thread is worth everywhere.
    device
        Gives count and spacing.
    margin, settings
        Errors, and limits with the objective.
    kept
        Locked threads.
    """

    ground: Ground
    device: Device
    margin: Margins
    settings: Settings
    kept: Held

    @property
    def spacing_mm(self) -> float:
        """Smallest distance between two threads."""
        return self.device.threads.spacing_um.value / UM_PER_MM

    @property
    def count(self) -> int:
        """Threads still to be placed beside those locked."""
        return asked_count(self.device, self.settings) - len(self.kept.threads)

    @property
    def budget(self) -> float:
        """Budget of hits that locked threads leave; before surgery the error is too large to hold one."""
        if not self.margin.is_exact:
            return np.inf
        return max(hit_budget(self.settings) - float(hit_cost(self.kept.sites.hit_chance).sum()), 0.0)


def asked_count(device: Device, settings: Settings) -> int:
    """Return how many threads are to be placed: all of the device's, or fewer where the settings say so."""
    most = int(device.threads.thread_count.value)
    return most if settings.thread_limit is None else min(settings.thread_limit, most)


def effort_of(solver: SolverSettings) -> Effort:
    """Return when the solver stops."""
    return Effort(
        gap_fraction=solver.gap_fraction,
        node_limit=solver.node_limit,
        spread_fraction=solver.spread_fraction,
        few_sites=solver.few_sites,
        windows=solver.windows,
    )


def chosen(sites: Candidates, demands: Demands, progress: Progress) -> Packing:
    """Choose the sites of the threads beside the locked ones, which stand first in the answer.

    Parameters
    ----------
    sites
        Those that pass every limit on their own and that locked threads leave, so that the rest is a packing
        of its own.
    demands
        Spacing, count, budget, locks and the objective.
    progress
        Told while the solver works.

    Returns
    -------
    Packing
        Sites with objective and bound, locked threads included in both: the sum of values; or the share of
        the hand map that is reached, with ``retraction`` the share expected to stay in reach.

    Raises
    ------
    NumericalError
        If a solver fails.

    Notes
    -----
    The best packing without the budget is the best within it whenever it keeps it, and its bound holds as
    well; only otherwise the budget enters the model, which is harder to solve. Before surgery the errors are
    many times the margin, and no array would keep the budget: sites are provisional then, and it is told
    but not asked for.
    """
    rest = _of_value(sites, demands, progress, budget=np.inf)
    if float(hit_cost(sites.hit_chance)[rest.chosen].sum()) > demands.budget:
        rest = _of_value(sites, demands, progress, budget=demands.budget)
    if demands.settings.solver.objective == "value":
        value = float(demands.kept.sites.value.sum())
        rest = replace(rest, objective=rest.objective + value, bound=rest.bound + value)
    else:
        rest = _of_reach(sites, demands, rest, progress)
    mine = len(demands.kept.threads)
    return replace(
        rest,
        chosen=np.concatenate([np.arange(mine), mine + rest.chosen]).astype(int),
        count_bound=rest.count_bound + mine,
    )


def _of_value(sites: Candidates, demands: Demands, progress: Progress, *, budget: float) -> Packing:
    """Return the packing of best value within a budget of hits; for other objectives any that is as full."""
    solver = demands.settings.solver
    effort = effort_of(solver)
    return packed(
        sites.xy_mm,
        sites.value,
        spacing_mm=demands.spacing_mm,
        count=demands.count,
        effort=effort if solver.objective == "value" else replace(effort, gap_fraction=1.0, windows=0),
        cost=hit_cost(sites.hit_chance) if np.isfinite(budget) else None,
        budget=budget,
        progress=progress,
    )


def _of_reach(sites: Candidates, demands: Demands, start: Packing, progress: Progress) -> Packing:
    """Return as many sites as ``start`` has that reach most of the hand map, or keep most in reach."""
    problem = Problem(
        points_mm=sites.xy_mm,
        score=sites.value,
        spacing_mm=demands.spacing_mm,
        cost=hit_cost(sites.hit_chance),
        budget=demands.budget,
        look=lambda: progress(0, 1, "choosing sites"),
    )
    settings = demands.settings
    field = hand_field(demands.ground, settings, is_lossy=settings.solver.objective == "retraction")
    made = covered(
        problem, field, start.chosen, held_mm=demands.kept.sites.xy_mm, effort=effort_of(settings.solver)
    )
    is_full = start.count_bound == len(made.chosen)
    return replace(made, count_bound=start.count_bound, status=made.status if is_full else "bounded")
