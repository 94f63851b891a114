# SPDX-License-Identifier: Apache-2.0
"""What was decoded beside what was done, as a page."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np

from trephine.case.disk import write_atomically
from trephine.core.arrays import AnyArray
from trephine.model.decoder import Decoded
from trephine.model.recording import Recording
from trephine.report.chart import Axes
from trephine.report.drawing import Drawing
from trephine.report.drawing import Path as Line
from trephine.report.palette import CUT, HAND, INK, Colour
from trephine.report.svg import svg_of
from trephine.report.words import DISCLAIMER

_SHOWN_S = 30.0
_WIDTH, _HEIGHT = 920.0, 240.0


def write(path: Path, decoded: Decoded, recording: Recording) -> None:
    """Write a page that needs nothing else: half a minute of velocity after the part learned from.

    Parameters
    ----------
    path
        Of the page; an older one is replaced.
    decoded
        Velocity.
    recording
        What it was decoded from; its true velocity is drawn where there is one.
    """
    style = files("trephine.report").joinpath("page.css").read_text(encoding="utf-8")
    title = escape(f"{decoded.recording}: decoded velocity")
    score = "no true velocity to score against"
    if decoded.r2_share is not None:
        score = f"R² {decoded.r2_share:.3f} from {decoded.first_bin * decoded.bin_s:.0f} s to the end"
    drawn = "".join(
        f"<h2>{name}</h2>{svg_of(_drawing(decoded, recording, axis, name), f'velocity-{name}')}"
        for axis, name in enumerate(("x", "y"))
    )
    words = f"<p>{escape(DISCLAIMER)}</p><p>{escape(score)}. Used: {escape(decoded.information)}.</p>"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    page = (
        f'<!doctype html><html lang="en"><head>{head}</head><body><main><h1>{title}</h1>{words}{drawn}</main>'
    )
    write_atomically(path, f"{page}</body></html>".encode())


def _drawing(decoded: Decoded, recording: Recording, axis: int, name: str) -> Drawing:
    stop = min(decoded.first_bin + round(_SHOWN_S / decoded.bin_s), len(decoded.velocity))
    part = slice(decoded.first_bin, stop)
    curves: list[tuple[AnyArray, Colour, str]] = [(decoded.velocity[part, axis], HAND, "decoded")]
    if recording.velocity is not None:
        curves.insert(0, (recording.velocity[part, axis], CUT, "true"))
    reach = max(float(np.abs(values).max()) for values, _, _ in curves) or 1.0
    time_s = (np.arange(part.start, stop) + 1) * decoded.bin_s
    drawing = Drawing(width=_WIDTH, height=_HEIGHT, alt=f"Velocity along {name}, decoded and true")
    axes = Axes(drawing=drawing, x_range=(float(time_s[0]), float(time_s[-1])), y_range=(-reach, 1.1 * reach))
    unit = f"{decoded.length_unit}/s" if decoded.length_unit == "mm" else "unit not stated"
    axes.frame("time, s", f"velocity, {unit}")
    for place, (values, colour, words) in enumerate(curves):
        points = np.array([axes.xy(float(t), float(v)) for t, v in zip(time_s, values, strict=True)])
        drawing.add(Line(points=points, stroke=colour, width=1.4))
        drawing.words(_WIDTH - 150 + 70 * place, 12, words, size=12, anchor="start", colour=INK)
        drawing.line(_WIDTH - 168 + 70 * place, 8, _WIDTH - 154 + 70 * place, 8, colour=colour, width=2)
    return drawing
