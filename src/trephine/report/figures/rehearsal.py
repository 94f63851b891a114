# SPDX-License-Identifier: Apache-2.0
"""The simulated insertion: where threads arrived, and when."""

from __future__ import annotations

import numpy as np

from trephine.core.frames import SCANNER
from trephine.model.insertion_log import InsertionLog
from trephine.model.opening import Opening
from trephine.report.chart import Axes
from trephine.report.drawing import Circle, Drawing, Figure, Path
from trephine.report.palette import CUT, HAND, INK, KNOB, QUIET, RULE, VESSEL, Colour

_RESULTS: dict[str, tuple[Colour, str]] = {
    "inserted": (HAND, "inserted"),
    "not picked": (KNOB, "not picked"),
    "not released": (VESSEL, "not released"),
    "held: brain moving": (QUIET, "held: brain moving"),
    "held: vessel too near": (CUT, "held: vessel too near"),
}


def figure(log: InsertionLog, opening: Opening) -> Figure:
    """Draw the scatter of entries and the error with depth."""
    caption = (
        "Simulated. Left: where each inserted thread entered, seen from where it was planned (the middle), "
        "in the implant's x and y; the circle holds half of them, the outer one 95 %. Right: error across "
        "the axis against error along it (positive is too deep). Look for a cloud round the middle: one "
        "that lies aside means an error that all threads share."
    )
    return Figure(
        key="rehearsal-scatter",
        caption=caption,
        drawings=(_scatter(log, opening), _depth(log)),
        layout="pair",
    )


def _scatter(log: InsertionLog, opening: Opening) -> Drawing:
    drawing = Drawing(
        width=420, height=420, alt="Scatter of simulated entries about the planned ones, in micrometres"
    )
    offset = _offsets_um(log, opening)
    length = np.hypot(offset[:, 0], offset[:, 1])
    reach = max(20.0, float(np.ceil(length.max(initial=0) / 10) * 10) * 1.05)
    axes = Axes(drawing=drawing, x_range=(-reach, reach), y_range=(-reach, reach))
    axes.frame("implant x, \u00b5m", "implant y, \u00b5m")
    x0, y0 = axes.xy(0, 0)
    for share, dash in ((0.5, None), (0.95, (5.0, 3.0))):
        radius_um = float(np.quantile(length, share)) if length.size else 0.0
        radius = axes.xy(radius_um, 0)[0] - x0
        drawing.add(Circle(x=x0, y=y0, radius=radius, stroke=INK, width=1.2, dash=dash))
        drawing.words(
            x0,
            y0 - radius - 5,
            f"{share:.0%}: {radius_um:.0f} \u00b5m",
            size=11,
            anchor="middle",
            halo=(255, 255, 255),
        )
    for x, y in offset[:, :2]:
        axes.dot(float(x), float(y), HAND)
    drawing.line(x0 - 6, y0, x0 + 6, y0, width=1.4)
    drawing.line(x0, y0 - 6, x0, y0 + 6, width=1.4)
    return drawing


def _offsets_um(log: InsertionLog, opening: Opening) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return reached less planned entries in the implant's axes, inserted threads only."""
    done = [a for a in log.attempts if a.result == "inserted"]
    if not done:
        return np.zeros((0, 3))
    implant = opening.pose.inverse()
    reached = implant(np.array([a.reached_entry_mm for a in done]), frame=SCANNER)
    planned = implant(np.array([a.planned_entry_mm for a in done]), frame=SCANNER)
    return (reached - planned) * 1000


def _depth(log: InsertionLog) -> Drawing:
    drawing = Drawing(
        width=420, height=420, alt="Simulated lateral error against depth error, in micrometres"
    )
    done = [a for a in log.attempts if a.result == "inserted"]
    lateral = max([a.lateral_error_um for a in done], default=10.0) * 1.1
    depth = max([abs(a.depth_error_um) for a in done], default=10.0) * 1.15
    axes = Axes(drawing=drawing, x_range=(-depth, depth), y_range=(0.0, lateral))
    axes.frame("along the axis, \u00b5m", "across the axis, \u00b5m")
    at = axes.xy(0, 0)[0]
    drawing.line(at, axes.xy(0, 0)[1], at, axes.xy(0, lateral)[1], colour=RULE, width=1)
    for attempt in done:
        axes.dot(attempt.depth_error_um, attempt.lateral_error_um, HAND)
    return drawing


def timeline(log: InsertionLog) -> Figure:
    """Draw every attempt as a bar in time."""
    height = 190.0
    drawing = Drawing(width=900, height=height, alt="Timeline of simulated insertion attempts, in minutes")
    end = max(log.total_time_s / 60, 0.1)
    most = max((a.attempt for a in log.attempts), default=1)
    axes = Axes(drawing=drawing, x_range=(0.0, end), y_range=(0.0, float(most) + 0.6))
    axes.frame("minutes from the first pick", "", y_ticks=tuple(range(1, most + 1)))
    for attempt in log.attempts:
        colour = _RESULTS[attempt.result][0]
        x0, y0 = axes.xy(attempt.start_s / 60, attempt.attempt + 0.3)
        x1, y1 = axes.xy((attempt.start_s + attempt.duration_s) / 60, attempt.attempt - 0.3)
        box = np.array([[x0, y0], [max(x1 - 0.6, x0 + 0.8), y0], [max(x1 - 0.6, x0 + 0.8), y1], [x0, y1]])
        drawing.add(Path(points=box, is_closed=True, stroke=None, fill=colour))
    x = 60.0
    counts = {name: sum(a.result == name for a in log.attempts) for name in _RESULTS}
    for name, (colour, words) in _RESULTS.items():
        if not counts[name]:
            continue
        box = np.array([[x, 2], [x + 12, 2], [x + 12, 12], [x, 12]])
        drawing.add(Path(points=box, is_closed=True, stroke=None, fill=colour))
        label = f"{words}: {counts[name]}"
        drawing.words(x + 17, 11.5, label, size=12)
        x += 34 + 7.0 * len(label)
    caption = (
        "Simulated. Each bar is one attempt; the row tells whether it was the first, second or later try at "
        "that thread. Look for long stretches on the upper rows: there the robot spent its time on retries."
    )
    return Figure(key="rehearsal-time", caption=caption, drawings=(drawing,))
