# SPDX-License-Identifier: Apache-2.0
"""How far every measured figure lies from its limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from trephine.model.screening import GRAVEST_FIRST, Screening, Verdict
from trephine.report.drawing import Circle, Drawing, Figure, Path
from trephine.report.palette import INK, PAPER, QUIET, RULE, Colour
from trephine.report.words import ANSWERS, number, with_unit

_WIDTH, _ROW, _TOP = 900.0, 30.0, 34.0
_LEFT, _RIGHT = 250.0, 640.0
_PAD = 0.14
"""Of the span on either side, so that what lies beyond a limit is seen to."""
_MANY_SDS = 10.0
_CONCERN: Colour = (250, 236, 205)
_BLOCK: Colour = (243, 213, 203)


def figure(screening: Screening) -> Figure | None:
    """Draw one line a figure, gravest verdict first; nothing where no figure is known.

    Parameters
    ----------
    screening
        Every verdict with its value, interval and limits.
    """
    shown = in_order(v for v in screening.verdicts if v.value is not None and v.limits)
    if not shown:
        return None
    drawing = Drawing(
        width=_WIDTH,
        height=_TOP + _ROW * len(shown) + 8,
        alt=f"{len(shown)} figures of the screening with their intervals and limits",
    )
    for x, words in (
        (4.0, "Figure"),
        (_LEFT, "Value, interval and limits"),
        (_RIGHT + 20, "Value, and how far from a limit"),
    ):
        drawing.words(x, 18, words, size=11, colour=QUIET, is_bold=True)
    for place, verdict in enumerate(shown):
        _row(drawing, verdict, _TOP + _ROW * place)
    caption = (
        "Every line has its own scale. The dot is the value (open where it is a mere estimate, which is not "
        "judged by), the bar its interval of 95 %. Dashed lines are limits of concern, full lines limits "
        "that block, and what lies beyond them is shaded. A bar that reaches into a shade is never a pass."
    )
    return Figure(key="screening-limits", caption=caption, drawings=(drawing,))


def in_order(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return verdicts by gravity, keeping the order of the rules within one."""
    listed = list(verdicts)
    return [v for answer in GRAVEST_FIRST for v in listed if v.verdict is answer]


@dataclass(frozen=True, kw_only=True)
class _Scale:
    """From a figure's own numbers to places on the sheet."""

    low: float
    high: float

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _LEFT + (_RIGHT - _LEFT) * min(max(share, 0.0), 1.0)


def _scale(verdict: Verdict) -> _Scale:
    ends = [e for e in (verdict.value, verdict.low, verdict.high, *verdict.limits.values()) if e is not None]
    low, high = min(ends), max(ends)
    span = (high - low) or abs(high) or 1.0
    return _Scale(low=low - _PAD * span, high=high + _PAD * span)


def _row(drawing: Drawing, verdict: Verdict, top: float) -> None:
    scale, middle = _scale(verdict), top + _ROW / 2
    sign, word = ANSWERS[verdict.verdict]
    drawing.words(4, middle + 4, f"{sign} {word}", size=11, is_bold=True)
    drawing.words(92, middle + 4, verdict.rule.replace("_", " "), size=11)
    _shade(drawing, verdict, scale, top)
    drawing.line(_LEFT, middle - 4, _RIGHT, middle - 4, colour=RULE, width=0.8)
    for name, limit in verdict.limits.items():
        x, is_block = scale.x(limit), name.startswith("block")
        dash = None if is_block else (4.0, 3.0)
        drawing.line(x, top + 2, x, top + _ROW - 10, colour=INK, width=1.6 if is_block else 1.1, dash=dash)
        drawing.words(x, top + _ROW - 1, number(limit), size=9, anchor="middle", colour=QUIET, halo=PAPER)
    _mark(drawing, verdict, scale, middle - 4)
    drawing.words(_RIGHT + 20, middle + 4, _distance(verdict), size=11)


def _shade(drawing: Drawing, verdict: Verdict, scale: _Scale, top: float) -> None:
    """Shade what lies beyond each limit; the graver on top."""
    for prefix, colour in (("concern", _CONCERN), ("block", _BLOCK)):
        for side in ("low", "high"):
            limit = verdict.limits.get(f"{prefix}_{side}")
            if limit is None:
                continue
            x0, x1 = (_LEFT, scale.x(limit)) if side == "low" else (scale.x(limit), _RIGHT)
            box = np.array([[x0, top + 2], [x1, top + 2], [x1, top + _ROW - 10], [x0, top + _ROW - 10]])
            drawing.add(Path(points=box, is_closed=True, stroke=None, fill=colour))


def _mark(drawing: Drawing, verdict: Verdict, scale: _Scale, y: float) -> None:
    if verdict.value is None:
        return
    low = verdict.value if verdict.low is None else verdict.low
    high = verdict.value if verdict.high is None else verdict.high
    if high > low:
        drawing.line(scale.x(low), y, scale.x(high), y, colour=INK, width=3.0)
    fill = INK if verdict.is_trusted else PAPER
    drawing.add(Circle(x=scale.x(verdict.value), y=y, radius=4.2, fill=fill, stroke=INK, width=1.4))


def _distance(verdict: Verdict) -> str:
    """Say the value, how far it lies from its limits, and how many standard deviations that is."""
    margin, sds = verdict.margin, verdict.margin_sds
    if margin is None:
        return ""
    words = f"{with_unit(verdict.value, verdict.unit)}: {number(abs(margin))}"
    words += " within" if margin >= 0 else " beyond"
    # Far away, a number of standard deviations says nothing more.
    return words if sds is None or abs(sds) >= _MANY_SDS else f"{words} ({number(abs(sds), 1)} SD)"
