# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes around voxels."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags_array
from skimage.measure import marching_cubes

from trephine.core.arrays import AnyArray, Faces, Matrix4, Points


def mesh_of(
    field: AnyArray,
    level_fraction: float,
    affine_mm: Matrix4,
    *,
    stride_voxel: int = 1,
    smoothing_rounds: int = 10,
) -> tuple[Points, Faces]:
    """Wrap a mesh around the voxels above a level.

    Parameters
    ----------
    field
        Shape (i, j, k); larger inside.
    level_fraction
        Value on the surface.
    affine_mm
        From voxel indices to mm, shape (4, 4).
    stride_voxel
        Marching steps of this many voxels: larger is coarser.
    smoothing_rounds
        Rounds of smoothing that keeps the volume.

    Returns
    -------
    tuple
        Corners in mm, shape (point, 3), and faces that turn counter-clockwise seen from outside, shape
        (face, 3), int32. Both are empty when nothing is above the level.

    References
    ----------
    lewiner2003, taubin1995
    """
    if not (field.min() < level_fraction < field.max()):
        return np.empty((0, 3)), np.empty((0, 3), dtype=np.int32)
    padded = np.pad(field.astype(np.float32), stride_voxel, constant_values=float(field.min()))
    corners, faces, _, _ = marching_cubes(
        padded, level_fraction, step_size=stride_voxel, gradient_direction="ascent"
    )
    ijk = corners.astype(np.float64) - stride_voxel
    points = ijk @ affine_mm[:3, :3].T + affine_mm[:3, 3]
    points = smoothed(points, faces, smoothing_rounds)
    return points, _outward(points, faces.astype(np.int32))


def smoothed(points: Points, faces: AnyArray, rounds: int) -> Points:
    """Smooth a mesh without shrinking it: each round one step in and a slightly larger step out."""
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    joined = csr_matrix((np.ones(len(rows)), (rows, columns)), (len(points), len(points)))
    degree = np.maximum(np.asarray(joined.sum(axis=1)).ravel(), 1.0)
    mean = diags_array(1.0 / degree) @ joined
    result = points
    for _ in range(rounds):
        for share in (0.5, -0.53):
            result = result + share * (mean @ result - result)
    return result


def _outward(points: Points, faces: Faces) -> Faces:
    """Turn all faces so that the enclosed volume is positive."""
    a, b, c = (points[faces[:, index]] for index in range(3))
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum())
    return faces if volume >= 0 else np.ascontiguousarray(faces[:, ::-1])
