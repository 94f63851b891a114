# SPDX-License-Identifier: Apache-2.0
"""The mapping stage's one entry."""

from __future__ import annotations

from typing import Literal

import numpy as np

from trephine.core.arrays import Vector3
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, part_of, silent
from trephine.model.activation import ContrastMap, HandMap, RunQuality, TaskRun
from trephine.model.anatomy import Anatomy
from trephine.model.volume import Volume
from trephine.stages.mapping import checks
from trephine.stages.mapping.bold_to_t1 import grey_white_boundary, place
from trephine.stages.mapping.certainty import RunModel
from trephine.stages.mapping.conditions import check_hand_is_shown
from trephine.stages.mapping.contrast_maps import contrast_maps, mni_of
from trephine.stages.mapping.glm import design_of
from trephine.stages.mapping.hand_area import knob_of, opposite
from trephine.stages.mapping.nuisance import nuisance_of, nuisance_variants
from trephine.stages.mapping.planning_grid import Place, place_on
from trephine.stages.mapping.preparation import prepare
from trephine.stages.mapping.settings import Settings
from trephine.stages.mapping.target import CrownPoint, Worth, crown_near, weight_of

_STEPS_A_RUN = 10


def run(
    runs: tuple[TaskRun, ...], anatomy: Anatomy, settings: Settings, *, progress: Progress = silent
) -> Outcome[HandMap]:
    """Map the hand from task runs, beside the anatomical hand knob.

    Parameters
    ----------
    runs
        BOLD runs of a hand task.
    anatomy
        The person's, in ``scanner``.
    settings
        Hand, limits and method.
    progress
        Told on the way.

    Returns
    -------
    Outcome
        The hand map; findings where motion, registration, response or agreement leave doubt. When the task
        shows nothing the target is the anatomical knob, and a finding says so.

    Raises
    ------
    InputError
        If the hand asked for never moves on its own, or a run cannot be modelled.
    """
    check_hand_is_shown(runs, settings)
    models = _models(runs, anatomy, settings, progress)
    total = _STEPS_A_RUN * len(runs) + 4
    progress(total - 4, total, "contrast maps")
    where = place_on(anatomy, settings.grid_mm)
    maps = contrast_maps(models, anatomy, where, settings)
    progress(total - 1, total, "target")
    contrasts = tuple(one.contrast for one in maps)
    centre, sd_mm = _centre_of(contrasts, models, anatomy, settings)
    crown = crown_near(anatomy, centre, settings)
    hand_map = HandMap(
        contrasts=contrasts,
        hand=settings.hand,
        hemisphere=opposite(settings.hand),
        target_mm=crown.position_mm,
        target_sd_mm=sd_mm,
        target_source=_source(contrasts, settings),
        knob_mm=knob_of(anatomy, opposite(settings.hand), settings),
        disagreement_mm=next(one.knob_distance_mm for one in maps if one.contrast.name == settings.hand),
        weight=_weight(contrasts, centre, crown, where, settings),
        runs=tuple(_quality(model) for model in models),
        target_mni_mm=mni_of(crown.position_mm, anatomy),
    )
    findings = (
        *checks.of_runs(runs, models, settings),
        *checks.of_maps(maps, settings),
        *checks.of_target(hand_map, crown, settings),
    )
    progress(total, total, "hand map done")
    return Outcome(value=hand_map, findings=findings)


def _models(
    runs: tuple[TaskRun, ...], anatomy: Anatomy, settings: Settings, progress: Progress
) -> tuple[RunModel, ...]:
    boundary = grey_white_boundary(anatomy)
    total = _STEPS_A_RUN * len(runs) + 4
    models = []
    for number, one in enumerate(runs):
        first = _STEPS_A_RUN * number
        prepared = prepare(one, settings, part_of(progress, first, first + 5, total))
        progress(first + 5, total, f"{one.name}: registration to the T1")
        placed = place(prepared, anatomy, boundary, settings)
        columns, names = nuisance_of(prepared)
        variants = {
            name: design_of(prepared, settings.high_pass_s, *changed)
            for name, changed in nuisance_variants(prepared).items()
        }
        design = design_of(prepared, settings.high_pass_s, columns, names)
        models.append(RunModel(run=prepared, placed=placed, design=design, variants=variants))
    return tuple(models)


def _hand_contrast(contrasts: tuple[ContrastMap, ...], settings: Settings) -> ContrastMap:
    return next(contrast for contrast in contrasts if contrast.name == settings.hand)


def _source(contrasts: tuple[ContrastMap, ...], settings: Settings) -> Literal["task", "knob"]:
    return "knob" if _hand_contrast(contrasts, settings).centroid_mm is None else "task"


def _centre_of(
    contrasts: tuple[ContrastMap, ...], models: tuple[RunModel, ...], anatomy: Anatomy, settings: Settings
) -> tuple[Vector3, float]:
    """Return the hand area's centre, by task or else by anatomy, and its standard deviation in mm."""
    own = _hand_contrast(contrasts, settings)
    if own.centroid_mm is None:
        return knob_of(anatomy, opposite(settings.hand), settings), settings.knob_sd_mm
    # Runs are placed one by one, so their errors average out; an unknown spread is as wide as anatomy's.
    placing = float(np.sqrt(np.mean([model.placed.error_mm**2 for model in models]) / len(models)))
    spread = settings.knob_sd_mm if own.centroid_sd_mm is None else own.centroid_sd_mm
    return own.centroid_mm, float(np.linalg.norm([spread, placing, settings.systematic_sd_mm]))


def _weight(
    contrasts: tuple[ContrastMap, ...], centre: Vector3, crown: CrownPoint, where: Place, settings: Settings
) -> Volume:
    own = _hand_contrast(contrasts, settings)
    share = None if own.peak_z is None else own.z.values.astype(np.float64) / own.peak_z
    worth = Worth(
        z_share=share, centre_mm=centre, target_mm=crown.position_mm, hemisphere=opposite(settings.hand)
    )
    return weight_of(where, worth, settings)


def _quality(model: RunModel) -> RunQuality:
    prepared, placed = model.run, model.placed
    return RunQuality(
        name=prepared.name,
        volumes=len(prepared.frame_s),
        outlier_volumes=int(prepared.is_outlier.sum()),
        max_displacement_mm=float(prepared.displacement_mm.max()),
        mean_displacement_mm=float(prepared.displacement_mm.mean()),
        registration_error_mm=placed.error_mm,
        header_offset_mm=placed.header_offset_mm,
        is_registration_trusted=placed.is_trusted,
        is_slice_timing_corrected=prepared.is_slice_timing_corrected,
    )
