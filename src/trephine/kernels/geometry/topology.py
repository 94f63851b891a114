# SPDX-License-Identifier: Apache-2.0
"""Grow voxels without ever closing a ring, so that the result keeps the topology of a ball."""

from __future__ import annotations

from typing import Final

import numpy as np

from trephine.core.arrays import AnyArray, Mask3

_OFFSETS: Final = np.array(list(np.ndindex(3, 3, 3))) - 1
_CODE: Final = np.uint32
_CENTRE: Final = 13


def _bits(chosen: AnyArray) -> np.uint32:
    return _CODE(sum(1 << int(index) for index in np.flatnonzero(chosen)))


_STEPS_OFF: Final = np.abs(_OFFSETS).sum(axis=1)
_SIX: Final = _bits(_STEPS_OFF == 1)
_EIGHTEEN: Final = _bits((_STEPS_OFF == 1) | (_STEPS_OFF == 2))
_ALL: Final = _bits(_STEPS_OFF > 0)
_SHIFTS: Final = tuple(
    (_CODE(size), _bits(_OFFSETS[:, axis] > -1), _bits(_OFFSETS[:, axis] < 1))
    for axis, size in enumerate((9, 3, 1))
)
"""For each axis: bits to shift, and the bits that may arrive from below and from above."""


def simple_points(codes: AnyArray) -> AnyArray:
    """Tell which voxels can be added to or taken from an object without a change of topology.

    Parameters
    ----------
    codes
        Neighbourhoods, uint32, shape (voxel,): bit ``9 a + 3 b + c`` is set where the neighbour at
        (a - 1, b - 1, c - 1) belongs to the object; the centre's own bit does not matter.

    Returns
    -------
    numpy.ndarray
        bool, shape (voxel,).

    Notes
    -----
    The object is connected through faces, the background through faces, edges and corners. A voxel is simple
    when its face neighbours in the object form one piece within the 18 nearest, and its background
    neighbours form one piece within all 26.

    References
    ----------
    bertrand1994
    """
    near = codes & _EIGHTEEN
    seeds = codes & _SIX
    reached = _flooded(_lowest(seeds), near, through_corners=False)
    background = ~codes & _ALL
    filled = _flooded(_lowest(background), background, through_corners=True)
    is_one = (seeds != 0) & ((seeds & ~reached) == 0)
    return is_one & (background != 0) & ((background & ~filled) == 0)


def _lowest(codes: AnyArray) -> AnyArray:
    """Keep the lowest set bit."""
    return codes & (~codes + _CODE(1))


def _flooded(start: AnyArray, allowed: AnyArray, *, through_corners: bool) -> AnyArray:
    """Spread bits within a neighbourhood until nothing changes."""
    current = start
    while True:
        grown = current
        for size, from_below, from_above in _SHIFTS:
            origin = grown if through_corners else current
            grown = grown | ((origin << size) & from_below) | ((origin >> size) & from_above)
        grown = grown & allowed
        if np.array_equal(grown, current):
            return current
        current = grown


def grown_as_balls(strength: AnyArray, seeds: AnyArray, levels: AnyArray) -> Mask3:
    """Grow each seed voxel through an image, strongest places first, never closing a ring or a hollow.

    Parameters
    ----------
    strength
        Where to grow, shape (i, j, k); places below the last level are never taken.
    seeds
        One voxel index a row, shape (seed, 3). Parts grown from different seeds never touch.
    levels
        Falling thresholds: all that can be reached at one is taken before the next, so that a ring is cut
        where it is weakest.

    Returns
    -------
    numpy.ndarray
        bool, shape (i, j, k): one ball for each seed, as topology sees it.

    Notes
    -----
    Simple voxels of one of eight interleaved sub-grids do not touch each other, so they are added together.
    """
    padded = np.pad(strength, 1, constant_values=-np.inf)
    shape = padded.shape
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    flat = padded.ravel()
    taken = np.zeros(flat.shape, dtype=np.uint32)
    start = (np.asarray(seeds) + 1) @ strides
    taken[start] = 1
    frame = _Frame(around=_OFFSETS @ strides, faces=(_OFFSETS @ strides)[_STEPS_OFF == 1], shape=shape)
    waiting = frame.each_once((start[:, None] + frame.faces).ravel())
    for level in levels:
        waiting = _level_grown(taken, flat, waiting, float(level), frame)
    return np.asarray(taken.reshape(shape)[1:-1, 1:-1, 1:-1] > 0)


class _Frame:
    """Steps to neighbours in a padded volume seen as one row, and a scratch row beside it."""

    def __init__(self, *, around: AnyArray, faces: AnyArray, shape: tuple[int, ...]) -> None:
        self.around, self.faces, self.shape = around, faces, shape
        self._last = np.empty(int(np.prod(shape)), dtype=np.int32)
        self._is_marked = np.zeros(int(np.prod(shape)), dtype=bool)

    def part_of(self, index: AnyArray) -> AnyArray:
        """Return which of eight interleaved sub-grids each voxel belongs to."""
        i, j, k = np.unravel_index(index, self.shape)
        return (i & 1) * 4 + (j & 1) * 2 + (k & 1)

    def each_once(self, index: AnyArray) -> AnyArray:
        """Drop repeats without sorting: where an index comes again, its last place writes over the others."""
        place = np.arange(index.size, dtype=np.int32)
        self._last[index] = place
        return index[self._last[index] == place]

    def is_beside(self, index: AnyArray, others: AnyArray) -> AnyArray:
        """Tell which voxels touch one of some others by a face, an edge or a corner."""
        marked = (others[:, None] + self.around).ravel()
        self._is_marked[marked] = True
        found = self._is_marked[index]
        self._is_marked[marked] = False
        return found


def _level_grown(
    taken: AnyArray, strength: AnyArray, waiting: AnyArray, level: float, frame: _Frame
) -> AnyArray:
    """Take all that is simple at one level, in place; return the voxels beside what is taken."""
    later = [waiting[strength[waiting] < level]]
    current = waiting[strength[waiting] >= level]
    while current.size:
        added = []
        part = frame.part_of(current)
        for number in range(8):
            candidates = current[part == number]
            if not candidates.size:
                continue
            chosen = candidates[simple_points(_codes_of(taken, candidates, frame))]
            taken[chosen] = 1
            added.append(chosen)
        new = np.concatenate(added)
        if not new.size:
            later.append(current)
            break
        beside = (new[:, None] + frame.faces).ravel()
        beside = frame.each_once(beside[taken[beside] == 0])
        # What was refused is tried again only when something beside it has changed, and at the next level.
        refused = current[taken[current] == 0]
        again = frame.is_beside(refused, new)
        later.append(refused[~again])
        later.append(beside[strength[beside] < level])
        current = frame.each_once(np.concatenate([beside[strength[beside] >= level], refused[again]]))
    waiting = np.concatenate(later)
    return frame.each_once(waiting[(taken[waiting] == 0) & np.isfinite(strength[waiting])])


def _codes_of(taken: AnyArray, index: AnyArray, frame: _Frame) -> AnyArray:
    """Return the neighbourhoods of voxels as ``simple_points`` reads them."""
    codes = np.zeros(index.size, dtype=np.uint32)
    for bit, step in enumerate(frame.around):
        if bit != _CENTRE:
            codes |= taken[index + step] << _CODE(bit)
    return codes


def euler_number(faces: AnyArray, point_count: int) -> int:
    """Return corners minus edges plus faces of a closed mesh: 2 for each ball, 2 less for each handle.

    Parameters
    ----------
    faces
        Rows of three corner indices, shape (face, 3).
    point_count
        Corners that faces use.
    """
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    number = np.sort(edges.min(axis=1) * point_count + edges.max(axis=1))
    count = np.count_nonzero(np.diff(number)) + 1 if number.size else 0
    return int(point_count - count + len(faces))
