# SPDX-License-Identifier: Apache-2.0
"""Put solids and tubes into one picture with a depth test."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.report.render.camera import Camera
from trephine.report.render.field import Floats
from trephine.report.render.light import linear, lit, srgb_of
from trephine.report.render.march import Solid, first_hits

_EDGE_MM = 1.2
"""Step in depth that is drawn as an edge."""

Share = float
"""A pure number from 0 to 1."""

Paint = Callable[[Floats, Floats], Floats]
"""Linear colour, shape (ray, 3), of surface positions and their normals, both of shape (3, ray)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """How a solid looks.

    Parameters
    ----------
    colour
        sRGB of the surface.
    cut_colour
        sRGB where it was cut.
    gloss
        Strength of the highlight.
    paint
        Overrides ``colour`` position by position.
    """

    colour: tuple[int, int, int]
    cut_colour: tuple[int, int, int] | None = None
    gloss: Share = 0.03
    paint: Paint | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Tube:
    """A drawn line with thickness; a single point is a ball.

    Parameters
    ----------
    points_mm
        Shape (point, 3).
    radius_mm
        Half its width.
    colour
        sRGB.
    lift_mm
        It is drawn also when hidden by less than this.
    is_flat
        Not shaded as a round thing.
    """

    points_mm: NDArray[np.float64]
    radius_mm: float
    colour: tuple[int, int, int]
    lift_mm: float = 0.4
    is_flat: bool = False


@dataclass(eq=False)
class _Buffers:
    """Picture in the making: depth, colour, normals and gloss."""

    depth_mm: Floats
    albedo: Floats
    normal: Floats
    gloss: Floats
    colour: Floats = field(init=False)


def rendered(solids: list[tuple[Solid, Material]], tubes: list[Tube], camera: Camera) -> NDArray[np.uint8]:
    """Render a scene.

    Parameters
    ----------
    solids
        What is seen, in any order.
    tubes
        Lines drawn into it.
    camera
        From where.

    Returns
    -------
    numpy.ndarray
        RGBA picture, shape (row, column, 4), clear where nothing is.
    """
    rows, columns = camera.shape
    buffers = _Buffers(
        depth_mm=np.full((rows, columns), np.inf, np.float32),
        albedo=np.zeros((rows, columns, 3), np.float32),
        normal=np.zeros((3, rows, columns), np.float32),
        gloss=np.zeros((rows, columns), np.float32),
    )
    for solid, material in solids:
        _add(solid, material, camera, buffers)
    buffers.colour = srgb_of(lit(buffers.albedo, buffers.normal, buffers.depth_mm, camera, buffers.gloss))
    alpha = _soften(buffers)
    for tube in tubes:
        _draw(tube, camera, buffers, alpha)
    rgba = np.concatenate([buffers.colour, alpha[..., None]], axis=-1)
    return (np.clip(rgba, 0, 1) * 255 + 0.5).astype(np.uint8)


def _soften(buffers: _Buffers) -> Floats:
    """Smooth the colour across edges in depth, against stairs, and return how much each pixel is covered."""
    is_hit = np.isfinite(buffers.depth_mm)
    cover = is_hit.astype(np.float32)
    filled = np.where(is_hit, buffers.depth_mm, 1e4)
    spread = ndimage.maximum_filter(filled, size=3) - ndimage.minimum_filter(filled, size=3)
    edge = (spread > _EDGE_MM)[..., None]
    weight = ndimage.gaussian_filter(cover, 0.7)
    blurred = ndimage.gaussian_filter(buffers.colour * cover[..., None], (0.7, 0.7, 0))
    buffers.colour = np.where(edge, blurred / np.maximum(weight, 1e-3)[..., None], buffers.colour)
    return np.where(edge[..., 0], weight, cover)


def _add(solid: Solid, material: Material, camera: Camera, buffers: _Buffers) -> None:
    """Enter a solid where it is nearer than what is there."""
    hits = first_hits(solid, camera, buffers.depth_mm)
    nearer = hits < buffers.depth_mm
    if not nearer.any():
        return
    into = camera.axes[2].astype(np.float32)[:, None]
    point = camera.starts_mm()[:, nearer] + into * hits[nearer]
    normal = solid.body.normal(point)
    colour = np.broadcast_to(linear(material.colour), (point.shape[1], 3))
    if material.paint is not None:
        colour = material.paint(point, normal)
    gloss = np.full(point.shape[1], material.gloss, np.float32)
    on_cut = solid.body.signed_mm(point) < -0.35
    if solid.cuts:
        on_cut &= np.min([cut(point) for cut in solid.cuts], axis=0) < 0.8
    if solid.cuts and material.cut_colour is not None and on_cut.any():
        colour = np.where(on_cut[:, None], linear(material.cut_colour), colour)
        normal = np.where(on_cut, _cut_normal(solid, point), normal)
        gloss[on_cut] = 0
    buffers.depth_mm[nearer] = hits[nearer]
    buffers.albedo[nearer] = colour
    buffers.normal[:, nearer] = normal
    buffers.gloss[nearer] = gloss


def _cut_normal(solid: Solid, point: Floats) -> Floats:
    """Return unit normals of the cut solid itself."""
    slope = np.empty_like(point)
    for axis in range(3):
        shift = np.zeros((3, 1), np.float32)
        shift[axis] = 0.4
        slope[axis] = solid.signed_mm(point + shift) - solid.signed_mm(point - shift)
    return slope / np.maximum(np.linalg.norm(slope, axis=0), np.float32(1e-6))


def _draw(tube: Tube, camera: Camera, buffers: _Buffers, alpha: Floats) -> None:
    """Blend a tube into the picture where it is not hidden."""
    where, depth = camera.pixels_of(tube.points_mm)
    if len(where) == 1:
        where, depth = np.repeat(where, 2, axis=0), np.repeat(depth, 2)
    radius = tube.radius_mm / camera.pixel_mm
    colour = np.array(tube.colour, np.float32) / 255
    for (start, end), (near, far) in zip(itertools.pairwise(where), itertools.pairwise(depth), strict=True):
        _draw_piece(start, end, near, far, radius, colour, tube, buffers, alpha)


def _draw_piece(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    near: float,
    far: float,
    radius: float,
    colour: Floats,
    tube: Tube,
    buffers: _Buffers,
    alpha: Floats,
) -> None:
    """Blend one straight piece, with soft edges."""
    rows, columns = alpha.shape
    low = np.floor(np.minimum(start, end) - radius - 2).astype(int)
    high = np.ceil(np.maximum(start, end) + radius + 3).astype(int)
    x0, y0 = max(low[0], 0), max(low[1], 0)
    x1, y1 = min(high[0], columns), min(high[1], rows)
    if x0 >= x1 or y0 >= y1:
        return
    x, y = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    along = end - start
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / max(float(along @ along), 1e-9)
    share = np.clip(share, 0, 1)
    off = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    box = (slice(y0, y1), slice(x0, x1))
    ease = np.clip((buffers.depth_mm[box] + tube.lift_mm - (near + share * (far - near))) / 0.3 + 0.5, 0, 1)
    cover = (np.clip(radius - off + 0.5, 0, 1) * ease).astype(np.float32)
    round_off = np.sqrt(np.clip(1 - (off / max(radius, 1e-6)) ** 2, 0, 1))
    tone = np.ones_like(off) if tube.is_flat else 0.55 + 0.5 * round_off
    shown = np.clip(colour * tone[..., None], 0, 1)
    buffers.colour[box] += cover[..., None] * (shown - buffers.colour[box])
    alpha[box] = np.maximum(alpha[box], cover)
