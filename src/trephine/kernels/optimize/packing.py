# SPDX-License-Identifier: Apache-2.0
"""Choose the best places that keep a distance from one another, with a proven bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.optimize.packing_model import cliques, relaxed, solved
from trephine.kernels.optimize.packing_search import dived, polished, spaced_out


@dataclass(frozen=True, kw_only=True)
class Effort:
    """When the search for the best packing stops; never by the clock, so that results repeat.

    Parameters
    ----------
    gap_fraction
        Stop when the bound is this close, relative to the objective.
    node_limit
        Stop after this many nodes of a branch-and-bound tree.
    pool
        How many of the best candidates the model starts with.
    exact_size
        Models of no more candidates go to the integer program whole; larger ones are rounded and polished.
    windows
        Neighbourhoods solved again in polishing.
    near_fraction
        The relaxation is rounded only when polishing leaves a larger gap than this.
    """

    gap_fraction: float = 0.001
    node_limit: int = 20
    pool: int = 1000
    exact_size: int = 350
    windows: int = 24
    near_fraction: float = 0.005


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Task:
    points_mm: Points2
    score: AnyArray
    spacing_mm: float
    effort: Effort


def packed(points_mm: Points2, score: AnyArray, *, spacing_mm: float, count: int, effort: Effort) -> Packing:
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

    Returns
    -------
    Packing
        The places, with the bound.

    Raises
    ------
    NumericalError
        If the solver fails without an answer.

    Notes
    -----
    Weighted packing as an integer program with clique rows, solved by HiGHS. The model holds only the best
    candidates at first. A candidate left out can better the answer by at most its score less the price of
    a place (the dual value of the count row), so the pool grows until none can; the bound then holds for
    all candidates. Small models are solved exactly. Large ones take the bound from the linear relaxation,
    and the packing from rounding it and solving it again one neighbourhood at a time.

    References
    ----------
    ``huangfu2018`` for HiGHS.
    """
    task = _Task(points_mm=points_mm, score=score, spacing_mm=spacing_mm, effort=effort)
    if len(points_mm) == 0:
        return Packing(chosen=np.zeros(0, dtype=int), objective=0.0, bound=0.0, count_bound=0, status="empty")
    start = spaced_out(points_mm, _best_first(score), spacing_mm, count)
    if len(start) == count:
        return _best_of(task, start, count_bound=count)
    start, count_bound = _most(task, start, count)
    return _best_of(task, start, count_bound=count_bound)


def _best_first(score: AnyArray) -> AnyArray:
    return np.argsort(-score, kind="stable")


def _best_of(task: _Task, start: AnyArray, *, count_bound: int) -> Packing:
    """Find the best packing of as many places as ``start`` has."""
    pool, rows, bound = _pool(task, start)
    if len(pool) <= task.effort.exact_size:
        found, exact_bound = _solved_whole(task, pool, rows, start)
        bound = min(bound, exact_bound) if len(pool) == len(task.score) else bound
    else:
        found = _searched(task, pool, rows, start, bound)
    objective = float(task.score[found].sum())
    bound = max(bound, objective)
    is_proven = bound - objective <= task.effort.gap_fraction * max(objective, 1e-12)
    return Packing(
        chosen=np.sort(found),
        objective=objective,
        bound=bound,
        count_bound=count_bound,
        status="optimal" if is_proven and count_bound == len(start) else "bounded",
    )


def _pool(task: _Task, start: AnyArray) -> tuple[AnyArray, sparse.csr_array, float]:
    """Return the candidates worth modelling, their cliques, and a bound that holds for all candidates."""
    order = _best_first(task.score)
    size = min(max(task.effort.pool, 8 * len(start)), len(order))
    while True:
        pool = np.union1d(order[:size], start)
        rows = cliques(task.points_mm[pool], task.spacing_mm)
        answer = relaxed(rows, task.score[pool], len(start))
        left_out = float(task.score[order[size:]].max(initial=-np.inf))
        # With j candidates left out the rest is a packing of j places fewer, worth at least j prices less.
        if size == len(order) or left_out <= answer.price:
            return pool, rows, answer.bound
        size = min(size * 3 // 2, len(order))


def _solved_whole(
    task: _Task, pool: AnyArray, rows: sparse.csr_array, start: AnyArray
) -> tuple[AnyArray, float]:
    """Solve a small pool exactly."""
    count, effort = len(start), task.effort
    answer = solved(
        rows,
        task.score[pool],
        (count, count),
        gap_fraction=effort.gap_fraction,
        node_limit=50 * effort.node_limit,
    )
    found = start if answer.chosen is None else pool[answer.chosen]
    return (found if task.score[found].sum() >= task.score[start].sum() else start), answer.bound


def _searched(task: _Task, pool: AnyArray, rows: sparse.csr_array, start: AnyArray, bound: float) -> AnyArray:
    """Polish a large pool's start; where that is not near the bound, the rounded relaxation too."""
    found = _polished(task, pool, start)
    if bound - task.score[found].sum() <= task.effort.near_fraction * bound:
        return found
    rounded = dived(
        task.points_mm[pool], task.score[pool], rows, spacing_mm=task.spacing_mm, count=len(start)
    )
    if len(rounded) < len(start):
        return found
    other = _polished(task, pool, pool[rounded])
    return other if task.score[other].sum() > task.score[found].sum() else found


def _polished(task: _Task, pool: AnyArray, chosen: AnyArray) -> AnyArray:
    better = polished(
        task.points_mm[pool],
        task.score[pool],
        np.searchsorted(pool, chosen),
        spacing_mm=task.spacing_mm,
        windows=task.effort.windows,
        node_limit=task.effort.node_limit,
    )
    return pool[better]


def _most(task: _Task, start: AnyArray, count: int) -> tuple[AnyArray, int]:
    """Find as many places as fit, up to ``count``, and a proven bound on how many can."""
    rows = cliques(task.points_mm, task.spacing_mm)
    ones = np.ones(len(task.score))
    count_bound = min(int(np.floor(relaxed(rows, ones, count).bound + 1e-6)), count)
    if count_bound > len(start):
        rounded = dived(task.points_mm, ones, rows, spacing_mm=task.spacing_mm, count=count)
        start = rounded if len(rounded) > len(start) else start
    if count_bound > len(start):
        answer = solved(rows, ones, (len(start), count), gap_fraction=0.0, node_limit=task.effort.node_limit)
        count_bound = min(int(np.floor(answer.bound + 1e-6)), count_bound)
        if answer.chosen is not None and len(answer.chosen) > len(start):
            start = answer.chosen
    return start, count_bound
