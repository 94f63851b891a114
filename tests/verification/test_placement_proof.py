"""The packing against brute force, the margin against its formula, the hit rate against the budget.

Each check also runs on a broken variant, which must fail.
"""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import binom, norm

from trephine.core.errors import CancelledError, InputError
from trephine.formats.device_file import read_robot
from trephine.kernels.geometry.clearance import ClearanceField
from trephine.kernels.optimize.lattices import lattice_packing
from trephine.kernels.optimize.packing import Effort, packed
from trephine.kernels.optimize.packing_model import Problem, cliques, relaxed, solved
from trephine.kernels.optimize.packing_search import spaced_out
from trephine.stages.placement.margins import Margins, margins
from trephine.stages.placement.settings import Settings

SPACING_MM = 0.3
EXACT = Effort(gap_fraction=1e-6, spread_fraction=1e6)


def tiny(seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 0.9, (13, 2)), rng.random(13)


def problem(points, score):
    return Problem(
        points_mm=points, score=score, spacing_mm=SPACING_MM, cost=np.zeros(len(score)), budget=np.inf,
        look=lambda: None,
    )  # fmt: skip


def best_by_force(points, score, count):
    """Try every subset, largest first; return the best score of the largest count that fits."""
    near = (cdist(points, points) < SPACING_MM) & ~np.eye(len(points), dtype=bool)
    for size in range(count, 0, -1):
        values = [
            score[list(group)].sum()
            for group in combinations(range(len(points)), size)
            if not near[np.ix_(group, group)].any()
        ]
        if values:
            return size, max(values)
    return 0, 0.0


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("count", [3, 9])
def test_packing_is_the_best_there_is(seed, count):
    points, score = tiny(seed)
    size, value = best_by_force(points, score, count)
    answer = packed(points, score, spacing_mm=SPACING_MM, count=count, effort=EXACT)
    assert len(answer.chosen) == size
    assert answer.count_bound == size
    assert answer.objective == pytest.approx(value, rel=1e-5)
    assert answer.bound >= value - 1e-9
    assert answer.status == "optimal"


def test_taking_the_best_first_is_not_enough():
    """Broken variant: greedy must lose on some case, else the check above shows nothing."""
    lost = 0
    for seed in range(12):
        points, score = tiny(seed)
        size, value = best_by_force(points, score, 9)
        greedy = spaced_out(problem(points, score), np.argsort(-score), 9)
        lost += len(greedy) < size or score[greedy].sum() < value - 1e-9
    assert lost > 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread_fraction", [0.0, 1e6])
def test_the_bound_of_a_part_holds_for_all(seed, spread_fraction):
    """Candidates left out of the model must not be able to beat its bound, on either way to a packing."""
    rng = np.random.default_rng(seed)
    axis = np.arange(0, 3.01, 0.1)
    x, y = np.meshgrid(axis, axis)
    points = np.column_stack([x.ravel(), y.ravel()])
    score = np.exp(-((points - 1.5) ** 2).sum(axis=1)) * rng.uniform(0.9, 1, len(points))
    exact = solved(
        problem(points, score), cliques(points, SPACING_MM).rows, (8, 8), gap_fraction=0.0, node_limit=1000
    )
    effort = Effort(spread_fraction=spread_fraction, few_sites=0)
    answer = packed(points, score, spacing_mm=SPACING_MM, count=8, effort=effort)
    best = score[exact.chosen].sum()
    assert answer.bound >= best - 1e-9
    assert answer.objective <= best + 1e-9
    if spread_fraction:
        assert best - answer.objective <= 0.001 * best
    # Broken variant: the relaxation of the 20 best alone is no bound.
    few = np.argsort(-score)[:20]
    part = problem(points[few], score[few])
    assert relaxed(part, cliques(points[few], SPACING_MM).rows, 8).bound < best


@pytest.mark.parametrize("seed", range(8))
def test_locked_places_stay_and_the_budget_holds(seed):
    points, score = tiny(seed)
    rng = np.random.default_rng(100 + seed)
    cost, locked = rng.random(len(points)), np.array([int(rng.integers(len(points)))])
    budget = float(cost[locked].sum() + 0.6)
    near = (cdist(points, points) < SPACING_MM) & ~np.eye(len(points), dtype=bool)
    groups = [
        list(group)
        for size in range(1, 5)
        for group in combinations(range(len(points)), size)
        if locked[0] in group and not near[np.ix_(group, group)].any() and cost[list(group)].sum() <= budget
    ]
    size = max(map(len, groups))
    best = max(score[group].sum() for group in groups if len(group) == size)
    answer = packed(
        points, score, spacing_mm=SPACING_MM, count=4, effort=EXACT, locked=locked, cost=cost, budget=budget
    )
    assert locked[0] in answer.chosen
    assert len(answer.chosen) == answer.count_bound == size
    assert answer.objective == pytest.approx(best, rel=1e-5)
    assert cost[answer.chosen].sum() <= budget + 1e-9
    free = packed(points, score, spacing_mm=SPACING_MM, count=4, effort=EXACT)
    assert (len(free.chosen), free.objective) >= (size, best - 1e-6)


def test_more_locked_than_wanted_is_refused():
    points, score = tiny(0)
    with pytest.raises(InputError, match="locked"):
        packed(points, score, spacing_mm=SPACING_MM, count=1, effort=EXACT, locked=np.array([0, 1]))
    with pytest.raises(InputError, match="budget"):
        packed(
            points, score, spacing_mm=SPACING_MM, count=3, effort=EXACT, locked=np.array([0]),
            cost=np.ones(len(points)), budget=0.5,
        )  # fmt: skip


def test_the_best_lattice_is_dense_and_keeps_its_distance():
    """On a 60 um grid the densest lattice with steps of 300 um takes 23 sites a place (a hexagon: 21.7)."""
    x, y = np.meshgrid(np.arange(60) * 0.06, np.arange(60) * 0.06)
    points = np.column_stack([x.ravel(), y.ravel()])
    chosen = lattice_packing(problem(points, np.ones(len(points))), 10**6)
    assert pdist(points[chosen]).min() >= SPACING_MM * (1 - 1e-9)
    assert len(points) / len(chosen) == pytest.approx(23, rel=0.03)
    # No grid, no lattice.
    loose = np.random.default_rng(0).uniform(0, 3, (500, 2))
    assert len(lattice_packing(problem(loose, np.ones(500)), 10)) == 0


def test_a_request_to_stop_is_heard_while_the_solver_works():
    """A dense patch keeps the solver busy for many seconds; the look raises within the first of them."""
    x, y = np.meshgrid(np.arange(70) * 0.06, np.arange(70) * 0.06)
    points = np.column_stack([x.ravel(), y.ravel()])
    score = np.exp(-((points - 2.0) ** 2).sum(axis=1) / 8)
    start = time.perf_counter()

    def progress(done, total, label):
        if time.perf_counter() - start > 0.3:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        packed(points, score, spacing_mm=SPACING_MM, count=64, effort=Effort(), progress=progress)
    assert time.perf_counter() - start < 2


def test_every_close_pair_shares_a_clique_and_no_far_pair_does():
    points = np.random.default_rng(4).uniform(0, 1.5, (60, 2))
    rows = cliques(points, SPACING_MM).rows
    together = (rows.T @ rows).toarray() > 0
    distance = cdist(points, points)
    off = ~np.eye(60, dtype=bool)
    assert together[(distance < SPACING_MM * (1 - 1e-6)) & off].all()
    assert not together[(distance > SPACING_MM * (1 + 1e-6)) & off].any()


def test_margin_is_the_formula():
    robot = read_robot("r1")
    settings = Settings(segmentation_error_um=0.0, motion_sd_um=0.0)
    view = type("View", (), {"registration_error_um": 0.0, "plan_error_mm": 0.0, "pixel_um": 8.0})()
    made = margins(robot, settings, live_view=view, before=None)
    sd_um = np.sqrt(5.0**2 + 10.0**2 + 20.0**2)
    miss_um = 1.5 * 8.0
    assert made.vessel_mm * 1000 == pytest.approx(12 + miss_um + sd_um * norm.ppf(0.999))
    assert made.hit_probability(np.array([made.vessel_mm - miss_um / 1000]))[0] == pytest.approx(0.001)


def test_published_example_of_the_margin():
    """15 um spread, needle radius 12 um, one in a thousand: 58 um (our design notes)."""
    made = Margins(vessel_mm=0.0, sulcus_mm=0.0, sd_mm=0.015, needle_radius_mm=0.012)
    assert made.hit_probability(np.array([0.0583]))[0] == pytest.approx(1e-3, rel=0.02)


@pytest.mark.parametrize(("radius_um", "agrees"), [(12.0, True), (0.0, False)])
def test_simulated_hits_agree_with_the_budget(radius_um, agrees):
    """Needles at a straight wall: hits over 1,000 arrays lie in the 95 % interval of the predicted rate.

    The broken variant forgets the needle's width.
    """
    rng = np.random.default_rng(11)
    sd_mm, clearance_mm, pixel_mm = 0.025, 0.06, 0.004
    mask = np.zeros((220, 120), dtype=bool)
    mask[:, :30] = True
    field = ClearanceField(mask, pixel_mm)
    wall_mm = 29.5 * pixel_mm
    count = 64_000
    place = np.column_stack([np.full(count, 110 * pixel_mm), np.full(count, wall_mm + clearance_mm)])
    reached = place + rng.normal(0, sd_mm, place.shape)
    # The field is at most a fifth of a pixel too small, under a micrometre here.
    hits = int((field(reached / pixel_mm) < 0.012).sum())
    made = Margins(vessel_mm=0.0, sulcus_mm=0.0, sd_mm=sd_mm, needle_radius_mm=radius_um / 1000)
    chance = made.hit_probability(np.array([clearance_mm - 0.207 * pixel_mm]))[0]
    low, high = binom.interval(0.95, count, chance)
    assert (low <= hits <= high) == agrees
