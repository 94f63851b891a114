# SPDX-License-Identifier: Apache-2.0
"""Look up voxel values at positions."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Matrix4, Points


def sampled(
    values: AnyArray, affine_mm: Matrix4, points_mm: Points, *, order: int = 1, outside: float = 0.0
) -> AnyArray:
    """Look up an image at positions in its frame.

    Parameters
    ----------
    values
        Shape (i, j, k).
    affine_mm
        From voxel indices to mm, shape (4, 4).
    points_mm
        Positions, shape (point, 3).
    order
        0 takes the nearest voxel, 1 is linear in between.
    outside
        Value beyond the grid.

    Returns
    -------
    numpy.ndarray
        float64, shape (point,).
    """
    inverse = np.linalg.inv(affine_mm)
    ijk = np.asarray(points_mm, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    if order == 0:
        return _nearest(values, ijk, outside)
    low = np.floor(ijk.min(axis=0)).astype(int) - 1 if len(ijk) else np.zeros(3, dtype=int)
    high = np.ceil(ijk.max(axis=0)).astype(int) + 2 if len(ijk) else np.ones(3, dtype=int)
    low, high = np.maximum(low, 0), np.minimum(high, values.shape)
    if np.any(low >= high):
        return np.full(len(ijk), outside)
    part = values[low[0] : high[0], low[1] : high[1], low[2] : high[2]].astype(np.float64)
    found = ndimage.map_coordinates(part, (ijk - low).T, order=1, mode="nearest")
    beyond = ((ijk < -0.5) | (ijk > np.array(values.shape) - 0.5)).any(axis=1)
    return np.where(beyond, outside, found)


def _nearest(values: AnyArray, ijk: AnyArray, outside: float) -> AnyArray:
    """Take the nearest voxel's value."""
    index = np.rint(ijk).astype(int)
    inside = ((index >= 0) & (index < values.shape)).all(axis=1)
    found = np.full(len(index), outside, dtype=np.float64)
    i, j, k = index[inside].T
    found[inside] = values[i, j, k]
    return found
