# SPDX-License-Identifier: Apache-2.0
"""The exact model of a packing: clique rows, its linear relaxation, its integer program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points2
from trephine.core.errors import NumericalError

NEARLY = 1 - 1e-9
"""Distances this close below the spacing count as the spacing, so that rounding does not matter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Relaxation:
    """Optimum of the linear relaxation.

    Parameters
    ----------
    bound
        Its value: no packing of as many places scores more.
    share
        How much of each candidate it takes, shape (point,).
    price
        What one place more would add: the dual value of the count row.
    """

    bound: float
    share: AnyArray
    price: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """What the integer program ended with.

    Parameters
    ----------
    chosen
        Indices of the candidates, or nothing when it stopped before it found a packing.
    bound
        Proven upper bound on the score.
    """

    chosen: AnyArray | None
    bound: float


def cliques(points_mm: Points2, spacing_mm: float) -> sparse.csr_array:
    """List groups of points of which at most one can be chosen.

    Parameters
    ----------
    points_mm
        Shape (point, 2).
    spacing_mm
        Two chosen points are at least this far apart.

    Returns
    -------
    scipy.sparse.csr_array
        Rows are groups, columns points. Every two points nearer than the spacing share a row.

    Notes
    -----
    Points less than half the spacing from any one place are pairwise too near. The discs about the middle
    of every pair that is too near hold all such pairs; groups held within another are dropped.
    """
    tree = cKDTree(points_mm)
    pairs = tree.query_pairs(spacing_mm * NEARLY, output_type="ndarray")
    if not len(pairs):
        return sparse.csr_array((0, len(points_mm)))
    middles = np.unique(np.round(points_mm[pairs].mean(axis=1), 9), axis=0)
    # The rim is left out by less than NEARLY leaves out of the pairs, so that every pair's ends are inside.
    reach = spacing_mm / 2 * (1 - 0.5e-9)
    found = cKDTree(middles).sparse_distance_matrix(tree, reach, output_type="ndarray")
    member = sparse.csr_array(
        (np.ones(len(found)), (found["i"], found["j"])), shape=(len(middles), len(points_mm))
    )
    return _without_contained(member)


def _without_contained(member: sparse.csr_array) -> sparse.csr_array:
    """Drop the rows whose members all belong to another row; of equal rows keep the first."""
    size = np.asarray(member.sum(axis=1)).ravel()
    shared = (member @ member.T).tocoo()
    row, other = shared.coords
    full = (shared.data >= size[row]) & (row != other)
    contained = full & ((size[other] > size[row]) | (other < row))
    keep = np.ones(len(size), dtype=bool)
    keep[row[contained]] = False
    return member[keep & (size > 1)]


def relaxed(rows: sparse.csr_array, score: AnyArray, count: int) -> Relaxation:
    """Solve the linear relaxation with at most ``count`` places.

    Raises
    ------
    NumericalError
        If the solver does not reach the optimum.
    """
    matrix = sparse.vstack([rows, sparse.csr_array(np.ones((1, len(score))))]).tocsr()
    limit = np.append(np.ones(rows.shape[0]), count)
    result = linprog(-score, A_ub=matrix, b_ub=limit, bounds=(0, 1), method="highs-ipm")
    if result.status != 0:
        raise NumericalError(f"packing: the linear relaxation ended with {result.status}: {result.message}")
    # Weak duality bounds the optimum for any prices that are not negative, so the solver's own tolerance
    # does not matter.
    price = np.maximum(-result.ineqlin.marginals, 0)
    bound = float(price @ limit + np.maximum(score - matrix.T @ price, 0).sum())
    return Relaxation(bound=bound, share=result.x, price=float(price[-1]))


def solved(
    rows: sparse.csr_array, score: AnyArray, count: tuple[int, int], *, gap_fraction: float, node_limit: int
) -> Solution:
    """Run the integer program with between ``count[0]`` and ``count[1]`` places.

    Raises
    ------
    NumericalError
        If the solver ends without a bound, as it does when the lower count does not fit.
    """
    total = sparse.csr_array(np.ones((1, len(score))))
    matrix = sparse.vstack([rows, total]).tocsr()
    result = milp(
        -score,
        constraints=LinearConstraint(
            matrix,
            np.append(np.full(rows.shape[0], -np.inf), count[0]),
            np.append(np.ones(rows.shape[0]), count[1]),
        ),
        integrality=np.ones(len(score)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": gap_fraction, "node_limit": node_limit},
    )
    if result.mip_dual_bound is None:
        raise NumericalError(f"packing: the integer program ended without a bound: {result.message}")
    chosen = None if result.x is None else np.flatnonzero(result.x > 0.5)
    return Solution(chosen=chosen, bound=-float(result.mip_dual_bound))
