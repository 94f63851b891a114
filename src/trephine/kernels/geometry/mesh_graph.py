# SPDX-License-Identifier: Apache-2.0
"""Neighbours on a triangle mesh: means over them, smoothing, mean curvature."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from trephine.core.arrays import AnyArray, Points
from trephine.kernels.geometry.meshes import corner_areas, corner_normals

_SHARE_IN, _SHARE_OUT = 0.5, -0.52
_SMALLEST_AREA_MM2 = 1e-4


def neighbour_mean(faces: AnyArray, count: int) -> csr_matrix[Any]:
    """Return the matrix that gives every corner the mean of its neighbours.

    Parameters
    ----------
    faces
        Shape (face, 3).
    count
        Number of corners.

    Returns
    -------
    scipy.sparse.csr_matrix
        float32, shape (count, count); the row of a corner without neighbours is empty.
    """
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    joined = csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), (count, count))
    joined.data[:] = 1.0
    degree = np.maximum(np.asarray(joined.sum(axis=1)).ravel(), 1.0)
    return csr_matrix(diags_array((1.0 / degree).astype(np.float32)) @ joined)


def smoothed_corners(points_mm: Points, mean: csr_matrix[Any], rounds: int) -> Points:
    """Smooth corners without shrinking the mesh: one step in, one slightly larger step out.

    Parameters
    ----------
    points_mm
        Shape (point, 3).
    mean
        From ``neighbour_mean``.
    rounds
        Rounds of both steps.

    References
    ----------
    taubin1995
    """
    result = points_mm
    for _ in range(rounds):
        for share in (_SHARE_IN, _SHARE_OUT):
            result = result + share * (mean @ result - result)
    return np.asarray(result, dtype=np.float64)


def mean_curvature(points_mm: Points, faces: AnyArray) -> AnyArray:
    """Return half the sum of both principal curvatures, positive where the surface bulges outward.

    Parameters
    ----------
    points_mm
        Shape (point, 3).
    faces
        Shape (face, 3), counter-clockwise from outside.

    Returns
    -------
    numpy.ndarray
        Per mm, shape (point,): 1 / r on a ball of radius r.

    References
    ----------
    meyer2003
    """
    count = len(points_mm)
    change = np.zeros((count, 3))
    for turn in range(3):
        apex, one, other = (faces[:, (turn + step) % 3] for step in range(3))
        to_one, to_other = points_mm[one] - points_mm[apex], points_mm[other] - points_mm[apex]
        twice_area = np.linalg.norm(np.cross(to_one, to_other), axis=1)
        cotangent = np.einsum("ij,ij->i", to_one, to_other) / np.maximum(twice_area, _SMALLEST_AREA_MM2)
        pull = 0.5 * cotangent[:, None] * (points_mm[other] - points_mm[one])
        for axis in range(3):
            change[:, axis] += np.bincount(one, weights=pull[:, axis], minlength=count)
            change[:, axis] -= np.bincount(other, weights=pull[:, axis], minlength=count)
    area = np.maximum(corner_areas(points_mm, faces), _SMALLEST_AREA_MM2)
    normal = corner_normals(points_mm, faces)
    return np.asarray(-0.5 * np.einsum("ij,ij->i", change, normal) / area)
