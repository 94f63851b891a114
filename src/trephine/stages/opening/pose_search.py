# SPDX-License-Identifier: Apache-2.0
"""Search over implant poses: position on the skull and small tilts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.model.device import Device
from trephine.stages.opening.settings import Settings
from trephine.stages.opening.surroundings import Surroundings

_FEWEST_CORNERS = 20
_NEAR_AXIS = 2.0
"""The dura opening's radius in spreads of the weight about the axis."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pose:
    """One way to seat the implant, with what was measured for it.

    Parameters
    ----------
    centre_mm, axis
        Place on the outer skull, in ``scanner``, and unit vector outward, shape (3,).
    cost
        Weighted sum; smaller is better.
    target_offset_mm, fit_rms_mm, bone_mm, midline_mm, sinus_mm, tilt_rad
        Target to axis, skull to flat foot, mean bone thickness, smallest distance to the midline and to the
        zone of a sinus (infinite without one), axis to cortex normal.
    value_fraction
        Functional value of the crown exposed near the axis, against crown of full value everywhere.
    """

    centre_mm: AnyArray
    axis: AnyArray
    cost: float
    target_offset_mm: float
    fit_rms_mm: float
    bone_mm: float
    midline_mm: float
    sinus_mm: float
    tilt_rad: float
    value_fraction: float


def durectomy_radius_mm(device: Device, settings: Settings) -> float:
    """Return the dura opening's radius: within the bone less a rim, within the ring, within the limit."""
    inner = device.body.width_mm.value / 2 + settings.bone_clearance_mm - settings.durectomy_rim_mm
    return min(inner, settings.durectomy_limit_mm, device.anchors.ring_radius_mm.value)


def best_pose(around: Surroundings, device: Device, settings: Settings) -> tuple[Pose, int]:
    """Try every position and tilt and return the best pose, with how many were tried.

    Raises
    ------
    InputError
        If no pose lies on the side to implant.
    """
    radius = device.body.width_mm.value / 2 + settings.bone_clearance_mm
    tree, cortex_tree = cKDTree(around.skull_mm), cKDTree(around.cortex_mm)
    need = device.body.thickness_mm.value - device.body.bump_mm.value
    dura = durectomy_radius_mm(device, settings)
    best: Pose | None = None
    tried = 0
    for index in _positions(around, settings):
        disc = np.array(tree.query_ball_point(around.skull_mm[index], 1.15 * radius))
        cortex = np.array(cortex_tree.query_ball_point(around.skull_mm[index], 3 * radius), dtype=int)
        if len(disc) < _FEWEST_CORNERS or not len(cortex) or around.midline_mm[disc].min() <= 0:
            continue
        scene = _Scene(around=around, disc=disc, cortex=cortex, radius_mm=radius, dura_mm=dura, need_mm=need)
        for axis in _axes(around.skull_normal[disc].mean(axis=0), settings):
            pose = _judged(scene, around.skull_mm[index], axis, settings)
            tried += 1
            if best is None or pose.cost < best.cost:
                best = pose
    if best is None:
        raise InputError.because(
            where="opening",
            found=f"no place for a disc of {2 * radius:g} mm on the side to implant near the target",
            expected="skull on that side over the hand target",
            remedy="Check the hemisphere of the hand map and the outer skull.",
        )
    return best, tried


def _positions(around: Surroundings, settings: Settings) -> AnyArray:
    """Pick corners of the skull above the target, about a step apart, in the order of their distance."""
    to_target = around.target_mm - around.skull_mm
    across = to_target - (to_target * around.skull_normal).sum(axis=1, keepdims=True) * around.skull_normal
    off_axis = np.linalg.norm(across, axis=1)
    near = np.flatnonzero(off_axis < settings.search_radius_mm)
    taken: list[int] = []
    for index in near[np.argsort(off_axis[near], kind="stable")]:
        place = around.skull_mm[index]
        if all(np.linalg.norm(place - around.skull_mm[other]) >= settings.search_step_mm for other in taken):
            taken.append(int(index))
    return np.array(taken, dtype=int)


def _axes(normal: AnyArray, settings: Settings) -> Points:
    """Return the skull's normal and axes tilted from it by one and two steps in eight directions."""
    normal = normal / np.linalg.norm(normal)
    u, v = plane_axes(normal)
    axes = [normal]
    for tilt in (settings.tilt_step_rad, 2 * settings.tilt_step_rad):
        for turn in np.arange(8) * np.pi / 4:
            side = np.cos(turn) * u + np.sin(turn) * v
            axes.append(np.cos(tilt) * normal + np.sin(tilt) * side)
    return np.array(axes) if settings.tilt_step_rad > 0 else np.array(axes[:1])


def plane_axes(normal: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return two unit vectors that make a right-handed frame with ``normal``."""
    other = np.eye(3)[int(np.abs(normal).argmin())]
    u = np.cross(other, normal)
    u /= np.linalg.norm(u)
    return u, np.cross(normal, u)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scene:
    """The corners near one position."""

    around: Surroundings
    disc: AnyArray
    cortex: AnyArray
    radius_mm: float
    dura_mm: float
    need_mm: float


def _judged(scene: _Scene, place_mm: AnyArray, axis: AnyArray, settings: Settings) -> Pose:
    """Measure one pose and weigh it."""
    around = scene.around
    relative = around.skull_mm[scene.disc] - place_mm
    height = relative @ axis
    under = np.linalg.norm(relative - height[:, None] * axis, axis=1) <= scene.radius_mm
    corner = scene.disc[under]
    to_target = around.target_mm - place_mm
    offset = float(np.linalg.norm(to_target - (to_target @ axis) * axis))
    to_cortex = around.cortex_mm[scene.cortex] - place_mm
    off_axis = np.linalg.norm(to_cortex - (to_cortex @ axis)[:, None] * axis, axis=1)
    facing = around.cortex_normal[scene.cortex] @ axis
    is_seen = (off_axis <= scene.dura_mm) & (facing > 0.5)
    seen = scene.cortex[is_seen]
    area = around.crown_mm2[seen]
    normal = (around.cortex_normal[seen] * area[:, None]).sum(axis=0)
    length = float(np.linalg.norm(normal))
    measured = {
        "target_offset_mm": offset,
        "fit_rms_mm": float(height[under].std()),
        "bone_mm": float(around.bone_mm[corner].mean()),
        "midline_mm": float(around.midline_mm[corner].min()),
        "sinus_mm": float(around.sinus_mm[corner].min()),
        "tilt_rad": float(np.arccos(np.clip(normal @ axis / length, -1, 1))) if length > 0 else np.pi / 2,
        "value_fraction": _exposed(
            off_axis[is_seen], area * facing[is_seen] * around.value[seen], scene.dura_mm
        ),
    }
    cost = _cost(measured, scene, settings)
    return Pose(centre_mm=place_mm + height[under].mean() * axis, axis=axis, cost=cost, **measured)


def _cost(measured: dict[str, float], scene: _Scene, settings: Settings) -> float:
    """Weigh what was measured; every term is about 1 at its limit."""
    reach = settings.midline_warn_mm - settings.midline_block_mm
    near_midline = max(settings.midline_warn_mm - measured["midline_mm"], 0) / max(reach, 1e-6)
    reach = settings.sinus_warn_mm - settings.sinus_block_mm
    near_sinus = max(settings.sinus_warn_mm - measured["sinus_mm"], 0) / max(reach, 1e-6)
    return (
        settings.weight_target * (measured["target_offset_mm"] / settings.target_limit_mm) ** 2
        + settings.weight_fit * (measured["fit_rms_mm"] / settings.fit_limit_mm) ** 2
        + settings.weight_bone * max(scene.need_mm - measured["bone_mm"], 0)
        + settings.weight_midline * max(near_midline, near_sinus) ** 2
        + settings.weight_tilt * (measured["tilt_rad"] / settings.tilt_limit_rad) ** 2
        - settings.weight_value * measured["value_fraction"]
    )


def _exposed(off_axis_mm: AnyArray, value_mm2: AnyArray, radius_mm: float) -> float:
    """Weigh exposed value by its nearness to the axis, where threads are short, as a share of the most."""
    spread = radius_mm / _NEAR_AXIS
    nearness = np.exp(-0.5 * (off_axis_mm / spread) ** 2)
    most = 2 * np.pi * spread**2 * (1 - np.exp(-0.5 * _NEAR_AXIS**2))
    return float((value_mm2 * nearness).sum() / most)
