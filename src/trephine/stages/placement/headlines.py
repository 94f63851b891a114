# SPDX-License-Identifier: Apache-2.0
"""The plan's headline figures."""

from __future__ import annotations

import numpy as np

from trephine.model.obstacles import PlacementResult
from trephine.model.summary import Headline
from trephine.model.thread_plan import Bleeding, ElectrodeYield, MapReach, ThreadPlan

_OBJECTIVE = {
    "value": "Functional value, all threads",
    "coverage": "Share of the hand map in reach",
    "retraction": "Share of the hand map expected to stay in reach",
}


def headlines(result: PlacementResult) -> tuple[Headline, ...]:
    """Return the figures a reader asks for first.

    Parameters
    ----------
    result
        Plan and obstacles.

    Returns
    -------
    tuple
        Counts, proof, distances, expected hits, lengths.
    """
    plan = result.plan
    placed = len(plan.threads)
    spare = [each.clearance_um - each.margin_um for each in plan.threads if each.clearance_um is not None]
    length = max((thread.length_needed_mm for thread in plan.threads), default=None)
    centre = np.mean([thread.entry_mm for thread in plan.threads], axis=0) if placed else None
    return (
        Headline(name="threads_asked", value=plan.threads_asked, unit="1", label="Threads of the device"),
        Headline(name="threads_placed", value=placed, unit="1", label="Threads placed"),
        Headline(name="vessels_from", value=plan.vessels_from, unit="word", label="Vessels known from"),
        Headline(name="objective", value=plan.objective, unit="1", label=_OBJECTIVE[plan.objective_kind]),
        Headline(name="bound", value=plan.bound, unit="1", label="Proven upper bound on it"),
        Headline(name="gap", value=plan.gap_fraction, unit="1", label="Gap to the bound, as a share"),
        _um("smallest_clearance", plan.smallest_clearance_um, "Smallest clearance to a vessel or sulcus"),
        _um("least_to_spare", min(spare, default=None), "Least clearance beyond the margin required"),
        _um("smallest_spacing", plan.smallest_spacing_um, "Smallest distance between two threads"),
        *_electrodes(plan.electrode_yield),
        *_reach(plan.map_reach),
        *_hits(plan.bleeding),
        *_work(plan),
        Headline(name="longest_thread", value=length, unit="mm", label="Longest thread needed"),
        Headline(name="candidates", value=plan.candidate_count, unit="1", label="Sites within every limit"),
        Headline(
            name="array_centre",
            value=None if centre is None else (float(centre[0]), float(centre[1]), float(centre[2])),
            unit="mm",
            frame="scanner",
            label="Mean of the entries",
        ),
    )


def _electrodes(found: ElectrodeYield | None) -> tuple[Headline, ...]:
    """Give where electrodes are expected to end."""
    if found is None:
        return ()
    return (
        Headline(
            name="electrodes_in_grey",
            value=found.grey,
            unit="1",
            low=found.grey_low,
            high=found.grey_high,
            label=f"Electrodes expected in grey matter, of {found.electrodes}",
        ),
        Headline(
            name="electrodes_in_layer5",
            value=found.layer5,
            unit="1",
            low=found.layer5_low,
            high=found.layer5_high,
            label="Electrodes expected in layer V, by its assumed share of the thickness",
        ),
    )


def _reach(found: MapReach | None) -> tuple[Headline, ...]:
    """Give how much of the hand map is reached, and kept under the planned losses."""
    if found is None:
        return ()
    near = f"Share of the hand map within {found.reach_mm:g} mm of a thread"
    return (
        Headline(name="map_covered", value=found.covered_fraction, unit="1", label=near),
        Headline(
            name="map_kept",
            value=found.kept_fraction,
            low=found.kept_low_fraction,
            high=found.kept_high_fraction,
            unit="1",
            label="The same after the planned losses of threads",
        ),
    )


def _hits(bleeding: Bleeding | None) -> tuple[Headline, ...]:
    """Give what the array is expected to hit."""
    return (
        Headline(
            name="expected_hits",
            value=None if bleeding is None else bleeding.mean,
            unit="1",
            low=None if bleeding is None else bleeding.low,
            high=None if bleeding is None else bleeding.high,
            label="Hits of known vessels to expect, whole array (95 % of arrays)",
        ),
        Headline(
            name="any_hit",
            value=None if bleeding is None else bleeding.any_probability,
            unit="1",
            label="Chance of any hit of a known vessel",
        ),
    )


def _work(plan: ThreadPlan) -> tuple[Headline, ...]:
    """Give what the robot has to do."""
    return (
        Headline(name="crossings", value=plan.crossings, unit="1", label="Crossing pairs"),
        Headline(name="under_laid", value=plan.under_laid, unit="1", label="Insertions under a laid thread"),
        Headline(name="travel", value=plan.travel_mm, unit="mm", label="Way of the robot"),
        Headline(name="travel_bound", value=plan.travel_bound_mm, unit="mm", label="Proven least way"),
        Headline(name="work_time", value=plan.work_time_s, unit="s", label="Robot's time, nothing repeated"),
    )


def _um(name: str, value: float | None, label: str) -> Headline:
    return Headline(name=name, value=value, unit="um", label=label)
