# SPDX-License-Identifier: Apache-2.0
"""How sure an estimate is, from what it becomes when parts of the data are left out."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from trephine.core.errors import InputError


def jackknife_sd(without_one: Float64[np.ndarray, "part axis"]) -> Float64[np.ndarray, " axis"]:
    """Return the standard deviation of an estimate from its values with one part left out in turn.

    Parameters
    ----------
    without_one
        The estimate without each part, shape (part, axis), at least two parts.

    Returns
    -------
    numpy.ndarray
        Standard deviation along each axis, shape (axis,), in the estimate's unit.

    Raises
    ------
    InputError
        If there are fewer than two parts.

    Notes
    -----
    ``sqrt((n - 1) / n * sum((x_i - mean)**2))`` [efron1982]_. With few parts the answer is itself uncertain:
    its relative error is about ``1 / sqrt(2 (n - 1))``, 40 % for four parts.
    """
    values = np.asarray(without_one, dtype=np.float64)
    count = len(values)
    if count < 2:
        raise InputError.because(
            where="jackknife",
            found=f"{count} parts",
            expected="at least two",
            remedy="Divide the data into more parts.",
        )
    return np.sqrt((count - 1) / count * np.sum((values - values.mean(axis=0)) ** 2, axis=0))
