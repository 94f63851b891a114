# SPDX-License-Identifier: Apache-2.0
"""What a plan would give under other limits, as a page of tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from trephine.case.disk import write_atomically
from trephine.model.what_if import WhatIf, WhatIfPoint
from trephine.report.chart import Axes
from trephine.report.chart import number as tick
from trephine.report.drawing import Drawing
from trephine.report.palette import HAND, INK, PAPER, QUIET
from trephine.report.svg import svg_of
from trephine.report.words import ABSENT, DISCLAIMER, number

_HEADINGS = {
    "hit_limit": "Accepted chance of a hit, each thread",
    "bleed_limit": "Accepted chance of any hit, whole array",
    "threads": "Threads",
    "spacing": "Smallest distance between threads, um",
}
_OBJECTIVE = {
    "value": "functional value",
    "coverage": "share of the hand map in reach",
    "retraction": "share expected to stay in reach",
}
_COLUMNS = (
    "Threads", "At most", "Objective", "Proven bound", "Value", "Map in reach", "Kept", "Hits",
    "95 % of arrays", "Chance of any", "Margin, um", "Robot, min",
)  # fmt: skip


def write(path: Path, told: WhatIf, *, subject: str) -> None:
    """Write the sweep as one page of HTML that needs nothing else.

    Parameters
    ----------
    path
        Of the page; an older one is replaced.
    told
        The sweep.
    subject
        Whose plan.
    """
    style = files("trephine.report").joinpath("page.css").read_text(encoding="utf-8")
    title = escape(f"{subject}: what if")
    knobs = dict.fromkeys(point.knob for point in told.points)
    parts = [_section(told, [one for one in told.points if one.knob == knob]) for knob in knobs]
    words = f"Every row is a whole plan for {_OBJECTIVE[told.objective_kind]}, with its proven bound. "
    words += f"Vessels are known from {told.vessels_from}. The row in bold is the plan that stands."
    body = f"<main><h1>{title}</h1><p>{escape(DISCLAIMER)}</p><p>{escape(words)}</p>{''.join(parts)}</main>"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    write_atomically(
        path, f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'.encode()
    )


def _section(told: WhatIf, points: Sequence[WhatIfPoint]) -> str:
    knob = points[0].knob
    names = "".join(f'<th class="number">{escape(name)}</th>' for name in _COLUMNS)
    rows = "".join(map(_row, points))
    picture = svg_of(_picture(told, points), f"what-if-{knob}")
    return (
        f"<h2>{escape(_HEADINGS[knob])}</h2><figure>{picture}</figure>"
        f"<table><thead><tr><th>Limit</th>{names}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(point: WhatIfPoint) -> str:
    told = point.bleeding
    hits = [number(told.mean), f"{told.low} to {told.high}", number(told.any_probability)] if told else []
    cells = (
        str(point.threads_placed),
        str(point.threads_bound),
        number(point.objective),
        number(point.bound),
        number(point.value),
        number(point.covered_fraction),
        number(point.kept_fraction),
        *(hits or [ABSENT] * 3),
        number(point.margin_um),
        number(point.work_time_s / 60),
    )
    limit = f"{point.limit:g}"
    first = f"<strong>{limit}</strong>" if point.is_standing else limit
    return f"<tr><td>{first}</td>" + "".join(f'<td class="number">{escape(c)}</td>' for c in cells) + "</tr>"


def _picture(told: WhatIf, points: Sequence[WhatIfPoint]) -> Drawing:
    """Draw yield over risk, a dot a plan with its bound above, and the limit and the time in words."""
    risk = [point.bleeding.mean if point.bleeding else 0.0 for point in points]
    top = max(point.bound for point in points) * 1.15 or 1.0
    alt = f"{_OBJECTIVE[told.objective_kind]} over hits to expect for {_HEADINGS[points[0].knob]}"
    drawing = Drawing(width=640, height=300, alt=alt)
    axes = Axes(drawing=drawing, x_range=(0.0, max(risk) * 1.25 or 1.0), y_range=(0.0, top))
    axes.frame("hits of known vessels to expect, whole array", _OBJECTIVE[told.objective_kind])
    for point, x in zip(points, risk, strict=True):
        (at_x, at_y), (_, bound_y) = axes.xy(x, point.objective), axes.xy(x, point.bound)
        drawing.line(at_x - 5, bound_y, at_x + 5, bound_y, colour=QUIET, width=1.4)
        drawing.line(at_x, bound_y, at_x, at_y, colour=QUIET, width=0.9)
        axes.dot(x, point.objective, INK if point.is_standing else HAND, radius=4.5)
        words = f"{tick(point.limit)} ({point.work_time_s / 60:.0f} min)"
        drawing.words(at_x + 8, at_y + 4, words, size=11, anchor="start", colour=INK, halo=PAPER)
    return drawing
