# SPDX-License-Identifier: Apache-2.0
"""Packings by search: greedy, by rounding the linear relaxation, by solving neighbourhoods again."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.optimize.packing_model import NEARLY, Problem, cliques, relaxed, solved

_WINDOW_SPACINGS = 2.0
"""Radius of a neighbourhood that is solved again; larger ones cost steeply more."""
_WINDOW_NODES = 5
"""Nodes of the tree in each: on a free field a neighbourhood, too, is not proven in useful time."""


def spaced_out(problem: Problem, order: AnyArray, count: int) -> AnyArray:
    """Take candidates in order, skipping those too near one taken before or beyond what the budget leaves.

    Parameters
    ----------
    problem
        The candidates.
    order
        Their indices, best first.
    count
        Stop at this many.

    Returns
    -------
    numpy.ndarray
        Indices taken, in order.
    """
    tree = cKDTree(problem.points_mm)
    free = np.ones(len(problem.score), dtype=bool)
    taken: list[int] = []
    left = problem.budget
    for index in order:
        if len(taken) == count:
            break
        if free[index] and problem.cost[index] <= left:
            taken.append(int(index))
            left -= problem.cost[index]
            free[tree.query_ball_point(problem.points_mm[index], problem.spacing_mm * NEARLY)] = False
    return np.array(taken, dtype=int)


def dived(problem: Problem, rows: sparse.csr_array, count: int, *, step: int = 4) -> AnyArray:
    """Round the linear relaxation: fix the places it takes most of, solve again, and so on.

    Parameters
    ----------
    problem
        The candidates.
    rows
        Their cliques.
    count
        How many places at most.
    step
        Places fixed between two solutions, beside those taken almost whole; for many places a 32nd of them.

    Returns
    -------
    numpy.ndarray
        Indices chosen; perhaps fewer than ``count``.
    """
    free = np.ones(len(problem.score), dtype=bool)
    fixed: list[int] = []
    near = cKDTree(problem.points_mm).query_ball_point
    step = max(step, count // 32)
    while len(fixed) < count:
        left = problem.budget - problem.spent(np.array(fixed, dtype=int))
        free &= problem.cost <= left
        index = np.flatnonzero(free)
        if len(index) == 0:
            break
        part = rows[:, index]
        part = part[np.asarray(part.sum(axis=1)).ravel() > 1]
        share = relaxed(problem.part(index, budget=left), part, count - len(fixed)).share
        taken = 0
        for column in np.argsort(-(share + 1e-6 * problem.score[index]), kind="stable"):
            if share[column] < 1e-6 or (taken >= step and share[column] < 0.95) or len(fixed) == count:
                break
            site = index[column]
            if free[site] and problem.cost[site] <= left:
                fixed.append(int(site))
                left -= problem.cost[site]
                free[near(problem.points_mm[site], problem.spacing_mm * NEARLY)] = False
                taken += 1
        if taken == 0:
            break
    return np.array(fixed, dtype=int)


def polished(problem: Problem, chosen: AnyArray, *, windows: int) -> AnyArray:
    """Better a packing by solving it exactly in one neighbourhood after another, the rest held.

    Parameters
    ----------
    problem
        The candidates.
    chosen
        Indices of a valid packing.
    windows
        Neighbourhoods tried, spread over the packing.

    Returns
    -------
    numpy.ndarray
        A valid packing of as many places whose score is no less.
    """
    best = np.array(chosen, dtype=int)
    if len(best) == 0 or windows == 0:
        return best
    points_mm, spacing_mm = problem.points_mm, problem.spacing_mm
    radius = _WINDOW_SPACINGS * spacing_mm
    for centre in points_mm[best][spread(points_mm[best], windows)]:
        is_near = np.linalg.norm(points_mm[best] - centre, axis=1) < radius
        held = best[~is_near]
        site = np.flatnonzero(np.linalg.norm(points_mm - centre, axis=1) < radius + spacing_mm)
        if len(held):
            distance, _ = cKDTree(points_mm[held]).query(points_mm[site])
            site = site[distance >= spacing_mm * NEARLY]
        count = int(is_near.sum())
        part = problem.part(site, budget=problem.budget - problem.spent(held))
        rows = cliques(part.points_mm, spacing_mm).rows
        answer = solved(part, rows, (count, count), gap_fraction=1e-4, node_limit=_WINDOW_NODES)
        if answer.chosen is not None and part.value(answer.chosen) > problem.value(best[is_near]) + 1e-12:
            best = np.concatenate([held, site[answer.chosen]])
    return best


def spread(points: Points2, count: int) -> AnyArray:
    """Pick ``count`` of the points, each as far as can be from those picked before, the first by index."""
    picked = [0]
    distance = np.linalg.norm(points - points[0], axis=1)
    while len(picked) < min(count, len(points)):
        picked.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[picked[-1]], axis=1))
    return np.array(picked)
