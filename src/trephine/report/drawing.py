# SPDX-License-Identifier: Apache-2.0
"""Drawings made of a few kinds of shapes, written as SVG for the page or painted as PNG for elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trephine.report.palette import INK, PAPER, Colour

Anchor = Literal["start", "middle", "end"]
Px = float
"""A length in CSS pixels."""
Share = float
"""A pure number from 0 to 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Raster:
    """A picture placed in a drawing, RGB or RGBA."""

    pixels: NDArray[np.uint8]
    x: Px
    y: Px
    width: Px
    height: Px
    is_lossless: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """Straight pieces through points, shape (point, 2); filled, stroked or both."""

    points: NDArray[np.float64]
    is_closed: bool = False
    stroke: Colour | None = INK
    width: Px = 1.0
    fill: Colour | None = None
    fill_opacity: Share = 1.0
    opacity: Share = 1.0
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Circle:
    """A circle, filled, stroked or both."""

    x: Px
    y: Px
    radius: Px
    stroke: Colour | None = None
    width: Px = 1.0
    fill: Colour | None = None
    fill_opacity: Share = 1.0
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Text:
    """One line of words; ``y`` is the base line."""

    x: Px
    y: Px
    words: str
    size: Px = 11.0
    anchor: Anchor = "start"
    colour: Colour = INK
    is_bold: bool = False
    halo: Colour | None = None


Shape = Raster | Path | Circle | Text


@dataclass(eq=False)
class Drawing:
    """Shapes in order, from back to front, on a sheet measured in CSS pixels.

    Parameters
    ----------
    width, height
        Of the sheet.
    alt
        What a reader who cannot see it is told.
    shapes
        What is drawn.
    """

    width: Px
    height: Px
    alt: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Draw on top."""
        self.shapes.extend(shapes)

    def line(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        *,
        colour: Colour = INK,
        width: float = 1.0,
        dash: tuple[float, float] | None = None,
    ) -> None:
        """Draw a straight line."""
        self.add(Path(points=np.array([[x0, y0], [x1, y1]]), stroke=colour, width=width, dash=dash))

    def words(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 11.0,
        anchor: Anchor = "start",
        colour: Colour = INK,
        is_bold: bool = False,
        halo: Colour | None = None,
    ) -> None:
        """Write one line."""
        text = Text(
            x=x, y=y, words=words, size=size, anchor=anchor, colour=colour, is_bold=is_bold, halo=halo
        )
        self.add(text)

    def letter(
        self,
        x: float,
        y: float,
        words: str,
        anchor: Anchor,
        *,
        size: float = 14.0,
        colour: Colour = INK,
        halo: Colour = PAPER,
    ) -> None:
        """Write an orientation letter."""
        self.words(x, y, words, size=size, anchor=anchor, colour=colour, is_bold=True, halo=halo)

    def scale_bar(
        self, x: float, y: float, length: float, words: str, *, colour: Colour, halo: Colour
    ) -> None:
        """Draw a bar whose right end is at (x, y), with its length above."""
        self.line(x - length, y, x, y, colour=halo, width=5)
        self.line(x - length, y, x, y, colour=colour, width=2.5)
        self.words(x - length / 2, y - 6, words, size=10.5, anchor="middle", colour=colour, halo=halo)


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """Drawings that belong together under one caption.

    Parameters
    ----------
    key
        Name within the page; letters and hyphens.
    caption
        One or two sentences: what to see.
    drawings
        Panels, in reading order.
    layout
        How panels share the width: one wide, one with its caption beside it, two or three abreast.
    """

    key: str
    caption: str
    drawings: tuple[Drawing, ...]
    layout: Literal["wide", "beside", "pair", "triple"] = "wide"
