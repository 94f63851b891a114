"""Coverage of a field by threads, against brute force; each check also runs on a broken variant."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

from trephine.kernels.optimize.coverage import covered
from trephine.kernels.optimize.coverage_model import Blocks, Field, bounded, terms_of
from trephine.kernels.optimize.packing import Effort
from trephine.kernels.optimize.packing_model import Problem

SPACING_MM = 0.3
BLOCKS = Blocks(middle_mm=np.array([[0.5, 0.5], [1.5, 0.8], [1.0, 1.6]]), radius_mm=0.7, chance_fraction=0.4)


def small(seed, loss, blocks=None, budget=2.5):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 2, (16, 2))
    x, y = np.meshgrid(np.arange(0, 2.01, 0.2), np.arange(0, 2.01, 0.2))
    targets = np.column_stack([x.ravel(), y.ravel()])
    field = Field(
        targets_mm=targets, weight=rng.random(len(targets)), reach_mm=0.5, loss_fraction=loss, blocks=blocks
    )
    problem = Problem(
        points_mm=points, score=np.ones(16), spacing_mm=SPACING_MM, cost=rng.random(16), budget=budget,
        look=lambda: None,
    )  # fmt: skip
    return problem, field


def share(field, points):
    """Share expected to be covered, the slow, plain way: every pattern of losses with its chance."""
    reach = cdist(points, field.targets_mm) <= field.reach_mm
    blocks = field.blocks
    cases = [(1.0, np.ones(len(points), dtype=bool))]
    if blocks is not None:
        each = blocks.chance_fraction / len(blocks.middle_mm)
        cases = [(1 - blocks.chance_fraction, cases[0][1])]
        cases += [(each, np.hypot(*(points - one).T) > blocks.radius_mm) for one in blocks.middle_mm]
    total = 0.0
    for chance, outside in cases:
        for stays in product([False, True], repeat=len(points)):
            alive = np.array(stays)
            weight = np.prod(np.where(alive, 1 - field.loss_fraction, field.loss_fraction))
            if weight > 0:
                total += chance * weight * float(field.weight @ reach[alive & outside].any(axis=0))
    return total / float(field.weight.sum())


def groups(problem, count):
    for group in combinations(range(len(problem.score)), count):
        chosen = list(group)
        if pdist(problem.points_mm[chosen]).min() >= SPACING_MM and problem.spent(chosen) <= problem.budget:
            yield chosen


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("loss", "blocks"), [(0.0, None), (0.15, None), (0.15, BLOCKS)])
def test_coverage_is_near_the_best_and_within_its_bound(seed, loss, blocks):
    problem, field = small(seed, loss, blocks)
    all_groups = list(groups(problem, 4))
    best = max(share(field, problem.points_mm[group]) for group in all_groups)
    made = covered(problem, field, np.array(all_groups[0]), effort=Effort())
    sites = problem.points_mm[made.chosen]
    assert made.objective == pytest.approx(share(field, sites))
    assert pdist(sites).min() >= SPACING_MM * (1 - 1e-9)
    assert problem.spent(made.chosen) <= problem.budget + 1e-9
    assert best - 1e-9 <= made.bound <= 1
    assert 0.97 * best <= made.objective <= best + 1e-9
    # Broken variant: the packing it starts from is worse.
    assert share(field, problem.points_mm[all_groups[0]]) < made.objective


def test_without_losses_one_place_too_few_breaks_the_bound():
    """Broken variant of the bound: that for fewer places must not hold for more."""
    problem, field = small(0, 0.0, budget=np.inf)
    best = max(share(field, problem.points_mm[group]) for group in groups(problem, 4))
    terms = terms_of(field, problem.points_mm)
    assert bounded(problem, terms, 3)[0] < best <= bounded(problem, terms, 4)[0] + 1e-9


def test_the_budget_tightens_the_bound():
    problem, field = small(1, 0.0, budget=0.4)
    free, _ = small(1, 0.0, budget=np.inf)
    terms = terms_of(field, problem.points_mm)
    assert bounded(problem, terms, 4)[0] < bounded(free, terms, 4)[0] - 0.01


@pytest.mark.parametrize("blocks", [None, BLOCKS])
def test_held_places_count_and_are_gone_around(blocks):
    """What a held place reaches is not worth reaching again, and is in objective and bound."""
    problem, field = small(0, 0.15, blocks, budget=np.inf)
    held = problem.points_mm[:2] + 1e-3
    free = np.flatnonzero(cdist(problem.points_mm, held).min(axis=1) >= SPACING_MM)
    part = problem.part(free)
    near = pdist(part.points_mm)
    assert near.min() < SPACING_MM
    all_groups = [
        list(group)
        for group in combinations(range(len(free)), 2)
        if pdist(part.points_mm[list(group)]).min() >= SPACING_MM
    ]
    worth = [share(field, np.concatenate([held, part.points_mm[group]])) for group in all_groups]
    made = covered(part, field, np.array(all_groups[0]), held_mm=held, effort=Effort())
    assert made.objective == pytest.approx(max(worth), rel=0.03)
    assert max(worth) - 1e-9 <= made.bound <= 1
    bound, _ = bounded(part, terms_of(field, part.points_mm, held_mm=held), 2)
    assert max(worth) - 1e-9 <= bound
    alone = covered(part, field, np.array(all_groups[0]), effort=Effort())
    assert alone.objective < made.objective


def test_a_field_of_no_weight_is_no_error():
    problem, field = small(0, 0.0)
    empty = Field(targets_mm=field.targets_mm, weight=0 * field.weight, reach_mm=0.5)
    made = covered(problem, empty, np.array([0]), effort=Effort())
    assert (made.objective, made.bound, len(made.chosen)) == (0.0, 0.0, 1)


def test_where_all_want_the_same_place_spacing_and_budget_hold():
    axis = np.arange(0, 1.01, 0.1)
    points = np.column_stack([part.ravel() for part in np.meshgrid(axis, axis)])
    away = np.hypot(*(points - 0.5).T)
    field = Field(targets_mm=np.array([[0.5, 0.5]]), weight=np.ones(1), reach_mm=0.35, loss_fraction=0.5)
    # The nearer to the target, the dearer: no more than one place in reach can be paid.
    problem = Problem(
        points_mm=points, score=np.ones(len(points)), spacing_mm=SPACING_MM, look=lambda: None,
        cost=np.where(away <= 0.35, 1.0, 0.1), budget=1.35,
    )  # fmt: skip
    corners = np.array([0, 10, 110, 120])
    made = covered(problem, field, corners, effort=Effort())
    assert problem.spent(made.chosen) <= 1.35 + 1e-9
    assert made.objective == pytest.approx(0.5)
    free = covered(replace(problem, budget=np.inf), field, corners, effort=Effort())
    assert pdist(points[free.chosen]).min() >= SPACING_MM * (1 - 1e-9)
    assert free.objective > 0.9
