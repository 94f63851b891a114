# SPDX-License-Identifier: Apache-2.0
"""Chance that a disc, set down with normal errors, touches a marked area."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray

_REACH = 6.0
"""Errors are followed this many standard deviations out."""
_COARSE, _FINE = 8.0, 3.0
"""Pixels are made coarser or finer until the spread spans between so many of them."""
_FINEST = 8
"""Pixels are split into no more than this many along an edge."""


def touch_map(clearance_mm: AnyArray, *, radius_mm: float, sd_mm: float, pixel_mm: float) -> AnyArray:
    """Return for every pixel the chance that a disc aimed at its centre touches a marked pixel.

    Parameters
    ----------
    clearance_mm
        Distance to the nearest marked pixel, as ``clearance.clearance_map`` gives it, shape (row, column).
    radius_mm
        Of the disc.
    sd_mm
        Standard deviation of its place along each axis, the same in all directions.
    pixel_mm
        Edge of a pixel.

    Returns
    -------
    numpy.ndarray
        Chances, same shape. Beyond the map nothing more is marked than at its edge.

    Notes
    -----
    The places at which the disc touches, convolved with the error's density: exact for any shape, two walls
    or an end as well as one straight wall. The edge of these places is drawn with the share of each pixel
    that it leaves on its side, on pixels fine enough for the spread.
    """
    if not (clearance_mm < radius_mm + pixel_mm).any():
        return np.zeros(clearance_mm.shape)
    sd_pixels = sd_mm / pixel_mm
    if sd_pixels > _COARSE:
        return _on_coarser(_share(clearance_mm, radius_mm, pixel_mm), sd_pixels, int(sd_pixels / _FINE))
    split = int(np.clip(np.ceil(_FINE / max(sd_pixels, 1e-9)), 1, _FINEST))
    if split == 1:
        return _smoothed(_share(clearance_mm, radius_mm, pixel_mm), sd_pixels)
    # Distances change by at most a pixel from one to the next, so they may be read between pixels.
    at = [np.arange((length - 1) * split + 1) / split for length in clearance_mm.shape]
    fine = ndimage.map_coordinates(
        np.minimum(clearance_mm, radius_mm + 2 * pixel_mm), np.meshgrid(*at, indexing="ij"), order=1
    )
    return _smoothed(_share(fine, radius_mm, pixel_mm / split), sd_pixels * split)[::split, ::split]


def touched_at(
    clearance_mm: AnyArray, row_column: AnyArray, *, radius_mm: float, sd_mm: float, pixel_mm: float
) -> AnyArray:
    """Return the chances of ``touch_map`` at places in groups, working out the map about each group only.

    Parameters
    ----------
    clearance_mm, radius_mm, sd_mm, pixel_mm
        As for ``touch_map``.
    row_column
        Fractional indices, shape (group, place, 2); those of a group lie near each other.

    Returns
    -------
    numpy.ndarray
        Shape (group, place).

    Notes
    -----
    Where the groups' surroundings together are larger than the map, the whole map is worked out once.
    """
    sd_pixels = sd_mm / pixel_mm
    spare = int(np.ceil(_REACH * sd_pixels + radius_mm / pixel_mm)) + 2
    shape = np.array(clearance_mm.shape)
    first = np.clip(np.floor(row_column.min(axis=1, initial=np.inf)) - spare, 0, shape - 1).astype(int)
    last = np.clip(np.ceil(row_column.max(axis=1, initial=-np.inf)) + spare + 1, first + 1, shape).astype(int)
    if sd_pixels > _COARSE or np.prod(last - first, axis=1).sum() >= clearance_mm.size:
        chance = touch_map(clearance_mm, radius_mm=radius_mm, sd_mm=sd_mm, pixel_mm=pixel_mm)
        return _between(chance, row_column)
    chances = np.empty(row_column.shape[:2])
    for index, (low, high) in enumerate(zip(first, last, strict=True)):
        tile = clearance_mm[low[0] : high[0], low[1] : high[1]]
        chance = touch_map(tile, radius_mm=radius_mm, sd_mm=sd_mm, pixel_mm=pixel_mm)
        chances[index] = _between(chance, row_column[index] - low)
    return chances


def _between(chance: AnyArray, row_column: AnyArray) -> AnyArray:
    """Look chances up between pixels, holding the edge's beyond the map."""
    return ndimage.map_coordinates(chance, np.moveaxis(row_column, -1, 0), order=1, mode="nearest")


def _share(clearance_mm: AnyArray, radius_mm: float, pixel_mm: float) -> AnyArray:
    """Return the share of every pixel from which the disc touches."""
    return np.clip((radius_mm - clearance_mm) / pixel_mm + 0.5, 0, 1)


def _on_coarser(touches: AnyArray, sd_pixels: float, step: int) -> AnyArray:
    rows, columns = touches.shape
    padded = np.pad(touches, ((0, -rows % step), (0, -columns % step)), mode="edge")
    coarse = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean(axis=(1, 3))
    smooth = _smoothed(coarse, sd_pixels / step)
    at = [(np.arange(length) - (step - 1) / 2) / step for length in touches.shape]
    return ndimage.map_coordinates(smooth, np.meshgrid(*at, indexing="ij"), order=1, mode="nearest")


def _smoothed(values: AnyArray, sd_pixels: float) -> AnyArray:
    if sd_pixels == 0:
        return values
    return np.clip(ndimage.gaussian_filter(values, sd_pixels, mode="nearest", truncate=_REACH), 0, 1)
