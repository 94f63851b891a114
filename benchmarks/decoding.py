# SPDX-License-Identifier: Apache-2.0
"""Velocity on the day of training and on later days without labels, beside the usual decoders, in one run.

Split, printed with each figure: of every recording the first 80 % of bins may be learned from, the last 20 %
are scored. "Without labels" sees only counts of that first part. Every decoder is causal. The recordings are
those of ``neural/indy`` and ``neural/contdata95.mat``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import sklearn

from trephine.bench.data import needed_data
from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.core.progress import Progress
from trephine.formats.recordings import read_recording
from trephine.kernels.decoding.features import root_counts, scaling_of, with_history
from trephine.kernels.decoding.ridge import Linear, ridge
from trephine.kernels.decoding.score import r_squared
from trephine.model.recording import Recording
from trephine.stages.decoding.decode import decode
from trephine.stages.decoding.settings import Settings
from trephine.stages.decoding.train import train

peers = sibling(__file__, "_decoding_peers")
SHARE = 0.8
SPLIT = "first 80 % of bins learned from, last 20 % scored"
LABEL_S = 60.0
HISTORY = 8
TUNED_ON = 3
PENALTY = 0.3
APRIL, SEPTEMBER = slice(0, 5), slice(7, 12)
_OWN_SCORES: dict[tuple[str, str], float] = {}
INFORMATION = {
    "static": "labels of the five; nothing of the day",
    "z-score": "labels of the five; the day's means and spreads, no label",
    "stabiliser": "labels of the five; the day's factors, no label",
    "average": "mean of z-score and stabiliser, no label of the day",
    "latent": "labels of the five; the day's counts, no label (ours)",
    "kernel": "labels of the five; the day's means and spreads, no label (ours, kernel ridge)",
    "60 s": f"labels of the day's first {LABEL_S:.0f} s alone",
    "oracle": "labels of the day's whole first part, ridge with history",
    "kernel oracle": "labels of the day's whole first part, kernel ridge",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Day:
    """One recording, scaled by its own first part."""

    recording: Recording
    values: np.ndarray
    velocity: np.ndarray
    first: int

    def score(self, decoded: np.ndarray) -> float:
        """R² on the last part."""
        return r_squared(self.velocity[self.first :], decoded[self.first :])


def day_of(recording: Recording) -> Day:
    """Scale a recording as every peer sees it."""
    roots, first = root_counts(recording.counts), int(SHARE * len(recording.counts))
    values = scaling_of(roots[:first], least_index=Settings().least_spread_index)(roots)
    return Day(recording=recording, values=values, velocity=recording.needed_velocity(), first=first)


def rows(progress: Progress) -> Iterator[Row]:
    """Measure both parts."""
    folder = needed_data("neural/indy")
    indy = [day_of(read_recording(path)) for path in sorted(folder.glob("*.npz"))]
    other = day_of(read_recording(folder.parent / "contdata95.mat"))
    yield from across("(i) labels of the first five recordings (April)", indy, APRIL, progress)
    yield from across("(ii) labels of five September recordings", indy, SEPTEMBER, progress)
    yield from same_day(indy, other, progress)


def same_day(indy: list[Day], other: Day, progress: Progress) -> Iterator[Row]:
    """Train and score on the same day."""
    progress(0, 1, "tuning boosted trees")
    spread = [indy[place] for place in np.linspace(0, len(indy) - 1, TUNED_ON).round().astype(int)]
    choice = peers.tuned_boosting([(d.values[: d.first], d.velocity[: d.first]) for d in spread])
    found = []
    for place, day in enumerate([*indy, other]):
        progress(place, len(indy) + 1, f"same day, {day.recording.name}")
        scores = {kind: own_score(day, kind) for kind in ("ridge", "kalman", "kernel")}
        scores["boosted"] = day.score(peers.boosted(day.values, day.velocity, day.first, choice))
        found.append(scores)
    names = [day.recording.name for day in indy]
    yield best_of("same day, neural/indy", found[:-1], names, f"trees: rounds, leaves, rate {choice}")
    yield best_of("same day, neural/contdata95", found[-1:], ["contdata95"], "trees as tuned on neural/indy")


def own_score(day: Day, kind: str) -> float:
    """Train one kind on a day's first part, and score the rest; each once."""
    key = (day.recording.name, kind)
    if key in _OWN_SCORES:
        return _OWN_SCORES[key]
    settings = Settings(kind=kind)
    decoder = train([day.recording], settings=settings, first_bins=[day.first]).value
    score = decode(decoder, day.recording, settings=settings, adaptation="none").value.r2_share
    _OWN_SCORES[key] = float("nan") if score is None else score
    return _OWN_SCORES[key]


def best_of(work: str, found: list[dict[str, float]], names: list[str], more: str) -> Row:
    """Hold the kernel decoder beside the best of the others, each by its median."""
    medians = {name: median(one[name] for one in found) for name in found[0]}
    peer = max((name for name in medians if name != "kernel"), key=lambda name: medians[name])
    worst = min(range(len(found)), key=lambda n: found[n]["kernel"] - max_other(found[n]))
    return Row(
        work=f"{work}, {len(found)} recordings, {SPLIT}", figure="median velocity R²", unit="1",
        better="higher", ours=medians["kernel"], peer=medians[peer], peer_name=peer,
        peer_version=sklearn.__version__ if peer == "boosted" else "here", repeat_count=len(found),
        note=f"{work}: medians " + ", ".join(f"{name} {value:.3f}" for name, value in medians.items())
        + f"; least lead over the best of the others {found[worst]['kernel'] - max_other(found[worst]):+.3f} "
        f"({names[worst]}); {more}",
    )  # fmt: skip


def max_other(scores: dict[str, float]) -> float:
    """Return the best score but ours."""
    return max(value for name, value in scores.items() if name != "kernel")


def across(work: str, days: list[Day], labelled: slice, progress: Progress) -> Iterator[Row]:
    """Train on a few days, decode all later ones without labels."""
    known, later = days[labelled], days[labelled.stop :]
    progress(0, len(later) + 1, f"{work[:4]} training")
    recordings = [day.recording for day in known]
    static = train(recordings, settings=Settings(kind="ridge", scaling="pooled")).value
    latent = train(recordings, settings=Settings()).value
    bent = train(recordings, settings=Settings(kind="kernel")).value
    linear, stabiliser, through = peers_of(known)
    scores: dict[str, list[float]] = {name: [] for name in INFORMATION}
    told = []
    for place, day in enumerate(later):
        progress(place + 1, len(later) + 1, f"{work[:4]} {day.recording.name}")
        scaled = linear(with_history(day.values, HISTORY))
        turned = through(with_history(stabiliser.latents(day.values, day.first), HISTORY))
        middle = latent.arrays["middle"]
        ours = decode(latent, day.recording, settings=Settings(), adaptation="latent")
        told += [
            f"{day.recording.name}: {one.code}" for one in ours.findings if one.code != "CHANNELS_SILENT"
        ]
        fixed = decode(static, day.recording, settings=Settings(), adaptation="none")
        label_bins = round(LABEL_S / day.recording.bin_s)
        decoded = {
            "static": fixed.value.velocity, "z-score": scaled + middle, "stabiliser": turned + middle,
            "average": (scaled + turned) / 2 + middle, "latent": ours.value.velocity,
            "60 s": supervised(day, label_bins), "oracle": supervised(day, day.first),
        }  # fmt: skip
        decoded["kernel"] = decode(bent, day.recording, settings=Settings()).value.velocity
        for name, velocity in decoded.items():
            scores[name].append(day.score(velocity))
        scores["kernel oracle"].append(own_score(day, "kernel"))
    yield from lines(work, scores, [day.recording.name for day in later], told)


def peers_of(known: list[Day]) -> tuple[Linear, Any, Linear]:
    """Fit the ridge map on scaled channels, and the stabiliser with its own map, on whole labelled days."""
    values, moved = [], []
    for day in known:
        roots = root_counts(day.recording.counts)
        values.append(scaling_of(roots, least_index=Settings().least_spread_index)(roots))
        moved.append(day.velocity - day.velocity.mean(0))
    wanted, stabiliser = np.concatenate(moved), peers.Stabiliser(np.concatenate(values))
    histories = np.concatenate([with_history(each, HISTORY) for each in values])
    latents = np.concatenate([with_history(stabiliser.own(each), HISTORY) for each in values])
    return (
        ridge(histories, wanted, penalty_share=PENALTY),
        stabiliser,
        ridge(latents, wanted, penalty_share=0.01),
    )


def supervised(day: Day, bins: int) -> np.ndarray:
    """Fit the same ridge map to the day's own labels."""
    features = with_history(day.values, HISTORY)
    return ridge(features[:bins], day.velocity[:bins], penalty_share=PENALTY)(features)


def lines(work: str, scores: dict[str, list[float]], names: list[str], told: list[str]) -> Iterator[Row]:
    """Give one row a method, as a fraction of the same kind of decoder with the day's labels."""
    for name, values in scores.items():
        own = "kernel oracle" if name.startswith("kernel") else "oracle"
        worst = int(np.argmin(values))
        note = (
            f"{work}, {name}: uses {INFORMATION[name]}; worst {names[worst]} ({values[worst]:.2f}, oracle "
            f"{scores[own][worst]:.2f})"
        )
        if name == "latent" and told:
            note += f"; found without labels: {', '.join(told)}"
        yield Row(
            work=f"{work}, {len(values)} later ones, {SPLIT}", figure=f"median velocity R², {name}", unit="1",
            better="higher", ours=median(values), peer=median(scores[own]), peer_name=own,
            peer_version="here", repeat_count=len(values), note=note,
        )  # fmt: skip
