# SPDX-License-Identifier: Apache-2.0
"""Choose where to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.core.progress import Progress, silent
from trephine.kernels.geometry.outlines import ring
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.opening import Choice, ExpectedYield, Opening, OpeningResult, Row
from trephine.stages.opening.checks import Context, findings
from trephine.stages.opening.choices import Chosen, chosen, trade
from trephine.stages.opening.crown import crown_near
from trephine.stages.opening.dura import flap, window_outline
from trephine.stages.opening.expected import window
from trephine.stages.opening.incision import incision
from trephine.stages.opening.outlines import (
    OUTLINE_POINTS,
    Relief,
    as_positions,
    bone_under_mm,
    drill_depths,
    hull,
    relief,
)
from trephine.stages.opening.pose_search import Poses, Search, bone_radius_mm, durectomy_radius_mm, poses
from trephine.stages.opening.scenarios import scenarios
from trephine.stages.opening.settings import Settings
from trephine.stages.opening.surroundings import surroundings
from trephine.stages.opening.template import TONGUE_MM, template


@dataclass(frozen=True, kw_only=True, eq=False)
class _Case:
    """What was given."""

    anatomy: Anatomy
    hand_map: HandMap
    angiogram: Angiogram | None
    device: Device
    settings: Settings


def run(
    anatomy: Anatomy,
    hand_map: HandMap,
    angiogram: Angiogram | None,
    device: Device,
    *,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[OpeningResult]:
    """Find the implant's pose over the hand area, and outline the bone, dura and scalp to open.

    Parameters
    ----------
    anatomy
        Tissues and surfaces in ``scanner``.
    hand_map
        Target, side and functional weight in ``scanner``.
    angiogram
        Vessels seen before surgery, where there is a scan.
    device
        The implant.
    settings
        Search, limits, uncertainty and prices.
    progress
        Told after each of five steps.

    Returns
    -------
    Outcome
        The opening with its alternatives and the drill template, with findings on midline, sinus, bone, fit,
        target, vessels, dura, scalp and cable.

    Raises
    ------
    InputError
        If the device is not a disc, or no skull or cortex lies at the target.

    Notes
    -----
    Every position and tilt is measured; scenarios are drawn from the seed of the settings. Cost: seconds at
    1 mm.
    """
    if device.body.shape != "disc":
        raise InputError.because(
            where=f"device {device.name}, body.shape",
            found=device.body.shape,
            expected="disc",
            remedy="Choose a device with a round body; plates are not planned for yet.",
        )
    case = _Case(anatomy=anatomy, hand_map=hand_map, angiogram=angiogram, device=device, settings=settings)
    progress(0, 5, "measuring skull and cortex over the target")
    search = prepared(anatomy, hand_map, angiogram, device, settings)
    progress(1, 5, "trying implant poses")
    found = poses(search, settings)
    progress(2, 5, "weighing them")
    # Without a CT differences of bone between poses are no more than noise, and play no part.
    best = chosen(found, bone_needed_mm(device) if anatomy.skull.is_measured else 0.0, settings)
    progress(3, 5, "outlining scalp, bone and dura")
    result = _result(case, search, found, best)
    progress(4, 5, "judging the opening")
    context = Context(angiogram=angiogram, anatomy=anatomy, device=device, settings=settings)
    noticed = findings(result.opening, context)
    progress(5, 5, "opening planned")
    return Outcome(value=result, findings=noticed)


def prepared(
    anatomy: Anatomy, hand_map: HandMap, angiogram: Angiogram | None, device: Device, settings: Settings
) -> Search:
    """Measure everything that poses are held against."""
    drawn = scenarios(hand_map, angiogram, settings)
    radius = durectomy_radius_mm(device, settings)
    return Search(
        around=surroundings(anatomy, hand_map, angiogram, settings),
        crown=crown_near(anatomy, hand_map, angiogram, device, drawn, settings),
        drawn=drawn,
        opened=window(device, radius, settings),
        bone_radius_mm=bone_radius_mm(device, settings),
        dura_radius_mm=radius,
    )


def bone_needed_mm(device: Device) -> float:
    """Return the bone that the body needs so as not to press on the dura."""
    return device.body.thickness_mm.value - device.body.bump_mm.value


def scanner_from_implant(
    centre_mm: AnyArray, axis: AnyArray, device: Device, hemisphere: str, settings: Settings
) -> Affine:
    """Return the implant's pose: foot below the skull by the body less its bump, z outward.

    Notes
    -----
    x points to where a cable ends. Without a cable nothing that is measured depends on the turn of a round
    body, and x points forward and to the middle by rule; the two directions are averaged so that the same
    rule holds on both sides.
    """
    towards = np.array([1.0 if hemisphere == "left" else -1.0, 1.0, 0.0])
    if settings.cable_end_mm is not None:
        towards = np.array(settings.cable_end_mm) - centre_mm
    x = towards - (towards @ axis) * axis
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([x, np.cross(axis, x), axis])
    matrix[:3, 3] = centre_mm - bone_needed_mm(device) * axis
    return Affine(target=SCANNER, source=IMPLANT, matrix=matrix)


def _result(case: _Case, search: Search, found: Poses, best: Chosen) -> OpeningResult:
    """Outline and measure the recommended pose."""
    settings, first = case.settings, best.index[0]
    pose, bone = _pose(case, found, first), search.bone_radius_mm
    outer = case.anatomy.outer_skull
    skull = relief(outer, pose, bone + settings.template_rim_mm + TONGUE_MM, "outer skull")
    opening = Opening(
        device=case.device.name,
        hemisphere=case.hand_map.hemisphere,
        scanner_from_implant=_rows(pose),
        midline_distance_mm=float(found.midline_mm[first]),
        sinus_clearance_mm=_finite(found.sinus_mm[first]),
        vein_clearance_mm=_finite(found.vein_mm[first]),
        target_offset_mm=float(found.target_offset_mm[first]),
        skull_fit_rms_mm=float(found.fit_rms_mm[first]),
        tilt_rad=float(found.tilt_rad[first]),
        roll_from="rule" if settings.cable_end_mm is None else "cable",
        cable_needed_mm=_cable_mm(pose, case),
        poses_tried=len(found.fit_rms_mm),
        choices=tuple(_choice(case, search, found, best, rank) for rank in range(len(best.index))),
        **_bone(case, skull, bone),
        **_soft(case, search, pose, found.medial[first]),
    )
    return OpeningResult(opening=opening, template=template(skull, bone, settings))


def _bone(case: _Case, skull: Relief, radius_mm: float) -> dict[str, Any]:
    """Outline and measure the bone."""
    thickness, low_mm, high_mm = bone_under_mm(case.anatomy, skull, radius_mm)
    mean_mm = float(thickness.mean())
    return {
        "craniectomy_mm": as_positions(skull.lifted(ring(radius_mm, OUTLINE_POINTS))),
        "bone_thickness_mean_mm": mean_mm,
        "bone_thickness_min_mm": float(thickness.min()),
        "bone_thickness_max_mm": float(thickness.max()),
        # Labels are read along the axis, bounds along the shortest way: the mean belongs to the interval.
        "bone_low_mm": min(low_mm, mean_mm),
        "bone_high_mm": max(high_mm, mean_mm),
        "is_bone_measured": case.anatomy.skull.is_measured,
        "drill_depths": drill_depths(case.anatomy, skull, radius_mm),
    }


def _soft(case: _Case, search: Search, pose: Affine, medial: AnyArray) -> dict[str, Any]:
    """Outline dura and scalp."""
    anatomy, settings, radius = case.anatomy, case.settings, search.dura_radius_mm
    brain = hull(relief(anatomy.cortex, pose, radius, "cortex"))
    skin = relief(anatomy.scalp, pose, search.bone_radius_mm + settings.incision_gap_mm, "scalp")
    cut, hinge = flap(brain, radius, medial, case.angiogram, settings)
    is_cut = settings.dura == "flap"
    return {
        "durectomy_mm": as_positions(
            brain.lifted(window_outline(radius, hinge if is_cut else None, settings))
        ),
        "durectomy_radius_mm": radius,
        "flap": cut if is_cut else None,
        "incision": incision(skin, search.bone_radius_mm, medial, settings),
    }


def _choice(case: _Case, search: Search, found: Poses, best: Chosen, rank: int) -> Choice:
    """Write one pose of the set out."""
    index, is_measured = best.index[rank], case.anatomy.skull.is_measured
    return Choice(
        name=best.names[rank],
        is_recommended=rank == 0,
        scanner_from_implant=_rows(_pose(case, found, index)),
        expected=_expected(case, search, found, index),
        target_offset_mm=float(found.target_offset_mm[index]),
        skull_fit_rms_mm=float(found.fit_rms_mm[index]),
        bone_thickness_mm=float(found.bone_mm[index]) if is_measured else None,
        midline_distance_mm=float(found.midline_mm[index]),
        sinus_clearance_mm=_finite(found.sinus_mm[index]),
        vein_clearance_mm=_finite(found.vein_mm[index]),
        tilt_rad=float(found.tilt_rad[index]),
        words=_reason(found, best)
        if rank == 0
        else trade(found, index, best.index[0], is_bone_measured=is_measured),
    )


def _reason(found: Poses, best: Chosen) -> str:
    """Say why the first pose is recommended."""
    mean = found.value.mean(axis=1)
    index, most = best.index[0], float(mean.max())
    share = f"{100 * mean[index] / most:.0f} %" if most > 0 else "none"
    if not best.feasible:
        return (
            f"None of {len(mean)} poses keeps clear of sinus and midline; this one breaks the limit least. "
            "It must not be used as it is."
        )
    return (
        f"Of {len(mean)} poses {best.feasible} keep clear of sinus and midline. Of these it costs least when "
        f"skull, bone, veins, tilt and centring are weighed against yield: it has {share} of the best "
        "expected yield."
    )


def _expected(case: _Case, search: Search, found: Poses, index: int) -> ExpectedYield:
    """Sum up the scenarios of one pose."""
    value, threads = found.value[index], found.threads[index]
    asked = search.opened.thread_count
    drawn = search.drawn
    hand = case.hand_map.target_mm + drawn.map_shift_mm + drawn.cortex_shift_mm - found.centre_mm[index]
    away = np.linalg.norm(hand - (hand @ found.axis[index])[:, None] * found.axis[index], axis=1)
    low, high = np.percentile(value, (5, 95))
    blocked = float(found.blocked_fraction[index].mean())
    return ExpectedYield(
        mean=float(value.mean()),
        low=float(low),
        high=float(high),
        threads_asked=asked,
        fitting_fraction=float(threads.mean()) / asked,
        short_probability=float((threads < asked - 0.5).mean()),
        missed_probability=float((away > search.dura_radius_mm).mean()),
        blocked_fraction=blocked if case.angiogram is not None else None,
        scenarios=len(value),
    )


def _pose(case: _Case, found: Poses, index: int) -> Affine:
    return scanner_from_implant(
        found.centre_mm[index], found.axis[index], case.device, case.hand_map.hemisphere, case.settings
    )


def _cable_mm(pose: Affine, case: _Case) -> float | None:
    if case.settings.cable_end_mm is None:
        return None
    away = float(np.linalg.norm(np.array(case.settings.cable_end_mm) - pose.matrix[:3, 3]))
    return max(away - case.device.body.width_mm.value / 2, 0.0)


def _rows(pose: Affine) -> tuple[Row, ...]:
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in pose.matrix)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
