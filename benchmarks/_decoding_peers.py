# SPDX-License-Identifier: Apache-2.0
"""Decoders of others on the same bins: boosted trees, and a stabiliser by factor analysis."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import FactorAnalysis
from sklearn.ensemble import HistGradientBoostingRegressor

from trephine.kernels.decoding.kernel_ridge import pooled_history
from trephine.kernels.decoding.score import r_squared

Array = np.ndarray
Choice = tuple[int, int, float]
"""Rounds, leaves, learning rate."""
EDGES = (0, 2, 4, 6, 10)
LATENTS = 10
KEPT_ROWS = 40
GRID = tuple(itertools.product((150, 400), (8, 24), (0.08,)))


def _boosted(x: Array, y: Array, choice: Choice) -> list[HistGradientBoostingRegressor]:
    rounds, leaves, rate = choice
    return [
        HistGradientBoostingRegressor(
            max_iter=rounds,
            learning_rate=rate,
            max_leaf_nodes=leaves,
            min_samples_leaf=40,
            l2_regularization=1.0,
            max_bins=32,
            max_features=0.3,
            early_stopping=False,
            random_state=0,
        ).fit(x, y[:, axis])
        for axis in range(y.shape[1])
    ]


def _predicted(models: list[HistGradientBoostingRegressor], x: Array) -> Array:
    return np.column_stack([model.predict(x) for model in models])


def tuned_boosting(parts: list[tuple[Array, Array]]) -> Choice:
    """Choose rounds, leaves and rate on the last fifth of the training bins of a few recordings."""
    scores: dict[Choice, float] = {}
    for choice in GRID:
        total = 0.0
        for values, velocity in parts:
            x, cut = pooled_history(values, EDGES), int(0.8 * len(values))
            models = _boosted(x[:cut], velocity[:cut], choice)
            total += r_squared(velocity[cut:], _predicted(models, x[cut:]))
        scores[choice] = total
    return max(scores, key=lambda one: scores[one])


def boosted(values: Array, velocity: Array, first: int, choice: Choice) -> Array:
    """Train on the first bins, decode all."""
    x = pooled_history(values, EDGES)
    return _predicted(_boosted(x[:first], velocity[:first], choice), x)


class Stabiliser:
    """Factors of day 0; factors of a later day turned onto them by the rows that changed least.

    The method of `degenhart2020`, offline: its greedy choice of stable rows, and a ridge map on latents with
    history instead of its filter.
    """

    def __init__(self, values: Array) -> None:
        self.loadings, self.noise = _factors(values)

    def latents(self, values: Array, first: int) -> Array:
        """Latents of a recording, its factors learned from the first bins."""
        loadings, noise = _factors(values[:first])
        rows = np.flatnonzero(
            (np.linalg.norm(loadings, axis=1) > 0.01) & (np.linalg.norm(self.loadings, axis=1) > 0.01)
        )
        while len(rows) > KEPT_ROWS:
            turn, _ = orthogonal_procrustes(loadings[rows], self.loadings[rows])
            gap = np.linalg.norm(loadings[rows] @ turn - self.loadings[rows], axis=1)
            rows = np.delete(rows, int(np.argmax(gap)))
        turn, _ = orthogonal_procrustes(loadings[rows], self.loadings[rows])
        return _posterior(values, loadings @ turn, noise)

    def own(self, values: Array) -> Array:
        """Latents of the training data."""
        return _posterior(values, self.loadings, self.noise)


def _factors(values: Array) -> tuple[Array, Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = FactorAnalysis(LATENTS, max_iter=200, random_state=0).fit(values)
    return model.components_.T, np.maximum(model.noise_variance_, 0.01)


def _posterior(values: Array, loadings: Array, noise: Array) -> Array:
    heard = (loadings / noise[:, None]).T
    return values @ np.linalg.solve(np.eye(loadings.shape[1]) + heard @ loadings, heard).T
