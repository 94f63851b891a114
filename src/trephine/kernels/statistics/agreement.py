# SPDX-License-Identifier: Apache-2.0
"""How well two measurements of the same things agree."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray


def dice(first: AnyArray, second: AnyArray) -> float:
    """Return the overlap of two sets, boolean, same shape: 1 when equal; 0 when both are empty."""
    total = int(np.sum(first)) + int(np.sum(second))
    return 2.0 * float(np.sum(first & second)) / total if total else 0.0


def pearson(first: AnyArray, second: AnyArray) -> float | None:
    """Return the correlation of two measurements, shape (thing,); nothing when either is constant."""
    if len(first) < 3 or np.std(first) == 0 or np.std(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def consistency(first: AnyArray, second: AnyArray) -> float | None:
    """Return the intraclass correlation of two measurements of the same things.

    Parameters
    ----------
    first, second
        Shape (thing,).

    Returns
    -------
    float or None
        Two-way random effects, single measure, absolute agreement: ICC(2,1) of [shroutFleiss1979]_. Nothing
        with fewer than three things, or when nothing varies.
    """
    table = np.stack([np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)], axis=1)
    count = len(table)
    if count < 3:
        return None
    grand = table.mean()
    rows = 2.0 * np.sum((table.mean(axis=1) - grand) ** 2) / (count - 1)
    columns = count * np.sum((table.mean(axis=0) - grand) ** 2)
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + grand
    error = np.sum(left**2) / (count - 1)
    scale = rows + error + 2.0 * (columns - error) / count
    return float((rows - error) / scale) if scale > 0 else None
