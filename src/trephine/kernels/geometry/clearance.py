# SPDX-License-Identifier: Apache-2.0
"""Distance from places to the nearest marked pixel."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Mask2, Points2

HALF_DIAGONAL = math.sqrt(0.5)
"""From a pixel's centre to its corner, in pixels."""


def clearance_map(mask: Mask2, pixel_mm: float) -> AnyArray:
    """Measure from every pixel's centre to the nearest marked pixel, never too far.

    Parameters
    ----------
    mask
        Shape (row, column).
    pixel_mm
        Edge of a pixel.

    Returns
    -------
    numpy.ndarray
        mm, same shape; infinite where nothing is marked, 0 or less on marked pixels.

    Notes
    -----
    The exact Euclidean distance between centres, less half a pixel's diagonal: a lower bound of the
    distance to the marked pixel's nearest edge, at most 0.21 pixel below it.
    """
    if not mask.any():
        return np.full(mask.shape, np.inf)
    return (ndimage.distance_transform_edt(~mask) - HALF_DIAGONAL) * pixel_mm


class ClearanceField:
    """Distances from any place to the nearest marked pixel, never too far.

    Parameters
    ----------
    mask
        Shape (row, column).
    pixel_mm
        Edge of a pixel.
    """

    def __init__(self, mask: Mask2, pixel_mm: float) -> None:
        inner = ndimage.binary_erosion(mask, border_value=0)
        self._mask = mask
        self._pixel_mm = pixel_mm
        self._tree = cKDTree(np.argwhere(mask & ~inner)) if mask.any() else None

    def __call__(self, row_column: Points2) -> AnyArray:
        """Return distances in mm at fractional indices, shape (point,); -pixel inside a marked pixel."""
        if self._tree is None:
            return np.full(len(row_column), np.inf)
        distance, _ = self._tree.query(row_column)
        index = np.rint(row_column).astype(int)
        within = ((index >= 0) & (index < self._mask.shape)).all(axis=1)
        hit = np.zeros(len(index), dtype=bool)
        hit[within] = self._mask[tuple(index[within].T)]
        return np.where(hit, -1.0, distance - HALF_DIAGONAL) * self._pixel_mm
