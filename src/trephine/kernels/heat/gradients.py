# SPDX-License-Identifier: Apache-2.0
"""Conjugate gradients in float64, each step prepared by one multigrid cycle in float32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numba
import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError, NumericalError
from trephine.kernels.heat.hierarchy import Hierarchy
from trephine.kernels.heat.network import Network, inner, padded
from trephine.kernels.heat.sweeps import apply, correct, defect_to_coarse, dots, relax, step, turn

LARGEST_RESIDUAL = 1e-8
"""Norm of what is left over norm of the source."""
LARGEST_IMBALANCE = 1e-7
"""Heat that does not leave, as a share of the power put in: a tenth of what is promised."""
MOST_STEPS = 200
PARALLEL_CELLS = 300_000
"""Smaller levels are worked through by one core: waiting for each other costs more on a busy machine."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """The rise at which every cell loses what it gets.

    Parameters
    ----------
    rise
        K, shape of the cells.
    iterations
        Steps of conjugate gradients.
    relative_residual
        Norm of what is left over norm of the source.
    imbalance_fraction
        Power in less heat out, recounted from the rise, over the power in.
    """

    rise: AnyArray
    iterations: int
    relative_residual: float
    imbalance_fraction: float


def solved(
    network: Network, prepared: Hierarchy, source_mw: AnyArray, *, start: AnyArray | None = None
) -> Solution:
    """Solve for the steady rise.

    Parameters
    ----------
    network
        Conductances.
    prepared
        The network's own hierarchy; its working arrays change, so it serves one caller at a time.
    source_mw
        Power put into each cell, mW, shape of the cells.
    start
        A first guess, K, shape of the cells.

    Returns
    -------
    Solution
        To a residual of ``LARGEST_RESIDUAL`` and, without a first guess, an imbalance of
        ``LARGEST_IMBALANCE``.

    Raises
    ------
    InputError
        If the source has another shape or is not finite.
    NumericalError
        If it does not get there.
    """
    _check(network, source_mw)
    size, power = float(np.linalg.norm(source_mw)), float(np.abs(source_mw).sum())
    if size == 0:
        return Solution(
            rise=np.zeros(network.shape), iterations=0, relative_residual=0.0, imbalance_fraction=0.0
        )
    x, r = np.zeros(network.sink.shape), padded(source_mw, np.float64)
    with _cores(x.size):
        if start is not None:
            inner(x)[...] = start
            out = np.zeros_like(x)
            apply(x, *network.faces, network.sink, out)
            inner(r)[...] -= inner(out)
        count, left = _descend(network, prepared, x, r, size=size, power=power)
    rise = inner(x).copy()
    return Solution(
        rise=rise,
        iterations=count,
        relative_residual=left / size,
        imbalance_fraction=abs(float(source_mw.sum()) - float((inner(network.sink) * rise).sum())) / power,
    )


def _descend(
    network: Network, prepared: Hierarchy, x: AnyArray, r: AnyArray, *, size: float, power: float
) -> tuple[int, float]:
    """Improve ``x`` and its residual ``r`` in place; return the steps and the norm of what is left."""
    p, q = np.zeros_like(x), np.zeros_like(x)
    count, left, total = 0, float(np.linalg.norm(inner(r))), float(inner(r).sum())
    top, last = prepared.levels[0], 1.0
    top.b[...] = r
    while left > LARGEST_RESIDUAL * size or abs(total) > LARGEST_IMBALANCE * power:
        if count == MOST_STEPS or not np.isfinite(left):
            raise NumericalError(
                f"the steady rise is not found: after {count} steps {left / size:.1e} of the source is left"
            )
        count += 1
        top.u[...] = 0
        _cycle(prepared, 0)
        now = float(dots(r, top.u).sum())
        turn(p, top.u, 0.0 if count == 1 else now / last)
        last = now
        length = now / float(apply(p, *network.faces, network.sink, q).sum())
        squares, total = (float(each) for each in step(x, r, top.b, p, q, length).sum(axis=0))
        left = squares**0.5
    return count, left


def _check(network: Network, source_mw: AnyArray) -> None:
    """Refuse what is no source of these cells."""
    if source_mw.shape != network.shape or not np.isfinite(source_mw).all():
        raise InputError.because(
            where="source",
            found=f"shape {source_mw.shape}, {np.count_nonzero(~np.isfinite(source_mw))} values not finite",
            expected=f"finite powers of shape {network.shape}",
            remedy="Give the power of every cell.",
        )


def _cycle(prepared: Hierarchy, at: int) -> None:
    """Improve ``u`` for ``b`` of a level: once through the second level, twice through those below."""
    level = prepared.levels[at]
    if level.maps is None:
        inner(level.u)[...] = (prepared.last @ inner(level.b).ravel()).reshape(inner(level.u).shape)
        return
    below = prepared.levels[at + 1]
    parts = (*level.faces, level.inverse)
    with _cores(level.u.size):
        relax(level.u, level.b, *parts, level.chess, 0, level.slabs)
        defect_to_coarse(level.u, level.b, *parts, level.starts, level.maps[1], level.maps[2], below.b)
    below.u[...] = 0
    for _ in range(1 if at == 0 or below.maps is None else 2):
        _cycle(prepared, at + 1)
    with _cores(level.u.size):
        correct(level.u, *level.maps, below.u)
        relax(level.u, level.b, *parts, level.chess, 1, level.slabs)


@contextmanager
def _cores(size: int) -> Iterator[None]:
    """Use one core for a small level."""
    before = numba.get_num_threads()
    numba.set_num_threads(before if size > PARALLEL_CELLS else 1)
    try:
        yield
    finally:
        numba.set_num_threads(before)
