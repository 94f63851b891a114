# SPDX-License-Identifier: Apache-2.0
"""The poses to choose from: what each is expected to yield, against what it asks of the skull."""

from __future__ import annotations

import math

from trephine.model.opening import Opening
from trephine.report import palette
from trephine.report.chart import Axes
from trephine.report.drawing import Drawing, Figure
from trephine.report.palette import INK, PAPER

_WIDTH, _HEIGHT = 380.0, 280.0


def figure(opening: Opening) -> Figure:
    """Draw expected yield against skull fit, and against tilt."""
    fit = [choice.skull_fit_rms_mm for choice in opening.choices]
    tilt = [math.degrees(choice.tilt_rad) for choice in opening.choices]
    drawings = (
        _against(opening, fit, "skull's departure from the flat foot, RMS, mm"),
        _against(opening, tilt, "tilt on the cortex, degrees"),
    )
    caption = (
        "The poses to choose from, by the numbers of the table below. Upright lines hold 90 % of the "
        "scenarios, dots are means; the filled dot is recommended. Better lies up and to the left. Where the "
        "lines overlap widely, the scans cannot tell the poses apart by yield: choose by the rest."
    )
    return Figure(key="opening-choices", caption=caption, drawings=drawings, layout="pair")


def _against(opening: Opening, across: list[float], label: str) -> Drawing:
    drawing = Drawing(
        width=_WIDTH,
        height=_HEIGHT,
        alt=f"Expected yield of {len(opening.choices)} poses against {label}",
    )
    top = max(choice.expected.high for choice in opening.choices)
    span = max(max(across) - min(across), 0.1 * max(across), 1e-3)
    axes = Axes(
        drawing=drawing,
        x_range=(max(min(across) - 0.15 * span, 0.0), max(across) + 0.15 * span),
        y_range=(0.0, 1.15 * max(top, 1e-3)),
    )
    axes.frame(label, "expected yield")
    for place, (choice, x) in enumerate(zip(opening.choices, across, strict=True), start=1):
        low, high = axes.xy(x, choice.expected.low), axes.xy(x, choice.expected.high)
        drawing.line(*low, *high, colour=palette.HAND, width=1.6)
        axes.dot(x, choice.expected.mean, palette.HAND, radius=5.0, is_open=not choice.is_recommended)
        drawing.words(high[0], high[1] - 5, str(place), size=12, anchor="middle", colour=INK, halo=PAPER)
    return drawing
