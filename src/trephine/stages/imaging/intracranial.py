# SPDX-License-Identifier: Apache-2.0
"""The inside of the skull: the template's hull, moved along its normals to the inner table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.segmentation.masks import signed_distance
from trephine.kernels.segmentation.wall import (
    Shell,
    Stiffness,
    cheapest_offsets,
    evened,
    moved_mask,
    shell_of,
)
from trephine.stages.imaging.brightness import Levels
from trephine.stages.imaging.settings import Settings

_OFFSET_STEP_MM = 0.75
_WINDOW_MM = 2.25
"""The stretch just outside the wall that has to look like bone: about one table's thickness."""
_FLUID_OUTSIDE_COST = 0.3
_REWARD = 0.8
"""Gained per mm of fluid or tissue taken in before bone is crossed: the wall can leave an atrophied brain."""
_REWARD_DECAY_PER_MM = 1.5
_DARK_SHARE = 0.8
_THIN_BONE_COST = 0.4
_DISTANCE_COST_PER_MM2 = 0.01


@dataclass(frozen=True, kw_only=True)
class _Hull:
    """How much a hull and the samples along its normals can be trusted.

    Parameters
    ----------
    brain_sd_mm
        How far brain can lie outside the hull: grey beyond is marrow or muscle, while fluid may go on.
    thin_bone_reach_mm
        Half the widest dark line that can be thin bone; a wider one as bright as fluid is a cistern.
    """

    brain_sd_mm: float
    thin_bone_reach_mm: float


_AFFINE = _Hull(brain_sd_mm=math.inf, thin_bone_reach_mm=4.0)
"""Before the smooth fit, on the coarse working grid: brain may lie anywhere, dark lines are wide. Assumed."""
_FITTED = _Hull(brain_sd_mm=4.0, thin_bone_reach_mm=2.0)
"""The hull follows the brain within the error of the fit to the template (assumed), and the T1's own voxels
blur a table of 1.7 mm (``skulltables``) by 1 to 1.5 mm."""


def find_wall(
    values: AnyArray, hull: Mask3, levels: Levels, step_mm: float, settings: Settings
) -> tuple[Mask3, AnyArray]:
    """Find the inner table around a hull that is near it.

    Parameters
    ----------
    values
        Planning T1 on a grid of cubic voxels, shape (i, j, k), shading removed.
    hull
        First guess, same shape.
    levels
        Signal of the tissues.
    step_mm
        Edge length of a voxel.
    settings
        How far to search.

    Returns
    -------
    tuple
        The inside of the skull, and its signed distance in mm (negative inside).

    Notes
    -----
    Along each normal, a place costs: bone or fat left inside, tissue left just outside (fluid a little), and
    its distance from the hull; fluid and tissue reached without crossing bone are a gain. Bone is dark
    against fluid, or a narrow dark line against both sides, since thin bone is never black at 1 mm.
    Neighbours move alike.
    """
    shell = shell_of(signed_distance(hull, np.full(3, step_mm)), step_mm)
    count = round((settings.largest_outward_mm + settings.largest_inward_mm) / _OFFSET_STEP_MM) + 1
    beyond = round((_WINDOW_MM + _AFFINE.thin_bone_reach_mm) / _OFFSET_STEP_MM)
    offsets_mm = -settings.largest_inward_mm + _OFFSET_STEP_MM * np.arange(count + beyond)
    cost = _cost(shell.profiles(values, offsets_mm), offsets_mm, count, levels, _AFFINE)
    return _placed(shell, cost, offsets_mm)


def wall_costs(sampled: Callable[[AnyArray], AnyArray], levels: Levels, places_mm: AnyArray) -> AnyArray:
    """Return what the inner table costs at given offsets from a hull, shape (corner, place), least 0.

    Parameters
    ----------
    sampled
        The planning T1 at offsets in mm from every corner of the hull, shape (corner, offset).
    levels
        Signal of the tissues.
    places_mm
        Ascending offsets, shape (place,).

    Returns
    -------
    numpy.ndarray
        As those of ``find_wall``, but for a hull fitted to the brain and a finer T1.
    """
    low, high = float(places_mm[0]), float(places_mm[-1])
    count = int(np.ceil((high - low) / _OFFSET_STEP_MM)) + 1
    beyond = round((_WINDOW_MM + _FITTED.thin_bone_reach_mm) / _OFFSET_STEP_MM)
    offsets_mm = low + _OFFSET_STEP_MM * np.arange(count + beyond)
    cost = _cost(sampled(offsets_mm), offsets_mm, count, levels, _FITTED)
    where = np.clip((places_mm - low) / _OFFSET_STEP_MM, 0, count - 1.001)
    before, share = where.astype(int), where - where.astype(int)
    result = cost[:, before] * (1 - share) + cost[:, before + 1] * share
    return np.asarray(result - result.min(axis=1, keepdims=True))


def _placed(shell: Shell, cost: AnyArray, offsets_mm: AnyArray) -> tuple[Mask3, AnyArray]:
    """Move the shell to its cheapest smooth place."""
    stiffness = Stiffness()
    offset = offsets_mm[cheapest_offsets(cost, shell.edges, stiffness)]
    return moved_mask(shell, evened(offset, shell.edges, stiffness.smoothing_rounds))


def _cost(profile: AnyArray, offsets_mm: AnyArray, count: int, levels: Levels, hull: _Hull) -> AnyArray:
    """Return the cost of putting the wall at each offset, shape (corner, count)."""
    contrast = levels.grey_signal - levels.bone_signal
    dark = _darkness(profile, offsets_mm, levels, hull.thin_bone_reach_mm)
    fat = np.clip((profile - 1.12 * levels.white_signal) / (0.2 * levels.white_signal), 0, 1)
    tissue = np.clip(
        (profile - levels.fluid_signal) / max(levels.grey_signal - levels.fluid_signal, 0.1 * contrast), 0, 1
    )
    brain_here = np.exp(-0.5 * (np.maximum(offsets_mm, 0) / hull.brain_sd_mm) ** 2)
    unfit = dark + fat
    crossed = np.cumsum(unfit, axis=1) * _OFFSET_STEP_MM
    belongs = (1 - dark) * (1 - tissue * (1 - brain_here))
    gain = _REWARD * np.exp(-_REWARD_DECAY_PER_MM * crossed) * belongs
    gained = np.cumsum(gain, axis=1) * _OFFSET_STEP_MM
    left_out = np.maximum((1 - dark) * _FLUID_OUTSIDE_COST, tissue * brain_here)
    summed = np.cumsum(np.pad(left_out, ((0, 0), (1, 0))), axis=1) * _OFFSET_STEP_MM
    window = round(_WINDOW_MM / _OFFSET_STEP_MM)
    k = np.arange(count)
    inside = crossed[:, k] - 0.5 * unfit[:, k] * _OFFSET_STEP_MM - gained[:, k]
    just_outside = summed[:, k + window] - summed[:, k]
    return np.asarray(inside + just_outside + _DISTANCE_COST_PER_MM2 * offsets_mm[None, :count] ** 2)


def _darkness(profile: AnyArray, offsets_mm: AnyArray, levels: Levels, reach_mm: float) -> AnyArray:
    """Return how much each sample looks like bone, 0 to 1: black, or a narrow valley."""
    depth = _DARK_SHARE * (levels.fluid_signal - levels.bone_signal)
    black = np.clip((levels.fluid_signal - profile) / max(depth, 1e-6), 0, 1)
    reach = round(reach_mm / _OFFSET_STEP_MM)
    filled = ndimage.grey_closing(profile, size=(1, 2 * reach + 1))
    valley = np.clip((filled - profile) / (0.35 * (levels.grey_signal - levels.bone_signal)), 0, 1)
    # Sulci are valleys too: not judged deep inside the hull, nor where the valley is as bright as tissue.
    valley *= (profile < 0.8 * levels.grey_signal) & (offsets_mm[None, :] > -4.0)
    return np.asarray(np.maximum(black, _THIN_BONE_COST * valley))
