# SPDX-License-Identifier: Apache-2.0
"""Outlines on skull and brain, and the bone within, seen along the implant's axis."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.kernels.geometry.heights import bilinear, depth_below_hull, filled, height_map
from trephine.kernels.geometry.outlines import disc_grid, ring
from trephine.model.anatomy import Anatomy
from trephine.model.surface import Surface
from trephine.stages.opening.surroundings import bone_thickness_mm

OUTLINE_POINTS = 72
_PIXEL_MM = 0.5
_MARGIN_MM = 6.0
_GYRUS_MM = 12.0
_RAY_PITCH_MM = 1.0


def craniectomy_mm(anatomy: Anatomy, scanner_from_implant: Affine, radius_mm: float) -> Points:
    """Project a circle about the axis to the outer skull, shape (72, 3), in ``scanner``."""
    height, origin = _height(anatomy.outer_skull, scanner_from_implant, radius_mm + _MARGIN_MM)
    return _on_height(ring(radius_mm, OUTLINE_POINTS), height, origin, scanner_from_implant)


def durectomy_mm(anatomy: Anatomy, scanner_from_implant: Affine, radius_mm: float) -> Points:
    """Project a circle about the axis to the brain's hull, shape (72, 3), in ``scanner``."""
    height, origin = _height(anatomy.cortex, scanner_from_implant, radius_mm + _MARGIN_MM)
    hull = height + depth_below_hull(height, pixel_mm=_PIXEL_MM, width_mm=_GYRUS_MM)
    return _on_height(ring(radius_mm, OUTLINE_POINTS), hull, origin, scanner_from_implant)


def thickness_under_mm(anatomy: Anatomy, scanner_from_implant: Affine, radius_mm: float) -> AnyArray:
    """Measure the bone along the axis on a grid of 1 mm over the disc, mm, shape (ray,)."""
    height, origin = _height(anatomy.outer_skull, scanner_from_implant, radius_mm + _MARGIN_MM)
    start = _on_height(disc_grid(radius_mm, _RAY_PITCH_MM), height, origin, scanner_from_implant)
    inward = np.repeat(-scanner_from_implant.matrix[None, :3, 2], len(start), axis=0)
    # Half a voxel outward, so that the walk starts before the bone and not within it.
    return bone_thickness_mm(anatomy, start - 0.5 * inward, inward)


def bone_bounds_mm(anatomy: Anatomy, scanner_from_implant: Affine, radius_mm: float) -> tuple[float, float]:
    """Return the mean bounds of the bone's thickness on the outer skull over the disc, mm."""
    height, origin = _height(anatomy.outer_skull, scanner_from_implant, radius_mm + _MARGIN_MM)
    place = _on_height(disc_grid(radius_mm, _RAY_PITCH_MM), height, origin, scanner_from_implant)
    _, nearest = cKDTree(anatomy.outer_skull.points_mm).query(place)
    return float(anatomy.skull.low_mm[nearest].mean()), float(anatomy.skull.high_mm[nearest].mean())


def _height(surface: Surface, scanner_from_implant: Affine, half_mm: float) -> tuple[AnyArray, AnyArray]:
    """Draw a surface's height over the implant's plane; return it with the first pixel's (x, y)."""
    points = scanner_from_implant.inverse()(surface.points_mm, frame=SCANNER)
    size = 2 * int(half_mm / _PIXEL_MM) + 1
    origin = np.full(2, -(size // 2) * _PIXEL_MM)
    height = height_map(points, surface.faces, origin_mm=origin, pixel_mm=_PIXEL_MM, shape=(size, size))
    if np.isnan(height).all():
        raise InputError.because(
            where="opening",
            found="no surface under the implant",
            expected="skull and cortex under it",
            remedy="Check the surfaces of imaging.",
        )
    return filled(height), origin


def _on_height(xy: AnyArray, height: AnyArray, origin: AnyArray, scanner_from_implant: Affine) -> Points:
    """Lift places in the plane onto a height map and return them in ``scanner``."""
    z = bilinear(height, ((xy - origin) / _PIXEL_MM)[:, ::-1])
    return scanner_from_implant(np.column_stack([xy, z]), frame=IMPLANT)
