# SPDX-License-Identifier: Apache-2.0
"""Marks of the hand knob, the same in every figure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.report.drawing import Circle, Path
from trephine.report.palette import INK, KNOB
from trephine.report.plane import Sheet


def diamond(sheet: Sheet, point_mm: NDArray[np.float64], *, is_open: bool = False) -> None:
    """Mark the template's hand knob."""
    x, y = sheet.xy(point_mm)[0]
    for size, tone in ((8.0, INK), (6.2, KNOB)):
        points = np.array([[x, y - size], [x + size, y], [x, y + size], [x - size, y]])
        if is_open:
            width = 4.0 if tone == INK else 2.0
            sheet.drawing.add(Path(points=points, is_closed=True, stroke=tone, width=width))
        else:
            sheet.drawing.add(Path(points=points, is_closed=True, stroke=None, fill=tone))


def disc(sheet: Sheet, point_mm: NDArray[np.float64]) -> None:
    """Mark the hand knob of the person's own cortex."""
    x, y = sheet.xy(point_mm)[0]
    for radius, tone in ((6.4, INK), (5.0, KNOB)):
        sheet.drawing.add(Circle(x=x, y=y, radius=radius, fill=tone))
