# SPDX-License-Identifier: Apache-2.0
"""What the mapping stage judges."""

from __future__ import annotations

from trephine.core.findings import Finding, Severity
from trephine.model.activation import HandMap, TaskRun
from trephine.stages.mapping.bold_to_t1 import Placed
from trephine.stages.mapping.conditions import condition_of, is_attempted, is_imagined
from trephine.stages.mapping.contrast_maps import MapOfContrast
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.settings import Settings
from trephine.stages.mapping.sides import Sides
from trephine.stages.mapping.target import CrownPoint
from trephine.stages.mapping.target_certainty import Decision

_OUTLIER_LIMIT_FRACTION = 0.2
_HEADER_LIMIT_MM = 5.0
_DEEP_LIMIT_MM = 15.0


def of_runs(runs: tuple[TaskRun, ...], models: tuple[RunModel, ...], settings: Settings) -> list[Finding]:
    """Judge every run: what its events mean, its timing, motion and registration."""
    found = []
    for task, model in zip(runs, models, strict=True):
        found += of_names(task, settings)
        if not model.run.is_slice_timing_corrected:
            found.append(
                _note(
                    code="SLICE_TIMES_UNKNOWN",
                    message=f"{task.name}: slice times are not known; every slice counts as taken in the "
                    "middle of its volume. For blocks of several seconds this changes little.",
                )
            )
        found += _of_motion(model, settings)
        found += _of_placing(task.name, model.placed, settings)
    return found


def of_rest(models: tuple[RunModel, ...], settings: Settings) -> list[Finding]:
    """Judge the runs at rest: one without a place in the T1 is left out, as it moves no target."""
    found = []
    for model in models:
        found += _of_motion(model, settings)
        if model.placed.trust == "failed":
            message = (
                f"{model.run.name}: its place in the T1 is not to be trusted, so it is not used. Check "
                "whether it is of this person."
            )
            value, limit = model.placed.boundary_fraction, settings.least_boundary_fraction
            found.append(_warn(code="REST_RUN_NOT_USED", message=message, value=value, limit=limit, unit="1"))
        else:
            found += _of_placing(model.run.name, model.placed, settings)
    return found


def of_names(task: TaskRun, settings: Settings) -> list[Finding]:
    """Say what the trial types of a run were taken for, where that is not plain from their names."""
    names = sorted({event.trial_type for event in task.events})
    imagined = [name for name in names if is_imagined(name, settings)]
    attempted = [name for name in names if is_attempted(name, settings)]
    other = [name for name in names if condition_of(name, settings) == "other" and name not in imagined]
    found = []
    if other:
        message = f"{task.name}: {', '.join(other)} modelled, not mapped."
        found.append(_note(code="TRIAL_TYPE_NOT_USED", message=message))
    if imagined:
        message = (
            f"{task.name}: {', '.join(imagined)} counts as imagined or watched, not as movement: "
            "modelled apart, not mapped."
        )
        found.append(_note(code="IMAGINED_MOVEMENT_APART", message=message))
    if attempted:
        message = (
            f"{task.name}: {', '.join(attempted)}: attempts count as the movement of the hand they name."
        )
        found.append(_note(code="ATTEMPT_COUNTS_AS_MOVEMENT", message=message))
    return found


def _of_motion(model: RunModel, settings: Settings) -> list[Finding]:
    share, count = float(model.run.is_outlier.mean()), int(model.run.is_outlier.sum())
    largest_mm = float(model.run.displacement_mm.max())
    if share == 0:
        return []
    return [
        Finding(
            code="HEAD_MOVED",
            severity=Severity.WARN if share > _OUTLIER_LIMIT_FRACTION else Severity.NOTE,
            message=f"{model.run.name}: {count} of {len(model.run.frame_s)} volumes are modelled away; "
            f"the head moved by up to {largest_mm:.2f} mm from one volume to the next.",
            value=100 * share,
            limit=100 * _OUTLIER_LIMIT_FRACTION,
            unit="percent",
            source="siegel2014",
        )
    ]


def _of_placing(name: str, placed: Placed, settings: Settings) -> list[Finding]:
    found = _of_trust(name, placed, settings)
    if placed.is_trusted and placed.error_mm > settings.registration_limit_mm:
        message = f"{name}: repeated registrations to the T1 differ by {placed.error_mm:.1f} mm."
        limit = settings.registration_limit_mm
        found.append(
            _warn(code="BOLD_REGISTRATION_UNCERTAIN", message=message, value=placed.error_mm, limit=limit)
        )
    if placed.header_offset_mm > _HEADER_LIMIT_MM:
        found.append(
            Finding(
                code="BOLD_HEADER_MISALIGNED",
                severity=Severity.NOTE,
                message=f"{name}: the headers put it {placed.header_offset_mm:.1f} mm from where it was "
                "registered: the person moved between scans, or a header is wrong.",
                value=placed.header_offset_mm,
                limit=_HEADER_LIMIT_MM,
                unit="mm",
                source="assumed",
            )
        )
    return found


def _of_trust(name: str, placed: Placed, settings: Settings) -> list[Finding]:
    fit = (
        f"{100 * placed.boundary_fraction:.0f} % of the grey-white boundary fits (chance is 50 %), "
        f"{100 * placed.boundary_drop_fraction:.0f} % of all of it less when moved by 8 mm"
    )
    if placed.trust == "failed":
        message = (
            f"{name}: its place in the T1 is not to be trusted: {fit}, {100 * placed.overlap_fraction:.0f} % "
            "of its signal lies within the skull, and two methods must agree. Look at the overlay."
        )
        failed = Finding(
            code="BOLD_REGISTRATION_FAILED",
            severity=Severity.BLOCK,
            message=message,
            value=placed.boundary_fraction,
            limit=settings.least_boundary_fraction,
            unit="1",
            source="greveFischl2009",
        )
        return [failed]
    if placed.trust == "doubtful":
        message = (
            f"{name}: its folds hold it less firmly in the T1 than a sharp run of the same person: {fit}. "
            "A blurred or bent run does this, and another person's can. Look at the overlay before approving."
        )
        value, limit = placed.boundary_drop_fraction, settings.sure_boundary_drop_fraction
        return [_warn(code="BOLD_REGISTRATION_DOUBTFUL", message=message, value=value, limit=limit, unit="1")]
    return []


def of_maps(maps: tuple[MapOfContrast, ...], settings: Settings) -> list[Finding]:
    """Judge every contrast with a hand area: is it there, on the right side, and does it hold still."""
    found, crossed = [], []
    for one in maps:
        if one.sides is None:
            continue
        if one.contrast.name in ("right", "left"):
            found += _of_response(one.contrast.name, one.sides, settings)
            crossed.append(one.sides.pattern(settings) == "ipsilateral")
        found += _of_steadiness(one, settings)
    if len(crossed) == 2 and all(crossed):
        found.append(
            Finding(
                code="SIDES_MAY_BE_SWAPPED",
                severity=Severity.BLOCK,
                message="Each hand is answered by its own side of the head. Left and right count as swapped "
                "in the events or in an image until somebody shows that they are not.",
                source="assumed",
            )
        )
    return found


def _of_response(hand: str, sides: Sides, settings: Settings) -> list[Finding]:
    side, peak, own = sides.opposite.hemisphere, sides.opposite.peak_z, sides.own.peak_z
    limit = settings.least_laterality_index
    pattern = sides.pattern(settings)
    if pattern == "absent":
        message = (
            f"{hand} hand: no response within {settings.search_radius_mm:.0f} mm of the knob on the {side} "
            "side, nor on the other. In paralysis this is common and does not show that the area is lost."
        )
        least = sides.opposite.least_z
        return [_warn(code="HAND_RESPONSE_ABSENT", message=message, value=peak, limit=least, unit="z")]
    if pattern == "ipsilateral":
        message = (
            f"{hand} hand: its own side answers more (z {own:.1f}) than the {side} (z {peak:.1f}). Check "
            "that left and right are not swapped in the events or the image. That side is no target."
        )
        index = sides.laterality_index
        return [_warn(code="HAND_RESPONSE_IPSILATERAL", message=message, value=index, limit=-limit, unit="1")]
    if pattern == "bilateral":
        message = (
            f"{hand} hand: both sides answer alike (z {peak:.1f} on the {side}, {own:.1f} on the other). The "
            f"centre on the {side} side is shown; common with mirrored movement and after injury."
        )
        index = sides.laterality_index
        return [_warn(code="HAND_RESPONSE_BILATERAL", message=message, value=index, limit=limit, unit="1")]
    if pattern == "weak":
        message = f"{hand} hand: the response is weak."
        least = settings.weak_peak_z
        return [_warn(code="HAND_RESPONSE_WEAK", message=message, value=peak, limit=least, unit="z")]
    return []


def _of_steadiness(one: MapOfContrast, settings: Settings) -> list[Finding]:
    contrast, found = one.contrast, []
    shift, apart = contrast.nuisance_shift_mm, contrast.run_shift_mm
    if shift is not None and shift > settings.nuisance_limit_mm:
        change = one.certainty.worst_nuisance(settings.search_radius_mm)[1]
        message = (
            f"{contrast.name}: the centre moves by {shift:.1f} mm when the model is fitted {change}: "
            "motion and task are hard to tell apart in this run."
        )
        limit = settings.nuisance_limit_mm
        found.append(_warn(code="NUISANCE_MOVES_HAND_AREA", message=message, value=shift, limit=limit))
    if apart is not None and apart > settings.run_limit_mm:
        message = f"{contrast.name}: runs put the centre {apart:.1f} mm apart."
        found.append(_warn(code="RUNS_DISAGREE", message=message, value=apart, limit=settings.run_limit_mm))
    return found


def of_target(hand_map: HandMap, crown: CrownPoint, decision: Decision, settings: Settings) -> list[Finding]:
    """Judge the target: where it comes from, whether task and anatomy agree, whether it can be reached."""
    found = []
    if hand_map.target_source == "knob":
        message = (
            f"{hand_map.hand} hand: {decision.reason}, so the target is the anatomical hand knob of the "
            f"{hand_map.hemisphere} side."
        )
        found.append(_warn(code="TARGET_FROM_ANATOMY", message=message, value=hand_map.target_sd_mm))
    apart = hand_map.disagreement_mm
    if apart is not None and apart > settings.knob_limit_mm:
        message = (
            f"The task's centre lies {apart:.1f} mm from the anatomical hand knob. Both are shown; the "
            "target follows the task."
        )
        limit = settings.knob_limit_mm
        found.append(_warn(code="TASK_DISAGREES_WITH_KNOB", message=message, value=apart, limit=limit))
    if not crown.is_on_crown or crown.distance_mm > _DEEP_LIMIT_MM:
        far = crown.distance_mm
        message = f"The nearest cortex reachable from outside is {far:.1f} mm from the hand area's centre."
        found.append(_warn(code="NO_CROWN_NEAR_HAND_AREA", message=message, value=far, limit=_DEEP_LIMIT_MM))
    return found


def of_own_knob(hand_map: HandMap, settings: Settings) -> list[Finding]:
    """Judge the knob in the person's own cortex, on the side to implant: whether it is there, and agrees."""
    found = []
    for knob in hand_map.own_knobs:
        if knob.hemisphere != hand_map.hemisphere:
            continue
        if knob.position_mm is None:
            message = f"No hand knob could be placed on the {knob.hemisphere} cortex itself. {knob.remark}"
            found.append(Finding(code="OWN_KNOB_UNKNOWN", severity=Severity.UNKNOWN, message=message))
        apart = {"the task's centre": knob.task_distance_mm, "the template's knob": knob.template_distance_mm}
        far = {name: mm for name, mm in apart.items() if mm is not None and mm > settings.knob_limit_mm}
        if far:
            told = " and ".join(f"{mm:.1f} mm from {name}" for name, mm in far.items())
            message = f"The hand knob of the {knob.hemisphere} cortex itself lies {told}. All are shown."
            limit, most = settings.knob_limit_mm, max(far.values())
            found.append(_warn(code="OWN_KNOB_APART", message=message, value=most, limit=limit))
    return found


def _warn(
    *, code: str, message: str, value: float | None = None, limit: float | None = None, unit: str = "mm"
) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARN,
        message=message,
        value=value,
        limit=limit,
        unit=unit,
        source="assumed",
    )


def _note(*, code: str, message: str) -> Finding:
    return Finding(code=code, severity=Severity.NOTE, message=message)
