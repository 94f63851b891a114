# SPDX-License-Identifier: Apache-2.0
"""Normals and areas of triangle meshes."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Points


def corner_normals(points_mm: Points, faces: AnyArray) -> Points:
    """Return the unit normal at every corner: the sum of its triangles' normals, weighted by their area.

    Parameters
    ----------
    points_mm
        Shape (point, 3).
    faces
        Shape (face, 3), counter-clockwise from outside.

    Returns
    -------
    numpy.ndarray
        Shape (point, 3).
    """
    a, b, c = (points_mm[faces[:, k]] for k in range(3))
    normal = _gathered(np.cross(b - a, c - a), faces, len(points_mm))
    return normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)


def corner_areas(points_mm: Points, faces: AnyArray) -> AnyArray:
    """Return a third of the area of the triangles at every corner, mm², shape (point,)."""
    a, b, c = (points_mm[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1, keepdims=True) / 6
    return _gathered(area, faces, len(points_mm))[:, 0]


def _gathered(values: AnyArray, faces: AnyArray, count: int) -> AnyArray:
    """Add every face's row to its three corners."""
    columns = [
        sum(np.bincount(faces[:, k], weights=values[:, axis], minlength=count) for k in range(3))
        for axis in range(values.shape[1])
    ]
    return np.column_stack(columns)
