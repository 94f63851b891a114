# SPDX-License-Identifier: Apache-2.0
"""What the array may cost in hits of vessels, and what it is expected to cost."""

from __future__ import annotations

import math

import numpy as np

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.geometry.clearance import clearance_map
from trephine.kernels.geometry.touching import touch_map, touched_at
from trephine.kernels.statistics.counts import central_interval, count_chances, even_normal_points
from trephine.model.device import Robot
from trephine.model.obstacles import Obstacles
from trephine.model.thread_plan import Bleeding
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.settings import Settings

_SCENARIOS = 1024
"""Draws of the errors that all threads share."""
_TRIES = 3
"""Piercings of one thread at most, as in the rehearsal."""
_CERTAIN = 1 - 1e-12
"""A chance of one would make its cost infinite."""


def hit_map(obstacles: Obstacles, margin: Margins) -> AnyArray:
    """Return for every pixel the chance that one piercing aimed at its centre meets a known vessel."""
    clearance = clearance_map(obstacles.vessel, obstacles.pixel_mm)
    return touch_map(
        clearance, radius_mm=margin.needle_radius_mm, sd_mm=margin.sd_mm, pixel_mm=obstacles.pixel_mm
    )


def hit_cost(chance: AnyArray) -> AnyArray:
    """Return what each chance takes of the budget, -ln(1 - chance): costs of independent threads add up."""
    return -np.log1p(-np.minimum(chance, _CERTAIN))


def hit_budget(settings: Settings) -> float:
    """Return the budget of the whole array, in the unit of ``hit_cost``."""
    return -math.log1p(-settings.bleed_limit_fraction)


def bleeding(
    entry_mm: Points2, obstacles: Obstacles, margin: Margins, robot: Robot, settings: Settings
) -> Bleeding:
    """Predict the hits of known vessels by a whole array.

    Parameters
    ----------
    entry_mm
        Entries in ``implant``, shape (thread, 2).
    obstacles, margin
        Known vessels, and the errors.
    robot
        How often a release fails, after which the site is pierced again.
    settings
        Accepted chance of any hit.

    Returns
    -------
    Bleeding
        Budget, and count with the interval that holds 95 % of arrays.

    Notes
    -----
    Some errors (registration of robot and picture, and before surgery the scan's) are one draw for the
    array and move all threads together. The count is therefore a mixture: for each of 1,024 even draws of
    the shared error a Poisson binomial with the chances that the threads' own errors leave.
    """
    clearance = clearance_map(obstacles.vessel, obstacles.pixel_mm)
    own_sd = math.sqrt(max(margin.sd_mm**2 - margin.common_mm**2, 0.0))
    shift = even_normal_points(_SCENARIOS) * margin.common_mm
    chance = _touched_at(entry_mm[:, None] + shift, clearance, obstacles, margin, own_sd).T
    again = (1 - robot.release_success_fraction.value) ** np.arange(_TRIES)
    counts = count_chances(np.concatenate([chance * share for share in again], axis=1))
    first = _touched_at(entry_mm[:, None], clearance, obstacles, margin, margin.sd_mm)
    low, high = central_interval(counts)
    return Bleeding(
        limit_fraction=settings.bleed_limit_fraction,
        budget=hit_budget(settings),
        spent=float(hit_cost(first).sum()),
        piercings=float(again.sum()),
        mean=float(counts @ np.arange(len(counts))),
        low=low,
        high=high,
        any_probability=float(1 - counts[0]),
    )


def _touched_at(
    xy_mm: AnyArray, clearance_mm: AnyArray, obstacles: Obstacles, margin: Margins, sd_mm: float
) -> AnyArray:
    """Return the chances of touching a vessel at places about each thread, shape (thread, place)."""
    place = obstacles.row_column_of(xy_mm.reshape(-1, 2)).reshape(xy_mm.shape)
    return touched_at(
        clearance_mm,
        place,
        radius_mm=margin.needle_radius_mm,
        sd_mm=sd_mm,
        pixel_mm=obstacles.pixel_mm,
    )
