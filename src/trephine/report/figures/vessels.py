# SPDX-License-Identifier: Apache-2.0
"""The vessels seen before surgery from three sides, and what size of vessel is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.model.anatomy import Anatomy, Angiogram
from trephine.report.drawing import Drawing, Figure, Path, Raster
from trephine.report.palette import PAPER, QUIET, Colour
from trephine.report.plane import CONVENTION
from trephine.report.words import number

_SIDE = 300.0
_HALF_MM = 115.0
_CLASSES: tuple[tuple[float, Colour, str], ...] = (
    (1.0, (240, 170, 110), "below 1 mm"),
    (2.0, (213, 94, 0), "1 to 2 mm"),
    (4.0, (150, 50, 20), "2 to 4 mm"),
    (np.inf, (80, 20, 40), "4 mm and more"),
)
"""Diameter up to which a colour is used."""
_VIEWS = (
    ("axial", (0, 1), "R", "L"),
    ("coronal", (0, 2), "R", "L"),
    ("sagittal", (1, 2), "A", "P"),
)
"""Name, axes across and up, and the letters at the left and right edge."""
_SHADE = 236
_BLANK = np.uint8(255)


def figure(anatomy: Anatomy, angiogram: Angiogram) -> Figure:
    """Draw the centre lines from three sides, coloured by width.

    Parameters
    ----------
    anatomy
        For the shade of the inside of the skull.
    angiogram
        The vessels.
    """
    grid = anatomy.intracranial.grid
    inside = np.argwhere(np.asarray(anatomy.intracranial.values[::2, ::2, ::2]) > 0) * 2
    inside_mm = grid.mm_of(inside.astype(float))
    middle_mm = inside_mm.mean(axis=0) if len(inside) else np.zeros(3)
    drawings = tuple(_view(view, angiogram, inside_mm, middle_mm) for view in _VIEWS)
    return Figure(key="vessels", caption=_caption(angiogram), drawings=drawings, layout="triple")


def _caption(angiogram: Angiogram) -> str:
    shades = ", ".join(words for _, _, words in _CLASSES)
    shown = "; ".join(
        f"{scan.kind}: {number(scan.smallest_diameter_mm)} mm"
        + ("" if scan.is_limit_known else " not reached")
        for scan in angiogram.scans
    )
    return (
        f"Centre lines of the vessels seen before surgery, darker where wider ({shades} across), over the "
        f"inside of the skull. Narrowest vessel shown reliably: {shown}. Thinner vessels are not shown; "
        "those of the cortex, mostly 0.01 to 0.6 mm, cannot be planned from these scans. "
        f"Views are {CONVENTION}."
    )


def _view(
    view: tuple[str, tuple[int, int], str, str],
    angiogram: Angiogram,
    inside_mm: NDArray[np.float64],
    middle_mm: NDArray[np.float64],
) -> Drawing:
    """Draw one side."""
    name, axes, left, right = view
    drawing = Drawing(width=_SIDE, height=_SIDE, alt=f"Vessels before surgery, {name}")
    scale = _SIDE / (2 * _HALF_MM)

    def placed(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        # Both axes are turned: right and front are drawn on the left, and up is up.
        return _SIDE / 2 - scale * (points_mm[:, axes] - middle_mm[list(axes)])

    drawing.add(_shade(placed(inside_mm)))
    tree = angiogram.tree
    width = [np.median(tree.of_branch(index)[1]) * 2 for index in range(tree.branch_count)]
    for index in np.argsort(-np.array(width), kind="stable"):
        points, _ = tree.of_branch(int(index))
        colour = next(colour for limit, colour, _ in _CLASSES if width[index] < limit)
        drawing.add(
            Path(points=placed(points), stroke=colour, width=max(0.8, 0.7 * float(width[index]) * scale))
        )
    drawing.words(6, 16, left, colour=QUIET)
    drawing.words(_SIDE - 6, 16, right, anchor="end", colour=QUIET)
    drawing.words(_SIDE / 2, _SIDE - 8, name, anchor="middle", colour=QUIET, halo=PAPER)
    return drawing


def _shade(places: NDArray[np.float64]) -> Raster:
    """Return the inside of the skull as a pale shape."""
    size = 100
    pixels = np.full((size, size, 3), _BLANK, dtype=np.uint8)
    index = np.floor(places / _SIDE * size).astype(int)
    index = index[np.all((index >= 0) & (index < size), axis=1)]
    pixels[index[:, 1], index[:, 0]] = _SHADE
    return Raster(pixels=pixels, x=0, y=0, width=_SIDE, height=_SIDE)
