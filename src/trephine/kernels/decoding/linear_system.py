# SPDX-License-Identifier: Apache-2.0
"""A linear system seen through noisy channels: filter and smoother in information form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from trephine.core.arrays import AnyArray
from trephine.core.errors import NumericalError

_SETTLED_FRACTION = 1e-10
_ROUNDS_LIMIT = 5000


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearSystem:
    """States that move by themselves, and channels that see them.

    Parameters
    ----------
    transition
        State to the next bin's, shape (state, state).
    drive
        Covariance of what is added at each bin, shape (state, state).
    loadings
        State to channels, shape (channel, state).
    noise
        Variance of each channel's own noise, shape (channel,); infinite where a channel is not to be heard.
    """

    transition: AnyArray
    drive: AnyArray
    loadings: AnyArray
    noise: AnyArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Gains:
    """What the filter and the smoother settle to.

    Parameters
    ----------
    predicted, filtered, smoothed
        Covariance of the state before this bin's counts, after them, and after all; shape (state, state).
    hear
        Weight of each channel in the state, shape (state, channel).
    back
        Weight of the next state in this one, shape (state, state).
    """

    predicted: AnyArray
    filtered: AnyArray
    smoothed: AnyArray
    hear: AnyArray
    back: AnyArray


def gains_of(system: LinearSystem) -> Gains:
    """Iterate the covariances until they stand still.

    Parameters
    ----------
    system
        A stable one.

    Returns
    -------
    Gains
        Of a bin far from either end. Cost grows with channels times states squared: no matrix over channels
        is inverted.

    Raises
    ------
    NumericalError
        If they do not settle.
    """
    a, q = system.transition, system.drive
    heard = (system.loadings / system.noise[:, None]).T
    information = heard @ system.loadings
    predicted = _settled(
        lambda p: a @ np.linalg.inv(np.linalg.inv(p) + information) @ a.T + q, _start(system)
    )
    filtered = np.linalg.inv(np.linalg.inv(predicted) + information)
    back = np.linalg.solve(predicted, a @ filtered).T
    smoothed = _settled(lambda s: filtered + back @ (s - predicted) @ back.T, filtered)
    return Gains(predicted=predicted, filtered=filtered, smoothed=smoothed, hear=filtered @ heard, back=back)


def filtered(system: LinearSystem, gains: Gains, values: AnyArray) -> AnyArray:
    """Estimate the state of each bin from the channels up to it.

    Parameters
    ----------
    system, gains
        The system and what ``gains_of`` says of it.
    values
        Shape (bin, channel), about nought.

    Returns
    -------
    numpy.ndarray
        Shape (bin, state); the first starts from nought.
    """
    step = system.transition - gains.hear @ system.loadings @ system.transition
    return _run(step, values @ gains.hear.T)


def smoothed(system: LinearSystem, gains: Gains, states: AnyArray) -> AnyArray:
    """Estimate the state of each bin from all channels, before and after it: for the past only.

    Parameters
    ----------
    system, gains
        As for ``filtered``.
    states
        What ``filtered`` gave, shape (bin, state).
    """
    added = states - states @ (gains.back @ system.transition).T
    added[-1] = states[-1]
    return _run(gains.back, added[::-1])[::-1]


def delayed(system: LinearSystem, gains: Gains, states: AnyArray, *, bins: int) -> AnyArray:
    """Estimate the state some bins ago from the channels up to now.

    Parameters
    ----------
    system, gains, states
        As for ``smoothed``.
    bins
        How long ago.

    Returns
    -------
    numpy.ndarray
        Shape (bin, state); row t holds the state of t less ``bins``, and nought before there was one.
    """
    known = states
    for _ in range(bins):
        here = states[: len(known) - 1]
        known = here + (known[1:] - here @ system.transition.T) @ gains.back.T
    return np.concatenate([np.zeros((min(bins, len(states)), states.shape[1])), known])


def _run(step: AnyArray, added: AnyArray) -> AnyArray:
    """Accumulate ``x = step x + added`` over rows."""
    out = np.empty((len(added), len(step)))
    state = np.zeros(len(step))
    for place, row in enumerate(added):
        state = step @ state + row
        out[place] = state
    return out


def _start(system: LinearSystem) -> AnyArray:
    """Return the covariance of states nobody has seen; for one that hardly settles, its drive."""
    if np.abs(np.linalg.eigvals(system.transition)).max() < 1:
        return np.asarray(solve_discrete_lyapunov(system.transition, system.drive))
    return np.asarray(system.drive)


def _settled(turn: Callable[[AnyArray], AnyArray], value: AnyArray) -> AnyArray:
    for _ in range(_ROUNDS_LIMIT):
        new = turn(value)
        new = (new + new.T) / 2
        if np.abs(new - value).max() <= _SETTLED_FRACTION * np.abs(new).max():
            return new
        value = new
    raise NumericalError.because(
        where="covariance of the decoder's state",
        found="no steady value",
        expected="a stable system",
        remedy="Train the decoder again on longer recordings.",
    )
