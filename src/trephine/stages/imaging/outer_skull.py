# SPDX-License-Identifier: Apache-2.0
"""The outer face of the skull: from a CT's bone, or from the T1's last dark layer under the scalp."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.segmentation.masks import closed, largest_part
from trephine.kernels.segmentation.wall import Stiffness, cheapest_offsets, evened, moved_mask, shell_of
from trephine.stages.imaging.brightness import Levels

_OFFSET_STEP_MM = 0.75
_THINNEST_MM = 1.5
_THICKEST_MM = 18.0
_USUAL_MM = 6.5
"""Mean thickness of the adult vault, about 6 to 7 mm; only a weak pull. Assumed."""
_PULL_PER_MM2 = 0.006
_DARK_LEFT_COST = 0.35
_CT_REACH_MM = 25.0
_CT_CLOSING_MM = 6.0


def estimated(values: AnyArray, wall_mm: AnyArray, head: Mask3, levels: Levels, step_mm: float) -> Mask3:
    """Estimate all that lies within the outer face of the skull from the T1.

    Parameters
    ----------
    values
        Planning T1 on a grid of cubic voxels, shape (i, j, k), shading removed.
    wall_mm
        Signed distance from the inner table, negative inside.
    head
        Inside of the skin.
    levels
        Signal of the tissues.
    step_mm
        Edge length of a voxel.

    Returns
    -------
    numpy.ndarray
        Skull and inside of the skull together, shape (i, j, k).

    Notes
    -----
    Outward from the inner table, the outer face is where dark (table) turns to bright (scalp), with no
    dark layer under the skin. Thickness from a T1 is an estimate: fluid, dura, table and air are all dark.
    """
    shell = shell_of(wall_mm, step_mm, sd_mm=1.0)
    count = round((_THICKEST_MM - _THINNEST_MM) / _OFFSET_STEP_MM) + 1
    beyond = round(12.0 / _OFFSET_STEP_MM)
    offsets_mm = _THINNEST_MM - 1.5 + _OFFSET_STEP_MM * np.arange(count + 2 + beyond)
    profile = shell.profiles(values, offsets_mm)
    in_head = shell.profiles(ndimage.binary_erosion(head).astype(np.float32), offsets_mm)
    cost = _cost(profile, in_head, offsets_mm, count, levels)
    stiffness = Stiffness()
    chosen = cheapest_offsets(cost, shell.edges, stiffness)
    offset = evened(offsets_mm[chosen + 2], shell.edges, stiffness.smoothing_rounds)
    mask, _ = moved_mask(shell, offset)
    return mask | (wall_mm < 0)


def _cost(profile: AnyArray, in_head: AnyArray, offsets_mm: AnyArray, count: int, levels: Levels) -> AnyArray:
    """Return the cost of putting the outer face at each offset from the third on, shape (corner, count)."""
    contrast = levels.white_signal - levels.bone_signal
    bright = np.clip((profile - levels.bone_signal) / contrast, 0, 1.3)
    dark = np.clip(1.0 - (profile - levels.bone_signal) / (0.35 * contrast), 0, 1) * in_head
    left = np.cumsum(dark[:, ::-1], axis=1)[:, ::-1] * _OFFSET_STEP_MM
    k = np.arange(2, count + 2)
    before = 0.5 * (bright[:, k - 2] + bright[:, k - 1])
    after = (bright[:, k + 1] + bright[:, k + 2] + bright[:, k + 3]) / 3.0
    pull = _PULL_PER_MM2 * (offsets_mm[k] - _USUAL_MM) ** 2
    in_air = 1.0 - in_head[:, k]
    return np.asarray(2.0 * (before - after) + _DARK_LEFT_COST * left[:, k + 1] + pull[None] + 2.0 * in_air)


def from_bone(bone: Mask3, wall_mm: AnyArray, voxel_mm: AnyArray) -> Mask3:
    """Fill a CT's bone to all that lies within the outer face of the skull.

    Parameters
    ----------
    bone
        Bone voxels on the T1's grid, shape (i, j, k).
    wall_mm
        Signed distance from the inner table, negative inside.
    voxel_mm
        Edge lengths, shape (3,).

    Returns
    -------
    numpy.ndarray
        Skull with its marrow and the inside of the skull, shape (i, j, k).
    """
    near = (bone & (wall_mm < _CT_REACH_MM)) | (wall_mm < 0)
    # Closed before parts are judged: marrow below the threshold would cut the outer table off.
    full = ndimage.binary_fill_holes(closed(near, _CT_CLOSING_MM, voxel_mm))
    return largest_part(np.asarray(full))
