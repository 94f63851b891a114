# SPDX-License-Identifier: Apache-2.0
"""Noise as it might have been: residuals whose stretches of time change sign."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray


def stretches(count: int, length: int) -> AnyArray:
    """Return the number of each moment's stretch; all are about ``length`` long, shape (count,)."""
    parts = max(2, round(count / max(1, length)))
    return np.minimum(np.arange(count) * parts // count, parts - 1)


def noise_draws(
    residuals: AnyArray, weights: AnyArray, stretch: AnyArray, signs: AnyArray, leverage: AnyArray
) -> AnyArray:
    """Return what noise alone would have added to an estimate that is linear in the data.

    Parameters
    ----------
    residuals
        Of the model, shape (time, voxel).
    weights
        The estimate is ``weights @ data``, shape (time,).
    stretch
        Number of each moment's stretch, from 0, shape (time,).
    signs
        1 or -1 for each stretch of each draw, shape (draw, stretch).
    leverage
        Diagonal of the model's hat matrix, shape (time,): residuals are that much too small.

    Returns
    -------
    numpy.ndarray
        Shape (draw, voxel).

    Notes
    -----
    The wild bootstrap by clusters [liu1988]_ [cameron2008]_: whole images of whole stretches keep their sign
    together, so that noise keeps its pattern in space and, within stretches, in time. Residuals are divided
    by ``sqrt(1 - leverage)``.
    """
    grown = residuals / np.sqrt(np.maximum(1.0 - leverage, 0.05))[:, None]
    parts = np.zeros((signs.shape[1], residuals.shape[1]))
    np.add.at(parts, stretch, weights[:, None] * grown)
    return signs @ parts
