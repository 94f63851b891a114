# SPDX-License-Identifier: Apache-2.0
"""The model of a coverage: what each place reaches, under chance of loss, and its linear relaxation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from trephine.core.arrays import AnyArray, Points2
from trephine.core.errors import NumericalError
from trephine.kernels.optimize.interruptible import interruptible
from trephine.kernels.optimize.packing_model import Problem

_TIERS = 3
"""Places that reach one target and are told apart in the bound; those beyond count as the last of these."""
_WINDOW_NODES = 20
"""Nodes of the tree in each neighbourhood."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    """Places near one another that are lost together: one disc of many, all as likely.

    Parameters
    ----------
    middle_mm
        Of the discs, shape (disc, 2).
    radius_mm
        Of each.
    chance_fraction
        Chance that one of them loses all its places.
    """

    middle_mm: Points2
    radius_mm: float
    chance_fraction: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """What is to be reached.

    Parameters
    ----------
    targets_mm
        Shape (target, 2).
    weight
        Of each target, at least 0, shape (target,).
    reach_mm
        A place reaches the targets no farther than this.
    loss_fraction
        Chance that a place is lost on its own; a target counts by the chance that one of those that reach it
        stays.
    blocks
        Places lost together, besides.
    """

    targets_mm: Points2
    weight: AnyArray
    reach_mm: float
    loss_fraction: float = 0.0
    blocks: Blocks | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """A coverage as a sum over terms, each reached by some candidates: ``sum(w * (1 - p ** n))``.

    Parameters
    ----------
    reach
        Which terms each candidate reaches, shape (point, term).
    weight
        Of each term, as a share of the whole field's weight, shape (term,).
    base
        How often each is reached by places that are held, shape (term,).
    loss_fraction
        Chance p that a place is lost on its own.
    """

    reach: sparse.csr_array
    weight: AnyArray
    base: AnyArray
    loss_fraction: float

    def times(self, chosen: AnyArray) -> AnyArray:
        """Return how often each term is reached, shape (term,)."""
        return self.base + np.asarray(self.reach[chosen].sum(axis=0)).ravel()

    def share(self, chosen: AnyArray) -> float:
        """Return the share of the field's weight that is covered."""
        return float(self.weight @ (1 - self.loss_fraction ** self.times(chosen)))

    def gains(self, chosen: AnyArray) -> AnyArray:
        """Return the weight that one candidate more would add, for each, shape (point,)."""
        return self.reach @ self.worth(self.times(chosen))

    def worth(self, times: AnyArray) -> AnyArray:
        """Return what one place more adds to each term that is reached so often, shape (term,)."""
        return self.weight * (1 - self.loss_fraction) * self.loss_fraction**times

    def beside(self, chosen: AnyArray, site: AnyArray) -> Terms:
        """Return the terms for some candidates alone, beside places that are chosen."""
        reach = self.reach[site]
        matters = np.asarray(reach.sum(axis=0)).ravel() > 0
        return replace(
            self,
            reach=reach[:, matters].tocsr(),
            weight=self.weight[matters],
            base=self.times(chosen)[matters],
        )


def terms_of(field: Field, points_mm: Points2, *, held_mm: AnyArray | None = None) -> Terms:
    """Write the coverage by some candidates out as terms.

    Parameters
    ----------
    field
        What is to be reached.
    points_mm
        Candidates, shape (point, 2).
    held_mm
        Places taken already, shape (place, 2).

    Returns
    -------
    Terms
        One a target; and with blocks one for every target and every disc that takes a part of its reach.

    Notes
    -----
    Losing a disc changes nothing for a target out of its reach, and leaves nothing for one whose reach lies
    within. The chance of a disc is therefore put on the target's own term, on none, or on a term of its own
    that only candidates outside the disc reach.
    """
    held = np.zeros((0, 2)) if held_mm is None else held_mm
    places = np.concatenate([points_mm, held])
    found = cKDTree(places).sparse_distance_matrix(
        cKDTree(field.targets_mm), field.reach_mm * (1 + 1e-9), output_type="ndarray"
    )
    shape = (len(places), len(field.targets_mm))
    reach = sparse.csr_array((np.ones(len(found)), (found["i"], found["j"])), shape=shape)
    weight = np.asarray(field.weight, dtype=np.float64)
    weight = weight / max(float(weight.sum()), np.finfo(np.float64).tiny)
    if field.blocks is not None:
        reach, weight = _with_blocks(field, field.blocks, (places, reach), weight)
    base = np.asarray(reach[len(points_mm) :].sum(axis=0)).ravel()
    return Terms(
        reach=reach[: len(points_mm)].tocsr(),
        weight=weight,
        base=base,
        loss_fraction=field.loss_fraction,
    )


def _with_blocks(
    field: Field, blocks: Blocks, reached: tuple[Points2, sparse.csr_array], weight: AnyArray
) -> tuple[sparse.csr_array, AnyArray]:
    """Add the terms of targets whose reach a disc takes in part."""
    places, reach = reached
    each = blocks.chance_fraction / max(len(blocks.middle_mm), 1)
    to_target = cdist(blocks.middle_mm, field.targets_mm)
    is_inside = cdist(blocks.middle_mm, places) <= blocks.radius_mm
    touches = to_target < blocks.radius_mm + field.reach_mm
    is_cut = touches & (to_target > blocks.radius_mm - field.reach_mm)
    parts, weights = [reach], [weight * (1 - each * touches.sum(axis=0))]
    for inside, cut in zip(is_inside, is_cut, strict=True):
        outside = sparse.diags_array(np.where(inside, 0.0, 1.0))
        parts.append((outside @ reach[:, np.flatnonzero(cut)]).tocsr())
        weights.append(weight[cut] * each)
    return sparse.hstack(parts).tocsr(), np.concatenate(weights)


def bounded(problem: Problem, terms: Terms, count: int) -> tuple[float, AnyArray]:
    """Bound the share that ``count`` places can cover beside those held, by the linear relaxation.

    Parameters
    ----------
    problem
        Candidates and budget; their spacing is left out.
    terms
        What each reaches.
    count
        How many places.

    Returns
    -------
    tuple
        The bound, and how much of each candidate the relaxation takes, shape (point,).

    Raises
    ------
    NumericalError
        If the linear relaxation is not solved.

    Notes
    -----
    Any prices that are not negative give a bound, whatever the solver's tolerance.
    """
    if not terms.weight.any():
        return 0.0, np.zeros(terms.reach.shape[0])
    worth, matrix, limit, ends = _model(problem, terms, count)
    result: OptimizeResult = interruptible(
        lambda: linprog(
            -np.concatenate([np.zeros(terms.reach.shape[0]), *worth]),
            A_ub=matrix,
            b_ub=limit,
            bounds=ends,
            method="highs-ipm",
        ),
        problem.look,
    )
    if result.status != 0:
        raise NumericalError(f"coverage: the linear relaxation ended with {result.status}: {result.message}")
    price = np.maximum(-result.ineqlin.marginals, 0)
    size = terms.reach.shape[1]
    # The last tier has no end where losses are counted, so a term's price must be at least its worth.
    of_term = price[:size] if terms.loss_fraction == 0 else np.maximum(price[:size], worth[-1])
    spent = price[size] + (price[size + 1] * problem.cost if len(price) > size + 1 else 0.0)
    beyond = float(price[size:] @ limit[size:])
    beyond += float(np.maximum(terms.reach @ of_term - spent, 0).sum())
    beyond += sum(float(np.maximum(one - of_term, 0).sum()) for one in worth)
    held = float(terms.weight @ (1 - terms.loss_fraction**terms.base))
    return held + beyond, result.x[: terms.reach.shape[0]]


def _model(
    problem: Problem, terms: Terms, count: int
) -> tuple[list[AnyArray], sparse.csr_array, AnyArray, AnyArray]:
    """Return worths of the tiers, rows, their limits, and the ends of candidates and tiers."""
    points, size = terms.reach.shape
    tiers = _TIERS if terms.loss_fraction > 0 else 1
    worth = [terms.worth(terms.base + tier) for tier in range(tiers)]
    eye = sparse.eye_array(size)
    rows = [sparse.hstack([-terms.reach.T, *[eye] * tiers])]
    rows.append(sparse.csr_array(np.append(np.ones(points), np.zeros(tiers * size))[None]))
    limit = np.append(np.zeros(size), count)
    if np.isfinite(problem.budget):
        rows.append(sparse.csr_array(np.append(problem.cost, np.zeros(tiers * size))[None]))
        limit = np.append(limit, problem.budget)
    end = np.ones(points + tiers * size)
    end[points + (tiers - 1) * size :] = 1 if tiers == 1 else np.inf
    return worth, sparse.vstack(rows).tocsr(), limit, np.column_stack([np.zeros(len(end)), end])


def solved_cover(problem: Problem, terms: Terms, rows: sparse.csr_array, count: int) -> AnyArray | None:
    """Run the integer program for exactly ``count`` of a few candidates.

    Parameters
    ----------
    problem
        The candidates.
    terms
        What each reaches.
    rows
        Their cliques.
    count
        How many.

    Returns
    -------
    numpy.ndarray
        Indices, or nothing when no answer was found.
    """
    worth, matrix, limit, ends = _model(problem, terms, count)
    points, size = terms.reach.shape
    more = sparse.csr_array((rows.shape[0], matrix.shape[1] - points))
    matrix = sparse.vstack([matrix, sparse.hstack([rows, more])]).tocsr()
    least = np.full(matrix.shape[0], -np.inf)
    least[size] = count
    whole = np.append(np.ones(points), np.zeros(matrix.shape[1] - points))
    result: OptimizeResult = interruptible(
        lambda: milp(
            -np.concatenate([np.zeros(points), *worth]),
            constraints=LinearConstraint(matrix, least, np.append(limit, np.ones(rows.shape[0]))),
            integrality=whole,
            bounds=Bounds(ends[:, 0], ends[:, 1]),
            options={"mip_rel_gap": 1e-3, "node_limit": _WINDOW_NODES},
        ),
        problem.look,
    )
    return None if result.x is None else np.flatnonzero(result.x[:points] > 0.5)
