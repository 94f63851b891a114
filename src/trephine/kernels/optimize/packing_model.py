# SPDX-License-Identifier: Apache-2.0
"""The exact model of a packing: clique rows, its linear relaxation, its integer program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points2
from trephine.core.errors import NumericalError
from trephine.kernels.optimize.interruptible import interruptible

NEARLY = 1 - 1e-9
"""Distances this close below the spacing count as the spacing, so that rounding does not matter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Candidates, what each is worth and costs, and how near two may be.

    Parameters
    ----------
    points_mm
        Shape (point, 2).
    score
        Value of each, shape (point,).
    spacing_mm
        Smallest distance between two places chosen.
    cost
        What each takes of the budget, at least 0, shape (point,).
    budget
        Largest total cost; infinite without a budget.
    look
        Called now and then; raises to stop the search.
    """

    points_mm: Points2
    score: AnyArray
    spacing_mm: float
    cost: AnyArray
    budget: float
    look: Callable[[], None]

    def part(self, index: AnyArray, *, budget: float | None = None) -> Problem:
        """Return the problem of some candidates alone."""
        return Problem(
            points_mm=self.points_mm[index],
            score=self.score[index],
            spacing_mm=self.spacing_mm,
            cost=self.cost[index],
            budget=self.budget if budget is None else budget,
            look=self.look,
        )

    def counted(self) -> Problem:
        """Return the same problem with every candidate worth 1."""
        return Problem(
            points_mm=self.points_mm,
            score=np.ones(len(self.score)),
            spacing_mm=self.spacing_mm,
            cost=self.cost,
            budget=self.budget,
            look=self.look,
        )

    def value(self, chosen: AnyArray) -> float:
        """Return the total score of some candidates."""
        return float(self.score[chosen].sum())

    def spent(self, chosen: AnyArray) -> float:
        """Return the total cost of some candidates."""
        return float(self.cost[chosen].sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Cliques:
    """Groups of points of which at most one can be chosen.

    Parameters
    ----------
    rows
        Rows are groups, columns points; every two points nearer than the spacing share a row.
    middle_mm
        A group lies within half the spacing of its middle, shape (group, 2).
    spacing_mm
        Two chosen points are at least this far apart.
    """

    rows: sparse.csr_array
    middle_mm: Points2
    spacing_mm: float

    def over(self, points_mm: Points2) -> sparse.csr_array:
        """Return the groups' rows over other points: whatever lies in the same discs."""
        return _within(self.middle_mm, points_mm, self.spacing_mm)


@dataclass(frozen=True, kw_only=True, eq=False)
class Relaxation:
    """Optimum of the linear relaxation.

    Parameters
    ----------
    bound
        Its value: no packing of as many places scores more.
    share
        How much of each candidate it takes, shape (point,).
    clique_price, price, budget_price
        What one more in each clique, shape (clique,), one place more, and one unit of budget more would add:
        the dual values of those rows.
    """

    bound: float
    share: AnyArray
    clique_price: AnyArray
    price: float
    budget_price: float


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


def cliques(points_mm: Points2, spacing_mm: float) -> Cliques:
    """List groups of points of which at most one can be chosen.

    Parameters
    ----------
    points_mm
        Shape (point, 2).
    spacing_mm
        Two chosen points are at least this far apart.

    Returns
    -------
    Cliques
        Enough for every two points nearer than the spacing to share one.

    Notes
    -----
    Points less than half the spacing from any one place are pairwise too near. The discs about the middle
    of every pair that is too near hold all such pairs; groups held within another are dropped.
    """
    pairs = cKDTree(points_mm).query_pairs(spacing_mm * NEARLY, output_type="ndarray")
    if not len(pairs):
        rows, middles = sparse.csr_array((0, len(points_mm))), np.zeros((0, 2))
    else:
        middles = np.unique(np.round(points_mm[pairs].mean(axis=1), 9), axis=0)
        rows = _within(middles, points_mm, spacing_mm)
        keep = _is_largest(rows)
        rows, middles = rows[keep], middles[keep]
    return Cliques(rows=rows, middle_mm=middles, spacing_mm=spacing_mm)


def _within(middle_mm: Points2, points_mm: Points2, spacing_mm: float) -> sparse.csr_array:
    """Mark the points within half the spacing of each middle."""
    shape = (len(middle_mm), len(points_mm))
    if 0 in shape:
        return sparse.csr_array(shape)
    # The rim is left out by less than NEARLY leaves out of the pairs, so that every pair's ends are inside.
    reach = spacing_mm / 2 * (1 - 0.5e-9)
    found = cKDTree(middle_mm).sparse_distance_matrix(cKDTree(points_mm), reach, output_type="ndarray")
    return sparse.csr_array((np.ones(len(found)), (found["i"], found["j"])), shape=shape)


def _is_largest(member: sparse.csr_array) -> AnyArray:
    """Tell which rows have members that do not all belong to another row; of equal rows the first."""
    size = np.asarray(member.sum(axis=1)).ravel()
    shared = (member @ member.T).tocoo()
    row, other = shared.coords
    full = (shared.data >= size[row]) & (row != other)
    contained = full & ((size[other] > size[row]) | (other < row))
    keep = np.ones(len(size), dtype=bool)
    keep[row[contained]] = False
    return keep & (size > 1)


def relaxed(problem: Problem, rows: sparse.csr_array, count: int) -> Relaxation:
    """Solve the linear relaxation with at most ``count`` places.

    Parameters
    ----------
    problem
        The candidates.
    rows
        Their cliques.
    count
        Most places.

    Returns
    -------
    Relaxation
        With a bound by weak duality, which holds for any prices that are not negative: the solver's own
        tolerance does not matter.

    Raises
    ------
    NumericalError
        If the solver does not reach the optimum.
    """
    matrix, limit = _limits(problem, rows, count)
    result: OptimizeResult = interruptible(
        lambda: linprog(-problem.score, A_ub=matrix, b_ub=limit, bounds=(0, 1), method="highs-ipm"),
        problem.look,
    )
    if result.status != 0:
        raise NumericalError(f"packing: the linear relaxation ended with {result.status}: {result.message}")
    price = np.maximum(-result.ineqlin.marginals, 0)
    gain = problem.score - matrix.T @ price
    return Relaxation(
        bound=float(price @ limit + np.maximum(gain, 0).sum()),
        share=result.x,
        clique_price=price[: rows.shape[0]],
        price=float(price[rows.shape[0]]),
        budget_price=float(price[-1]) if len(price) > rows.shape[0] + 1 else 0.0,
    )


def _limits(problem: Problem, rows: sparse.csr_array, count: int) -> tuple[sparse.csr_array, AnyArray]:
    """Stack the cliques, the count and, where there is one, the budget."""
    size = len(problem.score)
    stack, limit = [rows, sparse.csr_array(np.ones((1, size)))], np.append(np.ones(rows.shape[0]), count)
    if np.isfinite(problem.budget):
        stack, limit = [*stack, sparse.csr_array(problem.cost[None])], np.append(limit, problem.budget)
    return sparse.vstack(stack).tocsr(), limit


def solved(
    problem: Problem, rows: sparse.csr_array, count: tuple[int, int], *, gap_fraction: float, node_limit: int
) -> Solution:
    """Run the integer program with between ``count[0]`` and ``count[1]`` places.

    Raises
    ------
    NumericalError
        If the solver ends without a bound, as it does when the lower count does not fit.
    """
    matrix, limit = _limits(problem, rows, count[1])
    least = np.full(len(limit), -np.inf)
    least[rows.shape[0]] = count[0]
    result: OptimizeResult = interruptible(
        lambda: milp(
            -problem.score,
            constraints=LinearConstraint(matrix, least, limit),
            integrality=np.ones(len(problem.score)),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": gap_fraction, "node_limit": node_limit},
        ),
        problem.look,
    )
    if result.mip_dual_bound is None:
        raise NumericalError(f"packing: the integer program ended without a bound: {result.message}")
    chosen = None if result.x is None else np.flatnonzero(result.x > 0.5)
    return Solution(chosen=chosen, bound=-float(result.mip_dual_bound))
