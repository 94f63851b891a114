# SPDX-License-Identifier: Apache-2.0
"""Slow waves of many series, and how many independent moments they hold."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray

_LAGS = 20


def left_over(series: AnyArray, matrix: AnyArray) -> AnyArray:
    """Return what regressors leave over of series, both of shape (time, ...), by least squares."""
    return series - matrix @ np.linalg.lstsq(matrix, series, rcond=None)[0]


def slow_waves(series: AnyArray, step_s: float, lowest_hz: float, highest_hz: float) -> AnyArray:
    """Keep one band of frequencies.

    Parameters
    ----------
    series
        Shape (time, series).
    step_s
        Time from one moment to the next.
    lowest_hz, highest_hz
        The band.

    Returns
    -------
    numpy.ndarray
        Shape of ``series``: a sharp cut of the discrete Fourier transform, with a mean of 0.
    """
    frequency = np.fft.rfftfreq(len(series), step_s)
    kept = (frequency >= lowest_hz) & (frequency <= highest_hz)
    return np.fft.irfft(np.fft.rfft(series, axis=0) * kept[:, None], n=len(series), axis=0)


def independent_moments(one: AnyArray, many: AnyArray) -> float:
    """Return how many independent pairs of values two kinds of series hold.

    Parameters
    ----------
    one
        Shape (time,).
    many
        Shape (time, series); their mean memory counts.

    Returns
    -------
    float
        ``n / (1 + 2 sum of the product of both autocorrelations)`` [bartlett1935]_, from 4 to n.
    """
    count = len(one)
    first = _memory(one[:, None])
    memory = first * _memory(many)
    return float(np.clip(count / max(1.0, 1.0 + 2.0 * memory.sum()), 4.0, count))


def _memory(series: AnyArray) -> AnyArray:
    """Return the autocorrelation at the first lags, over all series, shape (lag,)."""
    power = float((series**2).sum())
    lags = range(1, min(_LAGS, len(series) - 1) + 1)
    return np.array([float((series[k:] * series[:-k]).sum()) / max(power, 1e-30) for k in lags])
