# SPDX-License-Identifier: Apache-2.0
"""Kernel ridge regression on landmarks: bends with the tuning, decodes in less than a millisecond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import solve

from trephine.core.arrays import AnyArray
from trephine.core.progress import Progress, silent
from trephine.kernels.decoding.score import r_squared

_JITTER = 1e-8
_BLOCK_BINS = 8192
"""Bins whose bells are held at a time: hours of recording need no more memory than minutes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelMap:
    """A sum of bells about landmarks.

    Parameters
    ----------
    landmarks
        Shape (landmark, feature).
    weights
        Shape (landmark, axis).
    offset
        Shape (axis,).
    narrowness
        Factor of the squared distance in the exponent, per squared feature.
    """

    landmarks: AnyArray
    weights: AnyArray
    offset: AnyArray
    narrowness: AnyArray

    def __call__(self, features: AnyArray) -> AnyArray:
        """Return the map of features, shape (bin, feature)."""
        return bells(features, self.landmarks, self.narrowness) @ self.weights + self.offset


def bells(features: AnyArray, landmarks: AnyArray, narrowness: AnyArray) -> AnyArray:
    """Return ``exp(-narrowness * squared distance)`` of features to landmarks, shape (bin, landmark)."""
    squared = (features**2).sum(1)[:, None] + (landmarks**2).sum(1)[None] - 2 * features @ landmarks.T
    return np.asarray(np.exp(-narrowness * np.maximum(squared, 0)))


def pooled_history(values: AnyArray, edges: Sequence[int]) -> AnyArray:
    """Put sums of each channel over spans of the past side by side, each over the root of its length.

    Parameters
    ----------
    values
        Shape (bin, channel).
    edges
        Ends of the spans in bins before now, growing, from 0; the last is left out.

    Returns
    -------
    numpy.ndarray
        Shape (bin, span * channel); before the first bin the first is repeated.
    """
    longest = edges[-1]
    padded = np.concatenate([np.repeat(values[:1], longest, axis=0), values])
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(padded, axis=0)])
    ends = np.arange(len(values)) + longest + 1
    spans = [
        (total[ends - start] - total[ends - stop]) / np.sqrt(stop - start) for start, stop in pairwise(edges)
    ]
    return np.concatenate(spans, axis=1)


def kernel_ridge(
    features: AnyArray, wanted: AnyArray, *, landmark_count: int, width_share: float, penalty_share: float
) -> KernelMap:
    """Fit by least squares with a penalty on the size of the function.

    Parameters
    ----------
    features, wanted
        Shapes (bin, feature) and (bin, axis).
    landmark_count
        Most landmarks: bins taken at even steps.
    width_share
        Squared width of a bell in units of the mean squared length of centred features.
    penalty_share
        Penalty in units of the noise variance that a single bin would carry.

    Notes
    -----
    The subset of regressors; with as many landmarks as bins it is kernel ridge regression itself
    (``smola2000``).
    """
    return _solved(_prepared(features, wanted, landmark_count, width_share), penalty_share)


def chosen_kernel(
    features: AnyArray,
    wanted: AnyArray,
    *,
    landmark_count: int,
    widths: Sequence[float],
    penalties: Sequence[float],
    held_share: float,
    progress: Progress = silent,
) -> tuple[float, float]:
    """Choose width and penalty on the last part of the training bins.

    Parameters
    ----------
    features, wanted
        The training part alone.
    landmark_count
        As in ``kernel_ridge``.
    widths, penalties
        Shares to choose from.
    held_share
        Last part that is held out.
    progress
        Told before each try.

    Returns
    -------
    tuple of float
        Width and penalty as shares.
    """
    cut = int(len(features) * (1 - held_share))
    scores: dict[tuple[float, float], float] = {}
    for place, width in enumerate(widths):
        progress(place, len(widths), "choosing width and penalty")
        ready = _prepared(features[:cut], wanted[:cut], landmark_count, width)
        held = bells(features[cut:], ready.landmarks, ready.narrowness)
        for penalty in penalties:
            fitted = _solved(ready, penalty)
            scores[width, penalty] = r_squared(wanted[cut:], held @ fitted.weights + fitted.offset)
    return max(scores, key=lambda one: scores[one])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prepared:
    """What every penalty shares."""

    landmarks: AnyArray
    narrowness: AnyArray
    offset: AnyArray
    among: AnyArray
    gram: AnyArray
    wanted: AnyArray
    bins: int


def _prepared(features: AnyArray, wanted: AnyArray, landmark_count: int, width_share: float) -> _Prepared:
    landmarks = features[_evenly(len(features), landmark_count)]
    narrowness = np.array(1 / (width_share * float(features.var(0).sum())))
    offset, count = wanted.mean(0), len(landmarks)
    gram, target = np.zeros((count, count)), np.zeros((count, wanted.shape[1]))
    for start in range(0, len(features), _BLOCK_BINS):
        part = slice(start, start + _BLOCK_BINS)
        heights = bells(features[part], landmarks, narrowness)
        gram += heights.T @ heights
        target += heights.T @ (wanted[part] - offset)
    return _Prepared(
        landmarks=landmarks,
        narrowness=narrowness,
        offset=offset,
        among=bells(landmarks, landmarks, narrowness),
        gram=gram,
        wanted=target,
        bins=len(features),
    )


def _solved(ready: _Prepared, penalty_share: float) -> KernelMap:
    jitter = _JITTER * ready.bins * np.eye(len(ready.landmarks))
    weights = solve(ready.gram + penalty_share * ready.among + jitter, ready.wanted, assume_a="pos")
    return KernelMap(
        landmarks=ready.landmarks, weights=weights, offset=ready.offset, narrowness=ready.narrowness
    )


def _evenly(bins: int, count: int) -> AnyArray:
    return np.unique(np.linspace(0, bins - 1, min(count, bins)).round().astype(int))
