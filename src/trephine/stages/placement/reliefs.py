# SPDX-License-Identifier: Apache-2.0
"""What relaxing each limit would give, where fewer threads fit than are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from trephine.core.progress import Progress
from trephine.kernels.optimize.packing import Effort, fitting
from trephine.stages.placement.bleeding import hit_cost
from trephine.stages.placement.candidates import Candidates
from trephine.stages.placement.choosing import Demands
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.settings import Settings

_LESS_FRACTION = 0.9
"""The spacing is relaxed by a tenth."""
_MORE = 2.0
"""Accepted chances are doubled."""
_LARGEST = 0.49
_QUICK = Effort(spread_fraction=0.0, few_sites=0)
"""No tree: a count and its bound from the relaxation are enough to tell which limit binds."""
Listed = Callable[[Margins, Settings, bool], Candidates]
"""Lists the sites for other margins and settings; last, whether the surgeon's zones hold."""


@dataclass(frozen=True, kw_only=True)
class Relief:
    """How many threads fit when one limit is relaxed.

    Parameters
    ----------
    limit
        What is relaxed, in words.
    found_count, count_bound
        How many were found to fit, and how many at most could, up to the device's; locked ones included.
    """

    limit: str
    found_count: int
    count_bound: int


def reliefs(
    sites: Candidates,
    listed: Listed,
    demands: Demands,
    progress: Progress,
    *,
    found: tuple[int, int],
    has_zones: bool,
) -> tuple[Relief, ...]:
    """Count the threads that would fit with each limit relaxed in turn, the others as they are.

    Parameters
    ----------
    sites
        Those that pass every limit.
    listed
        Lists them again for a relaxed limit.
    demands
        Spacing, count, budget and locks.
    progress
        Told while the solver works.
    found
        How many threads were placed with every limit, and how many at most could be.
    has_zones
        Whether the surgeon has closed zones.

    Returns
    -------
    tuple
        By the most that more threads fit; no fewer than with every limit. Without a tree, so the two counts
        of each may differ. A limit that refuses no site changes nothing.
    """
    mine = len(demands.kept.threads)
    told = []
    for limit, some, spacing_mm, budget in _relaxed(sites, listed, demands, has_zones):
        if (len(some.value), spacing_mm, budget) == (len(sites.value), demands.spacing_mm, demands.budget):
            told.append(Relief(limit=limit, found_count=found[0], count_bound=found[1]))
            continue
        fit = fitting(
            some.xy_mm,
            spacing_mm=spacing_mm,
            count=demands.count,
            effort=_QUICK,
            cost=hit_cost(some.hit_chance),
            budget=budget,
            progress=progress,
        )
        count = max(fit[0] + mine, found[0])
        told.append(Relief(limit=limit, found_count=count, count_bound=max(fit[1] + mine, count)))
    return tuple(sorted(told, key=lambda relief: -relief.found_count))


def _relaxed(
    sites: Candidates, listed: Listed, demands: Demands, has_zones: bool
) -> Iterator[tuple[str, Candidates, float, float]]:
    """Yield for each limit its name, the sites, the spacing and the budget that relaxing it leaves."""
    settings, margin = demands.settings, demands.margin
    spacing_mm, budget = demands.spacing_mm, demands.budget
    yield "spacing a tenth smaller", sites, spacing_mm * _LESS_FRACTION, budget
    if margin.is_exact:
        accepted = min(_MORE * settings.hit_limit_fraction, _LARGEST)
        nearer = replace(margin, vessel_mm=margin.needle_radius_mm - margin.sd_mm * float(ndtri(accepted)))
        words = "twice the accepted chance of a hit for each thread"
        looser = settings.model_copy(update={"hit_limit_fraction": accepted})
        yield words, listed(nearer, looser, True), spacing_mm, budget
    else:
        nearer = replace(margin, vessel_mm=margin.vessel_mm - settings.provisional_margin_mm)
        yield "no provisional margin", listed(nearer, settings, True), spacing_mm, budget
    accepted = min(_MORE * settings.sulcus_miss_fraction, _LARGEST)
    share = float(ndtri(accepted) / ndtri(settings.sulcus_miss_fraction))
    nearer = replace(margin, sulcus_mm=margin.sulcus_mm * share)
    yield "twice the accepted chance of a sulcus", listed(nearer, settings, True), spacing_mm, budget
    if has_zones:
        yield "no zones of the surgeon", listed(margin, settings, False), spacing_mm, budget
    if np.isfinite(budget):
        yield "no budget of hits over the array", sites, spacing_mm, np.inf
