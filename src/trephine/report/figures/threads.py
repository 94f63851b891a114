# SPDX-License-Identifier: Apache-2.0
"""How far threads keep from what they must avoid, and from each other."""

from __future__ import annotations

import numpy as np

from trephine.model.thread_plan import ThreadPlan
from trephine.report.chart import histogram
from trephine.report.drawing import Figure
from trephine.report.palette import HAND


def figure(plan: ThreadPlan) -> Figure:
    """Draw histograms of clearance, spacing and value."""
    drawings = []
    known = [(t.clearance_um, t.margin_um) for t in plan.threads if t.clearance_um is not None]
    # Rounded to a picometre, so that a clearance equal to its margin does not fall below zero.
    spare = np.round([clearance - margin for clearance, margin in known], 6)
    if spare.size:
        drawings.append(
            histogram(
                spare,
                x_label="clearance beyond the margin, \u00b5m",
                alt="Histogram of clearance beyond the margin",
                colour=HAND,
                limit=(0.0, "margin"),
            )
        )
    drawings.append(
        histogram(
            _nearest_um(plan),
            x_label="distance to the nearest entry, \u00b5m",
            alt="Histogram of spacing",
            colour=HAND,
            limit=(plan.spacing_um, f"asked: {plan.spacing_um:.0f}"),
            from_zero=bool(spare.size),
        )
    )
    value = np.array([t.value for t in plan.threads], np.float64)
    drawings.append(
        histogram(value, x_label="value for the hand, 0 to 1", alt="Histogram of value", colour=HAND)
    )
    first = (
        "Distance to the vessel or sulcus edge with the least to spare, less the margin required; distance"
        if spare.size
        else "No vessel or sulcus was known: distance"
    )
    caption = (
        f"{first} between neighbouring entries; and value of the cortex for the hand; one count a thread. "
        "Look for bars to the right of the dashed lines, which are what was asked for."
    )
    return Figure(key="thread-margins", caption=caption, drawings=tuple(drawings), layout="triple")


def _nearest_um(plan: ThreadPlan) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return each entry's distance to its nearest neighbour, straight through space."""
    entry = np.array([t.entry_mm for t in plan.threads], np.float64).reshape(-1, 3)
    if len(entry) < 2:
        return np.zeros(0)
    gaps = np.linalg.norm(entry[:, None] - entry[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return gaps.min(axis=1) * 1000
