# SPDX-License-Identifier: Apache-2.0
"""Thermal dose: a course of temperature as minutes at 43 degC.

References: ``sapareto1984`` (the measure), ``iso14708_3`` (from where it counts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray

MIDDLE_DEGC = 43.0
HALF, QUARTER = 0.5, 0.25
"""By how much a degree less shortens the dose, at and above the middle, and below it."""


@dataclass(frozen=True, kw_only=True)
class Counting:
    """From which temperature a dose is counted.

    Parameters
    ----------
    floor_degc
        Below this nothing is counted.
    """

    floor_degc: float


ISO = Counting(floor_degc=39.0)
"""ISO 14708-3 declares the measure valid from 39 degC; the default."""
FROM_37 = Counting(floor_degc=37.0)
"""As k-Wave counts."""
ALL = Counting(floor_degc=-np.inf)
"""As BabelViscoFDTD counts."""


def dose_min(temperature_degc: AnyArray, step_s: float, counting: Counting = ISO) -> AnyArray:
    """Return the dose of a course of temperature.

    Parameters
    ----------
    temperature_degc
        Constant during each step, shape (step, ...).
    step_s
        Length of a step.
    counting
        From where to count.

    Returns
    -------
    numpy.ndarray
        Minutes at 43 degC, shape (...).
    """
    return minute_worth(temperature_degc, counting).sum(axis=0) * step_s / 60


def minute_worth(temperature_degc: AnyArray, counting: Counting = ISO) -> AnyArray:
    """Return how many minutes at 43 degC a minute at each temperature is worth."""
    t = np.asarray(temperature_degc, np.float64)
    base = np.where(t >= MIDDLE_DEGC, HALF, QUARTER)
    return np.where(t >= counting.floor_degc, base ** (MIDDLE_DEGC - t), 0.0)


def allowed_min(temperature_degc: AnyArray, limit_min: float, counting: Counting = ISO) -> AnyArray:
    """Return how long a temperature may be held before the dose reaches a limit; infinite below the floor."""
    with np.errstate(divide="ignore"):
        return limit_min / minute_worth(temperature_degc, counting)
