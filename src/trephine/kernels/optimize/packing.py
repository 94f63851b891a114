# SPDX-License-Identifier: Apache-2.0
"""Choose the best places that keep a distance from one another, with a proven bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points2
from trephine.core.errors import InputError
from trephine.core.progress import Progress, silent
from trephine.kernels.optimize.lattices import lattice_packing
from trephine.kernels.optimize.packing_model import (
    NEARLY,
    Cliques,
    Problem,
    Relaxation,
    cliques,
    relaxed,
    solved,
)
from trephine.kernels.optimize.packing_search import dived, polished, spaced_out

_NEAR_FRACTION = 0.01
"""On a free field the relaxation itself lies about this far above the best packing; nearer is near enough."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """When the search for the best packing stops; never by the clock, so that results repeat.

    Parameters
    ----------
    gap_fraction
        Stop when the bound is this close, relative to the objective.
    node_limit
        Stop after this many nodes of a branch-and-bound tree.
    spread_fraction
        The whole is solved exactly where the linear relaxation spreads a place, in the mean, over no more
        candidates than this share of the largest clique; beyond, neighbourhoods are.
    few_sites
        The whole is also solved exactly where no more candidates a place than this matter.
    windows
        Neighbourhoods solved again in polishing.
    """

    gap_fraction: float = 0.001
    node_limit: int = 200
    spread_fraction: float = 0.2
    few_sites: int = 25
    windows: int = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Packing:
    """The places chosen.

    Parameters
    ----------
    chosen
        Indices of the candidates, rising.
    objective, bound
        Sum of their scores, and a proven upper bound on the best such sum of as many places.
    count_bound
        Proven upper bound on how many fit, at most the number asked.
    status
        ``optimal`` within the gap asked for, ``bounded`` with a larger gap, ``empty`` without candidates.
    """

    chosen: AnyArray
    objective: float
    bound: float
    count_bound: int
    status: str


def packed(
    points_mm: Points2,
    score: AnyArray,
    *,
    spacing_mm: float,
    count: int,
    effort: Effort,
    locked: AnyArray | None = None,
    cost: AnyArray | None = None,
    budget: float = np.inf,
    progress: Progress = silent,
) -> Packing:
    """Choose ``count`` places of the highest total score that keep their distance.

    Parameters
    ----------
    points_mm
        Candidates, shape (point, 2).
    score
        Value of each, at least 0, shape (point,).
    spacing_mm
        Smallest distance between two places chosen.
    count
        How many are wanted; fewer come back when no more were found, beside how many could fit at most.
    effort
        When to stop.
    locked
        Indices that must be among the chosen, as threads that are in place already. The others keep their
        distance from them; whether they keep it from each other is not asked.
    cost, budget
        What each candidate takes of a common budget, at least 0, shape (point,), and the largest total.
    progress
        Told now and then; may raise to stop, within about a tenth of a second.

    Returns
    -------
    Packing
        The places, with the bound.

    Raises
    ------
    InputError
        If more places are locked than wanted, or those locked alone exceed the budget.
    NumericalError
        If the solver fails without an answer.

    Notes
    -----
    Weighted packing as an integer program with clique rows, solved by HiGHS. The relaxation's prices bound
    what any packing with a given candidate can score; candidates that cannot better the packing known are
    left out, so **the bound holds for all candidates**. Where the relaxation spreads each place over few
    candidates, as between vessels, the rest is solved by branch and bound. Where it spreads them over many,
    as on a free field with a smooth score, no tree ends in useful time: the packing then comes from the best
    lattice, the best first, and the rounded relaxation, each bettered by solving neighbourhoods exactly.

    References
    ----------
    ``huangfu2018`` for HiGHS.
    """
    held = np.unique(np.zeros(0, dtype=int) if locked is None else np.asarray(locked, dtype=int))
    whole = Problem(
        points_mm=points_mm,
        score=score,
        spacing_mm=spacing_mm,
        cost=np.zeros(len(score)) if cost is None else cost,
        budget=budget,
        look=lambda: progress(0, 1, "choosing sites"),
    )
    _check(whole, held, count)
    free = _beside(whole, held)
    # The locked ones may use the budget up to rounding.
    rest = whole.part(free, budget=max(budget - whole.spent(held), 0.0))
    made = _placed(rest, count - len(held), effort)
    value = whole.value(held)
    return Packing(
        chosen=np.sort(np.concatenate([held, free[made.chosen]])),
        objective=made.objective + value,
        bound=made.bound + value,
        count_bound=made.count_bound + len(held),
        status=made.status if len(held) == 0 or made.status != "empty" else "optimal",
    )


def _check(whole: Problem, held: AnyArray, count: int) -> None:
    if len(held) > count:
        raise InputError.because(
            where="locked threads",
            found=f"{len(held)} locked",
            expected=f"at most the {count} wanted",
            remedy="Release some, or ask for more threads.",
        )
    if whole.spent(held) > whole.budget * (1 + 1e-9):
        raise InputError.because(
            where="locked threads",
            found=f"together {whole.spent(held):.4g} of the budget",
            expected=f"at most {whole.budget:.4g}",
            remedy="Release some, or raise the budget.",
        )


def _beside(whole: Problem, held: AnyArray) -> AnyArray:
    """Return the candidates far enough from every locked one."""
    if len(held) == 0 or len(whole.score) == 0:
        return np.setdiff1d(np.arange(len(whole.score)), held)
    distance, _ = cKDTree(whole.points_mm[held]).query(whole.points_mm)
    return np.setdiff1d(np.flatnonzero(distance >= whole.spacing_mm * NEARLY), held)


def _placed(problem: Problem, count: int, effort: Effort) -> Packing:
    """Choose places without any locked."""
    nothing = np.zeros(0, dtype=int)
    if len(problem.score) == 0 or count == 0:
        status = "empty" if count else "optimal"
        return Packing(chosen=nothing, objective=0.0, bound=0.0, count_bound=0, status=status)
    start, count_bound = _start(problem, count), count
    if len(start) < count:
        start, count_bound = most(problem, start, count, effort)
    if len(start) == 0:
        return Packing(chosen=nothing, objective=0.0, bound=0.0, count_bound=count_bound, status="bounded")
    found, bound = _best_of(problem, start, effort)
    objective = problem.value(found)
    bound = max(bound, objective)
    is_proven = bound - objective <= effort.gap_fraction * max(objective, 1e-12)
    return Packing(
        chosen=found,
        objective=objective,
        bound=bound,
        count_bound=count_bound,
        status="optimal" if is_proven and count_bound == len(start) else "bounded",
    )


def _start(problem: Problem, count: int) -> AnyArray:
    """Return the better of the best first and the best lattice; the one with more places comes first."""
    greedy = spaced_out(problem, np.argsort(-problem.score, kind="stable"), count)
    return max(greedy, lattice_packing(problem, count), key=lambda one: (len(one), problem.value(one)))


def _best_of(problem: Problem, start: AnyArray, effort: Effort) -> tuple[AnyArray, float]:
    """Find the best packing of as many places as ``start`` has, and a bound on it."""
    count = len(start)
    pool, groups, answer = _pool(problem, start)
    target = effort.gap_fraction / 2
    if answer.bound - problem.value(start) <= effort.gap_fraction * problem.value(start):
        return start, answer.bound
    found = polished(problem, start, windows=effort.windows)
    worth = problem.value(found)
    if answer.bound - worth <= effort.gap_fraction * worth:
        return found, answer.bound
    gain = _gains(problem, groups, answer)
    keep = np.union1d(np.flatnonzero(answer.bound + gain > worth * (1 + target)), found)
    if is_spread(answer, groups, (count, effort), len(keep)):
        found = _searched(problem, (pool, groups), (start, found), effort, answer.bound)
        return found, answer.bound
    left_out = float(np.delete(gain, keep).max(initial=-np.inf))
    few = problem.part(keep)
    tree = solved(
        few,
        cliques(few.points_mm, few.spacing_mm).rows,
        (count, count),
        gap_fraction=target,
        node_limit=effort.node_limit,
    )
    if tree.chosen is not None and few.value(tree.chosen) > worth:
        found = keep[tree.chosen]
    return found, min(answer.bound, max(tree.bound, answer.bound + left_out))


def is_spread(answer: Relaxation, groups: Cliques, asked: tuple[int, Effort], sites: int) -> bool:
    """Tell whether the relaxation spreads the places over so many candidates that no tree would end."""
    count, effort = asked
    if sites <= effort.few_sites * count:
        return False
    largest = int(groups.rows.sum(axis=1).max()) if groups.rows.shape[0] else 1
    return int((answer.share > 1e-6).sum()) > effort.spread_fraction * largest * count


def _gains(problem: Problem, groups: Cliques, answer: Relaxation) -> AnyArray:
    """Return every candidate's score less all prices.

    A packing that takes a candidate of gain below 0 scores at most the relaxation's bound plus that gain.
    """
    taken = groups.over(problem.points_mm).T @ answer.clique_price
    return problem.score - taken - answer.price - answer.budget_price * problem.cost


def _pool(problem: Problem, start: AnyArray) -> tuple[AnyArray, Cliques, Relaxation]:
    """Return the candidates that matter to the relaxation, their cliques, and its optimum for all."""
    order = np.argsort(-problem.score, kind="stable")
    # Hardly any place is worth less than the last of a good packing; some more for the price to settle.
    size = int(1.1 * (problem.score >= problem.score[start].min()).sum())
    is_in = np.zeros(len(order), dtype=bool)
    is_in[order[:size]] = is_in[start] = True
    while True:
        pool = np.flatnonzero(is_in)
        groups = cliques(problem.points_mm[pool], problem.spacing_mm)
        answer = relaxed(problem.part(pool), groups.rows, len(start))
        # With j candidates left out the rest is a packing of j places fewer, worth at least j prices less.
        gain = np.where(is_in, 0.0, _gains(problem, groups, answer))
        left_out = np.flatnonzero(gain > 1e-9)
        if len(left_out) == 0:
            return pool, groups, answer
        best = left_out[np.argsort(-gain[left_out], kind="stable")]
        is_in[best[: max(len(pool) // 4, 1)]] = True


def _searched(
    problem: Problem,
    pool: tuple[AnyArray, Cliques],
    packings: tuple[AnyArray, AnyArray],
    effort: Effort,
    bound: float,
) -> AnyArray:
    """Take the start as bettered; where that is far from the bound, round the relaxation and better it."""
    start, found = packings
    if bound - problem.value(found) <= _NEAR_FRACTION * bound:
        return found
    index, groups = pool
    rounded = index[dived(problem.part(index), groups.rows, len(start))]
    if len(rounded) < len(start) or problem.value(rounded) <= problem.value(start):
        return found
    other = polished(problem, rounded, windows=effort.windows)
    return other if problem.value(other) > problem.value(found) else found


def most(problem: Problem, start: AnyArray, count: int, effort: Effort) -> tuple[AnyArray, int]:
    """Find as many places as fit, up to ``count``, and a proven bound on how many can.

    Parameters
    ----------
    problem
        The candidates.
    start
        A packing.
    count
        How many are wanted.
    effort
        When to stop.

    Returns
    -------
    tuple
        Indices chosen, at least as many as in ``start``, and the bound.
    """
    ones = problem.counted()
    groups = cliques(problem.points_mm, problem.spacing_mm)
    rows = groups.rows
    answer = relaxed(ones, rows, count)
    bound = min(int(np.floor(answer.bound + 1e-6)), count)
    if bound > len(start):
        rounded = dived(ones, rows, count)
        start = rounded if len(rounded) > len(start) else start
    if bound > len(start) and not is_spread(answer, groups, (bound, effort), len(ones.score)):
        tree = solved(ones, rows, (len(start), count), gap_fraction=0.0, node_limit=effort.node_limit)
        bound = min(int(np.floor(tree.bound + 1e-6)), bound)
        if tree.chosen is not None and len(tree.chosen) > len(start):
            start = tree.chosen
    return start, bound


def fitting(
    points_mm: Points2,
    *,
    spacing_mm: float,
    count: int,
    effort: Effort,
    cost: AnyArray,
    budget: float,
    progress: Progress = silent,
) -> tuple[int, int]:
    """Say how many places fit, whatever they are worth.

    Parameters
    ----------
    points_mm, spacing_mm, count, effort, cost, budget, progress
        As for ``packed``.

    Returns
    -------
    tuple
        How many were found, and a proven bound, both at most ``count``.

    Raises
    ------
    NumericalError
        If the solver fails.
    """
    if len(points_mm) == 0 or count <= 0:
        return 0, 0
    ones = Problem(
        points_mm=points_mm,
        score=np.ones(len(points_mm)),
        spacing_mm=spacing_mm,
        cost=cost,
        budget=budget,
        look=lambda: progress(0, 1, "counting sites"),
    )
    start = max(
        (spaced_out(ones, np.argsort(cost, kind="stable"), count), lattice_packing(ones, count)), key=len
    )
    found, bound = (start, count) if len(start) == count else most(ones, start, count, effort)
    return len(found), bound
