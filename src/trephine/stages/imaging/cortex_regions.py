# SPDX-License-Identifier: Apache-2.0
"""Where the template says that the cerebrum is, its filled core, and the hindbrain, carried to a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Points
from trephine.core.frames import SCANNER
from trephine.kernels.geometry.voxels import sampled
from trephine.kernels.segmentation.masks import largest_part
from trephine.model.template import Template
from trephine.model.warp import Warp

_STEP_MM = 2.5
_LOW_MM, _HIGH_MM = (-80.0, -115.0, -66.0), (80.0, 86.0, 96.0)
_REACH_MM = 12.0
"""How far a person's white matter may lie outside the average one: their gyri, and the warp's error."""
_DEEP_MM = 2.0
_NOT_WHITE = 0.6
_CORE_RIM_MM = 3.5
_HIND_OUT_MM = 7.0
_HIND_RIM_MM = 4.0
_COARSE_VOXEL = 2
_BRAIN_SHARE = 0.1
"""The template shows the brain alone: this share of its brightest voxel parts it from the dark."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """Regions on a person's grid, shape (i, j, k).

    Parameters
    ----------
    is_cerebrum
        Where white matter of the hemispheres may be.
    core
        1 in ventricles and deep grey matter, which count as white matter; linear at the border, float32.
    hind
        1 in cerebellum and brain stem, likewise.
    across_mm
        x in the template: negative on the left, float32.
    """

    is_cerebrum: Mask3
    core: AnyArray
    hind: AnyArray
    across_mm: AnyArray


def regions_on(
    template: Template, mni_from_scanner: Warp, affine_mm: Matrix4, shape: tuple[int, int, int]
) -> Regions:
    """Carry the template's regions to a grid in ``scanner``.

    Parameters
    ----------
    template
        With its average white surface.
    mni_from_scanner
        The person's map.
    affine_mm, shape
        The grid.

    Notes
    -----
    The map is looked up on every second voxel and read in between: it is smooth over 3 mm.
    """
    outside_mm, core, hind, own_mm = _in_template(template)
    steps = [np.arange(0, count + _COARSE_VOXEL, _COARSE_VOXEL) for count in shape]
    coarse = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    points = coarse.reshape(-1, 3) @ affine_mm[:3, :3].T + affine_mm[:3, 3]
    there = mni_from_scanner(points, frame=SCANNER)
    looked_up = [
        sampled(outside_mm, own_mm, there, outside=2 * _REACH_MM),
        sampled(core.astype(np.float32), own_mm, there),
        sampled(hind.astype(np.float32), own_mm, there),
        there[:, 0],
    ]
    fine = [
        ndimage.affine_transform(
            values.reshape(coarse.shape[:3]).astype(np.float32),
            np.full(3, 1 / _COARSE_VOXEL),
            output_shape=shape,
            order=1,
        )
        for values in looked_up
    ]
    return Regions(
        is_cerebrum=(fine[0] < _REACH_MM) & (fine[2] < 0.5), core=fine[1], hind=fine[2], across_mm=fine[3]
    )


def _in_template(template: Template) -> tuple[AnyArray, Mask3, Mask3, Matrix4]:
    """Return the distance outside the average white surface, its core, the hindbrain, and their grid."""
    axes = [np.arange(low, high + 1, _STEP_MM) for low, high in zip(_LOW_MM, _HIGH_MM, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shape = points.shape[:3]
    flat = points.reshape(-1, 3)
    white = sampled(template.white.values, template.white.grid.affine_mm, flat).reshape(shape)
    t1 = sampled(template.t1.values, template.t1.grid.affine_mm, flat).reshape(shape)
    is_brain = t1 > _BRAIN_SHARE * t1.max()
    near = ndimage.binary_dilation(is_brain, iterations=int(np.ceil(_REACH_MM / _STEP_MM)))
    outside_mm = np.full(shape, 2 * _REACH_MM, dtype=np.float32)
    outside_mm[near] = _distance_outside(template, points[near])
    deep = ndimage.binary_opening((outside_mm < -_DEEP_MM) & (white < _NOT_WHITE))
    halves = [largest_part(deep & side) for side in (points[..., 0] < 0, points[..., 0] > 0)]
    core = _within(halves[0] | halves[1], _CORE_RIM_MM) & (outside_mm < -_DEEP_MM / 2)
    low_and_back = (points[..., 2] < 0) & (points[..., 1] < 0)
    brain = is_brain & (outside_mm > _HIND_OUT_MM) & low_and_back
    hind = _within(largest_part(ndimage.binary_opening(brain, iterations=2)), 2 * _HIND_RIM_MM)
    own_mm = np.diag([_STEP_MM, _STEP_MM, _STEP_MM, 1.0])
    own_mm[:3, 3] = _LOW_MM
    return outside_mm, core, hind & (outside_mm > _HIND_RIM_MM), own_mm


def _within(mask: Mask3, distance_mm: float) -> Mask3:
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=[_STEP_MM] * 3) < distance_mm)


def _distance_outside(template: Template, points_mm: Points) -> AnyArray:
    """Return the distance from the average white surface, negative inside, mm."""
    corners = template.white_surface.points_mm[template.white_surface.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    centre = corners.mean(axis=1)
    distance, nearest = cKDTree(centre).query(points_mm, k=3)
    side = np.einsum("pkj,pkj->p", points_mm[:, None] - centre[nearest], normal[nearest])
    return np.asarray(np.sign(side) * distance[:, 0], dtype=np.float32)
