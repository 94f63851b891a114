# SPDX-License-Identifier: Apache-2.0
"""Straight segments in a plane: crossings and distances."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Points2


def crossing_pairs(start: Points2, end: Points2) -> AnyArray:
    """Find the pairs of segments that cross at a point inside both.

    Parameters
    ----------
    start, end
        Ends of the segments, shape (segment, 2).

    Returns
    -------
    numpy.ndarray
        Index pairs (i < j), shape (pair, 2). Touching ends do not count.
    """
    a, b = start[:, None], end[:, None]
    c, d = start[None], end[None]
    crosses = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    return np.argwhere(np.triu(crosses, k=1))


def is_crossing(first: Points2, second: Points2, start: Points2, end: Points2) -> AnyArray:
    """Tell which straight lines from every first to every second point would cross a segment.

    Parameters
    ----------
    first, second
        Ends of the lines, shape (first, 2) and (second, 2).
    start, end
        Ends of the segments, shape (segment, 2).

    Returns
    -------
    numpy.ndarray
        Booleans, shape (second, first). Touching ends do not count.
    """
    a, b = first[None, :, None], second[:, None, None]
    c, d = start[None, None], end[None, None]
    crosses = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    return np.asarray(crosses.any(axis=2))


def _side(a: AnyArray, b: AnyArray, c: AnyArray) -> AnyArray:
    """Tell on which side of the line a-b the point c lies: twice the triangle's signed area."""
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
        c[..., 0] - a[..., 0]
    )


def distance_to_segments(points: Points2, start: Points2, end: Points2) -> AnyArray:
    """Measure from every point to every segment, shape (point, segment)."""
    along = end - start
    length2 = np.maximum((along**2).sum(axis=1), 1e-30)
    share = ((points[:, None] - start[None]) * along[None]).sum(axis=2) / length2
    foot = start[None] + share.clip(0, 1)[..., None] * along[None]
    return np.linalg.norm(points[:, None] - foot, axis=2)
