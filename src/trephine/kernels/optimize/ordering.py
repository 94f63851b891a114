# SPDX-License-Identifier: Apache-2.0
"""Order work on places when laid lines bar some of them."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.geometry.segments import distance_to_segments


def must_precede(anchors_mm: Points2, places_mm: Points2, *, berth_mm: float) -> AnyArray:
    """Tell which places a laid line would cover.

    Parameters
    ----------
    anchors_mm, places_mm
        Ends of every line, shape (line, 2).
    berth_mm
        Work at a place needs this much room on either side of a line.

    Returns
    -------
    numpy.ndarray
        True at (j, i) when place j lies within the berth of line i, so that j must be done before i is laid.
    """
    covered = distance_to_segments(places_mm, anchors_mm, places_mm) < berth_mm
    np.fill_diagonal(covered, False)
    return covered


def ordered(anchors_mm: Points2, places_mm: Points2, before: AnyArray) -> tuple[AnyArray, int]:
    """Order the lines: nearest next, none before what must precede it.

    Parameters
    ----------
    anchors_mm, places_mm
        Ends of every line, shape (line, 2).
    before
        True at (j, i) when j must precede i.

    Returns
    -------
    tuple
        Indices in the order of work, and how many demands had to be broken because they form a ring.

    Notes
    -----
    Kahn's topological order; among the lines that are free the nearest by travel (place, next anchor, next
    place) is taken, ties by index. In a ring the line with the fewest open demands is taken.
    """
    count = len(places_mm)
    waits = before.sum(axis=0).astype(int)
    done = np.zeros(count, dtype=bool)
    order: list[int] = []
    broken = 0
    here = anchors_mm.mean(axis=0) if count else np.zeros(2)
    carry = np.linalg.norm(anchors_mm - places_mm, axis=1)
    for _ in range(count):
        travel = np.linalg.norm(anchors_mm - here, axis=1) + carry
        fewest = int(waits[~done].min())
        broken += fewest
        free = ~done & (waits == fewest)
        index = int(np.flatnonzero(free)[travel[free].argmin()])
        done[index] = True
        waits -= before[index].astype(int)
        order.append(index)
        here = places_mm[index]
    return np.array(order, dtype=int), broken
