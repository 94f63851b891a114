"""Whatever the masks and places: no crossings, the spacing and the margin hold under exact distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from trephine.kernels.geometry.clearance import ClearanceField, clearance_map
from trephine.kernels.geometry.outlines import is_inside, ring
from trephine.kernels.geometry.segments import crossing_pairs
from trephine.kernels.optimize.matching import matched
from trephine.kernels.optimize.order_bound import order_bound
from trephine.kernels.optimize.order_search import order_length, shortened
from trephine.kernels.optimize.ordering import kept, must_precede, nearest_next, travel_between_mm
from trephine.kernels.optimize.packing import Effort, packed

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=25, deadline=None, derandomize=True)


def exact_distance(point, mask, pixel):
    """Distance from a point to the squares that the marked pixels fill: the slow, plain way."""
    rows, columns = np.nonzero(mask)
    gap = np.maximum(np.abs(np.column_stack([rows, columns]) - point) - 0.5, 0)
    return np.hypot(*gap.T).min() * pixel


@given(SEEDS)
@FEW
def test_matching_has_no_crossing_and_uses_an_anchor_once(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 40))
    anchors = ring(8.0, 40)
    places = rng.uniform(-4, 4, (count, 2))
    anchor = matched(anchors, places)
    assert len(set(anchor.tolist())) == count
    assert len(crossing_pairs(anchors[anchor], places)) == 0


def test_places_on_a_grid_have_no_crossing_either():
    """Ties between equal lengths are where rounding could leave a crossing."""
    x, y = np.meshgrid(np.arange(8.0), np.arange(8.0))
    places = np.column_stack([x.ravel(), y.ravel()]) * 0.3 - 1.05
    anchors = ring(8.0, 64)
    assert len(crossing_pairs(anchors[matched(anchors, places)], places)) == 0


def test_a_matching_by_index_does_cross():
    """The count would notice: without the matching there are hundreds of crossings."""
    places = np.random.default_rng(0).uniform(-4, 4, (40, 2))
    assert len(crossing_pairs(ring(8.0, 40), places)) > 50


@given(SEEDS)
@FEW
def test_spacing_and_margin_hold_under_exact_distance(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((60, 60)) < 0.01
    pixel, margin, spacing = 0.02, 0.06, 0.15
    free = clearance_map(mask, pixel) >= margin
    index = np.argwhere(free)
    if len(index) == 0:
        return
    index = index[rng.permutation(len(index))[:200]]
    answer = packed(
        index * pixel, rng.random(len(index)), spacing_mm=spacing, count=12, effort=Effort(windows=4)
    )
    sites = index[answer.chosen]
    assert all(exact_distance(site, mask, pixel) >= margin for site in sites) or not mask.any()
    assert len(sites) < 2 or pdist(sites * pixel).min() >= spacing - 1e-9
    assert answer.objective <= answer.bound + 1e-9


@given(SEEDS)
@FEW
def test_clearance_is_never_too_large_and_hardly_too_small(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((30, 30)) < 0.02
    if not mask.any():
        return
    points = rng.uniform(0, 29, (20, 2))
    found = ClearanceField(mask, 0.02)(points)
    exact = np.array([exact_distance(point, mask, 0.02) for point in points])
    assert (found <= exact + 1e-12).all()
    # Half a pixel's diagonal less half its side.
    assert (exact - found <= 0.0142 + 0.02 * (found < 0)).all()


@given(SEEDS)
@FEW
def test_order_obeys_every_demand_and_no_bound_is_above_it(seed):
    """Threads 0.3 mm apart with a berth of 0.1 mm never form a ring, so that every demand can be kept."""
    rng = np.random.default_rng(seed)
    places = spaced(rng, 24, 1.2)
    anchors = ring(8.0, 24)
    start = anchors[matched(anchors, places)]
    before = must_precede(start, places, berth_mm=0.1)
    travel = travel_between_mm(start, places)
    first = nearest_next(travel, before)
    chain = kept(before, first)
    assert (chain >= before).all()
    order = shortened(first, travel, chain, tries=2, rng=rng)
    assert sorted(order.tolist()) == list(range(24))
    rank = np.argsort(order)
    assert not (before & (rank[:, None] > rank[None, :])).any()
    found = order_length(order, travel)
    assert found <= order_length(first, travel) + 1e-9
    bounds = [order_bound(travel, chain, found=np.array(found), rounds=rounds) for rounds in (0, 4)]
    assert bounds[0] <= bounds[1] + 1e-9 <= found + 2e-9


def spaced(rng, count, half):
    """Draw places at least 0.3 mm apart."""
    places = []
    while len(places) < count:
        place = rng.uniform(-half, half, 2)
        if all(np.hypot(*(place - other)) >= 0.3 for other in places):
            places.append(place)
    return np.array(places)


@pytest.mark.parametrize("ringed", [True, False])
def test_a_ring_of_demands_is_opened_at_one_place(ringed):
    before = np.zeros((3, 3), dtype=bool)
    before[0, 1] = before[1, 2] = True
    before[2, 0] = ringed
    order = nearest_next(travel_between_mm(ring(8.0, 3), ring(2.0, 3)), before)
    rank = np.argsort(order)
    assert (before & (rank[:, None] > rank[None, :])).sum() == int(ringed)


@given(SEEDS)
@FEW
def test_inside_agrees_with_the_radius_of_a_fine_outline(seed):
    points = np.random.default_rng(seed).uniform(-2, 2, (50, 2))
    radius = np.hypot(*points.T)
    clear = np.abs(radius - 1) > 0.002
    assert (is_inside(ring(1.0, 360), points) == (radius < 1))[clear].all()
