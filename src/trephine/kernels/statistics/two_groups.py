# SPDX-License-Identifier: Apache-2.0
"""Scores of many dull and few interesting cases: the chance that one is interesting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from trephine.core.arrays import AnyArray, locked

_BIN = 0.25
_LEFT_OUT_SIGMAS = 3.5
_ROUNDS = 6
_SPARE_COUNTS = 3.0
_DULL_BELOW = 2.0
"""No score below this is interesting: the middle of real scores is more peaked than a bell curve."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoGroups:
    """Chance of being interesting by score.

    Parameters
    ----------
    score
        Ascending, shape (point,).
    chance
        At each score, 0 to 1, never falling, shape (point,).
    """

    score: AnyArray
    chance: AnyArray

    def __post_init__(self) -> None:
        for name in ("score", "chance"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (None,), name))

    def __call__(self, scores: AnyArray) -> AnyArray:
        """Return the chance at each score, float32."""
        first, step = float(self.score[0]), float(self.score[1] - self.score[0])
        place = np.clip((scores - np.float32(first)) / np.float32(step), 0, len(self.score) - 1.001)
        low = place.astype(np.int32)
        table = self.chance.astype(np.float32)
        return table[low] + (place - low).astype(np.float32) * (table[low + 1] - table[low])


def null_of(values: AnyArray) -> tuple[float, float]:
    """Return middle and upper spread of the dull majority.

    Parameters
    ----------
    values
        Shape (case,); at least one.

    Returns
    -------
    tuple
        Median, and the distance to the 84th percentile (one sigma of a bell curve) or to the 97.7th over
        two, the larger; values more than 3.5 such spreads out are left out, round by round.
    """
    kept = values if len(values) <= 2_000_000 else values[:: len(values) // 1_000_000]
    kept = np.sort(kept)
    # The lower side starts: it holds no interesting case.
    low, middle = (float(q) for q in _quantiles(kept, (0.1587, 0.5)))
    end = int(np.searchsorted(kept, middle + _LEFT_OUT_SIGMAS * (middle - low), side="right"))
    kept = kept[: max(1, end)]
    spread = 1.0
    for _ in range(_ROUNDS):
        middle, one, two = (float(q) for q in _quantiles(kept, (0.5, 0.8413, 0.9772)))
        spread = max(one - middle, 0.5 * (two - middle), 1e-9)
        end = int(np.searchsorted(kept, middle + _LEFT_OUT_SIGMAS * spread, side="right"))
        start = int(np.searchsorted(kept, middle - 2 * _LEFT_OUT_SIGMAS * spread))
        if start == 0 and end == len(kept):
            break
        kept = kept[start:end]
    return middle, spread


def _quantiles(ordered: AnyArray, shares: tuple[float, ...]) -> list[float]:
    return [float(ordered[min(int(share * len(ordered)), len(ordered) - 1)]) for share in shares]


def fit_two_groups(scores: AnyArray, *, dull: int | None = None) -> TwoGroups:
    """Estimate the chance of being interesting from all scores together.

    Parameters
    ----------
    scores
        Standardised so that the dull ones have median 0 and standard deviation 1, shape (case,).
    dull
        How many are dull; twice the share below zero when absent.

    Returns
    -------
    TwoGroups
        One minus the local false discovery rate: the count a bell curve would give over the count found.

    Notes
    -----
    The dull ones are taken to be a bell curve of the share found below the median, doubled. Heavier tails
    make the chance too high; shapes beyond the score (size, connection) must guard against that. Three
    counts are spared in every bin, so that a few odd cases do not look certain.

    References
    ----------
    efron2004
    """
    edges = np.arange(-4.0, 12.0 + _BIN, _BIN)
    counts = np.histogram(np.clip(scores, edges[0], edges[-1] - 1e-3), edges)[0].astype(np.float64)
    below = 2.0 * float(np.count_nonzero(scores < 0)) if dull is None else float(dull)
    expected = min(below, float(len(scores))) * np.diff(norm.cdf(edges)) + _SPARE_COUNTS
    chance = 1.0 - np.minimum(expected / np.maximum(counts, 1e-9), 1.0)
    centres = 0.5 * (edges[1:] + edges[:-1])
    chance[centres < _DULL_BELOW] = 0.0
    return TwoGroups(score=centres, chance=np.maximum.accumulate(chance))


def sure_sigmas(false_fraction: float) -> float:
    """Return the score that this share of dull cases is expected to reach."""
    return float(norm.isf(min(0.5, false_fraction)))
