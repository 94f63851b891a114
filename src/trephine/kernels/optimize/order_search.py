# SPDX-License-Identifier: Apache-2.0
"""Shorten an order of work that must keep demands of the kind "this before that"."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray

_LONGEST_BLOCK = 64
"""Blocks exchanged are no longer than this, so that orders of a thousand stay quick; assumed."""
_STRETCH = 30
"""Blocks exchanged at random lie within a stretch this long; assumed."""
_LEAST_GAIN = 1e-9


def order_length(order: AnyArray, travel: AnyArray) -> float:
    """Sum the ways of an order, from the start to the end.

    Parameters
    ----------
    order
        Indices in the order of work, shape (line,).
    travel
        As ``ordering.travel_between_mm`` gives it.
    """
    if len(order) == 0:
        return 0.0
    last = len(order)
    inner = travel[order[:-1], order[1:]].sum()
    return float(travel[last, order[0]] + inner + travel[order[-1], last])


def shortened(
    order: AnyArray, travel: AnyArray, before: AnyArray, *, tries: int, rng: np.random.Generator
) -> AnyArray:
    """Shorten an order by exchanging neighbouring blocks, again from disturbed orders.

    Parameters
    ----------
    order
        One that keeps every demand, shape (line,).
    travel
        As ``ordering.travel_between_mm`` gives it.
    before
        True at (j, i) when j must precede i, with all that follows from that, shape (line, line).
    tries
        How often the best order is disturbed and shortened again.
    rng
        Of the disturbances.

    Returns
    -------
    numpy.ndarray
        An order at least as short that keeps every demand.

    Notes
    -----
    Exchanging two neighbouring blocks (a 3-exchange that turns nothing round, and, with a block of one,
    moving a line elsewhere) is the move for asymmetric ways with precedence: it keeps the demands exactly
    when no line of the first block must precede one of the second. All such pairs are weighed.
    """
    best = _descended(np.asarray(order, dtype=int), travel, before)
    least = order_length(best, travel)
    for _ in range(tries if len(best) > 3 else 0):
        tried = _descended(_disturbed(best, before, rng), travel, before)
        length = order_length(tried, travel)
        if length < least - _LEAST_GAIN:
            best, least = tried, length
    return best


def _descended(order: AnyArray, travel: AnyArray, before: AnyArray) -> AnyArray:
    """Make the best exchange that starts at each place in turn, until none shortens the order."""
    is_shorter = True
    while is_shorter:
        is_shorter = False
        for first in range(len(order) - 1):
            move = _best_exchange(order, first, travel, before)
            if move is not None:
                order = _exchanged(order, (first, *move))
                is_shorter = True
    return order


def _best_exchange(order: AnyArray, first: int, travel: AnyArray, before: AnyArray) -> tuple[int, int] | None:
    """Find where two blocks from ``first`` on must end for the shortest order, if any is shorter."""
    count = len(order)
    end = min(first + 2 * _LONGEST_BLOCK, count)
    around = np.append(order, count)
    leaving, entering = around[first - 1] if first else count, order[first]
    middle, stop = np.arange(first + 1, end), np.arange(first + 2, end + 1)
    change = (
        (travel[leaving, around[middle]] - travel[leaving, entering])[:, None]
        + (travel[around[stop - 1], entering] - travel[around[stop - 1], around[stop]])[None]
        + travel[np.ix_(around[middle - 1], around[stop])]
        - travel[around[middle - 1], around[middle]][:, None]
    )
    part = before[np.ix_(order[first:end], order[first:end])]
    demands = np.zeros((len(part) + 1, len(part) + 1), dtype=int)
    demands[1:, 1:] = part.cumsum(axis=0).cumsum(axis=1)
    rows = middle - first
    broken = demands[rows][:, stop - first] - demands[rows, rows][:, None]
    is_barred = (stop[None] <= middle[:, None]) | (broken > 0)
    change[is_barred] = np.inf
    best = int(change.argmin())
    if change.flat[best] > -_LEAST_GAIN:
        return None
    return int(middle[best // len(stop)]), int(stop[best % len(stop)])


def _disturbed(order: AnyArray, before: AnyArray, rng: np.random.Generator) -> AnyArray:
    """Exchange two neighbouring blocks drawn at random that may be; nothing, if hardly any may."""
    stretch = min(_STRETCH, len(order))
    for _ in range(len(order)):
        offset = int(rng.integers(0, len(order) - stretch + 1))
        first, middle, stop = offset + np.sort(rng.choice(stretch + 1, 3, replace=False))
        if not before[np.ix_(order[first:middle], order[middle:stop])].any():
            return _exchanged(order, (int(first), int(middle), int(stop)))
    return order


def _exchanged(order: AnyArray, blocks: tuple[int, int, int]) -> AnyArray:
    """Exchange the blocks [first, middle) and [middle, stop)."""
    first, middle, stop = blocks
    return np.concatenate([order[:first], order[middle:stop], order[first:middle], order[stop:]])
