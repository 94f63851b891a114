# SPDX-License-Identifier: Apache-2.0
"""Where the hand is by what goes up and down together with the other hemisphere's hand knob."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Vector3
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
    source
        ``rest`` runs, or what a ``task`` leaves over.
    """

    centre_mm: Vector3 | None
    sd_mm: float | None
    peak_z: float
    least_z: float
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
    the two series' own memory leaves [bartlett1935]_. The area is found as for the task.
    """
    settings = scene.settings
    region = region_of(scene.where, scene.anatomy, hemisphere, settings)
    far = region_of(scene.where, scene.anatomy, opposite(hemisphere), settings)
    is_seed = np.linalg.norm(far.points_mm - far.knob_mm, axis=-1) <= _SEED_RADIUS_MM
    pairs = []
    for model in models:
        seed = _waves(model, far)[:, (is_seed & far.is_searched).ravel()]
        if seed.any():
            pairs.append((seed.mean(axis=1), _waves(model, region)))
    if not pairs or not region.is_searched.any():
        return None
    least_z = scene.noise_in(region.is_searched).least_z(settings.false_found_fraction)
    z = _z(pairs, region)
    peak_z = float(z[region.is_searched].max())
    area = find_area(z, region, settings, least_z=least_z)
    return Resting(
        centre_mm=None if area is None else area.centroid_mm,
        sd_mm=None if area is None else _sd_mm(pairs, region, settings),
        peak_z=peak_z,
        least_z=least_z,
        source="task" if any(model.run.events for model in models) else "rest",
    )


def _waves(model: RunModel, region: Region) -> AnyArray:
    """Return what a run's model leaves over within a region, its slow waves only, shape (time, point)."""
    whole = left_over(model.run.percent, model.design.matrix)
    common = whole.mean(axis=1)
    piece = piece_of(model, region)
    matrix = np.column_stack([model.design.matrix, common])
    repetition_s = float(np.diff(model.run.frame_s).mean())
    slow = slow_waves(left_over(piece.series, matrix), repetition_s, _LOWEST_HZ, _HIGHEST_HZ)
    return np.array([piece.lookup(moment) for moment in slow])


def _z(pairs: list[tuple[AnyArray, AnyArray]], region: Region) -> AnyArray:
    """Return the pooled correlation with the seed as z, shape of the region's box."""
    total, moments = np.zeros(pairs[0][1].shape[1]), 0.0
    for seed, waves in pairs:
        size = np.linalg.norm(waves, axis=0) * np.linalg.norm(seed)
        r = (seed @ waves) / np.where(size > 0, size, 1.0)
        free = max(1.0, independent_moments(seed, waves) - 3.0)
        total += free * np.arctanh(np.clip(r, -0.999, 0.999))
        moments += free
    return (total / np.sqrt(moments)).reshape(region.is_searched.shape)


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
