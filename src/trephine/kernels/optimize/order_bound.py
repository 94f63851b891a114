# SPDX-License-Identifier: Apache-2.0
"""Prove how short an order of work under demands of the kind "this before that" can be at best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from trephine.core.arrays import AnyArray

_WHOLE = 1_000_000
"""Flows are counted in millionths, since the flow solver wants integers."""
_SHORT_OF_WHOLE = 1_000
"""A flow this much short of whole is cut; assumed, and without effect on what is proven."""
_FORBIDDEN_WAYS = 1e3
"""Price of a forbidden way in the assignment, in longest ways; more than any order costs."""
Cut = tuple[AnyArray, AnyArray]
"""From one set of places to another some way must lead: two boolean arrays, shape (line + 1,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ways:
    """Ways that an order shorter than the one found can use.

    Parameters
    ----------
    leaves, enters
        Ends of each way, shape (way,).
    length
        Of each, shape (way,).
    count
        Lines, and one for the start and end together.
    """

    leaves: AnyArray
    enters: AnyArray
    length: AnyArray
    count: int


def order_bound(travel: AnyArray, chain: AnyArray, *, found: AnyArray, rounds: int) -> float:
    """Return a length below which no order that keeps the demands can be.

    Parameters
    ----------
    travel
        As ``ordering.travel_between_mm`` gives it, shape (line + 1, line + 1).
    chain
        True at (j, i) when j must precede i, with all that follows from that, shape (line, line).
    found
        Length of an order that was found, a scalar array: the bound is never above it.
    rounds
        How often the relaxation is tightened; 0 leaves the assignment's bound.

    Returns
    -------
    float
        In the unit of ``travel``.

    Notes
    -----
    Every line is entered once and left once (an assignment). Ways that the demands forbid are left out, and
    those whose reduced cost says that no order shorter than the one found can use them. The linear
    relaxation is then tightened where its flow breaks a demand that every order keeps: after a line the
    end is reached past none of the lines that had to come before; before it, likewise; and between two
    lines in their demanded order. Each round's bound follows by weak duality from the prices alone, so it
    does not depend on the solver's tolerance.

    References
    ----------
    ``balas1995`` for the inequalities of predecessors and successors.
    """
    upper = float(found)
    allowed = _allowed(chain)
    assigned, reduced = _assignment(travel, allowed)
    ways = _ways_left(travel, allowed & (reduced <= upper - assigned))
    bound = min(assigned, upper)
    cuts: list[Cut] = []
    for _ in range(rounds):
        if bound >= upper:
            break
        tightened, share = _relaxed(ways, cuts, upper)
        bound = max(bound, min(tightened, upper))
        new = _broken(share, chain)
        if not new:
            break
        cuts += new
    return bound


def _allowed(chain: AnyArray) -> AnyArray:
    """Tell which ways an order that keeps the demands can use, shape (line + 1, line + 1)."""
    count = len(chain)
    allowed = np.ones((count + 1, count + 1), dtype=bool)
    steps = chain.astype(np.float32)
    # Not backwards, and not past a line that must come between.
    allowed[:count, :count] = ~chain.T & ~((steps @ steps) > 0)
    allowed[count, :count] = ~chain.any(axis=0)
    allowed[:count, count] = ~chain.any(axis=1)
    np.fill_diagonal(allowed, val=False)
    return allowed


def _assignment(travel: AnyArray, allowed: AnyArray) -> tuple[float, AnyArray]:
    """Return the assignment's bound, and what each way would add to it, infinite where it is forbidden."""
    dear = _FORBIDDEN_WAYS * max(float(travel.max()), 1.0)
    cost = np.where(allowed, travel, dear)
    _, column = linear_sum_assignment(cost)
    leave, enter = _prices(cost, column)
    reduced = np.where(allowed, travel - leave[:, None] - enter[None], np.inf)
    slack = np.minimum(reduced.min(axis=1), 0)
    return float(leave.sum() + enter.sum() + slack.sum()), reduced


def _prices(cost: AnyArray, column: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return prices of rows and columns that prove an assignment, by shortest paths over its exchanges."""
    own = cost[np.arange(len(cost)), column]
    exchange = cost[:, column] - own[:, None]
    enter = np.zeros(len(cost))
    for _ in range(len(cost)):
        shorter = np.minimum(enter, (enter[:, None] + exchange).min(axis=0))
        if np.allclose(shorter, enter, rtol=0, atol=1e-12):
            break
        enter = shorter
    by_column = np.empty(len(cost))
    by_column[column] = enter
    return own - enter, by_column


def _ways_left(travel: AnyArray, keep: AnyArray) -> _Ways:
    leaves, enters = np.nonzero(keep)
    return _Ways(leaves=leaves, enters=enters, length=travel[leaves, enters], count=len(travel))


def _relaxed(ways: _Ways, cuts: list[Cut], upper: float) -> tuple[float, AnyArray]:
    """Solve the relaxation; return its bound by weak duality and how much it uses each way.

    Notes
    -----
    When it has no solution, no order shorter than the one found exists, and that length is the bound.
    """
    places = np.arange(len(ways.length))
    ones = np.ones(len(places))
    degree = sparse.csr_array(
        sparse.vstack(
            [
                sparse.coo_array((ones, (end, places)), shape=(ways.count, len(places)))
                for end in (ways.leaves, ways.enters)
            ]
        )
    )
    crossing = np.array([source[ways.leaves] & target[ways.enters] for source, target in cuts], dtype=float)
    crossing = sparse.csr_array(crossing.reshape(len(cuts), len(places)))
    answer = linprog(
        ways.length, A_ub=-crossing, b_ub=-np.ones(len(cuts)), A_eq=degree, b_eq=np.ones(2 * ways.count),
        bounds=(0, 1), method="highs-ds",
    )  # fmt: skip
    share = np.zeros((ways.count, ways.count))
    if answer.x is None:
        return upper, share
    price, dual = answer.eqlin.marginals, np.maximum(-answer.ineqlin.marginals, 0)
    reduced = ways.length - degree.T @ price - crossing.T @ dual
    share[ways.leaves, ways.enters] = answer.x
    return float(price.sum() + dual.sum() + np.minimum(reduced, 0).sum()), share


def _broken(share: AnyArray, chain: AnyArray) -> list[Cut]:
    """List the cuts that a relaxed order breaks, each once."""
    end = len(chain)
    found: dict[bytes, Cut] = {}
    whole = np.ones(end + 1, dtype=bool)

    def look(source: int, target: int, *barred: AnyArray) -> None:
        open_to = whole.copy()
        for each in barred:
            open_to[:end] &= ~each
        open_to[end] = end in (source, target)
        cut = _least_cut(share, source, target, open_to)
        if cut is not None:
            found.setdefault(cut[0].tobytes() + cut[1].tobytes(), cut)

    for line in range(end):
        look(line, end, chain[:, line])
        look(end, line, chain[line])
    for first, then in np.argwhere(chain):
        look(int(first), int(then), chain[:, first], chain[then])
    return list(found.values())


def _least_cut(share: AnyArray, source: int, target: int, open_to: AnyArray) -> Cut | None:
    """Return the two sides of the least cut between two places, if less than one whole way crosses it."""
    index = np.flatnonzero(open_to)
    graph = sparse.csr_array(np.rint(share[np.ix_(index, index)] * _WHOLE).astype(np.int32))
    start, stop = np.searchsorted(index, (source, target))
    answer = maximum_flow(graph, int(start), int(stop))
    if answer.flow_value >= _WHOLE - _SHORT_OF_WHOLE:
        return None
    left = sparse.csr_array((graph - answer.flow) > 0)
    reached = np.zeros(len(share), dtype=bool)
    reached[index[breadth_first_order(left, int(start), return_predecessors=False)]] = True
    return reached, open_to & ~reached
