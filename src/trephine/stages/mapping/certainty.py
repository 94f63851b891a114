# SPDX-License-Identifier: Apache-2.0
"""How sure the hand area's centre is: noise drawn again, parts left out, regressors changed, runs apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.statistics.jackknife import jackknife_sd
from trephine.model.hand_evidence import NuisanceShift, Retest
from trephine.stages.mapping.hand_area import HandArea
from trephine.stages.mapping.noise_draws import Draws, draws_of
from trephine.stages.mapping.pieces import (
    Piece,
    RunModel,
    Search,
    apart_mm,
    area_in,
    area_of,
    map_of,
    piece_of,
)
from trephine.stages.mapping.preparation import PreparedRun
from trephine.stages.mapping.retest import retests_of

_MOST_PARTS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Certainty:
    """What a centroid's comparisons say.

    Parameters
    ----------
    jackknife_mm
        Jackknife standard deviation, one number for all axes; absent when the area vanishes or the task has
        one part only.
    draws
        The map with its noise drawn again; absent when there is no area at all.
    nuisance_shifts
        One a change of the nuisance regressors.
    nuisance_covariance_mm2
        Mean square of those shifts, shape (3, 3).
    retests
        Runs, or halves of a run, against each other.
    """

    jackknife_mm: float | None = None
    draws: Draws | None = None
    nuisance_shifts: tuple[NuisanceShift, ...] = ()
    nuisance_covariance_mm2: AnyArray | None = None
    retests: tuple[Retest, ...] = ()

    @property
    def noise_covariance_mm2(self) -> AnyArray | None:
        """Covariance of the centre from noise, shape (3, 3): of the draws, or the jackknife if larger."""
        if self.draws is None or len(self.draws.centroids_mm) < max(10, len(self.draws.stood) // 2):
            return None
        drawn = np.cov(self.draws.centroids_mm.T)
        size = float(np.trace(drawn)) / 3
        least = 0.0 if self.jackknife_mm is None else self.jackknife_mm**2
        return drawn + max(0.0, least - size) * np.eye(3)

    @property
    def sd_mm(self) -> float | None:
        """Standard deviation of the centre from noise, one number for all axes; absent when it is unknown."""
        found = self.noise_covariance_mm2
        return None if found is None else float(np.sqrt(np.trace(found) / 3))

    def worst_nuisance(self, vanished_mm: float) -> tuple[float | None, str]:
        """Return the largest shift and its change; an area that vanishes has moved as far as it could."""
        if not self.nuisance_shifts:
            return None, ""
        sizes = [vanished_mm if one.shift_mm is None else one.shift_mm for one in self.nuisance_shifts]
        worst = int(np.argmax(sizes))
        return sizes[worst], self.nuisance_shifts[worst].change


def certainty_of(models: tuple[RunModel, ...], search: Search) -> Certainty:
    """Compare the hand area's centre with what it becomes when data or model change.

    Parameters
    ----------
    models
        All runs.
    search
        What is looked for, and where.

    Returns
    -------
    Certainty
        From ordinary least squares within the region, all compared with the same estimate of the full model.
    """
    pieces = [piece_of(model, search.region) for model in models]
    mapped = map_of(pieces, search)
    whole = None if mapped is None else area_in(mapped.z, search)
    if mapped is None or whole is None:
        return Certainty()
    shifts, covariance = _nuisance(models, pieces, whole, search)
    repetition_s = float(np.diff(models[0].run.frame_s).mean())
    return Certainty(
        jackknife_mm=_jackknife_mm(models, pieces, search),
        draws=draws_of(pieces, mapped, search, repetition_s),
        nuisance_shifts=shifts,
        nuisance_covariance_mm2=covariance,
        retests=retests_of(pieces, whole, search),
    )


def _nuisance(
    models: tuple[RunModel, ...], pieces: list[Piece], whole: HandArea, search: Search
) -> tuple[tuple[NuisanceShift, ...], AnyArray]:
    shifts, moves = [], []
    for name in sorted({name for model in models for name in model.variants}):
        changed = [
            replace(piece, design=model.variants.get(name, model.design))
            for model, piece in zip(models, pieces, strict=True)
        ]
        area = area_of(changed, search)
        if area is None:
            moves.append(np.full(3, search.settings.knob_sd_mm))
            shifts.append(NuisanceShift(change=name, shift_mm=None, peak_z=None))
            continue
        moves.append(area.centroid_mm - whole.centroid_mm)
        shifts.append(NuisanceShift(change=name, shift_mm=apart_mm(area, whole), peak_z=area.peak_z))
    square = np.array(moves).reshape(-1, 3)
    return tuple(shifts), square.T @ square / max(1, len(square))


def _jackknife_mm(models: tuple[RunModel, ...], pieces: list[Piece], search: Search) -> float | None:
    centroids = []
    for number, (model, piece) in enumerate(zip(models, pieces, strict=True)):
        for left_out in _stretches(model.run, search.hand):
            area = area_of([*pieces[:number], piece.only(~left_out), *pieces[number + 1 :]], search)
            if area is None:
                return None
            centroids.append(area.centroid_mm)
    if len(centroids) < 2:
        return None
    return float(np.sqrt(np.mean(jackknife_sd(np.array(centroids)) ** 2)))


def _stretches(run: PreparedRun, hand: str) -> list[AnyArray]:
    """Return the volumes from each of the hand's blocks to the next, as few stretches as are allowed."""
    onsets = sorted(event.onset_s for event in run.events if event.trial_type == hand)
    first = [group[0] for group in np.array_split(onsets, min(len(onsets), _MOST_PARTS)) if len(group)]
    ends = [*first[1:], np.inf]
    return [(run.frame_s >= start) & (run.frame_s < end) for start, end in zip(first, ends, strict=True)]
