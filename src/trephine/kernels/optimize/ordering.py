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


def nearest_next(travel_mm: AnyArray, before: AnyArray) -> AnyArray:
    """Order the lines: nearest next, none before what must precede it.

    Parameters
    ----------
    travel_mm
        Way from the place of one line to the anchor of the next, shape (line + 1, line + 1); the last row is
        the way from the start, the last column the way to the end.
    before
        True at (j, i) when j must precede i, shape (line, line).

    Returns
    -------
    numpy.ndarray
        Indices in the order of work, shape (line,).

    Notes
    -----
    Kahn's topological order; among the lines that are free the nearest is taken, ties by index. In a ring
    of demands the line with the fewest open ones is taken.
    """
    count = len(before)
    waits = before.sum(axis=0).astype(int)
    done = np.zeros(count, dtype=bool)
    order: list[int] = []
    here = count
    for _ in range(count):
        free = ~done & (waits == int(waits[~done].min()))
        here = int(np.flatnonzero(free)[travel_mm[here, :count][free].argmin()])
        done[here] = True
        waits -= before[here].astype(int)
        order.append(here)
    return np.array(order, dtype=int)


def travel_between_mm(anchors_mm: AnyArray, places_mm: AnyArray) -> AnyArray:
    """Measure the robot's ways between one place and the next anchor.

    Parameters
    ----------
    anchors_mm, places_mm
        Ends of every line, shape (line, 2) or (line, 3).

    Returns
    -------
    numpy.ndarray
        Shape (line + 1, line + 1): from the place of line i to the anchor of line j; the last row starts at
        the mean of the anchors, the last column, the way home, costs nothing.
    """
    count = len(places_mm)
    start = anchors_mm.mean(axis=0) if count else np.zeros(anchors_mm.shape[1])
    travel = np.zeros((count + 1, count + 1))
    travel[:count, :count] = np.linalg.norm(places_mm[:, None] - anchors_mm[None], axis=2)
    travel[count, :count] = np.linalg.norm(anchors_mm - start, axis=1)
    return travel


def kept(before: AnyArray, order: AnyArray) -> AnyArray:
    """Return the demands that an order keeps, and all that follow from them, same shape as ``before``."""
    turn = np.empty(len(order), dtype=int)
    turn[order] = np.arange(len(order))
    chain = before & (turn[:, None] < turn[None, :])
    for middle in order:
        chain = chain | (chain[:, middle : middle + 1] & chain[middle : middle + 1])
    return chain
