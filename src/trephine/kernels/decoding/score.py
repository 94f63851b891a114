# SPDX-License-Identifier: Apache-2.0
"""How well decoded movement agrees with the true one."""

from __future__ import annotations

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError


def r_squared(true: AnyArray, decoded: AnyArray) -> float:
    """Return the share of variance explained, both axes together.

    Parameters
    ----------
    true, decoded
        Shape (bin, axis).

    Returns
    -------
    float
        One less the sum of squared errors over the sum of squares about the true mean; axes are weighted by
        their variance. It falls below nought where the mean would have done better.

    Raises
    ------
    InputError
        If shapes differ or nothing moves.
    """
    scatter = float(((true - true.mean(0)) ** 2).sum()) if len(true) else 0.0
    if true.shape != decoded.shape or scatter == 0:
        raise InputError.because(
            where="true and decoded movement",
            found=f"shapes {true.shape} and {decoded.shape}, sum of squares {scatter:g}",
            expected="the same shape, and movement",
            remedy="Score bins in which something moves.",
        )
    return 1 - float(((true - decoded) ** 2).sum()) / scatter
