# SPDX-License-Identifier: Apache-2.0
"""Height of a triangle mesh above a plane grid, as seen from above."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Points, Points2

_NO_AREA = 1e-12
"""A triangle of less, in pixels squared, is seen from its edge."""


def height_map(
    points_mm: Points, faces: AnyArray, *, origin_mm: AnyArray, pixel_mm: float, shape: tuple[int, int]
) -> AnyArray:
    """Draw the highest z of a mesh over every pixel of a grid in the x-y plane.

    Parameters
    ----------
    points_mm
        Corner positions, shape (point, 3), in the grid's frame.
    faces
        Rows of three indices, shape (face, 3).
    origin_mm
        (x, y) of the centre of pixel (0, 0).
    pixel_mm
        Edge of a pixel.
    shape
        Rows (y) and columns (x).

    Returns
    -------
    numpy.ndarray
        float64, shape ``shape``; NaN where no triangle lies.

    Notes
    -----
    A z-buffer: exact at pixel centres, cost proportional to the triangles over the grid. Triangles of a few
    pixels are drawn together, one pixel of each at a time.
    """
    height = np.full(shape, -np.inf)
    column_row = (points_mm[:, :2] - origin_mm) / pixel_mm
    corners = column_row[faces]
    low, high = corners.min(axis=1), corners.max(axis=1)
    top = np.array([shape[1] - 1, shape[0] - 1])
    over = np.flatnonzero(((high >= 0) & (low <= top)).all(axis=1))
    first = np.maximum(np.ceil(low[over]), 0).astype(int)
    last = np.minimum(np.floor(high[over]), top).astype(int)
    size = last - first + 1
    is_small = (size <= _FEW_PIXELS).all(axis=1)
    small = is_small & (size > 0).all(axis=1)
    _draw_small(height, corners[over[small]], points_mm[faces[over[small]], 2], first[small], last[small])
    large = ~is_small
    for face, (c0, r0), (c1, r1) in zip(over[large], first[large], last[large], strict=True):
        if c1 >= c0 and r1 >= r0:
            patch = height[r0 : r1 + 1, c0 : c1 + 1]
            _draw(patch, corners[face] - (c0, r0), points_mm[faces[face], 2])
    return np.where(np.isfinite(height), height, np.nan)


_FEW_PIXELS = 8
"""Triangles no wider and no higher than this are drawn together."""


def _draw_small(height: AnyArray, corner: AnyArray, z: AnyArray, first: AnyArray, last: AnyArray) -> None:
    """Raise ``height`` in place to all of these triangles, offset by offset from each one's first pixel."""
    corner = corner - first[:, None]
    (x0, y0), (x1, y1), (x2, y2) = (corner[:, k].T for k in range(3))
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    solid = np.abs(area) >= _NO_AREA
    safe = np.where(solid, area, 1.0)
    most = (last - first).max(axis=0, initial=-1)
    for y in range(int(most[1]) + 1):
        for x in range(int(most[0]) + 1):
            one = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / safe
            two = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / safe
            inside = solid & (first + (x, y) <= last).all(axis=1)
            inside &= (one >= -1e-9) & (two >= -1e-9) & (one + two <= 1 + 1e-9)
            lifted = z[:, 0] + one * (z[:, 1] - z[:, 0]) + two * (z[:, 2] - z[:, 0])
            where = (first[inside] + (x, y))[:, ::-1]
            np.maximum.at(height, (where[:, 0], where[:, 1]), lifted[inside])


def _draw(patch: AnyArray, corner: AnyArray, z: AnyArray) -> None:
    """Raise ``patch`` in place to one triangle's height where the triangle covers it."""
    (x0, y0), (x1, y1), (x2, y2) = corner
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if abs(area) < _NO_AREA:
        return
    y, x = np.ogrid[: patch.shape[0], : patch.shape[1]]
    first = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
    second = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
    inside = (first >= -1e-9) & (second >= -1e-9) & (first + second <= 1 + 1e-9)
    height = z[0] + first * (z[1] - z[0]) + second * (z[2] - z[0])
    np.copyto(patch, np.maximum(patch, height), where=inside)


def bilinear(values: AnyArray, row_column: Points2) -> AnyArray:
    """Look up values between pixels, holding the edge value beyond the grid.

    Parameters
    ----------
    values
        Shape (row, column).
    row_column
        Fractional indices, shape (point, 2).

    Returns
    -------
    numpy.ndarray
        Shape (point,).
    """
    return ndimage.map_coordinates(values, np.asarray(row_column).T, order=1, mode="nearest")


def filled(values: AnyArray) -> AnyArray:
    """Replace every NaN by the nearest number."""
    missing = np.isnan(values)
    if not missing.any() or missing.all():
        return np.where(missing, 0.0, values) if missing.all() else values
    nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
    return values[tuple(nearest)]


def depth_below_hull(height_mm: AnyArray, *, pixel_mm: float, width_mm: float) -> AnyArray:
    """Measure how far a surface lies below the surface that closes gaps of a given width.

    Parameters
    ----------
    height_mm
        Shape (row, column), no NaN.
    pixel_mm
        Edge of a pixel.
    width_mm
        Valleys narrower than this are closed.

    Returns
    -------
    numpy.ndarray
        At least 0, same shape.

    Notes
    -----
    A grey closing by a disc, after the best-fitting second-order surface is taken away, so that the
    curvature of the whole does not count as depth. It runs on a grid of about a tenth of the width.
    """
    step = max(int(width_mm / 12 / pixel_mm), 1)
    coarse = height_mm[::step, ::step]
    trend = _second_order(coarse)
    radius = max(round(width_mm / 2 / (pixel_mm * step)), 1)
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    padded = np.pad(coarse - trend, radius, mode="edge")
    closed = ndimage.grey_closing(padded, footprint=x * x + y * y <= radius * radius)
    hull = closed[radius:-radius, radius:-radius] + trend
    rows, columns = np.indices(height_mm.shape)
    fine = bilinear(hull, np.column_stack([rows.ravel(), columns.ravel()]) / step)
    return (fine.reshape(height_mm.shape) - height_mm).clip(min=0)


def _second_order(values: AnyArray) -> AnyArray:
    """Fit a + bx + cy + dx² + exy + fy² to a grid and return the fitted grid."""
    y, x = np.indices(values.shape)
    y = (y - y.mean()).ravel() / max(values.shape)
    x = (x - x.mean()).ravel() / max(values.shape)
    basis = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    factors, *_ = np.linalg.lstsq(basis, values.ravel(), rcond=None)
    return (basis @ factors).reshape(values.shape)
