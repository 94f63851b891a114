# SPDX-License-Identifier: Apache-2.0
"""Where the hand is by what goes up and down together with the other hemisphere's hand knob."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.core.random import generator
from trephine.kernels.signal.slow_waves import independent_moments, left_over, slow_waves
from trephine.model.activation import Side
from trephine.stages.mapping.hand_area import Region, find_area, opposite, region_of
from trephine.stages.mapping.noise_field import Scene
from trephine.stages.mapping.pieces import RunModel, piece_of
from trephine.stages.mapping.settings import Settings

_SEED_RADIUS_MM = 8.0
"""Of the seed about the other side's knob: about the spread of the hand area between people; assumed."""
_LOWEST_HZ, _HIGHEST_HZ = 0.01, 0.1
"""Band in which resting networks show [biswal1995]_."""
_ANY_Z = 1.0
_CHANCE_SEEDS, _MOST_TRIED = 99, 400
"""Other places held against the knob; with 99 of them a chance of 0.02 leaves room for one as strong."""
_MEMORY_SERIES = 200
"""Series enough to measure the mean memory of many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Resting:
    """The area that goes with the other side's hand knob.

    Parameters
    ----------
    centre_mm
        In ``scanner``, shape (3,); absent when nothing passes.
    sd_mm
        Standard deviation along one axis, from the distance of the halves' centres; absent when either half
        shows nothing.
    peak_z
        Of the correlation.
    least_z
        What independent noise reaches as seldom as the settings ask.
    chance_fraction
        How often another place of the same side goes with this one as strongly as the knob does, the knob
        counted in; 1 where no other place is covered.
    source
        ``rest`` runs, or what a ``task`` leaves over.
    """

    centre_mm: Vector3 | None
    sd_mm: float | None
    peak_z: float
    least_z: float
    chance_fraction: float
    source: str


def resting_area(models: tuple[RunModel, ...], hemisphere: Side, scene: Scene) -> Resting | None:
    """Correlate a hemisphere with the hand knob of the other one.

    Parameters
    ----------
    models
        Runs: those at rest where there are any, or else the task's.
    hemisphere
        Where the hand area is looked for.
    scene
        Grid, knobs and noise.

    Returns
    -------
    Resting or None
        Nothing when no run covers the seed.

    Notes
    -----
    Series are what the full model (task, drift, motion, outliers) leaves over, less the mean over the head,
    kept from 0.01 to 0.1 Hz. Correlations become z by Fisher's transform, with as many independent moments as
    the two series' own memory leaves [bartlett1935]_. The area is found as for the task. Motion, breath and
    drift make much of the brain go together, so the knob must also stand out from other seeds: places of the
    same hemisphere's grey matter, beyond the search for the hand, must seldom reach as high a peak.
    """
    settings = scene.settings
    region = region_of(scene.where, scene.anatomy, hemisphere, settings)
    far = region_of(scene.where, scene.anatomy, opposite(hemisphere), settings)
    calm = [_calm(model) for model in models]
    waves = [_waves(model, region) for model in calm]
    pairs = _pairs(calm, waves, _ball(scene, far.knob_mm, far.hemisphere))
    if not pairs or not region.is_searched.any():
        return None
    least_z = scene.noise_in(region.is_searched).least_z(settings.false_found_fraction)
    z = _z(pairs, region)
    peak_z = float(z[region.is_searched].max())
    chance = _chance(peak_z, calm, waves, region, far, scene)
    is_special = chance <= settings.false_found_fraction
    area = find_area(z, region, settings, least_z=least_z) if is_special else None
    return Resting(
        centre_mm=None if area is None else area.centroid_mm,
        sd_mm=None if area is None else _sd_mm(pairs, region, settings),
        peak_z=peak_z,
        least_z=least_z,
        chance_fraction=chance,
        source="task" if any(model.run.events for model in models) else "rest",
    )


def _calm(model: RunModel) -> RunModel:
    """Return the run with the slow waves that its model leaves over in place of its series."""
    run = model.run
    common = left_over(run.percent, model.design.matrix).mean(axis=1)
    matrix = np.column_stack([model.design.matrix, common])
    repetition_s = float(np.diff(run.frame_s).mean())
    slow = slow_waves(left_over(run.percent, matrix), repetition_s, _LOWEST_HZ, _HIGHEST_HZ)
    return replace(model, run=replace(run, percent=slow))


def _waves(calm: RunModel, region: Region) -> AnyArray:
    """Return a run's slow waves within a region, shape (time, point)."""
    piece = piece_of(calm, region)
    return np.array([piece.lookup(moment) for moment in piece.series])


def _ball(scene: Scene, centre_mm: Vector3, hemisphere: Side) -> Points:
    """Return the grey matter of one side about a place, shape (point, 3)."""
    where = scene.where
    is_grey = (where.is_near_grey & where.in_hemisphere(hemisphere)).ravel()
    near = np.linalg.norm(where.points_mm - centre_mm, axis=1) <= _SEED_RADIUS_MM
    return where.points_mm[is_grey & near]


def _pairs(calm: list[RunModel], waves: list[AnyArray], seed_mm: Points) -> list[tuple[AnyArray, AnyArray]]:
    """Return every run's seed series with its waves, of the runs that cover the seed."""
    seeds = [_seed(model, seed_mm) for model in calm]
    return [(seed, wave) for seed, wave in zip(seeds, waves, strict=True) if seed is not None and seed.any()]


def _seed(calm: RunModel, points_mm: Points) -> AnyArray | None:
    """Return the mean over the voxels nearest to some points, shape (time,); or nothing."""
    run = calm.run
    inverse = np.linalg.inv(calm.placed.scanner_from_bold.matrix @ run.affine_mm)
    ijk = np.round(points_mm @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
    ijk = ijk[np.all((ijk >= 0) & (ijk < run.mask.shape), axis=1)]
    number = np.full(run.mask.shape, -1)
    number[run.mask] = np.arange(run.percent.shape[1])
    found = number[tuple(ijk.T)]
    found = found[found >= 0]
    return run.percent[:, found].mean(axis=1) if found.size else None


def _chance(
    peak_z: float, calm: list[RunModel], waves: list[AnyArray], region: Region, far: Region, scene: Scene
) -> float:
    """Return how often other seeds of the far side reach the knob's peak in the region."""
    where, settings = scene.where, scene.settings
    is_other = (where.is_near_grey & where.in_hemisphere(far.hemisphere)).ravel()
    away = np.linalg.norm(where.points_mm - far.knob_mm, axis=1)
    others = where.points_mm[is_other & (away > settings.search_radius_mm + _SEED_RADIUS_MM)]
    order = generator(settings.seed, "mapping.resting").permutation(len(others))[:_MOST_TRIED]
    searched = [wave[:, region.is_searched.ravel()] for wave in waves]
    peaks: list[float] = []
    for centre in others[order]:
        pairs = _pairs(calm, searched, _ball(scene, centre, far.hemisphere))
        if pairs:
            peaks.append(float(_pooled(pairs).max()))
        if len(peaks) == _CHANCE_SEEDS:
            break
    return (1 + sum(one >= peak_z for one in peaks)) / (1 + len(peaks))


def _z(pairs: list[tuple[AnyArray, AnyArray]], region: Region) -> AnyArray:
    """Return the pooled correlation with the seed as z, shape of the region's box."""
    return _pooled(pairs).reshape(region.is_searched.shape)


def _pooled(pairs: list[tuple[AnyArray, AnyArray]]) -> AnyArray:
    """Return the pooled correlation with the seed as z, shape (point,)."""
    total, moments = np.zeros(pairs[0][1].shape[1]), 0.0
    for seed, waves in pairs:
        size = np.linalg.norm(waves, axis=0) * np.linalg.norm(seed)
        r = (seed @ waves) / np.where(size > 0, size, 1.0)
        free = max(1.0, independent_moments(seed, waves[:, :: _every(waves)]) - 3.0)
        total += free * np.arctanh(np.clip(r, -0.999, 0.999))
        moments += free
    return total / np.sqrt(moments)


def _every(waves: AnyArray) -> int:
    """Return the step that leaves enough series to measure their memory."""
    return max(1, waves.shape[1] // _MEMORY_SERIES)


def _sd_mm(pairs: list[tuple[AnyArray, AnyArray]], region: Region, settings: Settings) -> float | None:
    """Return the standard deviation of the centre along one axis, from the halves of all runs."""
    halves = []
    for part in (0, 1):
        cut = [(np.array_split(seed, 2)[part], np.array_split(waves, 2)[part]) for seed, waves in pairs]
        area = find_area(_z(cut, region), region, settings, least_z=_ANY_Z)
        if area is None:
            return None
        halves.append(area.centroid_mm)
    # The mean of two halves at a distance d has a variance of d^2/4 over three axes.
    return float(np.linalg.norm(halves[0] - halves[1]) / 2 / np.sqrt(3))
