# SPDX-License-Identifier: Apache-2.0
"""Where vessels are looked for in a scan, and its values turned so that vessels are bright."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.core.errors import InputError
from trephine.kernels.registration.images import Sampled
from trephine.kernels.segmentation.masks import foreground, grown, shrunk
from trephine.model.scan import ScanKind
from trephine.model.volume import Grid
from trephine.stages.imaging.head import distance_onto
from trephine.stages.imaging.settings import Settings

_BEYOND_WALL_MM = {ScanKind.MRA: 1.0, ScanKind.CE_T1W: 1.0, ScanKind.CTA: 0.0, ScanKind.SWI: -1.0}
"""Sinuses lie in the dura, on the inner table; CT has bone there, and SWI loses its signal beside bone."""
_DENSE_HU = 700.0
"""Cortical bone; blood with contrast agent stays below. Assumed."""
_BONE_RIM_MM = 1.0
_INSIDE_BONE_MM = -1.5
_VOID_SHARE = 0.3
_VOID_RADIUS_MM = 4.0
_VOID_RIM_MM = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Looked:
    """A scan as the detector sees it.

    Parameters
    ----------
    bright
        Values, vessels brighter than what is around them, float32, shape (i, j, k).
    region
        Where vessels are looked for, same shape.
    """

    bright: AnyArray
    region: Mask3

    def cut(self, box: tuple[slice, slice, slice]) -> Looked:
        """Return a box of it."""
        return Looked(bright=self.bright[box], region=self.region[box])


def looked_at(
    kind: ScanKind, values: AnyArray, grid: Grid, wall_mm: Sampled | None, settings: Settings
) -> Looked:
    """Choose the region of a scan and turn its values so that vessels are bright.

    Parameters
    ----------
    kind
        What the scan shows.
    values
        Shape (i, j, k), float32, finite.
    grid
        Where they are; in ``scanner`` when ``wall_mm`` is given.
    wall_mm
        Signed distance from the inner table, negative inside; without it the region is what the scan shows.
    settings
        The bone's threshold.

    Returns
    -------
    Looked
        The region is empty where the scan shows nothing.

    Raises
    ------
    InputError
        If the kind cannot be judged without the skull.
    """
    if wall_mm is None:
        return Looked(bright=values, region=_own_region(kind, values, np.array(grid.voxel_mm)))
    distance_mm = distance_onto(wall_mm, Sampled(values=values, affine_mm=grid.affine_mm))
    region = distance_mm < _BEYOND_WALL_MM[kind]
    voxel_mm = np.array(grid.voxel_mm)
    if kind is ScanKind.CTA:
        region &= ~_bone(values, distance_mm, voxel_mm, settings.bone_hu)
        return Looked(bright=values, region=region)
    if kind is ScanKind.SWI:
        region &= ~_voids(values, region, voxel_mm)
        top = float(np.percentile(values[region], 99.9)) if region.any() else 0.0
        return Looked(bright=np.float32(top) - values, region=region)
    return Looked(bright=values, region=_measured(values, region))


def _measured(values: AnyArray, region: Mask3) -> Mask3:
    """Leave zeros out where they are the lesser part: outside the slab, or a mask of the brain.

    Where most of the region is zero the background was cut away, and zeros stand for it.
    """
    zero = region & (values <= 0)
    return region & ~zero if zero.sum() < 0.5 * region.sum() else region


def _own_region(kind: ScanKind, values: AnyArray, voxel_mm: AnyArray) -> Mask3:
    """Return what a scan shows: all of it where its background was cut away, else the object in it."""
    if kind not in (ScanKind.MRA, ScanKind.CE_T1W):
        raise InputError.because(
            where=f"vessels in the {kind} scan",
            found="no inside of the skull",
            expected="a planning T1 that the scan lies on: bone and air look like vessels here",
            remedy="Give the planning T1 as well.",
        )
    zero_share = float(np.mean(values <= 0))
    if zero_share == 1.0:
        return np.zeros(values.shape, dtype=bool)
    lit = values > 0
    whole = np.asarray(ndimage.binary_fill_holes(grown(lit, 3.0, voxel_mm))) if zero_share > 0.5 else lit
    if lit.sum() < 0.5 * whole.sum():
        return np.ones(values.shape, dtype=bool)
    return foreground(values, voxel_mm) & lit


def _bone(values_hu: AnyArray, distance_mm: AnyArray, voxel_mm: AnyArray, bone_hu: float) -> Mask3:
    """Find bone in a CT: dense, or joined to dense bone outside or near the inner table."""
    outside = (values_hu > bone_hu) & (distance_mm > _INSIDE_BONE_MM)
    seeds = (values_hu > _DENSE_HU) & outside
    bone = ndimage.binary_propagation(seeds, mask=outside) | (values_hu > 2 * _DENSE_HU)
    return grown(bone, _BONE_RIM_MM, voxel_mm)


def _voids(values: AnyArray, region: Mask3, voxel_mm: AnyArray) -> Mask3:
    """Find what is dark over more than a vein's width (air, bone, lost signal) or was not measured."""
    nothing = values <= 0
    usual = float(np.median(values[region & ~nothing])) if (region & ~nothing).any() else 0.0
    dark = values < _VOID_SHARE * usual
    core = shrunk(dark, _VOID_RADIUS_MM, voxel_mm)
    wide = grown(core, _VOID_RADIUS_MM + _VOID_RIM_MM, voxel_mm) if core.any() else core
    return np.asarray((wide & dark) | nothing)
