# SPDX-License-Identifier: Apache-2.0
"""How an exposed cortex moves: slow swell, breath and pulse, made from a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from trephine.core.errors import InputError
from trephine.core.random import generator
from trephine.model.brain_motion import BrainMotion

_PULSE_HARMONICS = (1.0, 0.45, 0.2)
_HARMONIC_LAG_RAD = (0.0, 0.9, 1.7)


class MotionSettings(BaseModel):
    """How much and how fast the cortex moves; excursions are from the lowest to the highest point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_hz: float = Field(default=200.0, ge=20.0, le=10_000.0, description="Samples a second. Assumed.")
    slow_hz: float = Field(
        default=0.04, gt=0.0, le=0.1, description="Swell; 0.03 to 0.05 Hz seen in patients [faria2014]."
    )
    breath_hz: float = Field(
        default=0.22, gt=0.0, le=1.0, description="Breathing; a peak near 0.2 Hz seen [faria2014]."
    )
    pulse_hz: float = Field(
        default=1.05, gt=0.0, le=4.0, description="Heartbeat; a peak near 1 Hz seen [faria2014]."
    )
    slow_mm: float = Field(default=0.12, ge=0.0, le=9.0, description="Excursion of the swell. Assumed.")
    breath_mm: float = Field(default=0.30, ge=0.0, le=9.0, description="Excursion of breathing. Assumed.")
    pulse_mm: float = Field(default=0.25, ge=0.0, le=9.0, description="Excursion of the pulse. Assumed.")
    largest_mm: float = Field(
        default=0.8,
        gt=0.0,
        le=20.0,
        description="No larger excursion along the axis [faria2014]: below 0.8 mm.",
    )
    lateral_fraction: float = Field(
        default=0.3, ge=0.0, le=1.0, description="Motion across the axis against along it. Assumed."
    )
    wander_fraction: float = Field(
        default=0.06, ge=0.0, le=0.5, description="Standard deviation of rates and sizes in time. Assumed."
    )


def brain_motion(seed: int, settings: MotionSettings, duration_s: float) -> BrainMotion:
    """Make the motion of the cortex under an opening.

    Parameters
    ----------
    seed
        The same seed and settings give the same motion.
    settings
        Rates and excursions.
    duration_s
        How long.

    Returns
    -------
    BrainMotion
        Displacement in ``implant`` axes, mm, from 0 s to at least ``duration_s``; its mean is zero.

    Raises
    ------
    InputError
        If the duration is shorter than two samples.

    Notes
    -----
    Three oscillations whose rate and size wander; the pulse has two harmonics, so it rises faster than it
    falls. Across the axis the same oscillations act along directions of their own. Where the sum along the
    axis would exceed ``largest_mm``, the whole motion is made smaller in proportion. No drift, cough or table
    motion.

    References
    ----------
    faria2014
    """
    count = int(np.ceil(duration_s * settings.rate_hz)) + 1
    if count < 3:
        raise InputError.because(
            where="duration_s",
            found=f"{duration_s} s",
            expected=f"at least {2 / settings.rate_hz} s, two samples",
            remedy="Ask for a longer motion.",
        )
    time_s = np.arange(count) / settings.rate_hz
    displacement = np.zeros((count, 3))
    parts = (
        ("slow", settings.slow_hz, settings.slow_mm, (1.0,)),
        ("breath", settings.breath_hz, settings.breath_mm, (1.0, 0.15)),
        ("pulse", settings.pulse_hz, settings.pulse_mm, _PULSE_HARMONICS),
    )
    for name, rate_hz, excursion_mm, harmonics in parts:
        rng = generator(seed, f"phantom.motion.{name}")
        wave = _wandering_wave(time_s, rate_hz, harmonics, settings.wander_fraction, rng)
        angle = rng.uniform(0, 2 * np.pi)
        across = settings.lateral_fraction * rng.uniform(0.6, 1.0)
        direction = np.array([across * np.cos(angle), across * np.sin(angle), 1.0])
        displacement += excursion_mm * wave[:, None] * direction
    displacement -= displacement.mean(axis=0)
    excursion = float(np.ptp(displacement[:, 2]))
    if excursion > settings.largest_mm:
        displacement *= settings.largest_mm / excursion
    return BrainMotion(time_s=time_s, displacement_mm=displacement, origin="simulated")


def _wandering_wave(
    time_s: NDArray[np.float64],
    rate_hz: float,
    harmonics: tuple[float, ...],
    wander_fraction: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Make an oscillation of excursion about 1 whose rate and size wander, shape (time,)."""
    step_s = float(time_s[1])
    knots = int(np.ceil(time_s[-1] * rate_hz)) + 3  # one a cycle, whatever the sampling
    wander = rng.standard_normal((2, knots + 40))
    wander = ndimage.gaussian_filter1d(wander, 5.0, axis=1)[:, 20:-20] * np.sqrt(2 * 5.0 * np.sqrt(np.pi))
    rate, size = (1 + wander_fraction * np.interp(time_s * rate_hz, np.arange(knots), row) for row in wander)
    phase = 2 * np.pi * (rng.uniform() + np.cumsum(rate) * rate_hz * step_s)
    one_cycle = _shape(np.linspace(0, 2 * np.pi, 720), harmonics)
    return size * _shape(phase, harmonics) / float(np.ptp(one_cycle))


def _shape(phase_rad: NDArray[np.float64], harmonics: tuple[float, ...]) -> NDArray[np.float64]:
    """Sum harmonics with fixed lags, shape of the phase."""
    wave = np.zeros_like(phase_rad)
    for number, (share, lag) in enumerate(zip(harmonics, _HARMONIC_LAG_RAD, strict=False), start=1):
        wave += share * np.sin(number * phase_rad - lag)
    return wave
