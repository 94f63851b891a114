# SPDX-License-Identifier: Apache-2.0
"""The Kalman filter of position and velocity, in information form, with noise that channels share."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.decoding.linear_system import LinearSystem, filtered, gains_of

_OWN_SHARE = 0.05
"""Share of a channel's noise that is taken as its own in any case, so that the covariance can be inverted.
Assumed."""
_LEAST_NOISE = 1e-3
"""Added to every channel's noise, in the variance of a scaled channel: a silent one would say infinitely
much."""


def movement_system(values: AnyArray, movement: AnyArray) -> tuple[LinearSystem, AnyArray]:
    """Fit how movement goes on, and how channels follow it.

    Parameters
    ----------
    values, movement
        Shapes (bin, channel) and (bin, state), both about nought, the channels already in step with movement.

    Returns
    -------
    LinearSystem
        Its state is the movement; its channels are mixtures of the given ones with noise of their own.
    numpy.ndarray
        The mixing, shape (channel, channel): noise that channels share does not average out over them, and a
        filter that took it for their own would trust them far too much.

    Notes
    -----
    The filter of ``wu2006``, whose covariance of noise is whole.
    """
    before, after = movement[:-1], movement[1:]
    transition = np.linalg.lstsq(before, after, rcond=None)[0].T
    surprise = after - before @ transition.T
    loadings = np.linalg.lstsq(movement, values, rcond=None)[0].T
    rest = values - movement @ loadings.T
    shared = rest.T @ rest / len(rest)
    own = np.diag(_OWN_SHARE * np.diag(shared) + _LEAST_NOISE)
    mixing = np.linalg.inv(np.linalg.cholesky((1 - _OWN_SHARE) * shared + own))
    system = LinearSystem(
        transition=transition,
        drive=surprise.T @ surprise / len(surprise),
        loadings=mixing @ loadings,
        noise=np.ones(len(loadings)),
    )
    return system, mixing


def kalman_movement(system: LinearSystem, mixing: AnyArray, values: AnyArray) -> AnyArray:
    """Decode movement, shape (bin, state), each bin from the channels up to it."""
    return filtered(system, gains_of(system), values @ mixing.T)
