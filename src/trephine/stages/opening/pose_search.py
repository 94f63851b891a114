# SPDX-License-Identifier: Apache-2.0
"""Every implant pose of the search, measured: positions on the skull and small tilts."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.model.device import Device
from trephine.stages.opening.crown import Crown
from trephine.stages.opening.expected import Window, gathered
from trephine.stages.opening.scenarios import Scenarios
from trephine.stages.opening.settings import Settings
from trephine.stages.opening.surroundings import Surroundings

_FEWEST_CORNERS = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Poses:
    """Ways to seat the implant, one a row.

    Parameters
    ----------
    centre_mm, axis, medial
        Place at the mean height of the outer skull under the implant, in ``scanner``, unit vector outward,
        and unit vector at a right angle to it towards the midline, shape (pose, 3).
    target_offset_mm, fit_rms_mm, bone_mm, midline_mm, sinus_mm, vein_mm, tilt_rad
        Target to axis, skull to flat foot, mean bone thickness, smallest distance to the midline, to the zone
        of a sinus and of the dura's opening to a large vessel (both infinite without one), axis to cortex
        normal; shape (pose,) each.
    value, threads, blocked_fraction
        Summed value of the threads, how many fit, and the share of crown under known vessels, in every
        scenario, shape (pose, scenario).
    """

    centre_mm: Points
    axis: Points
    medial: Points
    target_offset_mm: AnyArray
    fit_rms_mm: AnyArray
    bone_mm: AnyArray
    midline_mm: AnyArray
    sinus_mm: AnyArray
    vein_mm: AnyArray
    tilt_rad: AnyArray
    value: AnyArray
    threads: AnyArray
    blocked_fraction: AnyArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What poses are measured against.

    Parameters
    ----------
    around, crown, drawn
        Skull, cortex and scenarios.
    opened
        The window for threads.
    bone_radius_mm, dura_radius_mm
        Radii of the openings in bone and dura.
    """

    around: Surroundings
    crown: Crown
    drawn: Scenarios
    opened: Window
    bone_radius_mm: float
    dura_radius_mm: float


def bone_radius_mm(device: Device, settings: Settings) -> float:
    """Return the craniectomy's radius."""
    return device.body.width_mm.value / 2 + settings.bone_clearance_mm


def durectomy_radius_mm(device: Device, settings: Settings) -> float:
    """Return the dura opening's radius: within the bone less a rim, within the ring, within the limit."""
    inner = bone_radius_mm(device, settings) - settings.durectomy_rim_mm
    return min(inner, settings.durectomy_limit_mm, device.anchors.ring_radius_mm.value)


def poses(search: Search, settings: Settings) -> Poses:
    """Measure every position and tilt.

    Raises
    ------
    InputError
        If no pose lies on the side to implant.
    """
    around = search.around
    tree = cKDTree(around.skull_mm)
    found = []
    for index in positions(around, settings):
        place = around.skull_mm[index]
        disc = np.array(tree.query_ball_point(place, 1.15 * search.bone_radius_mm))
        if len(disc) >= _FEWEST_CORNERS and around.midline_mm[disc].min() > 0:
            axes = axes_about(around.skull_normal[disc].mean(axis=0), settings)
            found.append(measured(search, place, axes, disc))
    if not found:
        raise InputError.because(
            where="opening",
            found=f"no place for a disc of {2 * search.bone_radius_mm:g} mm on the side to implant near the "
            "target",
            expected="skull on that side over the hand target",
            remedy="Check the hemisphere of the hand map and the outer skull.",
        )
    names = [field.name for field in fields(Poses)]
    return Poses(**{name: np.concatenate([getattr(each, name) for each in found]) for name in names})


def positions(around: Surroundings, settings: Settings) -> AnyArray:
    """Pick corners of the skull above the target, about a step apart, in the order of their distance."""
    to_target = around.target_mm - around.skull_mm
    across = to_target - (to_target * around.skull_normal).sum(axis=1, keepdims=True) * around.skull_normal
    off_axis = np.linalg.norm(across, axis=1)
    near = np.flatnonzero(off_axis < settings.search_radius_mm)
    taken: list[int] = []
    for index in near[np.argsort(off_axis[near], kind="stable")]:
        away = np.linalg.norm(around.skull_mm[taken] - around.skull_mm[index], axis=1)
        if np.all(away >= settings.search_step_mm):
            taken.append(int(index))
    return np.array(taken, dtype=int)


def axes_about(normal: AnyArray, settings: Settings) -> Points:
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


def measured(search: Search, place_mm: AnyArray, axes: Points, disc: AnyArray) -> Poses:
    """Measure the poses of several axes, shape (axis, 3), through one place; ``disc``: corners about it."""
    around = search.around
    medial = around.medial - (axes @ around.medial)[:, None] * axes
    medial /= np.linalg.norm(medial, axis=1, keepdims=True)
    height, under = _under(around.skull_mm[disc] - place_mm, axes, search.bone_radius_mm)
    count = np.maximum(under.sum(axis=0), 1)
    mean = np.where(under, height, 0.0).sum(axis=0) / count
    fit = np.sqrt(np.where(under, (height - mean) ** 2, 0.0).sum(axis=0) / count)
    to_target = around.target_mm - place_mm
    vein = _off_axis(around.vein_mm - place_mm, axes) - around.vein_radius_mm[:, None]
    gained = gathered(search.crown, search.drawn, search.opened, place_mm, axes, medial)
    return Poses(
        centre_mm=place_mm + mean[:, None] * axes,
        axis=axes,
        medial=medial,
        target_offset_mm=_off_axis(to_target[None], axes)[0],
        fit_rms_mm=fit,
        bone_mm=np.where(under, around.bone_mm[disc][:, None], 0.0).sum(axis=0) / count,
        midline_mm=np.where(under, around.midline_mm[disc][:, None], np.inf).min(axis=0),
        sinus_mm=np.where(under, around.sinus_mm[disc][:, None], np.inf).min(axis=0),
        vein_mm=vein.min(axis=0, initial=np.inf) - search.dura_radius_mm,
        tilt_rad=_tilt(search.crown, place_mm, axes, search.dura_radius_mm),
        value=gained.value,
        threads=gained.threads,
        blocked_fraction=gained.blocked_fraction,
    )


def _under(relative: Points, axes: Points, radius_mm: float) -> tuple[AnyArray, AnyArray]:
    """Return heights along the axes and whether each lies under the disc, shape (corner, axis)."""
    height = relative @ axes.T
    return height, _off_axis(relative, axes) <= radius_mm


def _off_axis(relative: Points, axes: Points) -> AnyArray:
    """Return distances from the axes, shape (point, axis)."""
    height = relative @ axes.T
    return np.sqrt(np.maximum((relative**2).sum(axis=1)[:, None] - height**2, 0.0))


def _tilt(crown: Crown, place_mm: AnyArray, axes: Points, radius_mm: float) -> AnyArray:
    """Return the angle of every axis from the mean normal of the crown it meets, else a right angle."""
    under = _off_axis(crown.place_mm - place_mm, axes) <= radius_mm
    normal = under.T.astype(np.float64) @ (crown.normal * crown.area_mm2[:, None])
    length = np.linalg.norm(normal, axis=1)
    cosine = (normal * axes).sum(axis=1) / np.maximum(length, 1e-9)
    return np.where(length > 0, np.arccos(np.clip(cosine, -1, 1)), np.pi / 2)
