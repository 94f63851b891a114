# SPDX-License-Identifier: Apache-2.0
"""Latents whose dynamics are remembered, while the channels that show them are learned again without labels.

The model is a linear system seen through channels. With labels the movement is one more group of channels,
so one expectation-maximisation fits dynamics, loadings of channels, and loadings of movement. Later the
dynamics and the loadings of movement stay, and expectation-maximisation finds only how each channel shows
the same latents now. It starts from the loadings remembered, which is how a channel keeps its identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.progress import Progress, silent
from trephine.kernels.decoding.linear_system import LinearSystem, filtered, gains_of, smoothed

_SMOOTHING_BINS = 5
"""Length of the running mean before the first guess of the latents; the fit itself does not use it."""
_LEAST_NOISE = 1e-3
_LEAST_NOISE_AGAIN = 0.05
"""Floors of a channel's noise, in the variance of a scaled channel; the second, without labels, keeps one
channel from taking a latent for itself. Assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Sums over bins of what is expected of the states.

    Parameters
    ----------
    count, pairs
        Bins, and neighbouring pairs of bins.
    states, before, after, across
        Sums of a state by itself over all bins, over all but the last, over all but the first, and of each
        state by the one before it; shape (state, state).
    shown, power
        Sums of channels by states, shape (channel, state), and of squared channels, shape (channel,).
    """

    count: int
    pairs: int
    states: AnyArray
    before: AnyArray
    after: AnyArray
    across: AnyArray
    shown: AnyArray
    power: AnyArray


def moments_of(system: LinearSystem, segments: Sequence[AnyArray]) -> Moments:
    """Expect the states of stretches of channels, shape (bin, channel), from the whole of each."""
    gains = gains_of(system)
    total: list[AnyArray] = []
    for values in segments:
        states = smoothed(system, gains, filtered(system, gains, values))
        own, step = gains.smoothed, gains.smoothed @ gains.back.T
        count = len(values)
        part = [
            states.T @ states + count * own,
            states[:-1].T @ states[:-1] + (count - 1) * own,
            states[1:].T @ states[1:] + (count - 1) * own,
            states[1:].T @ states[:-1] + (count - 1) * step,
            values.T @ states,
            (values**2).sum(0),
        ]
        total = part if not total else [a + b for a, b in zip(total, part, strict=True)]
    bins = sum(map(len, segments))
    return Moments(
        count=bins, pairs=bins - len(segments), states=total[0], before=total[1], after=total[2],
        across=total[3], shown=total[4], power=total[5],
    )  # fmt: skip


def learned(
    segments: Sequence[AnyArray], *, states: int, rounds: int, progress: Progress = silent
) -> LinearSystem:
    """Fit a system to stretches of channels by expectation-maximisation.

    Parameters
    ----------
    segments
        Each of shape (bin, channel), about nought; movement may be among the channels.
    states
        How many latents.
    rounds
        Of expectation and maximisation.
    progress
        Told before each round.

    Returns
    -------
    LinearSystem
        Latents are in no order of meaning. Filters of steady gain stand for exact ones near a stretch's ends.
    """
    system = _guessed(segments, states)
    for turn in range(rounds):
        progress(turn, rounds, "learning the latents")
        m = moments_of(system, segments)
        transition = np.linalg.solve(m.before, m.across.T).T
        drive = (m.after - transition @ m.across.T) / m.pairs
        loadings = np.linalg.solve(m.states, m.shown.T).T
        noise = np.maximum((m.power - (loadings * m.shown).sum(1)) / m.count, _LEAST_NOISE)
        system = LinearSystem(
            transition=transition, drive=(drive + drive.T) / 2, loadings=loadings, noise=noise
        )
    return system


def shown_again(system: LinearSystem, values: AnyArray, *, rounds: int) -> LinearSystem:
    """Learn without labels how channels show the latents now; the dynamics stay.

    Parameters
    ----------
    system
        As remembered.
    values
        Shape (bin, channel), about nought, all of it past.
    rounds
        Of expectation and maximisation: few, since the start carries what is known of each channel.
    """
    for _ in range(rounds):
        m = moments_of(system, [values])
        loadings = np.linalg.solve(m.states, m.shown.T).T
        noise = np.maximum((m.power - (loadings * m.shown).sum(1)) / m.count, _LEAST_NOISE_AGAIN)
        system = replace(system, loadings=loadings, noise=noise)
    return system


def _guessed(segments: Sequence[AnyArray], states: int) -> LinearSystem:
    """Start from the leading components of smoothed channels."""
    mean = np.ones(_SMOOTHING_BINS) / _SMOOTHING_BINS
    calm = np.concatenate(
        [np.apply_along_axis(np.convolve, 0, values, mean, mode="same") for values in segments]
    )
    scatter, axes = np.linalg.eigh(calm.T @ calm / len(calm))
    latents = calm @ axes[:, ::-1][:, :states] / np.sqrt(np.maximum(scatter[::-1][:states], 1e-9))
    before, after = latents[:-1], latents[1:]
    transition = np.linalg.lstsq(before, after, rcond=None)[0].T
    surprise = after - before @ transition.T
    values = np.concatenate(list(segments))
    loadings = np.linalg.lstsq(latents, values, rcond=None)[0].T
    return LinearSystem(
        transition=transition,
        drive=surprise.T @ surprise / len(surprise) + 1e-6 * np.eye(states),
        loadings=loadings,
        noise=np.maximum(((values - latents @ loadings.T) ** 2).mean(0), _LEAST_NOISE),
    )
