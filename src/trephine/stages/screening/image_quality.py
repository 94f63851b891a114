# SPDX-License-Identifier: Apache-2.0
"""How good the planning T1 is: noise, contrast, ghosts, and whether it shows the whole head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray
from trephine.model.anatomy import Anatomy, Tissue

_KEPT_FRACTION = 0.9
_SD_OF_KEPT = 0.789
"""Standard deviation of a normal variable of sd 1 cut at its 5th and 95th percentile."""
_LEAST_VOXELS = 200
_AWAY_MM = 10.0
"""Air nearer to the head than this is left out: blur, hair, ears."""
_PERCENT = 100.0
_AXES = ("left and right of", "in front of and behind", "above")


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Noise of white matter along each axis, and what it is held against.

    Parameters
    ----------
    axis_signal
        Standard deviation of the noise, estimated along each axis, shape (3,).
    white_signal, grey_signal
        Medians of the tissues.
    """

    axis_signal: tuple[float, float, float]
    white_signal: float
    grey_signal: float

    @property
    def contrast(self) -> tuple[float, float, float]:
        """Contrast-to-noise ratio: smallest, middle and largest over the axes."""
        low, middle, high = sorted(self.axis_signal)
        difference = abs(self.white_signal - self.grey_signal)
        return difference / high, difference / middle, difference / low

    @property
    def percent(self) -> tuple[float, float, float]:
        """Noise as a share of the signal of white matter: smallest, middle and largest."""
        low, middle, high = (_PERCENT * each / self.white_signal for each in sorted(self.axis_signal))
        return low, middle, high


def noise_of(anatomy: Anatomy) -> Noise | None:
    """Measure the noise between neighbouring voxels of white matter.

    Parameters
    ----------
    anatomy
        T1 and tissue labels on one grid.

    Returns
    -------
    Noise or None
        Nothing where there is too little tissue, or no noise.

    Notes
    -----
    Differences between neighbours do not count slow shading. The outer tenth of the differences is left out
    (vessels, wrong labels), and its share restored as for a normal variable. The three axes give three
    estimates of one quantity; filtered or resampled images differ between them, and have noise that is alike
    in neighbours, which makes it look smaller than it is.
    """
    signal = anatomy.t1.values
    is_white = anatomy.tissue.values == Tissue.WHITE
    is_grey = anatomy.tissue.values == Tissue.GREY
    if np.count_nonzero(is_grey) < _LEAST_VOXELS:
        return None
    found = tuple(_axis_noise(np.moveaxis(signal, k, 0), np.moveaxis(is_white, k, 0)) for k in range(3))
    white = float(np.median(signal[is_white])) if is_white.any() else 0.0
    if min(found) <= 0 or white <= 0:
        return None
    return Noise(
        axis_signal=(found[0], found[1], found[2]),
        white_signal=white,
        grey_signal=float(np.median(signal[is_grey])),
    )


def _axis_noise(signal: AnyArray, is_white: AnyArray) -> float:
    """Return the noise along the first axis; 0 where there are too few pairs."""
    pairs = is_white[1:] & is_white[:-1]
    if np.count_nonzero(pairs) < _LEAST_VOXELS:
        return 0.0
    change = signal[1:][pairs].astype(np.float64) - signal[:-1][pairs]
    low, high = np.quantile(change, ((1 - _KEPT_FRACTION) / 2, (1 + _KEPT_FRACTION) / 2))
    return float(np.std(change[(change >= low) & (change <= high)])) / _SD_OF_KEPT / np.sqrt(2.0)


@dataclass(frozen=True, kw_only=True)
class Ghosts:
    """Signal in the air beside the head above that in the corners of the image.

    Parameters
    ----------
    level_percent
        Of the signal of white matter, along the worst axis.
    where
        That axis, in words.
    """

    level_percent: float
    where: str


def ghosts_of(anatomy: Anatomy) -> Ghosts | str:
    """Measure how much of the head is copied into the air beside it.

    Parameters
    ----------
    anatomy
        T1 and tissue labels on one grid, closest to RAS+.

    Returns
    -------
    Ghosts or str
        The level, or why it cannot be measured.

    Notes
    -----
    Motion between the lines of an acquisition lays copies of the head along one axis, whichever that was.
    Air beside the head within its own width and height holds them; air in the corners does not, and has the
    same noise. The medians of the two are compared above the level of the neck. Ghosts that fall on the
    head alone, or a background that was blanked, cannot be seen.
    """
    signal, is_head = anatomy.t1.values, anatomy.tissue.values != Tissue.BACKGROUND
    inside = np.argwhere(np.isin(anatomy.tissue.values, (Tissue.CSF, Tissue.GREY, Tissue.WHITE)))
    if not len(inside):
        return "No brain was found."
    floor = int(inside[:, 2].min())
    above, air = is_head[:, :, floor:], signal[:, :, floor:]
    clear = _clear_of(above, anatomy.t1.grid.voxel_mm)
    beside = [_shadow(above, axis) & clear for axis in range(3)]
    corner = clear & ~beside[0] & ~beside[1] & ~beside[2]
    if np.count_nonzero(corner) < _LEAST_VOXELS:
        return "The image shows too little air around the head."
    if np.ptp(air[corner]) == 0:
        return "The air around the head was blanked."
    white = float(np.median(signal[anatomy.tissue.values == Tissue.WHITE]))
    base = float(np.median(air[corner]))
    levels = [
        _PERCENT * (float(np.median(air[region])) - base) / white
        if np.count_nonzero(region) >= _LEAST_VOXELS
        else -np.inf
        for region in beside
    ]
    worst = int(np.argmax(levels))
    if white <= 0 or not np.isfinite(levels[worst]):
        return "The image shows too little air beside the head."
    return Ghosts(level_percent=max(levels[worst], 0.0), where=_AXES[worst])


def _shadow(is_head: AnyArray, axis: int) -> AnyArray:
    """Mark what lies beside the head along one axis; along the third, above it alone."""
    if axis == 2:
        return np.asarray(np.cumsum(is_head, axis=2) > 0)
    return np.broadcast_to(is_head.any(axis=axis, keepdims=True), is_head.shape)


def _clear_of(is_head: AnyArray, voxel_mm: tuple[float, float, float]) -> AnyArray:
    """Mark voxels farther from the head than a margin, slice by slice, along either axis of the slice."""
    grown = is_head.astype(np.uint8)
    for axis in (0, 1):
        reach = round(_AWAY_MM / voxel_mm[axis])
        grown = ndimage.maximum_filter1d(grown, 2 * reach + 1, axis=axis, mode="constant")
    return np.asarray(grown == 0)


def air_above_mm(anatomy: Anatomy) -> float:
    """Return the air between the highest point of the head and the upper edge of the image."""
    is_head = np.asarray(anatomy.tissue.values != Tissue.BACKGROUND)
    levels = np.flatnonzero(is_head.any(axis=(0, 1)))
    if not len(levels):
        return 0.0
    return float((is_head.shape[2] - 1 - levels[-1]) * anatomy.tissue.grid.voxel_mm[2])
