# SPDX-License-Identifier: Apache-2.0
"""The steady rise of a filled grid, with its books balanced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError, NumericalError
from trephine.kernels.heat.gradients import Solution, solved
from trephine.kernels.heat.hierarchy import hierarchy
from trephine.kernels.heat.medium import Films, Medium, network
from trephine.kernels.heat.network import Network, inner

BALANCE_FRACTION = 1e-6
"""Largest part of the power whose way out may be unknown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SteadyRise:
    """A steady rise and where its heat goes.

    Parameters
    ----------
    rise
        K, shape of the cells.
    power_mw
        Put in.
    to_blood_mw, through_faces_mw
        Carried off by blood, and through the outer faces, recounted from the rise.
    solution
        How it was found.
    """

    rise: AnyArray
    power_mw: float
    to_blood_mw: float
    through_faces_mw: float
    solution: Solution

    @property
    def imbalance_fraction(self) -> float:
        """Power that is not accounted for, as a share of the power put in."""
        return abs(self.power_mw - self.to_blood_mw - self.through_faces_mw) / max(self.power_mw, 1e-300)


def spread_mw(volume_share: AnyArray, filled: Medium, power_mw: float) -> AnyArray:
    """Spread a power evenly over a body that fills a share of each cell; the sum is the power, exactly.

    Raises
    ------
    InputError
        If the power is negative or not finite, or the body has no volume in the grid.
    """
    volume_mm3 = volume_share * filled.grid.volume_mm3()
    whole_mm3 = float(volume_mm3.sum())
    if not (np.isfinite(power_mw) and power_mw >= 0) or whole_mm3 <= 0:
        raise InputError.because(
            where="power",
            found=f"{power_mw} mW in a body of {whole_mm3:.3g} mm3",
            expected="a power of zero or more in a body within the grid",
            remedy="Correct the power, or where the body lies.",
        )
    return volume_mm3 * (power_mw / whole_mm3)


def steady_rise(filled: Medium, films: Films, source_mw: AnyArray) -> SteadyRise:
    """Solve for the steady rise above the state without the source.

    Parameters
    ----------
    filled
        The medium.
    films
        What its outer faces pass on.
    source_mw
        Power put into each cell.

    Returns
    -------
    SteadyRise
        The rise; power and losses agree to ``BALANCE_FRACTION``.

    Raises
    ------
    InputError
        If the source does not fit.
    NumericalError
        If no heat can leave, or the books do not balance.
    """
    passed = network(filled, films)
    return balanced(filled, passed, source_mw, solved(passed, hierarchy(passed), source_mw))


def balanced(filled: Medium, passed: Network, source_mw: AnyArray, found: Solution) -> SteadyRise:
    """Account for all heat of a solution.

    Raises
    ------
    NumericalError
        If power and losses differ by more than ``BALANCE_FRACTION`` of the power.
    """
    drained = filled.drain * filled.grid.volume_mm3()
    to_blood_mw = float((drained * found.rise).sum())
    through_mw = float(((inner(passed.sink) - drained) * found.rise).sum())
    told = SteadyRise(
        rise=found.rise, power_mw=float(source_mw.sum()), to_blood_mw=to_blood_mw,
        through_faces_mw=through_mw, solution=found,
    )  # fmt: skip
    if told.imbalance_fraction > BALANCE_FRACTION:
        raise NumericalError(
            f"of {told.power_mw} mW put in, {told.imbalance_fraction:.1e} is not accounted for "
            f"(allowed {BALANCE_FRACTION:.0e})"
        )
    return told
