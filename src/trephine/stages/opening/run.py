# SPDX-License-Identifier: Apache-2.0
"""Choose where to open."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import Points
from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.core.progress import Progress, silent
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.opening import Opening, Position
from trephine.stages.opening.checks import Context, findings
from trephine.stages.opening.outlines import bone_bounds_mm, craniectomy_mm, durectomy_mm, thickness_under_mm
from trephine.stages.opening.pose_search import Pose, best_pose, durectomy_radius_mm
from trephine.stages.opening.settings import Settings
from trephine.stages.opening.surroundings import surroundings


def run(
    anatomy: Anatomy,
    hand_map: HandMap,
    angiogram: Angiogram | None,
    device: Device,
    *,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[Opening]:
    """Find the implant's pose over the hand area, and outline the bone and dura to open.

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
        Search, limits and weights.
    progress
        Told after each of four steps.

    Returns
    -------
    Outcome
        The opening, with findings on midline, bone, fit, target, skull estimate and vessels.

    Raises
    ------
    InputError
        If the device is not a disc, or no skull lies over the target.

    Notes
    -----
    Exhaustive over positions and tilts; no randomness. Cost: seconds at 1 mm.
    """
    if device.body.shape != "disc":
        raise InputError.because(
            where=f"device {device.name}, body.shape",
            found=device.body.shape,
            expected="disc",
            remedy="Choose a device with a round body; plates are not planned for yet.",
        )
    progress(0, 4, "measuring skull and cortex over the target")
    around = surroundings(anatomy, hand_map, settings)
    progress(1, 4, "trying implant poses")
    pose, tried = best_pose(around, device, settings)
    progress(2, 4, "outlining bone and dura")
    opening = _opening(anatomy, hand_map, device, pose, settings)
    progress(3, 4, "judging the opening")
    context = Context(
        anatomy=anatomy, angiogram=angiogram, device=device, settings=settings, poses_tried=tried
    )
    found = findings(opening, context)
    progress(4, 4, "opening planned")
    return Outcome(value=opening, findings=found)


def scanner_from_implant(pose: Pose, device: Device, hemisphere: str) -> Affine:
    """Return the implant's pose: foot below the skull by the body less its bump, x forward and to the middle.

    Notes
    -----
    The two directions of x within the disc are averaged so that the same rule holds on both sides.
    """
    towards_middle = 1.0 if hemisphere == "left" else -1.0
    forward = np.array([towards_middle, 1.0, 0.0])
    x = forward - (forward @ pose.axis) * pose.axis
    x /= np.linalg.norm(x)
    sunk = device.body.thickness_mm.value - device.body.bump_mm.value
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([x, np.cross(pose.axis, x), pose.axis])
    matrix[:3, 3] = pose.centre_mm - sunk * pose.axis
    return Affine(target=SCANNER, source=IMPLANT, matrix=matrix)


def _opening(anatomy: Anatomy, hand_map: HandMap, device: Device, pose: Pose, settings: Settings) -> Opening:
    """Outline and measure the chosen pose."""
    placed = scanner_from_implant(pose, device, hand_map.hemisphere)
    bone_radius = device.body.width_mm.value / 2 + settings.bone_clearance_mm
    dura_radius = durectomy_radius_mm(device, settings)
    thickness = thickness_under_mm(anatomy, placed, bone_radius)
    mean_mm = float(thickness.mean())
    low_mm, high_mm = bone_bounds_mm(anatomy, placed, bone_radius)
    return Opening(
        device=device.name,
        hemisphere=hand_map.hemisphere,
        scanner_from_implant=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in placed.matrix),
        craniectomy_mm=_positions(craniectomy_mm(anatomy, placed, bone_radius)),
        durectomy_mm=_positions(durectomy_mm(anatomy, placed, dura_radius)),
        durectomy_radius_mm=dura_radius,
        bone_thickness_mean_mm=mean_mm,
        bone_thickness_min_mm=float(thickness.min()),
        bone_thickness_max_mm=float(thickness.max()),
        # Labels are read along the axis, bounds along the shortest way: the mean belongs to the interval.
        bone_low_mm=min(low_mm, mean_mm),
        bone_high_mm=max(high_mm, mean_mm),
        is_bone_measured=anatomy.skull.is_measured,
        midline_distance_mm=pose.midline_mm,
        sinus_clearance_mm=pose.sinus_mm if np.isfinite(pose.sinus_mm) else None,
        target_offset_mm=pose.target_offset_mm,
        skull_fit_rms_mm=pose.fit_rms_mm,
        tilt_rad=pose.tilt_rad,
    )


def _positions(points_mm: Points) -> tuple[Position, ...]:
    return tuple((float(x), float(y), float(z)) for x, y, z in points_mm)
