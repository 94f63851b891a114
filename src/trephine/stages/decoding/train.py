# SPDX-License-Identifier: Apache-2.0
"""Train a decoder on recordings with movement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.kernels.decoding.features import Scaling, later, root_counts, scaling_of, with_history
from trephine.kernels.decoding.kalman import kalman_movement, movement_system
from trephine.kernels.decoding.kernel_ridge import chosen_kernel, kernel_ridge, pooled_history
from trephine.kernels.decoding.latent import learned
from trephine.kernels.decoding.linear_system import LinearSystem
from trephine.kernels.decoding.ridge import chosen_penalty, ridge
from trephine.kernels.decoding.score import r_squared
from trephine.model.decoder import Decoder, TrainedOn
from trephine.model.recording import Recording
from trephine.stages.decoding.checks import of_training
from trephine.stages.decoding.settings import Settings

Fitted = tuple[dict[str, AnyArray], dict[str, float]]


def train(
    recordings: Sequence[Recording],
    *,
    settings: Settings,
    first_bins: Sequence[int] | None = None,
    progress: Progress = silent,
) -> Outcome[Decoder]:
    """Train on the movement of one or several recordings.

    Parameters
    ----------
    recordings
        With velocity, the same channels and the same bin.
    settings
        Method and sizes.
    first_bins
        How many bins of each may be used, from its start; all by default.
    progress
        Told as it goes on.

    Returns
    -------
    Outcome
        The decoder, with findings on silent channels. Choices (penalty, lead) are made within these bins.

    Raises
    ------
    InputError
        If a recording has no velocity, or they do not go together.
    """
    check_alike(recordings)
    bins = [len(each.counts) for each in recordings] if first_bins is None else list(first_bins)
    roots = [root_counts(each.counts[:n]) for each, n in zip(recordings, bins, strict=True)]
    moved = [each.needed_velocity()[:n] for each, n in zip(recordings, bins, strict=True)]
    whole = scaling_of(np.concatenate(roots), least_index=settings.least_spread_index)
    own = [scaling_of(each, least_index=settings.least_spread_index) for each in roots]
    scales = own if settings.scaling == "own" else [whole] * len(roots)
    values = [scale(each) for scale, each in zip(scales, roots, strict=True)]
    middle = np.concatenate(moved).mean(0)
    centred = [each - (each.mean(0) if settings.scaling == "own" else middle) for each in moved]
    if settings.kind == "kalman":
        centred = [
            np.column_stack([each.needed_position()[:n] - each.needed_position()[:n].mean(0), velocity])
            for each, n, velocity in zip(recordings, bins, centred, strict=True)
        ]
    arrays, chosen = _FITS[settings.kind](values, centred, recordings[0].bin_s, settings, progress)
    kept: Scaling = scales[-1]
    decoder = Decoder(
        kind=settings.kind,
        channels=recordings[0].channels,
        bin_s=recordings[0].bin_s,
        length_unit=recordings[0].length_unit,
        arrays=arrays
        | {"centre": kept.centre, "spread": kept.spread, "middle": middle}
        | {"mean_roots": whole.centre, "correlation": correlation(values)},
        chosen=chosen,
        settings=settings.model_dump(mode="json"),
        trained_on=tuple(
            TrainedOn(name=each.name, sha256=each.sha256, bins=n, has_labels=True)
            for each, n in zip(recordings, bins, strict=True)
        ),
    )
    return Outcome(value=decoder, findings=of_training(recordings, bins))


def check_alike(recordings: Sequence[Recording]) -> None:
    """Refuse recordings of different channels, bins or units.

    Raises
    ------
    InputError
        If there is none, or one differs from the first.
    """
    if not recordings:
        raise InputError.because(
            where="recordings", found="none", expected="at least one", remedy="Name a recording."
        )
    first = recordings[0]
    for each in recordings[1:]:
        for name in ("channels", "bin_s", "length_unit"):
            if getattr(each, name) != getattr(first, name):
                raise InputError.because(
                    where=f"{each.name}, {name}",
                    found=_short(getattr(each, name)),
                    expected=f"{_short(getattr(first, name))}, as in {first.name}",
                    remedy="Train on recordings of one implant, binned alike.",
                )


def correlation(values: Sequence[AnyArray]) -> AnyArray:
    """Correlate channels, shape (channel, channel); nought on the diagonal and where silent."""
    joint = np.concatenate(list(values))
    joint = joint - joint.mean(0)
    length = np.sqrt((joint**2).sum(0))
    scaled = np.divide(joint, length, out=np.zeros_like(joint), where=length > 0)
    matrix: AnyArray = scaled.T @ scaled
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) < 60 else f"{text[:57]}..."


def bins_of(time_s: float, bin_s: float) -> int:
    """Return how many bins a time takes, to the nearest."""
    return max(round(time_s / bin_s), 0)


def _ridge(
    values: list[AnyArray], moved: list[AnyArray], bin_s: float, settings: Settings, progress: Progress
) -> Fitted:
    count = max(bins_of(settings.history_s, bin_s), 1)
    features = np.concatenate([with_history(each, count) for each in values])
    wanted = np.concatenate(moved)
    progress(0, 2, "choosing the penalty")
    penalty = chosen_penalty(
        features, wanted, candidates=settings.penalty_shares, block_count=settings.block_count
    )
    progress(1, 2, "fitting")
    fitted = ridge(features, wanted, penalty_share=penalty)
    return {"weights": fitted.weights, "offset": fitted.offset}, {"penalty": penalty, "history_bins": count}


def edges_of(edges_s: Sequence[float], bin_s: float) -> tuple[int, ...]:
    """Return ends of spans in bins, each span at least one."""
    edges = [0]
    for edge_s in edges_s[1:]:
        edges.append(max(bins_of(edge_s, bin_s), edges[-1] + 1))
    return tuple(edges)


def _kernel(
    values: list[AnyArray], moved: list[AnyArray], bin_s: float, settings: Settings, progress: Progress
) -> Fitted:
    edges = edges_of(settings.span_edges_s, bin_s)
    features = np.concatenate([pooled_history(each, edges) for each in values])
    wanted = np.concatenate(moved)
    width, penalty = chosen_kernel(
        features,
        wanted,
        landmark_count=settings.landmark_count,
        widths=settings.width_shares,
        penalties=settings.kernel_penalty_shares,
        held_share=1 / settings.block_count,
        progress=progress,
    )
    fitted = kernel_ridge(
        features, wanted, landmark_count=settings.landmark_count, width_share=width, penalty_share=penalty
    )
    arrays = {"landmarks": fitted.landmarks, "weights": fitted.weights, "offset": fitted.offset}
    return arrays | {"narrowness": fitted.narrowness}, {"width": width, "penalty": penalty}


def _kalman(
    values: list[AnyArray], moved: list[AnyArray], bin_s: float, settings: Settings, progress: Progress
) -> Fitted:
    """Choose the lead on the last block of each recording, then fit on all."""
    cuts = [len(each) - len(each) // settings.block_count for each in values]
    leads = range(bins_of(settings.most_lead_s, bin_s) + 1)
    scores = []
    for lead in leads:
        progress(lead, len(leads), "choosing the lead")
        shifted = [later(each, lead) for each in values]
        trial = movement_system(
            np.concatenate([x[:cut] for x, cut in zip(shifted, cuts, strict=True)]),
            np.concatenate([m[:cut] for m, cut in zip(moved, cuts, strict=True)]),
        )
        decoded = [kalman_movement(*trial, x)[cut:, -2:] for x, cut in zip(shifted, cuts, strict=True)]
        true = [m[cut:, -2:] for m, cut in zip(moved, cuts, strict=True)]
        scores.append(r_squared(np.concatenate(true), np.concatenate(decoded)))
    lead = int(np.argmax(scores))
    shifted = [later(each, lead) for each in values]
    system, mixing = movement_system(np.concatenate(shifted), np.concatenate(moved))
    return arrays_of(system) | {"mixing": mixing}, {"lead_bins": lead}


def _latent(
    values: list[AnyArray], moved: list[AnyArray], bin_s: float, settings: Settings, progress: Progress
) -> Fitted:
    """Put the movement beside the channels that led it, and learn the latents of both."""
    lead, channels = bins_of(settings.lead_s, bin_s), values[0].shape[1]
    spread = np.concatenate(moved).std(0)
    joint = [np.column_stack([later(x, lead), v / spread])[lead:] for x, v in zip(values, moved, strict=True)]
    system = learned(joint, states=settings.states, rounds=settings.rounds, progress=progress)
    arrays = arrays_of(
        LinearSystem(
            transition=system.transition,
            drive=system.drive,
            loadings=system.loadings[:channels],
            noise=system.noise[:channels],
        )
    )
    return arrays | {"movement": system.loadings[channels:] * spread[:, None]}, {"lead_bins": lead}


def arrays_of(system: LinearSystem) -> dict[str, AnyArray]:
    """Name the parameters of a system, as a decoder keeps them."""
    return {
        "transition": system.transition,
        "drive": system.drive,
        "loadings": system.loadings,
        "noise": system.noise,
    }


_FITS = {"ridge": _ridge, "kernel": _kernel, "kalman": _kalman, "latent": _latent}
