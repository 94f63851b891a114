# SPDX-License-Identifier: Apache-2.0
"""Values of a series at one common time, although its slices were taken one after another."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import spline_filter1d

from trephine.core.arrays import AnyArray


def at_common_time(
    series: AnyArray, slice_time_s: tuple[float, ...], repetition_time_s: float, common_time_s: float
) -> AnyArray:
    """Interpolate every slice to the same moment after its volume starts.

    Parameters
    ----------
    series
        Shape (i, j, k, time).
    slice_time_s
        When each slice along k is taken after its volume starts, one a slice.
    repetition_time_s
        From one volume to the next.
    common_time_s
        The moment wanted, after a volume's start.

    Returns
    -------
    numpy.ndarray
        float32, shape of ``series``.

    Notes
    -----
    Cubic B-splines along time; at both ends the series is mirrored, so the first and last volume are less
    sure than the rest. Assumes that the head moves little within one volume.
    """
    # Splines of the deviations: the mean, much larger than they are, would cost digits in float32.
    mean = series.mean(axis=-1, keepdims=True, dtype=np.float64)
    coefficients = spline_filter1d(series - mean, order=3, axis=-1, mode="mirror").astype(np.float32)
    padded = np.pad(coefficients, ((0, 0), (0, 0), (0, 0), (2, 3)), mode="reflect")
    count = series.shape[-1]
    out = np.empty(series.shape, dtype=np.float32)
    for k, taken_s in enumerate(slice_time_s):
        shift = (common_time_s - taken_s) / repetition_time_s
        whole = int(np.floor(shift))
        first = 1 + whole
        total = np.zeros(series.shape[:2] + (count,), dtype=np.float32)
        for tap, weight in enumerate(_cubic_weights(shift - whole)):
            total += weight * padded[:, :, k, first + tap : first + tap + count]
        out[:, :, k] = total + mean[:, :, k]
    return out


def _cubic_weights(part: float) -> tuple[np.float32, ...]:
    """Return the cubic B-spline's values at -1, 0, 1, 2 less ``part``, 0 <= part < 1."""
    back = 1.0 - part
    weights = (
        back**3 / 6.0,
        2.0 / 3.0 - part**2 * (2.0 - part) / 2.0,
        2.0 / 3.0 - back**2 * (2.0 - back) / 2.0,
        part**3 / 6.0,
    )
    return tuple(np.float32(weight) for weight in weights)
