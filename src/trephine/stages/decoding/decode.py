# SPDX-License-Identifier: Apache-2.0
"""Decode a recording, having learned from its unlabelled first part what may be learned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import ConfigError, InputError
from trephine.core.findings import Finding, Outcome
from trephine.core.progress import Progress, silent
from trephine.kernels.decoding.channel_order import OrderFound, order_found
from trephine.kernels.decoding.features import Scaling, later, root_counts, scaling_of, with_history
from trephine.kernels.decoding.kalman import kalman_movement
from trephine.kernels.decoding.kernel_ridge import KernelMap, pooled_history
from trephine.kernels.decoding.latent import shown_again
from trephine.kernels.decoding.linear_system import LinearSystem, delayed, filtered, gains_of, smoothed
from trephine.kernels.decoding.ridge import Linear, ridge
from trephine.kernels.decoding.score import r_squared
from trephine.model.decoder import Adaptation, Decoded, Decoder
from trephine.model.recording import Recording
from trephine.stages.decoding.checks import RECOGNISED_Z, of_order, silent_channels
from trephine.stages.decoding.settings import Settings
from trephine.stages.decoding.train import bins_of, correlation, edges_of

_INFORMATION = {
    "none": "labels of the training recordings; nothing of this one but the bins up to now",
    "scale": "labels of the training recordings; counts, without movement, of this one's first part",
    "latent": "labels of the training recordings; counts, without movement, of this one's first part",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prepared:
    """Scaled channels of a recording, and where its unlabelled part ends."""

    values: AnyArray
    first_bin: int
    findings: tuple[Finding, ...]


def decode(
    decoder: Decoder,
    recording: Recording,
    *,
    settings: Settings,
    adaptation: Adaptation = "scale",
    progress: Progress = silent,
) -> Outcome[Decoded]:
    """Decode velocity; its true values, where there are any, are looked at only for the score.

    Parameters
    ----------
    decoder
        As trained.
    recording
        Of the same channels and bin.
    settings
        Share that may be learned from without labels, and rounds; sizes are the decoder's own.
    adaptation
        What to learn.
    progress
        Told as it goes on.

    Returns
    -------
    Outcome
        Velocity of every bin, with findings on silent channels and on their order.

    Raises
    ------
    InputError
        If the recording is not of the decoder's channels and bin.
    ConfigError
        If this kind of decoder cannot learn so.
    """
    _check_fits(decoder, recording)
    if adaptation == "latent" and decoder.kind != "latent":
        raise ConfigError.because(
            where="adaptation",
            found=f"latent with a decoder of kind {decoder.kind}",
            expected="none or scale",
            remedy="Train a decoder of kind latent.",
        )
    progress(0, 3, "looking at the channels")
    ready = _prepared(decoder, recording, settings, adaptation)
    progress(1, 3, "learning without labels" if adaptation == "latent" else "decoding")
    if adaptation == "latent":
        velocity = adapted_latent(decoder, ready.values, ready.first_bin, settings)
    else:
        velocity = _DECODES[decoder.kind](decoder, ready.values)
    progress(2, 3, "scoring")
    velocity = velocity + decoder.arrays["middle"]
    score = None
    if recording.velocity is not None:
        score = r_squared(recording.velocity[ready.first_bin :], velocity[ready.first_bin :])
    decoded = Decoded(
        recording=recording.name,
        velocity=velocity,
        length_unit=decoder.length_unit,
        bin_s=decoder.bin_s,
        first_bin=ready.first_bin,
        adaptation=adaptation,
        information=_INFORMATION[adaptation],
        r2_share=score,
    )
    return Outcome(value=decoded, findings=ready.findings)


def _prepared(
    decoder: Decoder, recording: Recording, settings: Settings, adaptation: Adaptation
) -> _Prepared:
    """Scale the channels and put them in the order remembered."""
    first_bin = max(int(settings.unlabelled_share * len(recording.counts)), 1)
    roots = root_counts(recording.counts)
    past = roots[:first_bin]
    own = scaling_of(past, least_index=float(decoder.settings["least_spread_index"]))
    found = order_found(decoder.arrays["correlation"], correlation([own(past)]))
    is_repaired = adaptation != "none" and is_another_order(found, decoder.arrays["mean_roots"], past)
    scale = own
    if adaptation == "none":
        scale = Scaling(centre=decoder.arrays["centre"], spread=decoder.arrays["spread"])
    values = scale(roots)
    findings = (
        *silent_channels(recording, first_bin),
        *of_order(recording, found, is_repaired=is_repaired),
    )
    return _Prepared(
        values=values[:, found.order] if is_repaired else values, first_bin=first_bin, findings=findings
    )


def is_another_order(found: OrderFound, mean_roots: AnyArray, past: AnyArray) -> bool:
    """Tell whether an order is found beyond doubt.

    It must agree far beyond chance while the channels as they come do not, and mean rates, which had no
    part in the choice, must agree better in it too.
    """
    means = past.mean(0)
    return (
        not found.is_as_remembered
        and found.best_z >= RECOGNISED_Z
        and found.as_is_z < RECOGNISED_Z
        and float(np.corrcoef(mean_roots, means[found.order])[0, 1])
        > float(np.corrcoef(mean_roots, means)[0, 1])
    )


def system_of(decoder: Decoder) -> LinearSystem:
    """Return the linear system of a Kalman or latent decoder."""
    arrays = decoder.arrays
    return LinearSystem(
        transition=arrays["transition"],
        drive=arrays["drive"],
        loadings=arrays["loadings"],
        noise=arrays["noise"],
    )


def adapted_latent(decoder: Decoder, values: AnyArray, first_bin: int, settings: Settings) -> AnyArray:
    """Learn the channels' loadings again on the first part, and a linear map with history from them.

    Parameters
    ----------
    decoder
        Of kind ``latent``.
    values
        Scaled channels, shape (bin, channel).
    first_bin
        Where the first part ends.
    settings
        Rounds.

    Returns
    -------
    numpy.ndarray
        Velocity about nought, shape (bin, axis). The map is fitted to the movement that the latents of the
        first part, smoothed over all of it, show; then it decodes causally.
    """
    past, lead = values[:first_bin], int(decoder.chosen["lead_bins"])
    system = shown_again(system_of(decoder), past, rounds=settings.rounds_again)
    gains = gains_of(system)
    states = smoothed(system, gains, filtered(system, gains, past))
    shown = later(states, lead) @ decoder.arrays["movement"].T
    count = max(bins_of(float(decoder.settings["history_s"]), decoder.bin_s), 1)
    features = with_history(values, count)
    linear = ridge(features[lead:first_bin], shown[lead:], penalty_share=settings.penalty_again_share)
    return np.asarray(linear(features))


def _check_fits(decoder: Decoder, recording: Recording) -> None:
    for name in ("channels", "bin_s", "length_unit"):
        have, want = getattr(recording, name), getattr(decoder, name)
        if have != want:
            raise InputError.because(
                where=f"{recording.name}, {name}",
                found=str(have)[:60],
                expected=f"{str(want)[:60]}, as the decoder was trained with",
                remedy="Decode recordings of the implant and bin that the decoder was trained on.",
            )


def _ridge(decoder: Decoder, values: AnyArray) -> AnyArray:
    linear = Linear(weights=decoder.arrays["weights"], offset=decoder.arrays["offset"])
    return np.asarray(linear(with_history(values, int(decoder.chosen["history_bins"]))))


def _kernel(decoder: Decoder, values: AnyArray) -> AnyArray:
    arrays = decoder.arrays
    bent = KernelMap(
        landmarks=arrays["landmarks"],
        weights=arrays["weights"],
        offset=arrays["offset"],
        narrowness=arrays["narrowness"],
    )
    return np.asarray(bent(pooled_history(values, edges_of(decoder.settings["span_edges_s"], decoder.bin_s))))


def _kalman(decoder: Decoder, values: AnyArray) -> AnyArray:
    shifted = later(values, int(decoder.chosen["lead_bins"]))
    return kalman_movement(system_of(decoder), decoder.arrays["mixing"], shifted)[:, -2:]


def _latent(decoder: Decoder, values: AnyArray) -> AnyArray:
    system = system_of(decoder)
    gains = gains_of(system)
    states = delayed(system, gains, filtered(system, gains, values), bins=int(decoder.chosen["lead_bins"]))
    return np.asarray(states @ decoder.arrays["movement"].T)


_DECODES = {"ridge": _ridge, "kernel": _kernel, "kalman": _kalman, "latent": _latent}
