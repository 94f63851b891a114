# SPDX-License-Identifier: Apache-2.0
"""A threshold and a distance such that what is looked for lies within that distance of what was marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a calibration must reach on the pictures it is made on.

    Parameters
    ----------
    thresholds
        Thresholds tried.
    pooled_fraction, worst_fraction
        Share of what is looked for within reach of the marks, in all pictures together and in the worst.
    reaches_pixel
        Distances tried.
    """

    thresholds: tuple[float, ...]
    pooled_fraction: float = 0.995
    worst_fraction: float = 0.985
    reaches_pixel: tuple[float, ...] = (1.0, 1.5, 2.0, 2.5, 3.0)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A threshold and a miss distance with the evidence for them.

    Parameters
    ----------
    score
        A pixel is marked from this score on.
    miss_pixel
        Distance within which what is looked for lies from a mark.
    pooled_fraction, worst_fraction
        Share within reach, in all pictures together and in the worst of them.
    free_fraction
        Share of the pictures farther from every mark than the distance.
    picture_count
        Pictures behind these figures.
    """

    score: float
    miss_pixel: float
    pooled_fraction: float
    worst_fraction: float
    free_fraction: float
    picture_count: int


def within_reach(
    score: AnyArray, seen: Mask2, sought: Mask2, thresholds: Sequence[float], reaches_pixel: Sequence[float]
) -> tuple[AnyArray, AnyArray]:
    """Count what lies within reach of the marks, for every threshold and distance.

    Parameters
    ----------
    score
        Shape (row, column).
    seen
        Pixels that count; marks lie within them.
    sought
        What must be reached, same shape.
    thresholds, reaches_pixel
        What is tried.

    Returns
    -------
    tuple
        Pixels sought and reached, and seen pixels left free, each of shape (threshold, reach).
    """
    reached = np.zeros((len(thresholds), len(reaches_pixel)))
    free = np.zeros_like(reached)
    wanted = sought & seen
    for row, threshold in enumerate(thresholds):
        marks = (score >= threshold) & seen
        away = ndimage.distance_transform_edt(~marks) if marks.any() else np.full(score.shape, np.inf)
        for column, reach in enumerate(reaches_pixel):
            reached[row, column] = (away[wanted] <= reach).sum()
            free[row, column] = (away[seen] > reach).sum()
    return reached, free


def calibrated(counts: Sequence[tuple[AnyArray, AnyArray, int, int]], asked: Asked) -> Calibration | None:
    """Choose the threshold and the distance that leave most free while enough is reached.

    Parameters
    ----------
    counts
        Of each picture: what ``within_reach`` returned, pixels sought, and pixels seen.
    asked
        Shares to reach, and what was tried.

    Returns
    -------
    Calibration or None
        The choice; none if nothing that was tried reaches enough.

    Notes
    -----
    If pictures are exchangeable, a new one falls below the worst of n calibration pictures with a chance of
    1 / (n + 1) (split conformal prediction with the whole picture as the unit). Pixels of one picture hang
    together, so no finer statement is made.
    """
    sought = np.array([each[2] for each in counts], dtype=float)
    reached = np.array([each[0] for each in counts])
    free = np.array([each[1] for each in counts]).sum(axis=0) / max(sum(each[3] for each in counts), 1)
    pooled = reached.sum(axis=0) / max(sought.sum(), 1)
    with_some = sought > 0
    shares = reached[with_some] / sought[with_some, None, None]
    worst = shares.min(axis=0) if len(shares) else np.ones_like(pooled)
    good = (pooled >= asked.pooled_fraction) & (worst >= asked.worst_fraction)
    if not good.any():
        return None
    row, column = np.unravel_index(int(np.argmax(np.where(good, free, -1))), good.shape)
    return Calibration(
        score=asked.thresholds[row],
        miss_pixel=asked.reaches_pixel[column],
        pooled_fraction=float(pooled[row, column]),
        worst_fraction=float(worst[row, column]),
        free_fraction=float(free[row, column]),
        picture_count=len(counts),
    )


def wide_parts(mask: Mask2, least_pixel: int) -> Mask2:
    """Return the parts of a mask that a square of some pixels' edge fits into."""
    return ndimage.binary_opening(mask, structure=np.ones((least_pixel, least_pixel)))
