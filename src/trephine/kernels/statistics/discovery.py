# SPDX-License-Identifier: Apache-2.0
"""False discovery rates over many tests."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from trephine.core.arrays import AnyArray


def discovery_fractions(z: AnyArray) -> AnyArray:
    """Return the smallest false discovery rate at which each of many scores passes.

    Parameters
    ----------
    z
        One-sided normal scores, shape (test,).

    Returns
    -------
    numpy.ndarray
        Shape (test,), by the step-up of Benjamini and Hochberg [benjamini1995]_, which holds for scores
        that are positively dependent, as smooth maps are.
    """
    chance = norm.sf(np.asarray(z, dtype=np.float64))
    order = np.argsort(chance, kind="stable")
    count = len(chance)
    stepped = chance[order] * count / np.arange(1, count + 1)
    found = np.empty(count)
    found[order] = np.minimum.accumulate(stepped[::-1])[::-1]
    return np.minimum(found, 1.0)
