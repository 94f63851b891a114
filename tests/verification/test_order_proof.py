"""The order of insertion against brute force: found orders, and bounds that no order goes below."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from trephine.kernels.optimize.order_bound import order_bound
from trephine.kernels.optimize.order_search import order_length, shortened
from trephine.kernels.optimize.ordering import kept, nearest_next, travel_between_mm

COUNT = 7


def case(seed):
    """Return ways between seven lines, and demands drawn along a hidden order."""
    rng = np.random.default_rng(seed)
    travel = travel_between_mm(rng.uniform(-4, 4, (COUNT, 2)), rng.uniform(-4, 4, (COUNT, 2)))
    hidden = np.argsort(rng.permutation(COUNT))
    before = (rng.random((COUNT, COUNT)) < 0.15) & (hidden[:, None] < hidden[None, :])
    return travel, before


def least(travel, before):
    best = np.inf
    for order in permutations(range(COUNT)):
        rank = np.argsort(order)
        if not (before & (rank[:, None] > rank[None, :])).any():
            best = min(best, order_length(np.array(order), travel))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_the_order_is_the_shortest_and_the_bound_is_below_it(seed):
    travel, before = case(seed)
    first = nearest_next(travel, before)
    chain = kept(before, first)
    order = shortened(first, travel, chain, tries=20, rng=np.random.default_rng(0))
    rank = np.argsort(order)
    assert not (before & (rank[:, None] > rank[None, :])).any()
    best = least(travel, before)
    assert order_length(order, travel) == pytest.approx(best)
    found = np.array(order_length(first, travel))
    bounds = [order_bound(travel, chain, found=found, rounds=rounds) for rounds in (0, 1, 20)]
    assert bounds[0] <= bounds[1] + 1e-9
    assert bounds[2] <= best + 1e-6
    assert bounds[2] >= 0.97 * best


def test_nearest_next_is_not_enough_and_the_assignment_no_full_proof():
    """Broken variants: both must fall short on some case, else the check above shows nothing."""
    longer = looser = broken = 0
    for seed in range(8):
        travel, before = case(seed)
        best = least(travel, before)
        first = nearest_next(travel, before)
        longer += order_length(first, travel) > best + 1e-6
        found = np.array(best + 1)
        looser += order_bound(travel, kept(before, first), found=found, rounds=0) < 0.97 * best
        free = shortened(first, travel, np.zeros_like(before), tries=20, rng=np.random.default_rng(0))
        broken += order_length(free, travel) < best - 1e-6
    assert longer > 0
    assert looser > 0
    assert broken > 0
