# SPDX-License-Identifier: Apache-2.0
"""The cortex under the opening as a flat map: its height, its sulci, its normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2, Points2
from trephine.core.errors import InputError
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.kernels.geometry.heights import bilinear, depth_below_hull, filled, height_map
from trephine.kernels.geometry.voxels import sampled
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.opening import Opening
from trephine.stages.placement.settings import Settings

_COARSE_MM = 0.25
_SMOOTHING_MM = 0.7
_FLUID_DEPTH_MM = np.arange(2.5, 6.01, 0.5)


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """Maps on one square grid about the axis; rows run along y, columns along x, in ``implant``.

    Parameters
    ----------
    pose
        ``scanner_from_implant``.
    origin_mm
        (x, y) of pixel (0, 0), shape (2,).
    pixel_mm
        Edge of a pixel.
    height_mm
        z of the cortex, shape (row, column); NaN where there is none.
    sulcus
        Where the cortex dips or a sulcus hides below, same shape.
    normal
        Smoothed unit normal outward, shape (row, column, 3).
    """

    pose: Affine
    origin_mm: AnyArray
    pixel_mm: float
    height_mm: AnyArray
    sulcus: Mask2
    normal: AnyArray

    def xy_mm(self) -> Points2:
        """Return every pixel's (x, y), shape (row * column, 2)."""
        rows, columns = np.indices(self.height_mm.shape)
        return np.column_stack([columns.ravel(), rows.ravel()]) * self.pixel_mm + self.origin_mm


def patch(opening: Opening, anatomy: Anatomy, settings: Settings) -> Patch:
    """Map the cortex under the opening.

    Parameters
    ----------
    opening
        Gives the axis and the durectomy's radius.
    anatomy
        Cortex and tissue labels.
    settings
        Pixel, and what counts as a sulcus.

    Returns
    -------
    Patch
        Covers the durectomy with half a millimetre to spare.

    Raises
    ------
    InputError
        If the axis meets no cortex.
    """
    coarse = _coarse_maps(opening, anatomy, settings)
    half = opening.durectomy_radius_mm + 0.5
    size = 2 * int(half / settings.pixel_mm) + 1
    origin = np.full(2, -(size // 2) * settings.pixel_mm)
    rows, columns = np.indices((size, size))
    xy = np.column_stack([columns.ravel(), rows.ravel()]) * settings.pixel_mm + origin
    index = ((xy - coarse.origin_mm) / _COARSE_MM)[:, ::-1]

    def fine(values: AnyArray) -> AnyArray:
        return bilinear(values, index).reshape(size, size)

    missing = fine(np.isnan(coarse.height_mm).astype(np.float64)) > 0.5
    return Patch(
        pose=opening.pose,
        origin_mm=origin,
        pixel_mm=settings.pixel_mm,
        height_mm=np.where(missing, np.nan, fine(filled(coarse.height_mm))),
        sulcus=fine(coarse.sulcus.astype(np.float64)) > 0.5,
        normal=np.stack([fine(coarse.normal[..., axis]) for axis in range(3)], axis=-1),
    )


def _coarse_maps(opening: Opening, anatomy: Anatomy, settings: Settings) -> Patch:
    """Draw the maps at a quarter of a millimetre, far enough beyond the opening to see whole gyri."""
    half = opening.durectomy_radius_mm + settings.gyrus_mm
    size = 2 * int(half / _COARSE_MM) + 1
    origin = np.full(2, -(size // 2) * _COARSE_MM)
    points = opening.pose.inverse()(anatomy.cortex.points_mm, frame=SCANNER)
    height = height_map(
        points, anatomy.cortex.faces, origin_mm=origin, pixel_mm=_COARSE_MM, shape=(size, size)
    )
    if np.isnan(height[size // 2, size // 2]):
        raise InputError.because(
            where="placement",
            found="no cortex under the implant's axis",
            expected="cortex there",
            remedy="Check the opening and the cortex surface.",
        )
    whole = filled(height)
    depth = depth_below_hull(whole, pixel_mm=_COARSE_MM, width_mm=settings.gyrus_mm)
    hull = ndimage.gaussian_filter(whole + depth, 2 * _SMOOTHING_MM / _COARSE_MM)
    normal, hull_normal = (
        _normals(ndimage.gaussian_filter(z, _SMOOTHING_MM / _COARSE_MM)) for z in (whole, hull)
    )
    slope = np.arccos(np.clip((normal * hull_normal).sum(axis=-1), -1, 1))
    made = Patch(
        pose=opening.pose,
        origin_mm=origin,
        pixel_mm=_COARSE_MM,
        height_mm=height,
        sulcus=(depth > settings.crown_depth_mm) | (slope > settings.slope_limit_rad),
        normal=normal,
    )
    hidden = _fluid_share(made, anatomy, hull) > settings.fluid_limit_fraction
    return Patch(
        pose=made.pose,
        origin_mm=origin,
        pixel_mm=_COARSE_MM,
        height_mm=height,
        sulcus=made.sulcus | hidden,
        normal=normal,
    )


def _normals(height_mm: AnyArray) -> AnyArray:
    """Return unit normals of a height map, shape (row, column, 3)."""
    dy, dx = np.gradient(height_mm, _COARSE_MM)
    normal = np.stack([-dx, -dy, np.ones_like(dx)], axis=-1)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def _fluid_share(maps: Patch, anatomy: Anatomy, hull_mm: AnyArray) -> AnyArray:
    """Return the share of fluid from 2.5 to 6 mm below the hull, where a crown has brain only."""
    fluid = (anatomy.tissue.values == Tissue.CSF).astype(np.float32)
    share = np.zeros(hull_mm.size)
    for depth in _FLUID_DEPTH_MM:
        place = np.column_stack([maps.xy_mm(), hull_mm.ravel() - depth])
        share += sampled(fluid, anatomy.tissue.grid.affine_mm, maps.pose(place, frame=IMPLANT))
    return (share / len(_FLUID_DEPTH_MM)).reshape(hull_mm.shape)
