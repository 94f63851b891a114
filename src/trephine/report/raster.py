# SPDX-License-Identifier: Apache-2.0
"""Paint drawings as PNG: the same shapes, for places that show no SVG."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path as FilePath

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from trephine.report.drawing import Circle, Drawing, Path, Raster, Shape, Text
from trephine.report.palette import PAPER, Colour

_OVERSAMPLING = 2
Ratio = float
"""A pure number."""
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png_of(drawing: Drawing, *, scale: Ratio = 2.0) -> bytes:
    """Paint one drawing on white.

    Parameters
    ----------
    drawing
        What to paint.
    scale
        Pixels for each CSS pixel.

    Returns
    -------
    bytes
        A PNG without time stamps.
    """
    stream = io.BytesIO()
    Image.fromarray(pixels_of(drawing, scale=scale)).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def pixels_of(drawing: Drawing, *, scale: Ratio) -> NDArray[np.uint8]:
    """Paint one drawing on white, cut off at its edges; shape (row, column, 3)."""
    fine = scale * _OVERSAMPLING
    sheet = Image.new("RGB", (round(drawing.width * fine), round(drawing.height * fine)), PAPER)
    for shape in drawing.shapes:
        _painted(sheet, shape, fine)
    size = (round(drawing.width * scale), round(drawing.height * scale))
    return np.asarray(sheet.resize(size, Image.Resampling.LANCZOS))


def _painted(sheet: Image.Image, shape: Shape, fine: float) -> None:
    pen = ImageDraw.Draw(sheet, "RGBA")
    if isinstance(shape, Raster):
        size = (max(1, round(shape.width * fine)), max(1, round(shape.height * fine)))
        picture = Image.fromarray(np.ascontiguousarray(shape.pixels)).resize(size, Image.Resampling.BICUBIC)
        mask = picture.getchannel("A") if picture.mode == "RGBA" else None
        sheet.paste(picture.convert("RGB"), (round(shape.x * fine), round(shape.y * fine)), mask)
    elif isinstance(shape, Path):
        _paint_path(pen, shape, fine)
    elif isinstance(shape, Circle):
        _paint_circle(pen, shape, fine)
    else:
        _paint_text(pen, shape, fine)


def _rgba(colour: Colour, opacity: float) -> tuple[int, int, int, int]:
    return (*colour, round(255 * opacity))


def _paint_path(pen: ImageDraw.ImageDraw, shape: Path, fine: float) -> None:
    points = [(float(x), float(y)) for x, y in shape.points * fine]
    if shape.fill and len(points) > 2:
        pen.polygon(points, fill=_rgba(shape.fill, shape.fill_opacity * shape.opacity))
    if shape.stroke is None:
        return
    ends = [*points, points[0]] if shape.is_closed else points
    colour, width = _rgba(shape.stroke, shape.opacity), max(1, round(shape.width * fine))
    for piece in _dashes(ends, tuple(d * fine for d in shape.dash)) if shape.dash else [ends]:
        pen.line(piece, fill=colour, width=width, joint="curve")


def _dashes(points: list[tuple[float, float]], dash: tuple[float, ...]) -> list[list[tuple[float, float]]]:
    """Cut a line into dashes of ``dash[0]`` with gaps of ``dash[1]``."""
    way = np.array(points)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    pieces = []
    for start in np.arange(0, length[-1], sum(dash)):
        at = np.linspace(start, min(start + dash[0], length[-1]), 4)
        x, y = np.interp(at, length, way[:, 0]), np.interp(at, length, way[:, 1])
        pieces.append([(float(a), float(b)) for a, b in zip(x, y, strict=True)])
    return pieces


def _paint_circle(pen: ImageDraw.ImageDraw, shape: Circle, fine: float) -> None:
    if shape.dash:
        angle = np.linspace(0, 2 * np.pi, 97)
        points = shape.radius * np.stack([np.cos(angle), np.sin(angle)], axis=1) + (shape.x, shape.y)
        _paint_path(pen, Path(points=points, stroke=shape.stroke, width=shape.width, dash=shape.dash), fine)
        return
    x, y, r = shape.x * fine, shape.y * fine, shape.radius * fine
    fill = _rgba(shape.fill, shape.fill_opacity) if shape.fill else None
    width = max(1, round(shape.width * fine))
    pen.ellipse(
        (x - r, y - r, x + r, y + r), fill=fill, outline=shape.stroke, width=width if shape.stroke else 0
    )


def _paint_text(pen: ImageDraw.ImageDraw, shape: Text, fine: float) -> None:
    font = _font(round(shape.size * fine), shape.is_bold)
    halo = round(shape.size * fine / 8) if shape.halo else 0
    pen.text(
        (shape.x * fine, shape.y * fine),
        shape.words,
        font=font,
        fill=shape.colour,
        anchor=_ANCHORS[shape.anchor],
        stroke_width=halo,
        stroke_fill=shape.halo,
    )


@cache
def _font(size: int, is_bold: bool) -> ImageFont.FreeTypeFont:
    """Load the typeface that comes with matplotlib, so that every machine paints alike."""
    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return ImageFont.truetype(FilePath(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)
