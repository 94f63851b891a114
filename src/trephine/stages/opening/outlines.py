# SPDX-License-Identifier: Apache-2.0
"""Outlines on skin, skull and brain, and the bone within, seen along the implant's axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points, Points2
from trephine.core.errors import InputError
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.kernels.geometry.heights import bilinear, depth_below_hull, filled, height_map
from trephine.kernels.geometry.meshes import corner_normals
from trephine.kernels.geometry.outlines import disc_grid, ring
from trephine.model.anatomy import Anatomy
from trephine.model.opening import DrillDepth, Position
from trephine.model.surface import Surface
from trephine.stages.opening.surroundings import bone_thickness_mm

OUTLINE_POINTS = 72
PIXEL_MM = 0.5
_MARGIN_MM = 6.0
_GYRUS_MM = 12.0
_RAY_PITCH_MM = 1.0
_BELOW_MM = 45.0
"""Faces farther below the implant's foot belong to the other side of the head."""
_STEEPEST = 0.3
"""Cosine at which the way through slanting bone is no longer made longer; it would grow without end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Relief:
    """A surface's height above the implant's plane.

    Parameters
    ----------
    pose
        ``scanner_from_implant``.
    height_mm
        z in ``implant``, shape (row, column): rows along y, columns along x, no NaN.
    origin_mm
        (x, y) of the first pixel, shape (2,).
    """

    pose: Affine
    height_mm: AnyArray
    origin_mm: AnyArray

    def z_mm(self, xy_mm: Points2) -> AnyArray:
        """Return the height at places of the plane, shape (point,)."""
        return bilinear(self.height_mm, ((xy_mm - self.origin_mm) / PIXEL_MM)[:, ::-1])

    def lifted(self, xy_mm: Points2) -> Points:
        """Lift places of the plane onto the surface and return them in ``scanner``, shape (point, 3)."""
        return self.pose(np.column_stack([xy_mm, self.z_mm(xy_mm)]), frame=IMPLANT)


def relief(surface: Surface, pose: Affine, radius_mm: float, name: str) -> Relief:
    """Draw a surface's height over the implant's plane, as far as ``radius_mm`` and a margin.

    Raises
    ------
    InputError
        If no surface lies there.
    """
    points = pose.inverse()(surface.points_mm, frame=SCANNER)
    half = radius_mm + _MARGIN_MM
    size = 2 * int(half / PIXEL_MM) + 1
    origin = np.full(2, -(size // 2) * PIXEL_MM)
    is_near = (points[:, 2] > -_BELOW_MM) & (np.abs(points[:, :2]) < half + 5).all(axis=1)
    faces = surface.faces[is_near[surface.faces].all(axis=1)]
    height = height_map(points, faces, origin_mm=origin, pixel_mm=PIXEL_MM, shape=(size, size))
    if np.isnan(height).all():
        raise InputError.because(
            where=f"opening, {name}",
            found="no surface under the implant",
            expected=f"the {name} under it",
            remedy="Check the surfaces of imaging.",
        )
    return Relief(pose=pose, height_mm=filled(height), origin_mm=origin)


def hull(cortex: Relief) -> Relief:
    """Close the sulci of the cortex: the surface on which the dura lies."""
    depth = depth_below_hull(cortex.height_mm, pixel_mm=PIXEL_MM, width_mm=_GYRUS_MM)
    return Relief(pose=cortex.pose, height_mm=cortex.height_mm + depth, origin_mm=cortex.origin_mm)


def thickness_under_mm(anatomy: Anatomy, skull: Relief, xy_mm: Points2) -> AnyArray:
    """Measure the bone along the axis at places of the plane, mm, shape (point,)."""
    inward = np.repeat(-skull.pose.matrix[None, :3, 2], len(xy_mm), axis=0)
    # Half a voxel outward, so that the walk starts before the bone and not within it.
    return bone_thickness_mm(anatomy, skull.lifted(xy_mm) - 0.5 * inward, inward)


def bone_under_mm(anatomy: Anatomy, skull: Relief, radius_mm: float) -> tuple[AnyArray, float, float]:
    """Return the bone on a grid of 1 mm over the disc, and the mean bounds that the scans leave for it."""
    xy = disc_grid(radius_mm, _RAY_PITCH_MM)
    _, nearest = cKDTree(anatomy.outer_skull.points_mm).query(skull.lifted(xy))
    low, high = anatomy.skull.low_mm[nearest].mean(), anatomy.skull.high_mm[nearest].mean()
    return thickness_under_mm(anatomy, skull, xy), float(low), float(high)


def drill_depths(anatomy: Anatomy, skull: Relief, radius_mm: float) -> tuple[DrillDepth, ...]:
    """Measure how deep the bone goes along the axis, at every point of the outline.

    Notes
    -----
    The bounds are along the shortest way through the bone; along the axis they are longer by the cosine of
    the angle between the axis and the skull's normal.
    """
    xy = ring(radius_mm, OUTLINE_POINTS)
    depth = thickness_under_mm(anatomy, skull, xy)
    outer = anatomy.outer_skull
    _, nearest = cKDTree(outer.points_mm).query(skull.lifted(xy))
    near = np.unique(nearest)
    faces = outer.faces[np.isin(outer.faces, near).any(axis=1)]
    normal = corner_normals(outer.points_mm, faces)[nearest]
    along = np.maximum(normal @ skull.pose.matrix[:3, 2], _STEEPEST)
    low, high = anatomy.skull.low_mm[nearest] / along, anatomy.skull.high_mm[nearest] / along
    return tuple(
        DrillDepth(
            angle_rad=2 * np.pi * place / OUTLINE_POINTS,
            depth_mm=float(depth[place]),
            low_mm=float(min(low[place], depth[place])),
            high_mm=float(max(high[place], depth[place])),
        )
        for place in range(OUTLINE_POINTS)
    )


def as_positions(points_mm: Points) -> tuple[Position, ...]:
    """Return positions as plain numbers."""
    return tuple((float(x), float(y), float(z)) for x, y, z in points_mm)
