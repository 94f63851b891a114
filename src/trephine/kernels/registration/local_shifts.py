# SPDX-License-Identifier: Apache-2.0
"""Where small blocks of one image would rather lie on another: evidence about a pose from the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trephine.core.arrays import AnyArray, Mask3, Points, locked
from trephine.kernels.registration.images import Sampled

_LEVELS = 10
"""Brightness levels of the fixed block; each predicts one brightness of the moving one."""
_LEAST_EXPLAINED = 0.15
"""A block counts only if the fixed levels explain this share of the moving block's variance. Assumed."""
_LEAST_CONTRAST = 0.05
"""A block counts only if its spread is this share of the whole image's. Assumed."""


@dataclass(frozen=True, kw_only=True)
class BlockSettings:
    """How blocks are compared.

    Parameters
    ----------
    half_mm
        Half the edge of a block.
    reach_mm
        How far a block is moved along each axis.
    apart_mm
        Distance between the centres of neighbouring blocks.
    """

    half_mm: float = 12.0
    reach_mm: float = 6.0
    apart_mm: float = 18.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalShifts:
    """What each block says.

    Parameters
    ----------
    centres_mm
        Centres of the blocks that show enough to be placed, shape (block, 3).
    shifts_mm
        From a point of the fixed image to where the moving image shows the same, shape (block, 3).
    information_per_mm2
        Relative information on each shift, shape (block, 3, 3): large along directions with sharp borders.
    covariance_mm2
        Of each shift, shape (block, 3, 3), from leaving out the block's eight octants in turn: noise, and a
        relation of the two contrasts that is not the same throughout the block.
    tried
        Blocks that lie in both images.
    """

    centres_mm: Points
    shifts_mm: Points
    information_per_mm2: AnyArray
    covariance_mm2: AnyArray
    tried: int

    def __post_init__(self) -> None:
        for name in ("centres_mm", "shifts_mm"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (None, 3), name))
        for name in ("information_per_mm2", "covariance_mm2"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (None, 3, 3), name))


def local_shifts(
    moved: Sampled, covered: Mask3, fixed: Sampled, region: Mask3, settings: BlockSettings | None = None
) -> LocalShifts:
    """Move blocks of one image over another of any contrast and note where each fits best.

    Parameters
    ----------
    moved, fixed
        Two images on one grid of cubic voxels, shape (i, j, k).
    covered
        Where the moved image has voxels of its own.
    region
        Where blocks are centred.
    settings
        The blocks; the defaults when absent.

    Returns
    -------
    LocalShifts
        One shift for each block that shows enough structure in both images.

    Notes
    -----
    The measure is the correlation ratio: how much of the moved block's variance its fixed levels explain
    (levels are quantiles of the fixed block, so any relation between the two contrasts will do). Its
    logarithm is a likelihood up to a factor; a parabola through the 27 values about the best whole voxel
    gives the shift and its information. Leaving out one octant at a time moves the parabola's top; how far
    gives the shift's own covariance (a grouped jackknife).

    References
    ----------
    roche1998, efron1982
    """
    chosen = settings or BlockSettings()
    step_mm = float(fixed.voxel_mm[0])
    half, reach = round(chosen.half_mm / step_mm), round(chosen.reach_mm / step_mm)
    shape = np.array(fixed.values.shape)
    seen = region & covered
    if not seen.any():
        return _gathered([], fixed, step_mm, 0)
    spread = float(fixed.values[region].std()), float(moved.values[seen].std())
    every = max(1, round(chosen.apart_mm / step_mm))
    margin = half + reach
    axes = [np.arange(margin, n - margin, every) for n in shape]
    tried, found = 0, []
    for centre in np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3):
        if not region[tuple(centre)]:
            continue
        near = tuple(slice(c - half, c + half + 1) for c in centre)
        wide = tuple(slice(c - margin, c + margin + 1) for c in centre)
        if covered[wide].mean() < 0.98:
            continue
        tried += 1
        fit = _best_shift(moved.values[wide], fixed.values[near], reach, spread)
        if fit is not None:
            found.append((centre, *fit))
    return _gathered(found, fixed, step_mm, tried)


def _gathered(
    found: list[tuple[AnyArray, AnyArray, AnyArray, AnyArray]], fixed: Sampled, step_mm: float, tried: int
) -> LocalShifts:
    if not found:
        none = np.zeros((0, 3))
        empty = np.zeros((0, 3, 3))
        return LocalShifts(
            centres_mm=none, shifts_mm=none, information_per_mm2=empty, covariance_mm2=empty, tried=tried
        )
    centres = np.array([item[0] for item in found], dtype=np.float64)
    return LocalShifts(
        centres_mm=centres @ fixed.affine_mm[:3, :3].T + fixed.affine_mm[:3, 3],
        shifts_mm=np.array([item[1] for item in found]) * step_mm,
        information_per_mm2=np.array([item[2] for item in found]) / step_mm**2,
        covariance_mm2=np.array([item[3] for item in found]) * step_mm**2,
        tried=tried,
    )


def _best_shift(
    wide: AnyArray, near: AnyArray, reach: int, spread: tuple[float, float]
) -> tuple[AnyArray, AnyArray, AnyArray] | None:
    """Return the best shift in voxels, shape (3,), its information and its covariance; nothing if unclear."""
    flat = near.ravel()
    if flat.std() < _LEAST_CONTRAST * spread[0]:
        return None
    edges = np.quantile(flat, np.linspace(0, 1, _LEVELS + 1)[1:-1])
    level = np.searchsorted(np.unique(edges), flat)
    member = (level[None] == np.arange(int(level.max()) + 1)[:, None]).astype(np.float32)
    member = member[member.sum(axis=1) > 0]
    count = 2 * reach + 1
    windows = sliding_window_view(wide, near.shape).reshape(count**3, -1)
    mean = windows.mean(axis=1)
    total = (windows.astype(np.float64) ** 2).sum(axis=1) - flat.size * mean.astype(np.float64) ** 2
    sums = windows @ member.T - mean[:, None] * member.sum(axis=1)
    between = (sums.astype(np.float64) ** 2 / member.sum(axis=1)).sum(axis=1)
    floor = flat.size * (_LEAST_CONTRAST * spread[1]) ** 2
    unexplained = np.where(total > floor, 1.0 - between / np.maximum(total, 1e-9), 1.0)
    score = -0.5 * flat.size * np.log(np.clip(unexplained, 1e-6, 1.0)).reshape(count, count, count)
    peak = np.array(np.unravel_index(int(score.argmax()), score.shape))
    if peak.min() < 1 or peak.max() > count - 2 or unexplained.min() > 1.0 - _LEAST_EXPLAINED:
        return None
    around = tuple(slice(p - 1, p + 2) for p in peak)
    slope, bend = _parabola(score[around])
    if np.linalg.eigvalsh(bend).max() >= 0:
        return None
    beyond = np.linalg.solve(-bend, slope)
    if np.abs(beyond).max() > 1.0:
        return None
    nearest = windows.reshape(count, count, count, -1)[around].reshape(27, -1)
    return peak - reach + beyond, -bend, _covariance(nearest, member, near.shape[0], bend)


def _covariance(windows: AnyArray, member: AnyArray, edge: int, bend: AnyArray) -> AnyArray:
    """Return the covariance of a shift, voxel^2, shape (3, 3), from leaving out the block's octants in turn.

    ``windows`` holds the 27 places about the best, shape (27, voxel); ``member`` which level each voxel has.
    """
    high = np.indices((edge,) * 3).reshape(3, -1) > edge // 2
    octant = high[0] * 4 + high[1] * 2 + high[2]
    parts = [np.flatnonzero(octant == name) for name in range(8)]
    count = np.array([member[:, part].sum(axis=1) for part in parts], dtype=np.float64)
    values = [windows[:, part] for part in parts]
    sums = np.array([v @ member[:, part].T for v, part in zip(values, parts, strict=True)], dtype=np.float64)
    squares = np.array([np.einsum("ij,ij->i", v, v, dtype=np.float64) for v in values])
    moved = []
    for left_out in range(8):
        n = count.sum(axis=0) - count[left_out]
        some = n > 0
        levels = (sums.sum(axis=0) - sums[left_out])[:, some]
        mean = levels.sum(axis=1) / n.sum()
        total = squares.sum(axis=0) - squares[left_out] - n.sum() * mean**2
        between = (levels**2 / n[some]).sum(axis=1) - n.sum() * mean**2
        score = -0.5 * n.sum() * np.log(np.clip(1.0 - between / np.maximum(total, 1e-9), 1e-6, 1.0))
        moved.append(np.linalg.solve(-bend * n.sum() / count.sum(), _parabola(score)[0]))
    apart = np.array(moved) - np.mean(moved, axis=0)
    return np.asarray(7.0 / 8.0 * apart.T @ apart)


_OFFSETS = np.stack(np.meshgrid(*[np.arange(-1.0, 2.0)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
_DESIGN = np.linalg.pinv(
    np.column_stack([np.ones(27), _OFFSETS, *(_OFFSETS[:, a] * _OFFSETS[:, b] for a, b in _PAIRS)])
)


def _parabola(values: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return slope, shape (3,), and second derivatives, shape (3, 3), of 27 values about their middle."""
    fitted = _DESIGN @ values.ravel()
    bend = np.zeros((3, 3))
    for (a, b), term in zip(_PAIRS, fitted[4:], strict=True):
        bend[a, b] = bend[b, a] = 2.0 * term if a == b else term
    return fitted[1:4], bend
