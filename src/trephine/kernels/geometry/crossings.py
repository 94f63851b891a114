# SPDX-License-Identifier: Apache-2.0
"""Places where a triangle mesh runs through itself."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Points

_TINY = 1e-12
_CUBE_EDGES = 2.0
"""Edge of the cubes that triangles are listed in, as a multiple of a usual triangle's longest side."""


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
    chosen = np.ones(len(faces), dtype=bool) if moved is None else np.any(moved[faces], axis=1)
    pairs = _near_pairs(corners, faces, chosen)
    for one, other in ((0, 1), (1, 0)):
        pairs = pairs[_straddles(corners[pairs[:, one]], corners[pairs[:, other]])]
    pierced = np.zeros(len(pairs), dtype=bool)
    for one, other in ((0, 1), (1, 0)):
        for turn in range(3):
            start = corners[pairs[:, other], turn]
            end = corners[pairs[:, other], (turn + 1) % 3]
            pierced |= _pierces(start, end, corners[pairs[:, one]])
    return pairs[pierced]


def _near_pairs(corners: AnyArray, faces: AnyArray, chosen: AnyArray) -> AnyArray:
    """Return pairs without a common corner whose boxes overlap, at least one of each pair chosen.

    Notes
    -----
    Triangles are listed in every cube that their box touches, the fullest cubes first, so that those with a
    partner some places on stand at the front. Only cubes with a chosen one are looked at.
    """
    cell, face, low, high = _listed(corners, chosen)
    least, most, is_chosen = low[:, face], high[:, face], chosen[face]
    size = np.bincount(cell)
    found = [np.empty(0, dtype=np.int64)]
    for step in range(1, int(size.max(initial=0))):
        end = int(size[size > step].sum()) - step
        here, there = slice(end), slice(step, step + end)
        near = (cell[here] == cell[there]) & (is_chosen[here] | is_chosen[there])
        for axis in range(3):
            near &= least[axis, here] <= most[axis, there]
            near &= least[axis, there] <= most[axis, here]
        one = np.flatnonzero(near)
        first, second = face[one], face[one + step]
        apart = ~_share_a_corner(faces, first, second)
        found.append(first[apart] * len(faces) + second[apart])
    # A pair that shares several cubes was found in each.
    pair = np.sort(np.concatenate(found))
    pair = pair[np.diff(pair, prepend=-1) > 0]
    return np.column_stack(np.divmod(pair, max(len(faces), 1)))


def _listed(corners: AnyArray, chosen: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """List triangles by cubes that hold a chosen one.

    Returns
    -------
    tuple
        Number of the cube, from 0, fullest first; triangle, rising within a cube; lower and upper corners
        of all boxes, shape (3, face).
    """
    low, high = (_extreme(corners, pick) for pick in (np.minimum, np.maximum))
    # Wider than rounding to float32, so that no overlap is lost.
    wide = 1e-6 * (1.0 + np.abs(corners).max(initial=0.0))
    boxes = [np.ascontiguousarray(side.T, dtype=np.float32) for side in (low - wide, high + wide)]
    if not chosen.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), boxes[0], boxes[1]
    near = _around(low, high, chosen)
    edge_mm = max(_CUBE_EDGES * float(np.median(_extreme((high - low)[:, :, None], np.maximum))), _TINY)
    cell, entry = _cells(low[near], high[near], edge_mm)
    face = near[entry]
    is_hot = np.zeros(int(cell.max()) + 1, dtype=bool)
    is_hot[cell[chosen[face]]] = True
    kept = is_hot[cell]
    cell, face = cell[kept], face[kept]
    size = np.bincount(cell)
    number = np.empty(len(size), dtype=np.int64)
    number[np.argsort(-size, kind="stable")] = np.arange(len(size))
    order = np.argsort(number[cell], kind="stable")
    return number[cell][order], face[order], boxes[0], boxes[1]


def _extreme(corners: AnyArray, pick: np.ufunc) -> AnyArray:
    """Return the least or most over three rows, (face, 3, n) to (face, n): quicker than a reduction."""
    return np.asarray(pick(pick(corners[:, 0], corners[:, 1]), corners[:, 2]))


def _around(low: AnyArray, high: AnyArray, chosen: AnyArray) -> AnyArray:
    """Return triangles that may touch chosen ones: in cubes beside theirs, each as large as any triangle."""
    if chosen.all():
        return np.arange(len(low))
    edge_mm = max(float((high - low).max()), _TINY)
    place = np.floor((low - low.min(axis=0)) / edge_mm).astype(np.int64)
    holds = np.zeros(place.max(axis=0) + 1, dtype=bool)
    holds[tuple(place[chosen].T)] = True
    return np.flatnonzero(ndimage.maximum_filter(holds, 3)[tuple(place.T)])


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


def _share_a_corner(faces: AnyArray, first: AnyArray, second: AnyArray) -> AnyArray:
    """Tell which pairs of triangles have a corner in common."""
    one, other = ([column[rows] for column in faces.T] for rows in (first, second))
    shared = np.zeros(len(first), dtype=bool)
    for left in one:
        for right in other:
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
