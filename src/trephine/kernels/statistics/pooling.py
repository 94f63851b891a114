# SPDX-License-Identifier: Apache-2.0
"""One estimate from several."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray


def fixed_effects(effects: AnyArray, variances: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Average estimates of one quantity, each weighted by its certainty.

    Parameters
    ----------
    effects, variances
        Shape (estimate, ...); an estimate whose variance is not positive and finite does not count.

    Returns
    -------
    effect, variance
        Shape (...); both 0 where no estimate counts.

    Notes
    -----
    Inverse-variance weights: the best linear estimate when the estimates differ by noise alone.
    """
    effects, variances = np.asarray(effects, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    counts = np.isfinite(variances) & (variances > 0) & np.isfinite(effects)
    weight = np.where(counts, 1.0 / np.where(counts, variances, 1.0), 0.0)
    total = weight.sum(axis=0)
    safe = np.where(total > 0, total, 1.0)
    effect = (weight * np.where(counts, effects, 0.0)).sum(axis=0) / safe
    return effect, np.where(total > 0, 1.0 / safe, 0.0)
