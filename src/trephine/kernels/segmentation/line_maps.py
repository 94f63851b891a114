# SPDX-License-Identifier: Apache-2.0
"""How line-like every pixel's surroundings are, by oriented second derivatives of several lengths."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.segmentation.picture_pyramid import Picture, smoothed

DIRECTIONS = 12
LEVEL, SLOPE, LEAST, SPREAD, SHORT, LONG, LONGEST = range(7)
"""Places of the maps in what ``line_maps`` returns."""
_STEP = 1.2
"""Distance of the taps along a line, in standard deviations of the smoothing."""
_ROWS_AT_ONCE = 96
_HANDS = 2


def line_maps(picture: AnyArray, sd_pixel: float, *, lengths: int) -> Picture:
    """Measure dark lines of one width at every pixel, whatever their direction.

    Parameters
    ----------
    picture
        Brightness, shape (row, column).
    sd_pixel
        Standard deviation of the smoothing, pixels: about half the width of the lines looked for.
    lengths
        How many lengths of line, 2 or 3.

    Returns
    -------
    numpy.ndarray
        Shape (4 + lengths, row, column), float32: the smoothed picture (``LEVEL``); the size of its first
        derivative (``SLOPE``); and of the second derivative in 12 directions, the smallest over 3 taps along
        the line (``LEAST``), the mean of the positive part over 9 taps (``SPREAD``), and the largest over 3,
        9 and 27 taps (``SHORT``, ``LONG``, ``LONGEST``). Derivatives are in units of the smoothing.

    Notes
    -----
    Taps lie at whole pixels. Bands of rows are worked on two at a time; the result does not depend on that.
    """
    smooth = smoothed(picture, sd_pixel)
    reach = sum(round(_STEP * sd_pixel * 3**power) for power in range(lengths)) + 1
    wide = np.pad(smooth, reach, "edge")
    result = np.empty((SHORT + lengths, *smooth.shape), dtype=np.float32)
    starts = [*range(0, len(smooth), _ROWS_AT_ONCE), len(smooth)]

    def one(band: tuple[int, int]) -> None:
        _fill(wide[band[0] : band[1] + 2 * reach], sd_pixel, result[:, band[0] : band[1]])

    with ThreadPoolExecutor(_HANDS) as hands:
        list(hands.map(one, pairwise(starts)))
    return result


def _fill(wide: AnyArray, sd_pixel: float, out: AnyArray) -> None:
    """Fill the maps of one band of rows from the smoothed band with a rim."""
    rows, columns = out.shape[1:]
    out[LEVEL] = _middle(wide, rows, columns)
    out[SLOPE] = _middle(_slope(wide, sd_pixel), rows, columns)
    out[LEAST] = np.inf
    out[SPREAD] = 0
    out[SHORT:] = -np.inf
    half, turn, cross = _bends(wide, sd_pixel)
    for place in range(DIRECTIONS):
        angle = np.pi * place / DIRECTIONS
        bend = half + turn * np.float32(np.cos(2 * angle)) + cross * np.float32(np.sin(2 * angle))
        for power in range(len(out) - SHORT):
            bend = _three_taps(bend, angle, _STEP * sd_pixel * 3**power)
            middle = _middle(bend, rows, columns)
            np.maximum(out[SHORT + power], middle, out=out[SHORT + power])
            if power == 0:
                np.minimum(out[LEAST], middle, out=out[LEAST])
            elif power == 1:
                out[SPREAD] += np.maximum(middle, 0)
    out[SPREAD] /= DIRECTIONS


def _slope(wide: AnyArray, sd_pixel: float) -> AnyArray:
    """Return the size of the first derivative; one pixel smaller on every side."""
    right = wide[1:-1, 2:] - wide[1:-1, :-2]
    down = wide[2:, 1:-1] - wide[:-2, 1:-1]
    return np.sqrt(right * right + down * down) * np.float32(sd_pixel / 2)


def _bends(wide: AnyArray, sd_pixel: float) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return what the second derivative in any direction is made of; one pixel smaller on every side."""
    scale = np.float32(sd_pixel**2)
    middle = 2 * wide[1:-1, 1:-1]
    along_columns = wide[1:-1, 2:] + wide[1:-1, :-2] - middle
    along_rows = wide[2:, 1:-1] + wide[:-2, 1:-1] - middle
    mixed = wide[2:, 2:] + wide[:-2, :-2] - wide[2:, :-2] - wide[:-2, 2:]
    return (
        (along_columns + along_rows) * (scale / 2),
        (along_columns - along_rows) * (scale / 2),
        mixed * (scale / 4),
    )


def _three_taps(values: AnyArray, angle: float, step: float) -> AnyArray:
    """Average a pixel and two neighbours along a line; smaller by the larger of their steps on every side."""
    down, right = round(step * np.cos(angle)), round(-step * np.sin(angle))
    edge = max(abs(down), abs(right))
    rows, columns = values.shape
    ahead = values[edge + down : rows - edge + down, edge + right : columns - edge + right]
    behind = values[edge - down : rows - edge - down, edge - right : columns - edge - right]
    total = ahead + behind
    total += values[edge : rows - edge, edge : columns - edge]
    total *= np.float32(1 / 3)
    return total


def _middle(values: AnyArray, rows: int, columns: int) -> AnyArray:
    """Return the middle of an array."""
    top, left = (values.shape[0] - rows) // 2, (values.shape[1] - columns) // 2
    return values[top : top + rows, left : left + columns]
