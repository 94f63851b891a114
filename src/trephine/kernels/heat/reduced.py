# SPDX-License-Identifier: Apache-2.0
"""A dozen modes that answer for the whole grid at chosen places, for any course of power.

With constant coefficients the rise is linear in the power and does not depend on when it starts, so one model
serves every profile. References: ``grimme1997`` (Krylov projection), ``ruhe1984`` (shift and invert).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.kernels.heat.compiled import compiled
from trephine.kernels.heat.gradients import solved
from trephine.kernels.heat.hierarchy import hierarchy
from trephine.kernels.heat.network import Network, inner, padded
from trephine.kernels.heat.sweeps import apply

SHIFT_HZ = 1 / 6
"""Rate about which the modes are sought. Beside a point source, 16 vectors are within 3e-5 of the largest
rise from one second on at this rate, within 1.2e-3 at 1/60; the slow end follows from the first vector."""
VECTORS = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class ReducedHeat:
    """Modes of one source.

    Parameters
    ----------
    rates_hz
        Decay of each mode, 1/s, rising, shape (mode,).
    gains
        What a milliwatt feeds into each mode per second, shape (mode,).
    outputs
        Rise at each place for each unit of each mode, K, shape (place, mode).
    steady
        Rise of each place for a milliwatt for ever, K/mW, shape (place,).
    truncation_fraction
        Largest change of a place's step response with two vectors fewer, over the largest steady rise.
    """

    rates_hz: AnyArray
    gains: AnyArray
    outputs: AnyArray
    steady: AnyArray
    truncation_fraction: float

    def rises(self, power_mw: AnyArray, step_s: float) -> AnyArray:
        """Return the rise at every place at the end of each step.

        Parameters
        ----------
        power_mw
            Power during each step, shape (step,).
        step_s
            Length of a step.

        Returns
        -------
        numpy.ndarray
            K, shape (step, place); exact in time for the model.
        """
        return self.states(power_mw, step_s) @ self.outputs.T

    def states(self, power_mw: AnyArray, step_s: float) -> AnyArray:
        """Return the modes at the end of each step, shape (step, mode)."""
        if not (step_s > 0 and np.isfinite(power_mw).all()):
            raise InputError.because(
                where="profile",
                found=f"steps of {step_s} s, {np.count_nonzero(~np.isfinite(power_mw))} powers not finite",
                expected="a positive step and finite powers",
                remedy="Correct the profile.",
            )
        decay = np.exp(-self.rates_hz * step_s)
        feed = self.gains * -np.expm1(-self.rates_hz * step_s) / self.rates_hz
        return _march(decay, feed, np.ascontiguousarray(power_mw, np.float64))

    def hottest(self, power_mw: AnyArray, step_s: float, places: AnyArray) -> AnyArray:
        """Return the largest rise among some places at the end of each step, shape (step,).

        The largest of sums is not the sum of the largest: places are superposed first.
        """
        states, outputs = self.states(power_mw, step_s), self.outputs[places].T
        return np.concatenate(
            [(states[n : n + 4096] @ outputs).max(axis=1) for n in range(0, len(states), 4096)]
        )


@compiled
def _march(decay: AnyArray, feed: AnyArray, power: AnyArray) -> AnyArray:
    """Step every mode through the profile."""
    states = np.zeros((len(power), len(decay)))
    now = np.zeros(len(decay))
    for n in range(len(power)):
        for m in range(len(decay)):
            now[m] = decay[m] * now[m] + feed[m] * power[n]
            states[n, m] = now[m]
    return states


def reduced(
    network: Network, capacity_mj_per_k: AnyArray, source_mw: AnyArray, *, places: AnyArray,
    vectors: int = VECTORS,
) -> ReducedHeat:  # fmt: skip
    """Build the model of one source.

    The first vector is the steady rise, so that the model ends where the whole grid does; each further one
    answers the one before under ``SHIFT_HZ``. They are kept orthogonal in heat content.

    Parameters
    ----------
    network
        Conductances.
    capacity_mj_per_k
        Heat that each cell holds for each kelvin, shape of the cells.
    source_mw
        Power of each cell at a total of one milliwatt, shape of the cells.
    places
        Cells to answer for, shape (place, 3).
    vectors
        How many; at least 3.

    Returns
    -------
    ReducedHeat
        The model, with what leaving out two vectors would change.
    """
    if vectors < 3 or not np.isclose(source_mw.sum(), 1.0):
        raise InputError.because(
            where="reduced", found=f"{vectors} vectors, a source of {source_mw.sum()} mW",
            expected="at least 3 vectors and a source of 1 mW", remedy="Divide the source by its power.",
        )  # fmt: skip
    base = _vectors(network, capacity_mj_per_k, source_mw, vectors)
    whole = np.zeros((vectors, vectors))
    out = np.zeros_like(network.sink)
    for n, vector in enumerate(base):
        apply(padded(vector.reshape(network.shape), np.float64), *network.faces, network.sink, out)
        whole[:, n] = base @ inner(out).ravel()
    flat = np.ravel_multi_index(tuple(places.T), network.shape)
    fed, seen = base @ source_mw.ravel(), base[:, flat].T
    model, fewer = (_modes(whole[:n, :n], fed[:n], seen[:, :n]) for n in (vectors, vectors - 2))
    times_s = np.geomspace(1, 1e5, 26)
    change = np.abs(_step_response(model, times_s) - _step_response(fewer, times_s)).max()
    rates_hz, gains, outputs = model
    steady = outputs @ (gains / rates_hz)
    return ReducedHeat(
        rates_hz=rates_hz, gains=gains, outputs=outputs, steady=steady,
        truncation_fraction=float(change / steady.max()),
    )  # fmt: skip


def _vectors(network: Network, capacity_mj_per_k: AnyArray, source_mw: AnyArray, count: int) -> AnyArray:
    """Return vectors orthonormal in heat content, shape (vector, cell)."""
    mass = capacity_mj_per_k.ravel()
    shifted = network.with_more_sink(capacity_mj_per_k * SHIFT_HZ)
    prepared = hierarchy(shifted)
    base = np.zeros((count, mass.size))
    new = solved(network, hierarchy(network), source_mw).rise.ravel()
    for n in range(count):
        if n:
            new = solved(shifted, prepared, (mass * base[n - 1]).reshape(network.shape)).rise.ravel()
        for _ in range(2):
            new = new - base[:n].T @ (base[:n] @ (mass * new))
        base[n] = new / np.sqrt(new @ (mass * new))
    return base


def _modes(whole: AnyArray, fed: AnyArray, seen: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return rates, gains and outputs of the projected system's own modes."""
    rates_hz, turn = np.linalg.eigh((whole + whole.T) / 2)
    return rates_hz, turn.T @ fed, seen @ turn


def _step_response(model: tuple[AnyArray, AnyArray, AnyArray], times_s: AnyArray) -> AnyArray:
    """Return the rise at every place at some times after one milliwatt came on, shape (time, place)."""
    rates_hz, gains, outputs = model
    return (gains / rates_hz * -np.expm1(-rates_hz * times_s[:, None])) @ outputs.T
