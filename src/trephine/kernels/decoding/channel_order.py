# SPDX-License-Identifier: Apache-2.0
"""Find without labels whether channels come in another order: a connector turned or swapped.

Neighbouring channels share spikes and tuning, so the correlation of channels looks alike from day to day as
long as they keep their places. A connector can go wrong in few ways: its banks exchanged, its columns or
its rows read from the other end. Each way is tried; the others are what agreement by chance looks like.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray

_BANKS = (16, 32, 48)
_ROWS = (1, 2, 4)
_BANKS_PERMUTED = 3
"""Largest number of banks of which every order is tried; of more, only the reverse. Connectors of 96
channels have three banks of 32."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OrderFound:
    """What agrees best.

    Parameters
    ----------
    order
        Place in the recording of each remembered channel, shape (channel,); the identity when nothing is
        wrong.
    as_is_correlation, best_correlation, next_correlation
        Agreement of the channels as they come, of the best order, and of the second best.
    as_is_z, best_z
        The same in standard deviations of all other orders about their mean.
    tried
        How many orders.
    """

    order: AnyArray
    as_is_correlation: float
    best_correlation: float
    next_correlation: float
    as_is_z: float
    best_z: float
    tried: int

    @property
    def is_as_remembered(self) -> bool:
        """Whether the channels agree best as they come."""
        return bool((self.order == np.arange(len(self.order))).all())


def connector_orders(channels: int) -> AnyArray:
    """List orders that a connector gone wrong can give, shape (order, channel), the identity first.

    Parameters
    ----------
    channels
        How many; banks and rows that do not divide it are left out.
    """
    found = {tuple(range(channels)): None}
    for bank in dict.fromkeys((channels, *_BANKS)):
        if channels % bank:
            continue
        banks = channels // bank
        places = (
            list(itertools.permutations(range(banks)))
            if banks <= _BANKS_PERMUTED
            else [tuple(range(banks)), tuple(reversed(range(banks)))]
        )
        for rows, columns_turned, rows_turned in itertools.product(_ROWS, (False, True), (False, True)):
            if bank % rows:
                continue
            pins = np.arange(bank).reshape(-1, rows)
            pins = pins[::-1] if columns_turned else pins
            pins = pins[:, ::-1] if rows_turned else pins
            for place in places:
                order = np.concatenate([pins.ravel() + bank * each for each in place])
                found.setdefault(tuple(order.tolist()))
    return np.array(list(found))


def order_found(remembered: AnyArray, now: AnyArray) -> OrderFound:
    """Compare the correlations of channels, remembered and now, in every order a connector can give.

    Parameters
    ----------
    remembered, now
        Shape (channel, channel), nought on the diagonal.

    Returns
    -------
    OrderFound
        Of the order with the best agreement: correlation, over pairs of channels, of what is left of either
        matrix when each channel's mean is taken out, so that a rise common to all channels says nothing.
    """
    orders = connector_orders(len(now))
    pairs = np.triu_indices(len(now), 1)
    old = _residue(remembered)[pairs]
    new = _residue(now)
    agreement = np.array([_correlation(old, new[np.ix_(order, order)][pairs]) for order in orders])
    ranked = np.argsort(-agreement, kind="stable")
    best, second = int(ranked[0]), int(ranked[1])
    others = np.delete(agreement, sorted({0, best}))
    middle, spread = float(others.mean()), max(float(others.std(ddof=1)), 1e-12)
    return OrderFound(
        order=orders[best],
        as_is_correlation=float(agreement[0]),
        best_correlation=float(agreement[best]),
        next_correlation=float(agreement[second]),
        as_is_z=(float(agreement[0]) - middle) / spread,
        best_z=(float(agreement[best]) - middle) / spread,
        tried=len(orders),
    )


def _residue(matrix: AnyArray) -> AnyArray:
    mean = matrix.mean(0)
    return matrix - mean[:, None] - mean[None, :] + mean.mean()


def _correlation(one: AnyArray, other: AnyArray) -> float:
    a, b = one - one.mean(), other - other.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0
