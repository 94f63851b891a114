# SPDX-License-Identifier: Apache-2.0
"""Dark lines of many widths in a picture, without training."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold

from trephine.core.arrays import AnyArray, Mask2

_SIDE = 2.0
"""How far to either side a line's surroundings are looked at, in widths of the smoothing."""
_RIVAL_SHARE = 0.5
_LOW_SPREADS, _HIGH_SPREADS = 0.8, 2.3


def line_contrast(brightness: AnyArray, sd_pixel: float) -> AnyArray:
    """Measure how much darker every pixel is than both its sides, across the sharpest bend.

    Parameters
    ----------
    brightness
        Logarithm of the light, shape (row, column).
    sd_pixel
        Standard deviation of the smoothing, pixels: about half the width of the lines looked for.

    Returns
    -------
    numpy.ndarray
        Drop of the logarithm against the less bright side, same shape; 0 where a side is darker.

    Notes
    -----
    The direction is the eigenvector of the larger eigenvalue of the Hessian. The less bright side counts,
    so an edge between a bright and a dark field, which has one bright side only, is not a line.
    """
    smooth = ndimage.gaussian_filter(brightness, sd_pixel, truncate=3.0)
    drow, dcolumn = np.gradient(smooth)
    row_row, row_column = np.gradient(drow)
    column_column = np.gradient(dcolumn, axis=1)
    angle = 0.5 * np.arctan2(2 * row_column, column_column - row_row)
    rows, columns = np.indices(smooth.shape, dtype=np.float64)
    step = _SIDE * max(sd_pixel, 0.7)
    across_row, across_column = np.sin(angle) * step, np.cos(angle) * step
    sides = [
        ndimage.map_coordinates(
            smooth, [rows + sign * across_row, columns + sign * across_column], order=1, mode="nearest"
        )
        for sign in (-1, 1)
    ]
    return np.maximum(np.minimum(*sides) - smooth, 0)


def noise_of(contrast: AnyArray, seen: Mask2) -> float:
    """Estimate the spread of a contrast map where there is no line, from its lower quarter over seen pixels.

    Notes
    -----
    The lower quarter of the positive half of a Gaussian ends at 0.319 standard deviations; lines, which are
    in the upper part, hardly move it.
    """
    values = contrast[seen & (contrast > 0)]
    return float(np.quantile(values, 0.25)) / 0.319 if values.size else 0.0


def dark_lines(
    brightness: AnyArray, seen: Mask2, sds_pixel: AnyArray, *, low_fraction: AnyArray, high_fraction: AnyArray
) -> Mask2:
    """Mark the dark lines of several widths.

    Parameters
    ----------
    brightness
        Logarithm of the light, shape (row, column), filled where not seen.
    seen
        Where the picture shows anything.
    sds_pixel
        Half the lines' widths, pixels, rising.
    low_fraction, high_fraction
        Smallest contrast of a line's every pixel, and of one pixel of it at least, as drops of the logarithm;
        one for each width.

    Returns
    -------
    numpy.ndarray
        Marked pixels, same shape.

    Notes
    -----
    Wide scales run on a picture made smaller. Thresholds never fall below 0.8 and 2.3 spreads of the noise. A
    narrow line also darkens the wide scales about it; a wide mark must therefore reach half the contrast of
    the narrow lines near it.
    """
    marked = np.zeros(brightness.shape, dtype=bool)
    finer = np.zeros(brightness.shape)
    for sd_pixel, low, high in zip(sds_pixel, low_fraction, high_fraction, strict=True):
        step = max(int(sd_pixel / 2.5), 1)
        seen_part = _shrunk(seen.astype(np.float64), step) > 0.5
        contrast = line_contrast(_shrunk(brightness, step), float(sd_pixel) / step) * seen_part
        spread = noise_of(contrast, seen_part)
        reach = 2 * max(round(2 * float(sd_pixel) / step), 1) + 1
        rival = ndimage.maximum_filter(_shrunk_max(finer, step), size=reach)
        rivalled = np.where(contrast >= _RIVAL_SHARE * rival, contrast, 0)
        found = apply_hysteresis_threshold(
            rivalled, max(float(low), _LOW_SPREADS * spread), max(float(high), _HIGH_SPREADS * spread)
        )
        marked |= _grown(found, step, brightness.shape)
        finer = np.maximum(finer, _grown(np.where(found, contrast, 0), step, brightness.shape))
    return marked & seen


def _grown(values: AnyArray, step: int, shape: tuple[int, ...]) -> AnyArray:
    """Repeat every pixel ``step`` times either way and cut to a shape."""
    return values.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]


def _shrunk_max(values: AnyArray, step: int) -> AnyArray:
    """Take the largest of blocks of ``step`` by ``step`` pixels."""
    pad = [(0, -length % step) for length in values.shape]
    padded = np.pad(values, pad, mode="edge")
    rows, columns = padded.shape[0] // step, padded.shape[1] // step
    return padded.reshape(rows, step, columns, step).max(axis=(1, 3))


def _shrunk(values: AnyArray, step: int) -> AnyArray:
    """Average blocks of ``step`` by ``step`` pixels, repeating the edge to fill the last ones."""
    if step == 1:
        return values
    pad = [(0, -length % step) for length in values.shape]
    padded = np.pad(values, pad, mode="edge")
    rows, columns = padded.shape[0] // step, padded.shape[1] // step
    return padded.reshape(rows, step, columns, step).mean(axis=(1, 3))
