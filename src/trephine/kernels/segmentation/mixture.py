# SPDX-License-Identifier: Apache-2.0
"""Classes of brightness with spatial priors: a mixture fitted by expectation maximization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, locked


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """Bell-shaped classes of brightness.

    Parameters
    ----------
    mean, sd
        Of each class, in the image's units, shape (class,).
    steps
        Steps taken.
    has_converged
        Whether the means stopped moving.
    """

    mean: AnyArray
    sd: AnyArray
    steps: int
    has_converged: bool

    def __post_init__(self) -> None:
        for name in ("mean", "sd"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (None,), name))


def likelihood(values: AnyArray, mixture: Mixture) -> AnyArray:
    """Return each class's density at each value, with flat tails, shape (class, ...), float32.

    Values below the darkest mean or above the brightest count as lying on it.
    """
    clipped = np.clip(values, mixture.mean.min(), mixture.mean.max()).astype(np.float32)
    parts = []
    for mean, sd in zip(mixture.mean, mixture.sd, strict=True):
        offset = (clipped - np.float32(mean)) / np.float32(sd)
        parts.append(np.exp(np.float32(-0.5) * offset * offset) / np.float32(sd))
    return np.stack(parts)


def fit_mixture(values: AnyArray, prior: AnyArray, start: AnyArray, *, most_steps: int = 30) -> Mixture:
    """Fit one bell curve a class.

    Parameters
    ----------
    values
        Brightness, shape (voxel,).
    prior
        Probability of each class at each voxel, shape (class, voxel).
    start
        First guess of the means, ascending, shape (class,).
    most_steps
        Steps allowed.

    Returns
    -------
    Mixture
        With its status; the caller decides whether an unfinished fit will do.
    """
    gap = float(np.diff(start).min())
    least_sd = 0.05 * gap
    current = Mixture(mean=start, sd=np.full(len(start), 0.35 * gap), steps=0, has_converged=False)
    for step in range(1, most_steps + 1):
        share = prior * likelihood(values, current)
        share /= share.sum(axis=0) + 1e-12
        total = share.sum(axis=1) + 1e-9
        mean = (share @ values) / total
        spread = np.sqrt(
            np.array([(s * (values - m) ** 2).sum() for s, m in zip(share, mean, strict=True)]) / total
        )
        stopped = bool(np.abs(mean - current.mean).max() < 1e-3 * gap)
        current = Mixture(mean=mean, sd=np.maximum(spread, least_sd), steps=step, has_converged=stopped)
        if stopped:
            break
    return current


def posterior(
    values: AnyArray, prior: AnyArray, mixture: Mixture, mask: Mask3, *, rounds: int = 2
) -> AnyArray:
    """Return the probability of each class, neighbours lending support.

    Parameters
    ----------
    values
        Brightness, shape (i, j, k).
    prior
        Shape (class, i, j, k).
    mixture
        The classes.
    mask
        Voxels that belong to any class, shape (i, j, k); zero elsewhere.
    rounds
        Rounds of mean-field smoothing over the six neighbours and the voxel itself.

    Returns
    -------
    numpy.ndarray
        float32, shape (class, i, j, k).
    """
    own = prior * likelihood(values, mixture)
    result = _normalized(own, mask)
    for _ in range(rounds):
        support = np.stack([ndimage.gaussian_filter(part, 0.6, truncate=2.0) for part in result])
        result = _normalized(own * np.exp(np.float32(1.5) * support), mask)
    return result


def _normalized(share: AnyArray, mask: Mask3) -> AnyArray:
    """Scale shares to add up to one inside the mask, zero outside."""
    total = share.sum(axis=0)
    return np.asarray(np.where(mask, share / np.maximum(total, 1e-20), 0.0), dtype=np.float32)
