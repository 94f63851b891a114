# SPDX-License-Identifier: Apache-2.0
"""Ridge regression whose penalty is chosen on held-out blocks of its own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import solve

from trephine.core.arrays import AnyArray
from trephine.kernels.decoding.score import r_squared


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """A linear map with an offset.

    Parameters
    ----------
    weights
        Shape (feature, axis).
    offset
        Shape (axis,).
    """

    weights: AnyArray
    offset: AnyArray

    def __call__(self, features: AnyArray) -> AnyArray:
        """Return the map of features, shape (bin, feature)."""
        return features @ self.weights + self.offset


def ridge(features: AnyArray, wanted: AnyArray, *, penalty_share: float) -> Linear:
    """Fit a linear map with a penalty on its squared weights.

    Parameters
    ----------
    features, wanted
        Shapes (bin, feature) and (bin, axis).
    penalty_share
        Penalty in units of the features' mean variance times the number of bins.
    """
    return _solved(_moments(features, wanted), penalty_share)


def chosen_penalty(
    features: AnyArray, wanted: AnyArray, *, candidates: Sequence[float], block_count: int
) -> float:
    """Choose the penalty by leaving out one block of consecutive bins after the other.

    Parameters
    ----------
    features, wanted
        The training part alone, shapes (bin, feature) and (bin, axis).
    candidates
        Penalties as shares, as ``ridge`` takes them.
    block_count
        Blocks of equal length.

    Returns
    -------
    float
        The candidate with the best mean share of variance explained over the blocks left out.
    """
    edges = np.linspace(0, len(features), block_count + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(edges)]
    moments = [_moments(features[part], wanted[part]) for part in parts]
    whole = [np.asarray(sum(each)) for each in zip(*moments, strict=True)]
    scores = np.zeros(len(candidates))
    for part, left_out in zip(parts, moments, strict=True):
        kept = tuple(a - b for a, b in zip(whole, left_out, strict=True))
        for place, candidate in enumerate(candidates):
            scores[place] += r_squared(wanted[part], _solved(kept, candidate)(features[part]))
    return float(candidates[int(np.argmax(scores))])


def _moments(features: AnyArray, wanted: AnyArray) -> tuple[AnyArray, ...]:
    """Return count, sums and products: they add over blocks."""
    return (
        np.array(float(len(features))),
        features.sum(0),
        wanted.sum(0),
        features.T @ features,
        features.T @ wanted,
    )


def _solved(moments: tuple[AnyArray, ...], penalty_share: float) -> Linear:
    count, sum_x, sum_y, xx, xy = moments
    mean_x, mean_y = sum_x / count, sum_y / count
    scatter = xx - np.outer(sum_x, mean_x)
    penalty = penalty_share * max(float(np.trace(scatter)) / len(scatter), 1e-12)
    weights = solve(scatter + penalty * np.eye(len(scatter)), xy - np.outer(mean_x, sum_y), assume_a="pos")
    return Linear(weights=weights, offset=mean_y - mean_x @ weights)
