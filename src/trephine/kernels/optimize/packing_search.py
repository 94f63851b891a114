# SPDX-License-Identifier: Apache-2.0
"""Packings by search: greedy, by rounding the linear relaxation, by solving neighbourhoods again."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.optimize.packing_model import NEARLY, cliques, relaxed, solved

_WINDOW_SPACINGS = 2.0
"""Radius of a neighbourhood that is solved again; larger ones cost steeply more."""


def spaced_out(points_mm: Points2, order: AnyArray, spacing_mm: float, count: int) -> AnyArray:
    """Take candidates in order, skipping those too near one taken before.

    Parameters
    ----------
    points_mm
        Candidates, shape (point, 2).
    order
        Their indices, best first.
    spacing_mm
        Smallest distance between two.
    count
        Stop at this many.

    Returns
    -------
    numpy.ndarray
        Indices taken, in order.
    """
    tree = cKDTree(points_mm)
    free = np.ones(len(points_mm), dtype=bool)
    taken: list[int] = []
    for index in order:
        if len(taken) == count:
            break
        if free[index]:
            taken.append(int(index))
            free[tree.query_ball_point(points_mm[index], spacing_mm * NEARLY)] = False
    return np.array(taken, dtype=int)


def dived(
    points_mm: Points2,
    score: AnyArray,
    rows: sparse.csr_array,
    *,
    spacing_mm: float,
    count: int,
    step: int = 4,
) -> AnyArray:
    """Round the linear relaxation: fix the places it takes most of, solve again, and so on.

    Parameters
    ----------
    points_mm, score
        Candidates, shape (point, 2), and their values, shape (point,).
    rows
        Their cliques.
    spacing_mm
        Smallest distance between two.
    count
        How many places at most.
    step
        Places fixed between two solutions, beside those taken almost whole.

    Returns
    -------
    numpy.ndarray
        Indices chosen; perhaps fewer than ``count``.
    """
    free = np.ones(len(score), dtype=bool)
    fixed: list[int] = []
    near = cKDTree(points_mm).query_ball_point
    while len(fixed) < count and free.any():
        index = np.flatnonzero(free)
        part = rows[:, index]
        part = part[np.asarray(part.sum(axis=1)).ravel() > 1]
        share = relaxed(part, score[index], count - len(fixed)).share
        taken = 0
        for column in np.argsort(-(share + 1e-6 * score[index]), kind="stable"):
            if share[column] < 1e-6 or (taken >= step and share[column] < 0.95) or len(fixed) == count:
                break
            if free[index[column]]:
                fixed.append(int(index[column]))
                free[near(points_mm[index[column]], spacing_mm * NEARLY)] = False
                taken += 1
        if taken == 0:
            break
    return np.array(fixed, dtype=int)


def polished(
    points_mm: Points2, score: AnyArray, chosen: AnyArray, *, spacing_mm: float, windows: int, node_limit: int
) -> AnyArray:
    """Better a packing by solving it exactly in one neighbourhood after another, the rest held.

    Parameters
    ----------
    points_mm, score
        Candidates, shape (point, 2), and their values, shape (point,).
    chosen
        Indices of a valid packing.
    spacing_mm
        Smallest distance between two.
    windows
        Neighbourhoods tried, spread over the packing.
    node_limit
        Nodes of the tree in each.

    Returns
    -------
    numpy.ndarray
        A valid packing of as many places whose score is no less.
    """
    best = np.array(chosen, dtype=int)
    if len(best) == 0:
        return best
    radius = _WINDOW_SPACINGS * spacing_mm
    centres = points_mm[best][spread(points_mm[best], windows)]
    for centre in centres:
        is_near = np.linalg.norm(points_mm[best] - centre, axis=1) < radius
        held = best[~is_near]
        site = np.flatnonzero(np.linalg.norm(points_mm - centre, axis=1) < radius + spacing_mm)
        if len(held):
            distance, _ = cKDTree(points_mm[held]).query(points_mm[site])
            site = site[distance >= spacing_mm * NEARLY]
        count = int(is_near.sum())
        rows = cliques(points_mm[site], spacing_mm)
        answer = solved(rows, score[site], (count, count), gap_fraction=1e-4, node_limit=node_limit)
        if (
            answer.chosen is not None
            and score[site[answer.chosen]].sum() > score[best[is_near]].sum() + 1e-12
        ):
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
