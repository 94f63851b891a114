# SPDX-License-Identifier: Apache-2.0
"""Write drawings as SVG that lives in the page."""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trephine.report.drawing import Circle, Drawing, Path, Raster, Shape, Text
from trephine.report.palette import Colour, css

_WEBP_QUALITY = 88


def svg_of(drawing: Drawing, name: str) -> str:
    """Write one drawing.

    Parameters
    ----------
    drawing
        What to write.
    name
        Start of the identifiers in it; unique within the page.

    Returns
    -------
    str
        An ``svg`` element with a title for readers who cannot see it.
    """
    body = "".join(_written(shape) for shape in drawing.shapes)
    box = f"0 0 {_n(drawing.width)} {_n(drawing.height)}"
    return (
        f'<svg viewBox="{box}" width="{_n(drawing.width)}" height="{_n(drawing.height)}" role="img" '
        f'aria-labelledby="{name}"><title id="{name}">{escape(drawing.alt)}</title>{body}</svg>'
    )


def webp_of(pixels: NDArray[np.uint8], *, is_lossless: bool = False) -> bytes:
    """Encode a picture, RGB or RGBA, shape (row, column, 3 or 4)."""
    stream = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.save(stream, "WEBP", quality=_WEBP_QUALITY, lossless=is_lossless, method=4, exact=False)
    return stream.getvalue()


def _written(shape: Shape) -> str:
    if isinstance(shape, Raster):
        data = base64.b64encode(webp_of(shape.pixels, is_lossless=shape.is_lossless)).decode()
        return (
            f'<image x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" '
            f'height="{_n(shape.height)}" preserveAspectRatio="none" href="data:image/webp;base64,{data}"/>'
        )
    if isinstance(shape, Path):
        return _path(shape)
    if isinstance(shape, Circle):
        return (
            f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}"'
            f"{_paint(shape.stroke, shape.width, shape.fill, shape.fill_opacity, shape.dash)}/>"
        )
    return _text(shape)


def _path(shape: Path) -> str:
    rounded = np.round(shape.points, 2)
    moves = "L".join(f"{_n(x)} {_n(y)}" for x, y in rounded)
    end = "Z" if shape.is_closed else ""
    opacity = f' opacity="{_n(shape.opacity)}"' if shape.opacity < 1 else ""
    paint = _paint(shape.stroke, shape.width, shape.fill, shape.fill_opacity, shape.dash)
    return f'<path d="M{moves}{end}"{paint}{opacity} stroke-linejoin="round" stroke-linecap="round"/>'


def _text(shape: Text) -> str:
    halo = ""
    if shape.halo is not None:
        halo = (
            f' stroke="{css(shape.halo)}" stroke-width="{_n(shape.size / 3.6)}" stroke-linejoin="round"'
            ' paint-order="stroke"'
        )
    weight = ' font-weight="700"' if shape.is_bold else ""
    return (
        f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{_n(shape.size)}" '
        f'text-anchor="{shape.anchor}" fill="{css(shape.colour)}"{weight}{halo}>{escape(shape.words)}</text>'
    )


def _paint(
    stroke: Colour | None,
    width: float,
    fill: Colour | None,
    fill_opacity: float,
    dash: tuple[float, float] | None,
) -> str:
    parts = [f' fill="{css(fill)}"' if fill else ' fill="none"']
    if fill and fill_opacity < 1:
        parts.append(f' fill-opacity="{_n(fill_opacity)}"')
    if stroke:
        parts.append(f' stroke="{css(stroke)}" stroke-width="{_n(width)}"')
        if dash:
            parts.append(f' stroke-dasharray="{_n(dash[0])} {_n(dash[1])}"')
    return "".join(parts)


def _n(value: float) -> str:
    """Write a number shortly: at most two decimals, no trailing zeros, no minus zero."""
    return f"{value + 0.0:.2f}".rstrip("0").rstrip(".").replace("-0.00", "0") or "0"
