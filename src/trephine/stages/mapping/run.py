# SPDX-License-Identifier: Apache-2.0
"""The mapping stage's one entry."""

from __future__ import annotations

from trephine.core.findings import Outcome
from trephine.core.progress import Progress, part_of, silent
from trephine.model.activation import HandMap, RunQuality, TaskRun
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping import checks
from trephine.stages.mapping.alternatives import alternatives_to
from trephine.stages.mapping.bold_to_t1 import grey_white_boundary, picture_of, place
from trephine.stages.mapping.conditions import check_hand_is_shown
from trephine.stages.mapping.contrast_maps import MapOfContrast, contrast_maps, mni_of
from trephine.stages.mapping.glm import design_of
from trephine.stages.mapping.hand_area import knob_of, opposite
from trephine.stages.mapping.noise_field import Scene
from trephine.stages.mapping.nuisance import nuisance_of, nuisance_variants
from trephine.stages.mapping.own_knob import own_knobs
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.planning_grid import Place, place_on
from trephine.stages.mapping.preparation import prepare
from trephine.stages.mapping.settings import Settings
from trephine.stages.mapping.target import CrownPoint, crown_near
from trephine.stages.mapping.target_certainty import Decision, certainty_on, decide
from trephine.stages.mapping.worth import weight_of, worth_of

_STEPS_A_RUN = 10


def run(
    runs: tuple[TaskRun, ...],
    anatomy: Anatomy,
    settings: Settings,
    *,
    rest: tuple[TaskRun, ...] = (),
    progress: Progress = silent,
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
    rest
        Runs at rest, without events: for the resting-state alternative instead of what the task leaves over.
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
    total = _STEPS_A_RUN * (len(runs) + len(rest)) + 4
    every = _models((*runs, *rest), anatomy, settings, progress)
    models, still = every[: len(runs)], every[len(runs) :]
    progress(total - 4, total, "contrast maps")
    where = place_on(anatomy, settings.grid_mm)
    maps = contrast_maps(models, anatomy, where, settings)
    progress(total - 1, total, "target")
    hand_map, crown, decision = _hand_map(maps, models, still, anatomy, where, settings)
    findings = (
        *checks.of_runs(runs, models, settings),
        *checks.of_rest(still, settings),
        *checks.of_maps(maps, settings),
        *checks.of_target(hand_map, crown, decision, settings),
        *checks.of_own_knob(hand_map, settings),
    )
    progress(total, total, "hand map done")
    return Outcome(value=hand_map, findings=findings)


def _hand_map(
    maps: tuple[MapOfContrast, ...],
    models: tuple[RunModel, ...],
    still: tuple[RunModel, ...],
    anatomy: Anatomy,
    where: Place,
    settings: Settings,
) -> tuple[HandMap, CrownPoint, Decision]:
    """Decide on the target, and say what cortex is worth."""
    own = next(one for one in maps if one.contrast.name == settings.hand)
    hemisphere = opposite(settings.hand)
    knob_mm = knob_of(anatomy, hemisphere, settings)
    decision = decide(own, models, knob_mm, settings)
    crown = crown_near(anatomy, decision.centre_mm, settings, hemisphere=hemisphere)
    knobs = own_knobs(anatomy, tuple(one.contrast for one in maps), settings)
    worth = worth_of(own, decision, crown.position_mm, where, settings)
    weight, weight_sd = weight_of(where, worth, settings)
    hand_map = HandMap(
        contrasts=tuple(one.contrast for one in maps),
        hand=settings.hand,
        hemisphere=hemisphere,
        target_mm=crown.position_mm,
        target_sd_mm=decision.sd_mm,
        target_source=decision.source,
        knob_mm=knob_mm,
        disagreement_mm=own.knob_distance_mm,
        weight=weight,
        runs=tuple(_quality(model) for model in models),
        run_pictures=tuple(
            picture_of(model.run, anatomy, model.placed.scanner_from_bold) for model in models
        ),
        target_mni_mm=mni_of(crown.position_mm, anatomy),
        weight_sd=weight_sd,
        certainty=certainty_on(where, decision, hemisphere),
        alternatives=alternatives_to(
            decision.centre_mm,
            hemisphere,
            knob_mm,
            next(knob for knob in knobs if knob.hemisphere == hemisphere),
            _seen_at_rest(models, still, anatomy, where, settings),
        ),
        own_knobs=knobs,
    )
    return hand_map, crown, decision


def _seen_at_rest(
    models: tuple[RunModel, ...],
    still: tuple[RunModel, ...],
    anatomy: Anatomy,
    where: Place,
    settings: Settings,
) -> tuple[tuple[RunModel, ...], Scene]:
    """Return the runs at rest that have a place, or else the task's, with their noise."""
    used = tuple(model for model in still if model.placed.trust != "failed") or models
    return used, Scene.of(used, anatomy, where, settings)


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
