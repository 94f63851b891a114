# SPDX-License-Identifier: Apache-2.0
"""Bright tubes of any width in a volume: where they are, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold

from trephine.core.arrays import AnyArray, Mask3, locked
from trephine.kernels.segmentation.vesselness import (
    Background,
    Parts,
    Scale,
    background_of,
    contrast,
    parts,
    scale_of,
)
from trephine.kernels.segmentation.vesselness import score as score_of
from trephine.kernels.statistics.two_groups import TwoGroups, fit_two_groups, sure_sigmas

_HALF = 0.5
_CLEAR_SIGMAS = 8.0
_ALL = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """When a voxel is a tube's.

    Parameters
    ----------
    least_probability
        A voxel joined to a sure one belongs to a tube from here.
    false_voxel
        Sure voxels that pure noise would give in all of the mask.
    least_voxels
        Smaller parts are dropped.
    widest_mm
        Widest tube.
    """

    least_probability: float
    false_voxel: float
    least_voxels: int
    widest_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """All that was learnt of a scan, to judge other voxels as its own were judged.

    Parameters
    ----------
    background
        Level and noise.
    scale
        What the score is without tubes.
    two_groups
        Chance by score.
    sure_sigmas
        Score of a sure voxel.
    """

    background: Background
    scale: Scale
    two_groups: TwoGroups
    sure_sigmas: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Tubes:
    """Tubes of a volume.

    Parameters
    ----------
    probability
        Chance of each voxel to hold a tube, float32, shape (i, j, k), 0 outside the mask.
    label
        Voxels at least half filled by a tube, or the middle of a thinner one, shape (i, j, k).
    sigmas
        Contrast over the surroundings in standard deviations of noise, float32.
    calibration
        What was learnt.
    """

    probability: AnyArray
    label: Mask3
    sigmas: AnyArray
    calibration: Calibration

    def __post_init__(self) -> None:
        types = {"probability": np.float32, "label": np.bool_, "sigmas": np.float32}
        for name, kind in types.items():
            object.__setattr__(self, name, locked(getattr(self, name), kind, (None, None, None), name))


def find_tubes(values: AnyArray, mask: Mask3, voxel_mm: AnyArray, sureness: Sureness) -> Tubes:
    """Find bright tubes of any width.

    Parameters
    ----------
    values
        Shape (i, j, k), finite; tubes bright.
    mask
        Where tubes may be; at least one voxel.
    voxel_mm
        Edge lengths, shape (3,).
    sureness
        When a voxel counts.

    Returns
    -------
    Tubes
        Probability, label and what was learnt of the scan.
    """
    values = np.asarray(values, dtype=np.float32)
    background = background_of(values, mask, voxel_mm, sureness.widest_mm)
    sigmas = contrast(values, mask, background)
    pieces = parts(sigmas, mask, voxel_mm)
    if background.is_cut:
        # What was set to zero would have been noise: it counts as dull, in the noise that was assumed.
        scale, dull = Scale(middle=np.zeros(4), spread=np.ones(4)), int(mask.sum())
    else:
        scale, dull = scale_of(pieces, mask), None
    scores = score_of(pieces, scale)
    calibration = Calibration(
        background=background,
        scale=scale,
        two_groups=fit_two_groups(scores[mask], dull=dull),
        sure_sigmas=sure_sigmas(sureness.false_voxel / max(int(mask.sum()), 1)),
    )
    probability = np.where(mask, calibration.two_groups(scores), np.float32(0.0)).astype(np.float32)
    label = label_tubes(pieces, scores, mask, calibration, sureness)
    return Tubes(probability=probability, label=label, sigmas=sigmas, calibration=calibration)


def label_tubes(
    pieces: Parts, scores: AnyArray, mask: Mask3, calibration: Calibration, sureness: Sureness
) -> Mask3:
    """Join sure and likely voxels that are at least half as bright as the brightest beside them.

    Parameters
    ----------
    pieces
        Parts of the score, shape (i, j, k) each.
    scores
        The score.
    mask
        Where tubes may be.
    calibration
        What was learnt of the scan.
    sureness
        When a voxel counts.

    Returns
    -------
    numpy.ndarray
        Shape (i, j, k).
    """
    likely = mask & (calibration.two_groups(scores) >= sureness.least_probability)
    likely &= at_least_half(pieces, scores)
    found = apply_hysteresis_threshold(
        np.where(likely, scores, np.float32(-np.inf)), -1e30, calibration.sure_sigmas
    )
    found = solid(np.asarray(found), mask, pieces.smooth > calibration.scale.spread[1])
    part, count = ndimage.label(found, structure=_ALL)
    if count == 0:
        return np.zeros(mask.shape, dtype=bool)
    size = np.bincount(part.ravel())
    size[0] = 0
    return np.asarray((size >= sureness.least_voxels)[part])


def at_least_half(pieces: Parts, scores: AnyArray) -> Mask3:
    """Tell which voxels reach half of the brightest one beside them (width at half height).

    Height counts from the near surroundings where those are dark, such as fluid in a sulcus. Where a tube
    stands out by less than eight sigmas the score is halved instead, or noise would riddle it.
    """
    floor = np.minimum(pieces.near, np.float32(0.0))
    height = pieces.plain - floor
    peak = ndimage.maximum_filter(pieces.plain, footprint=_ALL) - floor
    dim = ndimage.maximum_filter(scores, footprint=_ALL)
    return np.asarray(np.where(peak >= _CLEAR_SIGMAS, height >= _HALF * peak, scores >= _HALF * dim))


def solid(found: Mask3, mask: Mask3, is_bright: Mask3) -> Mask3:
    """Fill what a tube encloses, and bright gaps one voxel wide: slow or turbulent blood is dark inside."""
    closed = ndimage.binary_closing(found, structure=_ALL) & mask & is_bright
    return np.asarray(ndimage.binary_fill_holes(found | closed) & mask)
