# SPDX-License-Identifier: Apache-2.0
"""How many of many unequal chances come true."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from trephine.core.arrays import AnyArray, Points2

_PLASTIC = 1.32471795724474602596
"""Root of x^3 = x + 1: its powers give the evenest additive sequence in the plane."""


def count_chances(chance: AnyArray) -> AnyArray:
    """Return the chance of every count of independent events, averaged over scenarios.

    Parameters
    ----------
    chance
        Chance of each event in each scenario, shape (scenario, event).

    Returns
    -------
    numpy.ndarray
        Chance of 0, 1, ... events, shape (event + 1,).

    Notes
    -----
    Exact: the Poisson binomial distribution by adding one event after another, in every scenario at once.
    """
    scenarios, events = chance.shape
    counts = np.zeros((scenarios, events + 1))
    counts[:, 0] = 1
    for event in range(events):
        happens = chance[:, event : event + 1]
        counts[:, 1 : event + 2] = counts[:, 1 : event + 2] * (1 - happens) + counts[:, : event + 1] * happens
        counts[:, 0] *= 1 - happens[:, 0]
    return counts.mean(axis=0)


def central_interval(counts: AnyArray, *, level_fraction: float = 0.95) -> tuple[int, int]:
    """Return the counts between which at least a share of the distribution lies, equal tails at most.

    Parameters
    ----------
    counts
        Chance of 0, 1, ... events, shape (event + 1,).
    level_fraction
        Least share within, ends included.
    """
    tail = (1 - level_fraction) / 2
    up_to = np.cumsum(counts)
    low = int(np.searchsorted(up_to, tail, side="right"))
    high = int(np.searchsorted(up_to, 1 - tail, side="left"))
    return min(low, len(counts) - 1), min(high, len(counts) - 1)


def even_normal_points(count: int) -> Points2:
    """Return points spread as evenly as chance of a plane normal distribution, shape (point, 2), sd 1.

    Notes
    -----
    An additive sequence through the inverse normal; means over it converge nearly as 1 / count.

    References
    ----------
    ``roberts2018``.
    """
    step = 1 / _PLASTIC ** np.arange(1, 3)
    return ndtri((0.5 + np.arange(1, count + 1)[:, None] * step) % 1)
