# SPDX-License-Identifier: Apache-2.0
"""Choose places that keep a distance and reach as much of a weighted field as can be, with a proven bound."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray
from trephine.kernels.optimize.coverage_model import Field, Terms, bounded, solved_cover, terms_of
from trephine.kernels.optimize.packing import Effort, Packing
from trephine.kernels.optimize.packing_model import NEARLY, Problem, cliques
from trephine.kernels.optimize.packing_search import spaced_out, spread

_SWEEPS = 100
"""Rounds of single moves at most; the first without a gain ends them."""
_WINDOW_PLACES = 14
"""Places that are solved for together, the rest held; more cost steeply more."""
_GAIN = 1e-9
"""A move gains when it adds more than this share of the field's weight; less is rounding."""
_TAKEN = 1e-6
"""The relaxation takes a candidate when more than this share of it."""


def covered(
    problem: Problem, field: Field, start: AnyArray, *, held_mm: AnyArray | None = None, effort: Effort
) -> Packing:
    """Choose as many places as ``start`` has that cover as much of a field as can be found.

    Parameters
    ----------
    problem
        Candidates with their spacing and budget; the score is not used.
    field
        What is to be reached.
    start
        Indices of a packing; as many come back.
    held_mm
        Places that are taken already and reach their part, shape (place, 2); the candidates keep their
        distance from them.
    effort
        When to stop.

    Returns
    -------
    Packing
        With the share of the field's weight covered, that by held places included, as objective, and a bound
        on it for as many places.

    Raises
    ------
    NumericalError
        If a solver fails.

    Notes
    -----
    Coverage by chance of loss p is ``sum(w * (1 - p ** n))`` over the targets, each reached by n places: at
    p = 0 plain coverage, beyond it a second place near by is worth something as well. Places are moved to the
    best free candidate, one after another, until no move gains: from the packing given, from the one that
    takes the best gain first, and from the linear relaxation as rounded. In the best of them neighbourhoods
    are solved again, the rest held, among the candidates that the relaxation takes. The bound is that of the
    relaxation without the spacing, by weak duality; it holds for every packing, since the spacing only takes
    away.

    References
    ----------
    ``nemhauser1978`` for taking the best gain first.
    """
    terms = terms_of(field, problem.points_mm, held_mm=held_mm)
    count = len(start)
    bound, taken = bounded(problem, terms, count)
    starts = (start, _gain_first(problem, terms, count), _rounded(problem, taken, count))
    found = max(
        (_moved(problem, terms, one) for one in starts if len(one) == count),
        key=terms.share,
    )
    if bound - terms.share(found) > effort.gap_fraction * bound:
        found = _bettered(problem, terms, (found, np.flatnonzero(taken > _TAKEN)), effort.windows)
    objective = terms.share(found)
    bound = max(min(bound, 1.0), objective)
    is_proven = bound - objective <= effort.gap_fraction * objective
    return Packing(
        chosen=np.sort(found),
        objective=objective,
        bound=bound,
        count_bound=count,
        status="optimal" if is_proven else "bounded",
    )


def _gain_first(problem: Problem, terms: Terms, count: int) -> AnyArray:
    """Take the candidate that adds most, again and again."""
    taken: list[int] = []
    while len(taken) < count:
        held = np.array(taken, dtype=int)
        allowed = _allowed(problem, held)
        if not allowed.any():
            break
        taken.append(int(np.where(allowed, terms.gains(held), -np.inf).argmax()))
    return np.array(taken, dtype=int)


def _allowed(problem: Problem, held: AnyArray) -> AnyArray:
    """Tell which candidates keep their distance from those held and fit the budget beside them."""
    fits = problem.cost <= problem.budget - problem.spent(held)
    if len(held) == 0:
        return fits
    distance, _ = cKDTree(problem.points_mm[held]).query(problem.points_mm)
    return fits & (distance >= problem.spacing_mm * NEARLY)


def _moved(problem: Problem, terms: Terms, start: AnyArray) -> AnyArray:
    """Move single places to where they add most until none gains."""
    places = [int(one) for one in start]
    for _ in range(_SWEEPS):
        has_gained = False
        for index in range(len(places)):
            problem.look()
            held = np.array(places[:index] + places[index + 1 :], dtype=int)
            gain = terms.gains(held)
            best = int(np.where(_allowed(problem, held), gain, -np.inf).argmax())
            if gain[best] > gain[places[index]] + _GAIN:
                places[index] = best
                has_gained = True
        if not has_gained:
            break
    return np.array(places, dtype=int)


def _rounded(problem: Problem, taken: AnyArray, count: int) -> AnyArray:
    """Take the candidates that the relaxation takes most of."""
    return spaced_out(problem, np.argsort(-taken, kind="stable"), count)


def _bettered(problem: Problem, terms: Terms, packing: tuple[AnyArray, AnyArray], windows: int) -> AnyArray:
    """Solve one neighbourhood after another among the chosen and a few candidates more, the rest held."""
    best, more = packing
    size = min(_WINDOW_PLACES, len(best))
    pool = np.union1d(best, more)
    places = problem.points_mm[best]
    for centre in places[spread(places, windows)] if windows and size else ():
        away = np.linalg.norm(problem.points_mm[best] - centre, axis=1)
        nearest = np.argsort(away, kind="stable")[:size]
        held = np.delete(best, nearest)
        site = pool[_allowed(problem, held)[pool]]
        near = np.linalg.norm(problem.points_mm[site] - centre, axis=1)
        site = site[near <= away[nearest].max() + 2 * problem.spacing_mm]
        part = problem.part(site, budget=problem.budget - problem.spent(held))
        rows = cliques(part.points_mm, part.spacing_mm).rows
        answer = solved_cover(part, terms.beside(held, site), rows, size)
        if answer is not None and len(answer) == size:
            other = np.concatenate([held, site[answer]])
            best = other if terms.share(other) > terms.share(best) else best
    return best
