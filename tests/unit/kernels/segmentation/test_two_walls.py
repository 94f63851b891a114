"""Two surfaces chosen together, and the spread of what lies between."""

import itertools

import numpy as np
import pytest

from trephine.kernels.segmentation.neighbours import Neighbours
from trephine.kernels.segmentation.two_walls import paired_costs, paired_walls
from trephine.kernels.segmentation.wall import Stiffness

CHAIN = np.array([[0, 1], [1, 2], [2, 3]])


def best_by_trying_all(cost: np.ndarray, weight: float, most: int) -> tuple[float, tuple]:
    count, inner, outer = cost.shape
    pairs = list(itertools.product(range(inner), range(outer)))

    def total(choice) -> float:
        own = sum(cost[n, i, o] for n, (i, o) in enumerate(choice))
        steps = ((choice[a], choice[b]) for a, b in CHAIN)
        return own + weight * sum(min(abs(p[k] - q[k]), most) for p, q in steps for k in (0, 1))

    return min((total(choice), choice) for choice in itertools.product(pairs, repeat=count))


@pytest.mark.parametrize("seed", range(4))
def test_a_chain_is_solved_as_by_trying_everything(seed: int) -> None:
    # A chain of corners with two unknowns each has cycles: agreement of the best pair is not guaranteed in
    # theory, but holds where costs are clear.
    cost = np.random.default_rng(seed).uniform(0, 10, (4, 3, 3))
    _, choice = best_by_trying_all(cost, 0.7, 2)
    stiffness = Stiffness(cost=0.7, most_offsets=2, rounds=60)
    found = paired_costs(cost, Neighbours(CHAIN, 4), stiffness)
    assert [np.unravel_index(each.argmin(), each.shape) for each in found] == [tuple(c) for c in choice]
    assert np.allclose(found.min(axis=(1, 2)), 0)


def test_neighbours_carry_an_unsure_corner_along() -> None:
    cost = np.full((4, 5, 5), 9.0)
    cost[[0, 1, 3], 1, 3] = 0
    cost[2] = 0.0
    found = paired_costs(cost, Neighbours(CHAIN, 4), Stiffness(cost=0.5, rounds=30))
    assert np.unravel_index(found[2].argmin(), (5, 5)) == (1, 3)


@pytest.mark.parametrize("is_outer_known", [True, False])
def test_what_one_surface_learns_tells_the_other_through_the_pair(is_outer_known: bool) -> None:
    # The first corner knows one surface, the second only how far apart they are, the third nothing.
    cost = np.zeros((3, 7, 7))
    place = np.arange(7)
    apart = place[None, :] - place[:, None]
    cost[0] = 9.0 * (place[None, :] != 4) if is_outer_known else 9.0 * (place[:, None] != 2)
    cost[1] = 9.0 * (apart != 2)
    found = paired_costs(cost, Neighbours(CHAIN[:2], 3), Stiffness(cost=1.0, rounds=40))
    of_inner, of_outer = found[2].min(axis=1), found[2].min(axis=0)
    assert of_inner.argmin() == 2
    assert of_outer.argmin() == 4
    assert np.sort(of_inner)[1] > 0.5
    assert np.sort(of_outer)[1] > 0.5


def test_spread_is_that_of_the_weighed_distances() -> None:
    inner, outer = np.arange(0.0, 4.0), np.arange(2.0, 12.0)
    sure = np.full((1, 4, 10), 100.0)
    sure[0, 1, 6] = 0.0  # 1 mm and 8 mm: 7 mm apart
    walls = paired_walls(sure, inner, outer, 1.0)
    assert walls.inner_mm[0] == pytest.approx(1.0)
    assert walls.outer_mm[0] == pytest.approx(8.0)
    assert 6.4 <= walls.low_mm[0] <= 7.0 <= walls.high_mm[0] <= 7.6
    open_ended = paired_walls(np.zeros((1, 4, 10)), inner, outer, 1.0)
    assert open_ended.low_mm[0] < 0.5
    assert open_ended.high_mm[0] > 9.5
    softer = paired_walls(sure, inner, outer, 1 / 60)
    assert softer.high_mm[0] - softer.low_mm[0] > walls.high_mm[0] - walls.low_mm[0]
