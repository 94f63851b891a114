# SPDX-License-Identifier: Apache-2.0
"""Skin, skull and cortex as heights over the implant's plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points, Points2
from trephine.core.errors import InputError
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.kernels.geometry.heights import bilinear, depth_below_hull, filled, height_map
from trephine.kernels.geometry.meshes import corner_normals
from trephine.model.anatomy import Anatomy
from trephine.model.device import Device
from trephine.model.opening import Opening
from trephine.model.surface import Surface

PIXEL_MM = 0.5
HALF_MM = 28.0
"""Half the side of the maps: a body, its flap of scalp, and some way round."""
_BELOW_MM = 45.0
_STEEPEST = 0.3
"""Cosine at which the way through slanting bone is no longer made longer; it would grow without end."""
_GYRUS_MM = 12.0
_FARTHEST_MM = 12.0
"""A skull whose face lies farther than this from where the body is meant to meet it is not under the body."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layers:
    """Heights z in ``implant`` on one grid, shape (row, column): rows along y, columns along x, no NaN.

    Parameters
    ----------
    pose
        ``scanner_from_implant``.
    origin_mm
        (x, y) of the first pixel, shape (2,).
    scalp_mm, outer_mm, cortex_mm, hull_mm
        Skin, outer skull, cortex, and cortex with its sulci closed.
    bone_mm, bone_low_mm, bone_high_mm
        Thickness of the skull along the axis with its interval.
    """

    pose: Affine
    origin_mm: AnyArray
    scalp_mm: AnyArray
    outer_mm: AnyArray
    cortex_mm: AnyArray
    hull_mm: AnyArray
    bone_mm: AnyArray
    bone_low_mm: AnyArray
    bone_high_mm: AnyArray

    def at(self, height_mm: AnyArray, xy_mm: Points2) -> AnyArray:
        """Look a map up at places of the plane, shape (place,)."""
        return bilinear(height_mm, ((xy_mm - self.origin_mm) / PIXEL_MM)[:, ::-1])

    def xy_mm(self) -> Points2:
        """Return every pixel's (x, y), shape (row * column, 2)."""
        rows, columns = np.indices(self.outer_mm.shape)
        return np.column_stack([columns.ravel(), rows.ravel()]) * PIXEL_MM + self.origin_mm

    def within(self, radius_mm: float) -> AnyArray:
        """Tell which pixels lie within a circle about the axis, shape (row, column)."""
        return (np.hypot(*self.xy_mm().T) <= radius_mm).reshape(self.outer_mm.shape)


def layers(anatomy: Anatomy, opening: Opening, device: Device, error_mm: float) -> Layers:
    """Draw the layers over the implant's plane.

    Parameters
    ----------
    anatomy, opening, device
        Surfaces, pose and size.
    error_mm
        Half the interval of the distance between outer skull and cortex: bone does not reach farther.

    Raises
    ------
    InputError
        If skin, skull or cortex do not lie where the implant is meant to sit.
    """
    pose = opening.pose
    scalp = _heights(anatomy.scalp, pose, "skin")
    outer = _heights(anatomy.outer_skull, pose, "outer skull")
    cortex = _heights(anatomy.cortex, pose, "cortex")
    hull = cortex + depth_below_hull(cortex, pixel_mm=PIXEL_MM, width_mm=_GYRUS_MM)
    bone = _bone(anatomy, pose, outer)
    # Bone ends before the brain begins, which a T1 shows better than the bone's own inner face.
    most = np.maximum(outer - hull + error_mm, bone[0])
    made = Layers(
        pose=pose,
        origin_mm=_origin(),
        scalp_mm=np.maximum(scalp, outer),
        outer_mm=outer,
        cortex_mm=cortex,
        hull_mm=hull,
        bone_mm=bone[0],
        bone_low_mm=bone[1],
        bone_high_mm=np.minimum(bone[2], most),
    )
    _check_inside(made, device)
    return made


def _origin() -> AnyArray:
    return np.full(2, -HALF_MM)


def _heights(surface: Surface, pose: Affine, name: str) -> AnyArray:
    """Draw a surface's height over the plane."""
    points = pose.inverse()(surface.points_mm, frame=SCANNER)
    size = round(2 * HALF_MM / PIXEL_MM) + 1
    is_near = (points[:, 2] > -_BELOW_MM) & (np.abs(points[:, :2]) < HALF_MM + 5).all(axis=1)
    faces = surface.faces[is_near[surface.faces].all(axis=1)]
    height = height_map(points, faces, origin_mm=_origin(), pixel_mm=PIXEL_MM, shape=(size, size))
    if np.isnan(height[size // 2, size // 2]):
        raise InputError.because(
            where=f"closure, {name}",
            found="no surface on the implant's axis",
            expected=f"the {name} under and over the implant",
            remedy="Check the opening's pose and the surfaces of imaging.",
        )
    return filled(height)


def _bone(anatomy: Anatomy, pose: Affine, outer_mm: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the skull's thickness along the axis, lower and upper bound, on the grid.

    Notes
    -----
    Bounds are kept across the bone; along the axis they are longer by the cosine of the angle between the
    axis and the skull's normal.
    """
    rows, columns = np.indices(outer_mm.shape)
    xy = np.column_stack([columns.ravel(), rows.ravel()]) * PIXEL_MM + _origin()
    nearest, normal = on_skull(anatomy, pose(np.column_stack([xy, outer_mm.ravel()]), frame=IMPLANT))
    along = np.maximum(normal @ pose.matrix[:3, 2], _STEEPEST)
    skull, shape = anatomy.skull, outer_mm.shape
    found = [
        (values[nearest] / along).reshape(shape)
        for values in (skull.thickness_mm, skull.low_mm, skull.high_mm)
    ]
    return found[0], found[1], found[2]


def on_skull(anatomy: Anatomy, places_mm: Points) -> tuple[AnyArray, Points]:
    """Return the nearest corner of the outer skull to places in ``scanner``, and the unit normals there."""
    outer = anatomy.outer_skull
    _, nearest = cKDTree(outer.points_mm).query(places_mm)
    near = np.zeros(len(outer.points_mm), dtype=bool)
    near[nearest] = True
    faces = outer.faces[near[outer.faces].any(axis=1)]
    return nearest, corner_normals(outer.points_mm, faces)[nearest]


def _check_inside(made: Layers, device: Device) -> None:
    """Refuse an implant that lies outside the head, or far from the skull that is to hold it."""
    body = device.body
    foot = made.within(body.width_mm.value / 2)
    meant = body.thickness_mm.value - body.bump_mm.value
    off = float(made.outer_mm[foot].mean()) - meant
    if abs(off) > _FARTHEST_MM or float(made.scalp_mm[foot].mean()) < 0:
        raise InputError.because(
            where="closure, implant",
            found=f"the outer skull {abs(off):.1f} mm {'above' if off > 0 else 'below'} where the body "
            "should meet it",
            expected=f"no more than {_FARTHEST_MM:g} mm: an implant in the skull",
            remedy="Check the opening's pose; run the opening again.",
        )
