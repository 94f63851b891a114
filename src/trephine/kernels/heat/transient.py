# SPDX-License-Identifier: Apache-2.0
"""The rise in time, step by step: the reference that quicker models are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError, NumericalError
from trephine.kernels.heat.gradients import solved
from trephine.kernels.heat.hierarchy import Hierarchy, hierarchy
from trephine.kernels.heat.network import Network, inner
from trephine.kernels.heat.steady import BALANCE_FRACTION


@dataclass(frozen=True, kw_only=True, eq=False)
class TransientRise:
    """Rises at the ends of steps.

    Parameters
    ----------
    times_s
        Ends of the steps, shape (step,).
    probes
        K, shape (step, probe).
    last
        K at the end, shape of the cells.
    imbalance_fraction
        Heat neither stored nor carried away, summed over the steps, over all heat put in or there at first.
    """

    times_s: AnyArray
    probes: AnyArray
    last: AnyArray
    imbalance_fraction: float


def transient_rise(
    network: Network, capacity_mj_per_k: AnyArray, source_mw: AnyArray, *, share: AnyArray, step_s: AnyArray,
    probes: AnyArray, start: AnyArray | None = None,
) -> TransientRise:  # fmt: skip
    """Follow the rise by backward differences of second order (the first step is backward Euler).

    Parameters
    ----------
    network
        Conductances.
    capacity_mj_per_k
        Heat that each cell holds for each kelvin, shape of the cells.
    source_mw
        Full power of each cell, shape of the cells.
    share
        How much of it is on during each step, shape (step,).
    step_s
        Length of each step; may vary, each at most 2.4 times the one before (beyond, the method is unstable).
    probes
        Cells whose rise is told, shape (probe, 3).
    start
        Rise at time zero, K; zero when not given.

    Returns
    -------
    TransientRise
        The probes at the end of every step.

    Raises
    ------
    InputError
        If lengths differ or a step is not positive or grows too fast.
    NumericalError
        If a step is not solved or heat is not accounted for.
    """
    _check(share, step_s)
    now = np.zeros(network.shape) if start is None else np.array(start, np.float64)
    before, told = now, np.zeros((len(step_s), len(probes)))
    heat_mj, lost_mj = float(np.abs(capacity_mj_per_k * now).sum()), 0.0
    held: dict[float, tuple[Network, Hierarchy]] = {}
    for n, length_s in enumerate(step_s):
        growth = length_s / step_s[n - 1] if n else 0.0
        weight, kept, past = (1 + 2 * growth) / (1 + growth), 1 + growth, growth**2 / (1 + growth)
        rate_hz = weight / length_s
        if rate_hz not in held:
            stiffer = network.with_more_sink(capacity_mj_per_k * rate_hz)
            held = {rate_hz: (stiffer, hierarchy(stiffer))}
        memory_mw = capacity_mj_per_k / length_s * (kept * now - past * before)
        put_mw = share[n] * source_mw
        guess = now + growth * (now - before)
        found = solved(*held[rate_hz], put_mw + memory_mw, start=guess).rise
        kept_mw = float((capacity_mj_per_k * rate_hz * found - memory_mw).sum())
        out_mw = float((inner(network.sink) * found).sum())
        lost_mj += abs(float(put_mw.sum()) - kept_mw - out_mw) * length_s
        heat_mj += abs(float(put_mw.sum())) * length_s
        before, now = now, found
        told[n] = now[tuple(probes.T)]
    imbalance = lost_mj / heat_mj if heat_mj else 0.0
    if imbalance > BALANCE_FRACTION:
        raise NumericalError(
            f"{imbalance:.1e} of the heat is not accounted for (allowed {BALANCE_FRACTION:.0e})"
        )
    return TransientRise(times_s=np.cumsum(step_s), probes=told, last=now, imbalance_fraction=imbalance)


def _check(share: AnyArray, step_s: AnyArray) -> None:
    """Refuse steps that the method cannot take."""
    if (
        len(share) != len(step_s)
        or len(step_s) == 0
        or (step_s <= 0).any()
        or (step_s[1:] > 2.4 * step_s[:-1]).any()
    ):
        raise InputError.because(
            where="step_s",
            found=f"{len(share)} powers for {len(step_s)} steps, the first {step_s[:3]} s",
            expected="one power a step; positive steps, each at most 2.4 times the one before",
            remedy="Correct the steps.",
        )
