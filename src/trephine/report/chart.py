# SPDX-License-Identifier: Apache-2.0
"""Plain charts: axes, histograms, scatter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trephine.report.drawing import Circle, Drawing, Path, Px
from trephine.report.palette import INK, QUIET, RULE, Colour

_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 14.0, 14.0, 46.0


@dataclass(eq=False)
class Axes:
    """A frame of two number lines on a drawing.

    Parameters
    ----------
    drawing
        Where it is drawn.
    x_range, y_range
        Numbers at the ends of either line.
    """

    drawing: Drawing
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def xy(self, x: float, y: float) -> tuple[float, float]:
        """Return where a pair of numbers lies on the sheet."""
        width = self.drawing.width - _LEFT - _RIGHT
        height = self.drawing.height - _TOP - _BOTTOM
        across = (x - self.x_range[0]) / (self.x_range[1] - self.x_range[0])
        up = (y - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        return _LEFT + across * width, _TOP + (1 - up) * height

    def frame(self, x_label: str, y_label: str, *, y_ticks: tuple[float, ...] | None = None) -> None:
        """Draw number lines, ticks and labels; ``y_ticks`` overrides the round numbers upwards."""
        d = self.drawing
        x0, y0 = self.xy(self.x_range[0], self.y_range[0])
        x1, y1 = self.xy(self.x_range[1], self.y_range[1])
        for tick in ticks(*self.y_range) if y_ticks is None else y_ticks:
            y = self.xy(0, tick)[1]
            d.line(x0, y, x1, y, colour=RULE, width=0.7)
            d.words(x0 - 6, y + 4, number(tick), size=11, anchor="end", colour=QUIET)
        for tick in ticks(*self.x_range):
            x = self.xy(tick, 0)[0]
            d.line(x, y0, x, y0 + 4, colour=QUIET, width=0.9)
            d.words(x, y0 + 17, number(tick), size=11, anchor="middle", colour=QUIET)
        d.line(x0, y0, x1, y0, colour=QUIET, width=0.9)
        d.words(x1, y0 + 36, x_label, size=12, anchor="end")
        d.words(x0 - 38, y1 - 3, y_label, size=12, anchor="start")

    def limit(self, x: float, words: str, colour: Colour) -> None:
        """Draw an upright line at a limit, with words beside it."""
        if not self.x_range[0] <= x <= self.x_range[1]:
            return
        at = self.xy(x, 0)[0]
        top, bottom = self.xy(0, self.y_range[1])[1], self.xy(0, self.y_range[0])[1]
        self.drawing.line(at, top, at, bottom, colour=colour, width=1.6, dash=(5, 3))
        is_left = at > self.drawing.width * 0.6
        self.drawing.words(
            at + (-5 if is_left else 5),
            top + 11,
            words,
            size=11,
            anchor="end" if is_left else "start",
            colour=INK,
            halo=(255, 255, 255),
        )

    def dot(self, x: float, y: float, colour: Colour, *, radius: float = 3.2, is_open: bool = False) -> None:
        """Draw a dot."""
        a, b = self.xy(x, y)
        fill = None if is_open else colour
        self.drawing.add(
            Circle(x=a, y=b, radius=radius, fill=fill, fill_opacity=0.85, stroke=colour, width=1.1)
        )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers between two ends, about ``count`` of them."""
    rough = (high - low) / count
    unit = 10.0 ** np.floor(np.log10(rough))
    step = next(unit * f for f in (1, 2, 2.5, 5, 10) if unit * f >= rough * 0.999)
    first = np.ceil(low / step - 1e-9)
    last = np.floor(high / step + 1e-9)
    return [float(n * step) for n in np.arange(first, last + 1)]


def number(value: float) -> str:
    """Write a tick's number with a true minus sign."""
    return f"{value + 0.0:,.6g}".replace(",", "\u202f").replace("-", "\u2212")


def histogram(
    values: NDArray[np.float64],
    *,
    x_label: str,
    alt: str,
    colour: Colour,
    from_zero: bool = True,
    limit: tuple[float, str] | None = None,
    width: Px = 370,
    height: Px = 230,
) -> Drawing:
    """Draw how often values occur.

    Parameters
    ----------
    values
        Shape (value,).
    x_label, alt
        Words for the axis, and for readers who cannot see it.
    colour
        Of the bars.
    from_zero
        Whether the axis starts at 0.
    limit
        A limit and what it is called.
    width, height
        Of the drawing.
    """
    drawing = Drawing(width=width, height=height, alt=alt)
    reach = [*values.tolist(), *([limit[0]] if limit else [])]
    low = 0.0 if from_zero else min(reach)
    high = max(reach) if reach else 1.0
    high = high if high > low else low + 1.0
    edges = _edges(low, high, limit[0] if limit else low)
    counts, edges = np.histogram(values, bins=edges)
    top = max(int(counts.max(initial=0)), 1)
    start = 0.0 if from_zero else float(edges[0])
    axes = Axes(drawing=drawing, x_range=(start, float(edges[-1])), y_range=(0.0, top * 1.12))
    axes.frame(x_label, "threads")
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            (x0, y0), (x1, y1) = axes.xy(max(float(left), start), float(count)), axes.xy(float(right), 0.0)
            box = np.array([[x0 + 1, y0], [x1 - 1, y0], [x1 - 1, y1], [x0 + 1, y1]])
            drawing.add(Path(points=box, is_closed=True, stroke=None, fill=colour))
    if limit:
        axes.limit(limit[0], limit[1], INK)
    return drawing


def _edges(low: float, high: float, through: float) -> NDArray[np.float64]:
    """Return edges of bins of a round width, one of them at a limit, so that no bar straddles it."""
    step = ticks(low, high, 16)
    width = step[1] - step[0] if len(step) > 1 else high - low
    first = through - np.ceil((through - low) / width - 1e-9) * width
    return np.arange(first, high + width * 1.001, width)
