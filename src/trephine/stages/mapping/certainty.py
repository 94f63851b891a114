# SPDX-License-Identifier: Apache-2.0
"""How sure the hand area's centre is: parts of the task left out, regressors changed, runs apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.statistics.jackknife import jackknife_sd
from trephine.kernels.statistics.pooling import fixed_effects
from trephine.kernels.statistics.z_scores import z_from_t
from trephine.model.activation import Side
from trephine.stages.mapping.bold_to_t1 import Placed
from trephine.stages.mapping.glm import Design, fit_plainly
from trephine.stages.mapping.hand_area import HandArea, Region, find_area
from trephine.stages.mapping.planning_grid import Lookup
from trephine.stages.mapping.preparation import PreparedRun
from trephine.stages.mapping.settings import Settings

_MOST_PARTS = 10
_ANY_Z = 1.0
"""In a comparison the area may be weak, but not absent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RunModel:
    """A run with its place, its design, and the designs it is compared with."""

    run: PreparedRun
    placed: Placed
    design: Design
    variants: dict[str, Design]


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What is looked for, and where.

    Parameters
    ----------
    region
        Where the area is looked for.
    weights
        The contrast, as weights of conditions.
    hand
        Condition whose blocks are left out one after another.
    settings
        Of the search.
    """

    region: Region
    weights: dict[str, float]
    hand: Side
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """What a centroid's comparisons say.

    Parameters
    ----------
    sd_mm
        Jackknife standard deviation, one number for all axes; absent when the area vanishes or the task has
        one part only.
    nuisance_shift_mm, nuisance_change
        Largest shift by changing nuisance regressors, and which change it was.
    run_shift_mm
        Largest distance between the centroids of single runs; absent with one run.
    """

    sd_mm: float | None
    nuisance_shift_mm: float | None
    nuisance_change: str
    run_shift_mm: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Piece:
    """One run's series about a region, with the design and volumes to use."""

    series: AnyArray
    lookup: Lookup
    design: Design
    rows: AnyArray


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
    pieces = [_piece(model, search.region) for model in models]
    whole = _area(pieces, search)
    if whole is None:
        return Certainty(sd_mm=None, nuisance_shift_mm=None, nuisance_change="", run_shift_mm=None)
    shift, change = _nuisance_shift(models, pieces, whole, search)
    return Certainty(
        sd_mm=_sd_mm(models, pieces, search),
        nuisance_shift_mm=shift,
        nuisance_change=change,
        run_shift_mm=_run_shift(pieces, search),
    )


def _piece(model: RunModel, region: Region) -> _Piece:
    points = region.points_mm.reshape(-1, 3)
    run = model.run
    wide = Lookup.of(run.mask, run.affine_mm, model.placed.scanner_from_bold, points)
    low = np.floor(wide.ijk.min(axis=1)).astype(int)
    high = np.ceil(wide.ijk.max(axis=1)).astype(int) + 1
    near = np.zeros_like(run.mask)
    box = tuple(slice(max(0, a), max(0, b)) for a, b in zip(low, high, strict=True))
    near[box] = run.mask[box]
    lookup = Lookup(mask=near, ijk=wide.ijk, covered_fraction=wide.covered_fraction)
    every = np.ones(len(run.frame_s), dtype=bool)
    return _Piece(series=run.percent[:, near[run.mask]], lookup=lookup, design=model.design, rows=every)


def _area(pieces: list[_Piece], search: Search) -> HandArea | None:
    effects, variances, degrees_of_freedom = [], [], 0.0
    for piece in pieces:
        if piece.series.shape[1] == 0:
            continue
        found = fit_plainly(piece.series, piece.design, piece.rows, piece.design.contrast(search.weights))
        effects.append(piece.lookup(found.effect))
        variances.append(piece.lookup(found.variance))
        degrees_of_freedom += found.degrees_of_freedom
    if not effects:
        return None
    effect, variance = fixed_effects(np.array(effects), np.array(variances))
    t = np.where(variance > 0, effect / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)
    z = z_from_t(t, degrees_of_freedom).reshape(search.region.is_searched.shape)
    return find_area(z, search.region, search.settings, least_z=_ANY_Z)


def _nuisance_shift(
    models: tuple[RunModel, ...], pieces: list[_Piece], whole: HandArea, search: Search
) -> tuple[float, str]:
    worst, change = 0.0, "none"
    for name in sorted({name for model in models for name in model.variants}):
        changed = [
            _Piece(series=p.series, lookup=p.lookup, design=m.variants.get(name, m.design), rows=p.rows)
            for m, p in zip(models, pieces, strict=True)
        ]
        area = _area(changed, search)
        # An area that vanishes has moved as far as it could.
        shift = search.settings.search_radius_mm if area is None else _apart_mm(area, whole)
        if shift > worst:
            worst, change = shift, name
    return worst, change


def _sd_mm(models: tuple[RunModel, ...], pieces: list[_Piece], search: Search) -> float | None:
    centroids = []
    for number, (model, piece) in enumerate(zip(models, pieces, strict=True)):
        for left_out in _stretches(model.run, search.hand):
            fewer = _Piece(
                series=piece.series, lookup=piece.lookup, design=piece.design, rows=piece.rows & ~left_out
            )
            area = _area([*pieces[:number], fewer, *pieces[number + 1 :]], search)
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


def _run_shift(pieces: list[_Piece], search: Search) -> float | None:
    if len(pieces) < 2:
        return None
    areas = [_area([piece], search) for piece in pieces]
    if any(area is None for area in areas):
        return search.settings.search_radius_mm
    found = [area for area in areas if area is not None]
    return max(_apart_mm(a, b) for a in found for b in found)


def _apart_mm(first: HandArea, second: HandArea) -> float:
    return float(np.linalg.norm(first.centroid_mm - second.centroid_mm))
