# SPDX-License-Identifier: Apache-2.0
"""Standard normal scores."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri_exp
from scipy.stats import t as student

from trephine.core.arrays import AnyArray


def z_from_t(t: AnyArray, degrees_of_freedom: float) -> AnyArray:
    """Return the normal score with the same tail probability as Student's t.

    Parameters
    ----------
    t
        Statistics, any shape.
    degrees_of_freedom
        Degrees of freedom, above 0.

    Returns
    -------
    numpy.ndarray
        float64, shape of ``t``; the tail is kept in logarithms, so large scores stay finite.
    """
    t = np.asarray(t, dtype=np.float64)
    return -np.sign(t) * ndtri_exp(student.logsf(np.abs(t), degrees_of_freedom))
