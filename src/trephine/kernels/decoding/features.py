# SPDX-License-Identifier: Apache-2.0
"""Counts made comparable: square roots, each channel on its own scale, with what came before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray


def root_counts(counts: AnyArray) -> AnyArray:
    """Return square roots of counts, whose variance hardly depends on the rate."""
    return np.sqrt(np.asarray(counts, dtype=np.float64))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """Centre and spread of each channel.

    Parameters
    ----------
    centre, spread
        Shape (channel,); the spread is never below the floor it was made with.
    """

    centre: AnyArray
    spread: AnyArray

    def __call__(self, values: AnyArray) -> AnyArray:
        """Return values, shape (bin, channel), less the centre and in units of the spread."""
        return (values - self.centre) / self.spread


def scaling_of(values: AnyArray, *, least_index: float) -> Scaling:
    """Measure each channel's mean and standard deviation.

    Parameters
    ----------
    values
        Shape (bin, channel).
    least_index
        Floor of the spread, in the values' unit: a channel that never fires stays near nought.
    """
    return Scaling(centre=values.mean(0), spread=np.maximum(values.std(0), least_index))


def with_history(values: AnyArray, count: int) -> AnyArray:
    """Put each bin beside those before it.

    Parameters
    ----------
    values
        Shape (bin, channel).
    count
        Bins side by side, this one included; before the first bin the first is repeated.

    Returns
    -------
    numpy.ndarray
        Shape (bin, count * channel), this bin first. Row t depends on rows up to t only.
    """
    back = np.maximum(np.arange(len(values))[:, None] - np.arange(count), 0)
    return values[back].reshape(len(values), -1)


def later(values: AnyArray, bins: int) -> AnyArray:
    """Shift rows to later times, the first row repeated: row t holds what stood at t less ``bins``."""
    return values[np.maximum(np.arange(len(values)) - bins, 0)]
