# SPDX-License-Identifier: Apache-2.0
"""How far each voxel stands out as a bright tube of any width, in standard deviations of noise."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from trephine.core.arrays import AnyArray, Mask3, locked
from trephine.kernels.statistics.two_groups import null_of

_CALM_SIGMAS = 3.0
_LINE_STEPS = 2
_LINE_CLIP = 4.0
_NARROW_VOXELS = 3.0
_DIM_SIGMAS = 3.0
_DIRECTIONS = tuple(d for d in product((-1, 0, 1), repeat=3) if d > (0, 0, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Background:
    """What the scan looks like without vessels.

    Parameters
    ----------
    level
        Local mean without its bright voxels, shape (i, j, k), in the image's units.
    noise
        Local standard deviation of the same, above zero.
    cut_signal
        Lowest value the sender left, where the background was set to zero before; else 0.
    """

    level: AnyArray
    noise: AnyArray
    cut_signal: float

    def __post_init__(self) -> None:
        for name in ("level", "noise"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float32, (None, None, None), name))

    @property
    def is_cut(self) -> bool:
        """Whether the background was set to zero before the scan came here."""
        return self.cut_signal > 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """What the score is made of, all float32 of shape (i, j, k).

    Parameters
    ----------
    plain
        Contrast of the voxel itself.
    smooth
        The same about one voxel smoother.
    line
        Best line through the voxel.
    near
        Contrast of the near surroundings, bright and dark voxels clipped; no part of the score.
    """

    plain: AnyArray
    smooth: AnyArray
    line: AnyArray
    near: AnyArray

    @property
    def scored(self) -> tuple[AnyArray, AnyArray, AnyArray]:
        """The parts of which the score is the largest."""
        return self.plain, self.smooth, self.line


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """Middle and spread, without vessels, of each part of the score.

    Parameters
    ----------
    middle, spread
        Of the plain, the smoothed and the line part and of their largest, shape (4,).
    """

    middle: AnyArray
    spread: AnyArray

    def __post_init__(self) -> None:
        for name in ("middle", "spread"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (4,), name))


def background_of(values: AnyArray, mask: Mask3, voxel_mm: AnyArray, widest_mm: float) -> Background:
    """Measure level and noise of wide surroundings, bright voxels clipped.

    Parameters
    ----------
    values
        Shape (i, j, k), float32, vessels bright.
    mask
        Voxels that count as surroundings; at least one.
    voxel_mm
        Edge lengths, shape (3,).
    widest_mm
        Widest vessel; the surroundings are a bell of this standard deviation.

    Returns
    -------
    Background
        Where the middle voxel of the mask is zero the background was cut away: its level is then zero, and
        the dim half of what was left (below Otsu's threshold) is taken to stand three sigmas out.
    """
    inside = values[mask]
    middle = float(np.median(inside))
    if middle == 0.0:
        return _cut_background(values, inside[inside > 0])
    spread = 1.4826 * float(np.median(np.abs(inside - middle)))
    spread = max(spread, 1e-6 * float(np.abs(inside).max()), 1e-12)
    calm = np.clip(values, middle - _CALM_SIGMAS * spread, middle + _CALM_SIGMAS * spread)
    level = _wide_mean(calm, mask, voxel_mm, widest_mm)
    rest = np.where(mask, values - level, np.float32(0.0))
    narrow = 1.4826 * float(np.median(np.abs(rest[mask]))) + 1e-6 * spread
    # Winsorized at two sigmas, a bell curve keeps 0.8 of its variance.
    square = np.minimum(rest * rest, np.float32((2.0 * narrow) ** 2)) / np.float32(0.774)
    variance = _wide_mean(square, mask, voxel_mm, widest_mm)
    noise = np.sqrt(np.maximum(variance, np.float32((0.25 * narrow) ** 2)))
    return Background(level=level, noise=noise, cut_signal=0.0)


def _cut_background(values: AnyArray, left: AnyArray) -> Background:
    """Stand in for a background that was set to zero before the scan came here."""
    if not len(left):
        return Background(level=np.zeros(values.shape), noise=np.ones(values.shape), cut_signal=0.0)
    dim = left[left <= _otsu(left)]
    noise = np.full(values.shape, float(dim.mean()) / _DIM_SIGMAS, dtype=np.float32)
    cut_signal = float(np.percentile(left, 5.0))
    return Background(level=np.zeros(values.shape), noise=noise, cut_signal=cut_signal)


def _otsu(values: AnyArray) -> float:
    return float(threshold_otsu(values)) if values.min() < values.max() else float(values.max())


def _wide_mean(values: AnyArray, mask: Mask3, voxel_mm: AnyArray, widest_mm: float) -> AnyArray:
    """Average over wide surroundings within the mask, on coarse blocks, shape of values, float32."""
    block = np.maximum(1, np.floor(0.3 * widest_mm / np.asarray(voxel_mm)).astype(int))
    total = _block_sum(np.where(mask, values, np.float32(0.0)), block)
    count = _block_sum(mask.astype(np.float32), block)
    sd = widest_mm / (block * np.asarray(voxel_mm))
    total = ndimage.gaussian_filter(total, sd, truncate=3.0, mode="constant")
    count = ndimage.gaussian_filter(count, sd, truncate=3.0, mode="constant")
    coarse = total / np.maximum(count, np.float32(1e-3))
    return ndimage.affine_transform(
        coarse, 1.0 / block, (0.5 - 0.5 * block) / block, output_shape=values.shape, order=1, mode="nearest"
    )


def _block_sum(values: AnyArray, block: AnyArray) -> AnyArray:
    """Sum over blocks of voxels, the last ones padded with zeros."""
    pad = [(0, int(-n % b)) for n, b in zip(values.shape, block, strict=True)]
    wide = np.pad(values, pad).astype(np.float32)
    i, j, k = (n // b for n, b in zip(wide.shape, block, strict=True))
    return wide.reshape(i, block[0], j, block[1], k, block[2]).sum(axis=(1, 3, 5))


def contrast(values: AnyArray, mask: Mask3, background: Background) -> AnyArray:
    """Return how many sigmas each voxel lies above its surroundings, float32, 0 outside the mask."""
    return np.where(mask, (values - background.level) / background.noise, np.float32(0.0)).astype(np.float32)


def parts(sigmas: AnyArray, mask: Mask3, voxel_mm: AnyArray) -> Parts:
    """Return what makes the score up: the voxel itself, its smooth surroundings, the best line through it.

    Parameters
    ----------
    sigmas
        Contrast, shape (i, j, k).
    mask
        Where vessels may be.
    voxel_mm
        Edge lengths, shape (3,).

    Returns
    -------
    Parts
        Each in its own units.

    Notes
    -----
    Only the line part looks at shape, and the score takes the largest part: shape can add to brightness,
    never take from it, so a wide vessel stays solid. The line part is the largest sum over thirteen
    directions of about five voxels in a row, each against its near surroundings and clipped so that one
    hot voxel makes no line.
    """
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    smooth = ndimage.gaussian_filter(sigmas, edge_mm / np.asarray(voxel_mm), truncate=3.0)
    near_mm = _NARROW_VOXELS * edge_mm / np.asarray(voxel_mm)
    calm = np.clip(sigmas, -_LINE_CLIP, _LINE_CLIP)
    near = ndimage.gaussian_filter(calm, near_mm, truncate=2.5)
    narrow = np.clip(sigmas - near, -_LINE_CLIP, _LINE_CLIP).astype(np.float32)
    narrow[~mask] = 0.0
    return Parts(plain=sigmas, smooth=smooth, line=best_line(narrow, voxel_mm), near=near)


def best_line(values: AnyArray, voxel_mm: AnyArray) -> AnyArray:
    """Return the largest normalised sum along thirteen directions, about five voxels long, float32."""
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    result = np.full(values.shape, -np.inf, dtype=np.float32)
    for direction in _DIRECTIONS:
        length_mm = float(np.linalg.norm(np.array(direction) * voxel_mm))
        steps = max(1, round(_LINE_STEPS * edge_mm * 1.2 / length_mm))
        total = values.copy()
        for step in range(1, steps + 1):
            for sign in (-step, step):
                _add_shifted(total, values, tuple(sign * part for part in direction))
        total /= np.float32(np.sqrt(2 * steps + 1))
        np.maximum(result, total, out=result)
    return result


def _add_shifted(total: AnyArray, values: AnyArray, shift: tuple[int, ...]) -> None:
    """Add a shifted copy in place, zeros beyond the edge."""
    here = tuple(slice(max(0, -n), size - max(0, n)) for n, size in zip(shift, total.shape, strict=True))
    there = tuple(slice(max(0, n), size - max(0, -n)) for n, size in zip(shift, total.shape, strict=True))
    total[here] += values[there]


def scale_of(pieces: Parts, mask: Mask3) -> Scale:
    """Measure middle and spread of every part of the score, vessels left out."""
    inside = [part[mask] for part in pieces.scored]
    nulls = [null_of(part) for part in inside]
    best = np.max([(p - m) / s for p, (m, s) in zip(inside, nulls, strict=True)], axis=0)
    nulls.append(null_of(best))
    return Scale(middle=np.array([n[0] for n in nulls]), spread=np.array([n[1] for n in nulls]))


def score(pieces: Parts, scale: Scale) -> AnyArray:
    """Return the largest part, in standard deviations of what it is without vessels, float32."""
    result: AnyArray | None = None
    for index, part in enumerate(pieces.scored):
        scaled = (part - np.float32(scale.middle[index])) / np.float32(scale.spread[index])
        result = scaled if result is None else np.maximum(result, scaled, out=result)
    return (np.asarray(result) - np.float32(scale.middle[3])) / np.float32(scale.spread[3])
