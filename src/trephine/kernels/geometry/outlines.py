# SPDX-License-Identifier: Apache-2.0
"""Closed outlines in a plane."""

from __future__ import annotations

import math

import numpy as np

from trephine.core.arrays import AnyArray, Points2


def ring(radius_mm: float, count: int) -> Points2:
    """Return ``count`` evenly spaced points on a circle about the origin, counter-clockwise from +x."""
    angle = np.arange(count) * (2 * math.pi / count)
    return radius_mm * np.column_stack([np.cos(angle), np.sin(angle)])


def disc_grid(radius_mm: float, pitch_mm: float) -> Points2:
    """Return the points of a square grid through the origin that lie within a circle."""
    half = int(radius_mm / pitch_mm)
    axis = np.arange(-half, half + 1) * pitch_mm
    x, y = np.meshgrid(axis, axis)
    points = np.column_stack([x.ravel(), y.ravel()])
    return points[np.hypot(points[:, 0], points[:, 1]) <= radius_mm]


def is_inside(outline: Points2, points: Points2) -> AnyArray:
    """Tell which points lie inside a closed outline.

    Parameters
    ----------
    outline
        Corners in order, shape (corner, 2); the last is joined to the first.
    points
        Shape (point, 2).

    Returns
    -------
    numpy.ndarray
        Booleans, shape (point,). By the even-odd rule.
    """
    inside = np.zeros(len(points), dtype=bool)
    x, y = points[:, 0], points[:, 1]
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside
