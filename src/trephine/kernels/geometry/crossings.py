# SPDX-License-Identifier: Apache-2.0
"""Places where a triangle mesh runs through itself."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Points

_TINY = 1e-12


def crossing_faces(points_mm: Points, faces: AnyArray, *, moved: AnyArray | None = None) -> AnyArray:
    """Find pairs of triangles that pierce each other.

    Parameters
    ----------
    points_mm
        Shape (point, 3).
    faces
        Shape (face, 3).
    moved
        Look only at pairs with one of these corners, bool, shape (point,); all when absent.

    Returns
    -------
    numpy.ndarray
        Rows of two face indices, shape (pair, 2), each pair once. Triangles that share a corner are not
        looked at, nor are triangles that lie in one plane.
    """
    corners = points_mm[faces]
    chosen = np.ones(len(faces), dtype=bool) if moved is None else np.logical_or.reduce(moved[faces], axis=1)
    looked_at = np.arange(len(faces)) if moved is None else _around(corners, chosen)
    pairs = looked_at[_near_pairs(corners[looked_at])]
    pairs = pairs[chosen[pairs[:, 0]] | chosen[pairs[:, 1]]]
    pairs = pairs[~_share_a_corner(faces[pairs[:, 0]], faces[pairs[:, 1]])]
    for one, other in ((0, 1), (1, 0)):
        pairs = pairs[_straddles(corners[pairs[:, one]], corners[pairs[:, other]])]
    pierced = np.zeros(len(pairs), dtype=bool)
    for one, other in ((0, 1), (1, 0)):
        for turn in range(3):
            start = corners[pairs[:, other], turn]
            end = corners[pairs[:, other], (turn + 1) % 3]
            pierced |= _pierces(start, end, corners[pairs[:, one]])
    return np.unique(pairs[pierced], axis=0)


def _around(corners: AnyArray, chosen: AnyArray) -> AnyArray:
    """Return triangles that may touch chosen ones: in cubes beside theirs, each as large as any triangle."""
    edge_mm = max(float(np.ptp(corners, axis=1).max()), _TINY)
    cell = np.floor((corners[:, 0] - corners.min(axis=(0, 1))) / edge_mm).astype(np.int64) + 1
    size = cell.max(axis=0) + 2
    weight = np.array([size[1] * size[2], size[2], 1])
    beside = (np.array(list(np.ndindex(3, 3, 3))) - 1) @ weight
    wanted = np.unique((np.unique(cell[chosen] @ weight)[:, None] + beside).ravel())
    return np.flatnonzero(np.isin(cell @ weight, wanted))


def _near_pairs(corners: AnyArray) -> AnyArray:
    """Return pairs of triangles whose boxes overlap, smaller index first; some pairs more than once."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    edge_mm = max(float(np.median((high - low).max(axis=1))), _TINY) if len(corners) else 1.0
    cell, face = _cells(low, high, edge_mm)
    order = np.argsort(cell, kind="stable")
    cell, face = cell[order], face[order]
    found = [np.empty((0, 2), dtype=np.int64)]
    start = np.arange(len(cell))
    step = 0
    while True:
        step += 1
        start = start[start + step < len(cell)]
        start = start[cell[start] == cell[start + step]]
        if not start.size:
            return np.concatenate(found)
        one, other = face[start], face[start + step]
        is_over = ((low[one] <= high[other]) & (low[other] <= high[one])).all(axis=1)
        found.append(np.column_stack([one[is_over], other[is_over]]))


def _cells(low: AnyArray, high: AnyArray, edge_mm: float) -> tuple[AnyArray, AnyArray]:
    """Return for every cube that a triangle's box touches the cube's number and the triangle's."""
    if not len(low):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    first = np.floor((low - low.min(axis=0)) / edge_mm).astype(np.int64)
    count = np.floor((high - low.min(axis=0)) / edge_mm).astype(np.int64) - first + 1
    total = count.prod(axis=1)
    face = np.repeat(np.arange(len(low)), total)
    rank = np.arange(len(face)) - np.repeat(np.cumsum(total) - total, total)
    wide = count[face]
    place = first[face]
    place[:, 0] += rank // (wide[:, 1] * wide[:, 2])
    place[:, 1] += rank // wide[:, 2] % wide[:, 1]
    place[:, 2] += rank % wide[:, 2]
    size = place.max(axis=0) + 1
    return (place[:, 0] * size[1] + place[:, 1]) * size[2] + place[:, 2], face


def _share_a_corner(one: AnyArray, other: AnyArray) -> AnyArray:
    """Tell which rows of two tables of corners have one in common."""
    shared = np.zeros(len(one), dtype=bool)
    for left in one.T:
        for right in other.T:
            shared |= left == right
    return shared


def _straddles(triangle: AnyArray, other: AnyArray) -> AnyArray:
    """Tell whether ``other`` has corners on both sides of the plane of ``triangle``."""
    normal = np.cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0])
    side = np.einsum("nkj,nj->nk", other - triangle[:, None, 0], normal)
    return np.asarray((side.min(axis=1) < 0) & (side.max(axis=1) > 0))


def _pierces(start: AnyArray, end: AnyArray, triangle: AnyArray) -> AnyArray:
    """Tell whether segments pass through triangles, row by row."""
    edge_one, edge_two = triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0]
    along = end - start
    across = np.cross(along, edge_two)
    volume = np.einsum("ij,ij->i", edge_one, across)
    scale = np.where(np.abs(volume) > _TINY, volume, np.inf)
    offset = start - triangle[:, 0]
    one = np.einsum("ij,ij->i", offset, across) / scale
    turned = np.cross(offset, edge_one)
    two = np.einsum("ij,ij->i", along, turned) / scale
    way = np.einsum("ij,ij->i", edge_two, turned) / scale
    inside = (one >= 0) & (two >= 0) & (one + two <= 1) & (way >= 0) & (way <= 1)
    return np.asarray(inside & (np.abs(volume) > _TINY))
