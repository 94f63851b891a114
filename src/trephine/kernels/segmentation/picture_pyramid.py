# SPDX-License-Identifier: Apache-2.0
"""A picture halved, doubled, smoothed, and with its unseen parts filled, all in single precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.core.arrays import AnyArray, Mask2

Picture = NDArray[np.float32]
_LEAST_SEEN_FRACTION = 1e-3


def halved(picture: AnyArray) -> Picture:
    """Halve a picture's size with the weights 1, 3, 3, 1 either way.

    Parameters
    ----------
    picture
        Shape (..., row, column); an odd last row or column counts twice.

    Returns
    -------
    numpy.ndarray
        Shape (..., half the rows, half the columns), rounded up.
    """
    rows, columns = picture.shape[-2:]
    ahead = [(0, 0)] * (picture.ndim - 2)
    wide = np.pad(
        picture.astype(np.float32, copy=False), [*ahead, (1, 1 + rows % 2), (1, 1 + columns % 2)], "edge"
    )
    wide = wide[..., 0:-3:2, :] + wide[..., 3::2, :] + 3 * (wide[..., 1:-2:2, :] + wide[..., 2:-1:2, :])
    wide = wide[..., 0:-3:2] + wide[..., 3::2] + 3 * (wide[..., 1:-2:2] + wide[..., 2:-1:2])
    return wide * np.float32(1 / 64)


def doubled(picture: AnyArray, shape: tuple[int, ...]) -> Picture:
    """Double a picture's size by linear interpolation, the counterpart of ``halved``.

    Parameters
    ----------
    picture
        Shape (..., row, column).
    shape
        Rows and columns wanted, twice those of the picture or one less.

    Returns
    -------
    numpy.ndarray
        Shape (..., *shape).
    """
    near, far = np.float32(0.75), np.float32(0.25)
    wide = np.pad(picture, [(0, 0)] * (picture.ndim - 2) + [(1, 1), (1, 1)], "edge")
    rows, columns = picture.shape[-2:]
    tall = np.empty((*picture.shape[:-2], 2 * rows, columns + 2), dtype=np.float32)
    tall[..., 0::2, :] = near * wide[..., 1:-1, :] + far * wide[..., :-2, :]
    tall[..., 1::2, :] = near * wide[..., 1:-1, :] + far * wide[..., 2:, :]
    full = np.empty((*picture.shape[:-2], 2 * rows, 2 * columns), dtype=np.float32)
    full[..., 0::2] = near * tall[..., 1:-1] + far * tall[..., :-2]
    full[..., 1::2] = near * tall[..., 1:-1] + far * tall[..., 2:]
    return full[..., : shape[0], : shape[1]]


def pyramid(picture: AnyArray, levels: int) -> list[Picture]:
    """Return a picture and its halves, the halves' halves and so on, ``levels`` in all."""
    steps = [picture.astype(np.float32, copy=False)]
    for _ in range(levels - 1):
        steps.append(halved(steps[-1]))
    return steps


def filled_in(picture: AnyArray, seen: Mask2) -> Picture:
    """Fill what is not seen smoothly from what is seen around it.

    Parameters
    ----------
    picture
        Shape (row, column).
    seen
        Pixels that count, same shape.

    Returns
    -------
    numpy.ndarray
        The picture itself where it is seen, elsewhere the mean over ever wider blocks; 0 if nothing is seen.
    """
    values = picture.astype(np.float32, copy=False)
    if seen.all() or min(seen.shape) < 2:
        mean = np.float32(values[seen].mean()) if seen.any() else np.float32(0)
        return np.where(seen, values, mean)
    weight = halved(seen.astype(np.float32))
    total = halved(np.where(seen, values, np.float32(0)))
    coarse = filled_in(total / np.maximum(weight, np.float32(1e-6)), weight > _LEAST_SEEN_FRACTION)
    return np.where(seen, values, doubled(coarse, values.shape))


def smoothed(picture: AnyArray, sd_pixel: float) -> Picture:
    """Smooth by a Gaussian cut at three standard deviations; the edge is repeated.

    Parameters
    ----------
    picture
        Shape (row, column).
    sd_pixel
        Standard deviation, pixels.
    """
    reach = int(np.ceil(3 * sd_pixel))
    weight = np.exp(-0.5 * (np.arange(reach + 1) / sd_pixel) ** 2)
    weight = (weight / (weight[0] + 2 * weight[1:].sum())).astype(np.float32)
    result = picture.astype(np.float32, copy=False)
    for axis in (0, 1):
        side = [(0, 0), (0, 0)]
        side[axis] = (reach, reach)
        wide = np.moveaxis(np.pad(result, side, "edge"), axis, 0)
        count = len(wide) - 2 * reach
        total = weight[0] * wide[reach : reach + count]
        for away in range(1, reach + 1):
            pair = wide[reach - away : reach - away + count] + wide[reach + away : reach + away + count]
            pair *= weight[away]
            total += pair
        result = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(result)
