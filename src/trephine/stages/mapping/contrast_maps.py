# SPDX-License-Identifier: Apache-2.0
"""One map a contrast over all runs, with the hand area of those that have one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Vector3
from trephine.core.frames import SCANNER
from trephine.kernels.statistics.pooling import fixed_effects
from trephine.kernels.statistics.z_scores import z_from_t
from trephine.model.activation import ContrastMap, Side
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.certainty import Certainty, RunModel, Search, certainty_of
from trephine.stages.mapping.conditions import hands_shown
from trephine.stages.mapping.glm import Estimate, contrasts_of, fit
from trephine.stages.mapping.hand_area import find_area, opposite, region_of
from trephine.stages.mapping.planning_grid import Lookup, Place, volume_on
from trephine.stages.mapping.settings import Settings

HAND_OF: dict[str, Side] = {"right": "right", "left": "left", "right-left": "right", "left-right": "left"}
"""Contrasts that show one hand, and the hand."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MapOfContrast:
    """A contrast's map with what only the checks need.

    Parameters
    ----------
    contrast
        The map.
    certainty
        Of its hand area; absent for contrasts without one.
    same_side_peak_z
        Largest z about the knob on the hand's own side; absent likewise.
    knob_distance_mm
        From the area's centre, weighted by z alone, to the knob; absent when there is no area.
    """

    contrast: ContrastMap
    certainty: Certainty | None = None
    same_side_peak_z: float | None = None
    knob_distance_mm: float | None = None


def contrast_maps(
    models: tuple[RunModel, ...], anatomy: Anatomy, where: Place, settings: Settings
) -> tuple[MapOfContrast, ...]:
    """Map every contrast that the runs allow.

    Parameters
    ----------
    models
        All runs, modelled.
    anatomy
        For the knobs and the template.
    where
        The maps' grid.
    settings
        Of the search.

    Returns
    -------
    tuple
        Each hand against rest, one hand against the other, and both, as far as the runs show them.

    Notes
    -----
    Runs are pooled as fixed effects after each has been carried to the maps' grid.
    """
    hands = hands_shown(model.run.events for model in models)
    chosen = contrasts_of(hands, all("both" in model.design.names for model in models))
    estimates, lookups = [], []
    for model in models:
        vectors = {name: model.design.contrast(weights) for name, weights in chosen.items()}
        estimates.append(fit(model.run.percent, model.design, vectors))
        pose = model.placed.scanner_from_bold
        lookups.append(Lookup.of(model.run.mask, model.run.affine_mm, pose, where.points_mm))
    made = []
    for name, weights in chosen.items():
        effect, z = _pooled([one[name] for one in estimates], lookups)
        plain = ContrastMap(
            name=name,
            z=volume_on(where.grid, z, "1"),
            effect_percent=volume_on(where.grid, effect, "percent"),
        )
        if name not in HAND_OF:
            made.append(MapOfContrast(contrast=plain))
            continue
        region = region_of(where, anatomy, opposite(HAND_OF[name]), settings)
        search = Search(region=region, weights=weights, hand=HAND_OF[name], settings=settings)
        made.append(_with_area(plain, certainty_of(models, search), search, anatomy, where))
    return tuple(made)


def _pooled(estimates: list[Estimate], lookups: list[Lookup]) -> tuple[AnyArray, AnyArray]:
    """Return percent effect and z of a contrast at every voxel of the grid, over all runs."""
    pairs = list(zip(estimates, lookups, strict=True))
    effects = np.array([lookup(one.effect) for one, lookup in pairs])
    variances = np.array([lookup(one.variance) for one, lookup in pairs])
    effect, variance = fixed_effects(effects, variances)
    t = np.where(variance > 0, effect / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)
    return effect, z_from_t(t, sum(one.degrees_of_freedom for one in estimates))


def _with_area(
    plain: ContrastMap, certainty: Certainty, search: Search, anatomy: Anatomy, where: Place
) -> MapOfContrast:
    settings = search.settings
    z = plain.z.values.astype(np.float64)
    area = find_area(z[search.region.box], search.region, settings, least_z=settings.least_peak_z)
    same = region_of(where, anatomy, search.hand, settings)
    searched = z[same.box][same.is_searched]
    peak = float(searched.max()) if searched.size else 0.0
    contrast = ContrastMap(
        name=plain.name,
        z=plain.z,
        effect_percent=plain.effect_percent,
        hemisphere=search.region.hemisphere,
        centroid_mm=None if area is None else area.centroid_mm,
        peak_mm=None if area is None else area.peak_mm,
        peak_z=None if area is None else area.peak_z,
        centroid_sd_mm=None if area is None else certainty.sd_mm,
        volume_mm3=0.0 if area is None else area.volume_mm3,
        centroid_mni_mm=None if area is None else mni_of(area.centroid_mm, anatomy),
        peak_mni_mm=None if area is None else mni_of(area.peak_mm, anatomy),
        nuisance_shift_mm=None if area is None else certainty.nuisance_shift_mm,
        run_shift_mm=None if area is None else certainty.run_shift_mm,
    )
    apart = None if area is None else float(np.linalg.norm(area.plain_centroid_mm - search.region.knob_mm))
    return MapOfContrast(
        contrast=contrast, certainty=certainty, same_side_peak_z=peak, knob_distance_mm=apart
    )


def mni_of(position_mm: Vector3, anatomy: Anatomy) -> Vector3:
    """Return a position in ``scanner``, shape (3,), in ``mni152``."""
    return anatomy.mni_from_scanner(np.asarray(position_mm, dtype=np.float64)[None], frame=SCANNER)[0]
