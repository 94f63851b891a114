# SPDX-License-Identifier: Apache-2.0
"""The best packing whose places lie on one lattice of a square grid of candidates."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.optimize.packing_model import NEARLY, Problem


def lattice_packing(problem: Problem, count: int) -> AnyArray:
    """Choose the best ``count`` candidates on one lattice.

    Parameters
    ----------
    problem
        Candidates on a square grid; gaps in the grid do no harm.
    count
        How many are wanted.

    Returns
    -------
    numpy.ndarray
        Indices; fewer than ``count`` where no lattice holds as many, none where the candidates lie on no
        grid or a budget holds, for which this is of no help.

    Notes
    -----
    Every lattice of a grid has one basis (a, b), (0, c) with 0 <= b < c (Hermite's normal form). All whose
    shortest step keeps the spacing and whose cell a * c is the smallest are tried, at all a * c shifts.
    """
    cell = _on_grid(problem)
    nothing = np.zeros(0, dtype=int)
    if cell is None or np.isfinite(problem.budget):
        return nothing
    index, pitch_mm = cell
    best, best_value = nothing, -np.inf
    for a, b, c in _dense_lattices((problem.spacing_mm * NEARLY / pitch_mm) ** 2):
        problem.look()
        chosen, value = _best_shift(problem, index, (a, b, c), count)
        if value > best_value:
            best, best_value = chosen, value
    return best


def _on_grid(problem: Problem) -> tuple[AnyArray, float] | None:
    """Return whole-number positions and the grid's pitch; nothing where there is no grid."""
    from_first = problem.points_mm - problem.points_mm.min(axis=0)
    step = np.concatenate([np.diff(np.unique(np.round(axis, 9))) for axis in from_first.T])
    if len(step) == 0 or step.min() < problem.spacing_mm / 100:
        return None
    pitch_mm = float(step.min())
    index = np.rint(from_first / pitch_mm).astype(int)
    return (index, pitch_mm) if np.abs(index * pitch_mm - from_first).max() < 1e-4 * pitch_mm else None


def _dense_lattices(least_square: float) -> list[tuple[int, int, int]]:
    """List the densest lattices whose squared steps are at least ``least_square``, in squared pitches."""
    reach = np.arange(-int(2 * np.sqrt(least_square)) - 2, int(2 * np.sqrt(least_square)) + 3)
    u, v = (part.ravel() for part in np.meshgrid(reach, reach))
    is_short = (u * u + v * v < least_square) & ((u != 0) | (v != 0))
    u, v = u[is_short], v[is_short]
    area = int(np.ceil(np.sqrt(0.75) * least_square))
    while True:
        found = [
            (a, b, area // a)
            for a in range(1, area + 1)
            if area % a == 0
            for b in range(area // a)
            if not ((u % a == 0) & ((v - u // a * b) % (area // a) == 0)).any()
        ]
        if found:
            return found
        area += 1


def _best_shift(
    problem: Problem, index: AnyArray, lattice: tuple[int, int, int], count: int
) -> tuple[AnyArray, float]:
    """Return the best ``count`` candidates of one coset of the lattice, and their value."""
    a, b, c = lattice
    row = index[:, 0] // a
    coset = (index[:, 0] % a) * c + (index[:, 1] - row * b) % c
    order = np.lexsort((-problem.score, coset))
    first = np.searchsorted(coset[order], np.arange(a * c))
    rank = np.arange(len(order)) - first[coset[order]]
    top = rank < count
    size = np.bincount(coset[order][top], minlength=a * c)
    value = np.bincount(coset[order][top], weights=problem.score[order][top], minlength=a * c)
    best = int(np.where(size >= count, value, value - 1e9).argmax())
    return order[top & (coset[order] == best)], float(value[best] - (0 if size[best] >= count else 1e9))
