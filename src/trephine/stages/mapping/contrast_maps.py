# SPDX-License-Identifier: Apache-2.0
"""One map a contrast over all runs, with the hand area of those that have one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from trephine.core.arrays import AnyArray, Vector3
from trephine.core.frames import SCANNER
from trephine.kernels.statistics.empirical_null import excess_share
from trephine.kernels.statistics.pooling import fixed_effects
from trephine.kernels.statistics.z_scores import z_from_t
from trephine.model.activation import ContrastMap
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.certainty import Certainty, certainty_of
from trephine.stages.mapping.clusters import clusters_of
from trephine.stages.mapping.contrast_choice import Chosen, choose
from trephine.stages.mapping.glm import Estimate, fit
from trephine.stages.mapping.hand_area import HandArea, find_area
from trephine.stages.mapping.noise_field import Scene
from trephine.stages.mapping.pieces import RunModel, Search
from trephine.stages.mapping.planning_grid import Lookup, Place, volume_on
from trephine.stages.mapping.settings import Settings
from trephine.stages.mapping.sides import Sides, sides_of


@dataclass(frozen=True, kw_only=True, eq=False)
class MapOfContrast:
    """A contrast's map with what only later steps need.

    Parameters
    ----------
    contrast
        The map.
    search
        Where its hand area was looked for; absent, with all that follows, for contrasts of no hand.
    certainty
        Of its hand area.
    sides
        The answers of both sides of the head.
    knob_distance_mm
        From the area's centre, weighted by z alone, to the knob; absent when there is no area.
    """

    contrast: ContrastMap
    search: Search | None = None
    certainty: Certainty = field(default_factory=Certainty)
    sides: Sides | None = None
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
        Each hand against rest, one hand against the other, and both, as far as the runs show them; then the
        contrasts of the settings.

    Notes
    -----
    Runs are pooled as fixed effects after each has been carried to the maps' grid.
    """
    chosen = choose(models, settings)
    estimates, lookups = [], []
    for number, model in enumerate(models):
        vectors = {one.name: model.design.contrast(one.weights) for one in chosen if number in one.runs}
        estimates.append(fit(model.run.percent, model.design, vectors) if vectors else {})
        pose = model.placed.scanner_from_bold
        lookups.append(Lookup.of(model.run.mask, model.run.affine_mm, pose, where.points_mm))
    scene = Scene.of(models, anatomy, where, settings)
    grey = scene.noise_in(where.is_near_grey)
    made = []
    for one in chosen:
        plain = _plain(one, [(estimates[n][one.name], lookups[n]) for n in one.runs], where)
        clusters, peaks = clusters_of(plain.z.values.astype(np.float64), grey, scene)
        plain = replace(plain, clusters=clusters, peaks=peaks)
        shown = tuple(models[n] for n in one.runs)
        made.append(MapOfContrast(contrast=plain) if one.hand is None else _of_hand(one, plain, shown, scene))
    return tuple(made)


def _of_hand(one: Chosen, plain: ContrastMap, models: tuple[RunModel, ...], scene: Scene) -> MapOfContrast:
    """Look for the hand area in a map of one hand."""
    if one.hand is None:
        return MapOfContrast(contrast=plain)
    z = plain.z.values.astype(np.float64)
    sides = sides_of(z, one.hand, scene)
    region = sides.opposite.region
    search = Search(
        region=region,
        weights=one.weights,
        hand=one.hand,
        excess_share=plain.excess_share,
        settings=scene.settings,
    )
    plain = replace(plain, hemisphere=region.hemisphere, laterality_index=sides.laterality_index)
    area = find_area(z[region.box], region, scene.settings, least_z=sides.opposite.least_z)
    certainty = certainty_of(models, search)
    if area is None:
        return MapOfContrast(contrast=plain, search=search, sides=sides)
    apart = float(np.linalg.norm(area.plain_centroid_mm - region.knob_mm))
    return MapOfContrast(
        contrast=_with_area(plain, area, certainty, scene),
        search=search,
        certainty=certainty,
        sides=sides,
        knob_distance_mm=apart,
    )


def _plain(one: Chosen, pairs: list[tuple[Estimate, Lookup]], where: Place) -> ContrastMap:
    """Pool percent effect, its variance and z of a contrast over its runs, at every voxel of the grid.

    Noise that the model cannot know, such as slow drift in step with the task, widens z everywhere: variances
    grow until the bulk of the head's z is no wider than chance.
    """
    effects = np.array([lookup(estimate.effect) for estimate, lookup in pairs])
    variances = np.array([lookup(estimate.variance) for estimate, lookup in pairs])
    effect, variance = fixed_effects(effects, variances)
    excess = excess_share(_z(effect, variance, pairs)[variance > 0])
    variance = variance * excess**2
    z = _z(effect, variance, pairs)
    return ContrastMap(
        name=one.name,
        z=volume_on(where.grid, z, "1"),
        effect_percent=volume_on(where.grid, effect, "percent"),
        variance_percent2=volume_on(where.grid, variance, "percent^2"),
        expression=one.expression,
        excess_share=excess,
    )


def _z(effect: AnyArray, variance: AnyArray, pairs: list[tuple[Estimate, Lookup]]) -> AnyArray:
    t = np.where(variance > 0, effect / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)
    return z_from_t(t, sum(estimate.degrees_of_freedom for estimate, _ in pairs))


def _with_area(plain: ContrastMap, area: HandArea, certainty: Certainty, scene: Scene) -> ContrastMap:
    far_mm = scene.settings.search_radius_mm
    runs = [one.centroid_apart_mm for one in certainty.retests if one.kind == "runs"]
    return replace(
        plain,
        centroid_mm=area.centroid_mm,
        peak_mm=area.peak_mm,
        peak_z=area.peak_z,
        centroid_sd_mm=certainty.sd_mm,
        volume_mm3=area.volume_mm3,
        centroid_mni_mm=mni_of(area.centroid_mm, scene.anatomy),
        peak_mni_mm=mni_of(area.peak_mm, scene.anatomy),
        nuisance_shift_mm=certainty.worst_nuisance(far_mm)[0],
        nuisance_shifts=certainty.nuisance_shifts,
        run_shift_mm=max((far_mm if run is None else run for run in runs), default=None),
        retests=certainty.retests,
    )


def mni_of(position_mm: Vector3, anatomy: Anatomy) -> Vector3:
    """Return a position in ``scanner``, shape (3,), in ``mni152``."""
    return anatomy.mni_from_scanner(np.asarray(position_mm, dtype=np.float64)[None], frame=SCANNER)[0]
