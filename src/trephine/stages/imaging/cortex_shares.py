# SPDX-License-Identifier: Apache-2.0
"""How much of each voxel is white matter, and how much is brain, from local brightness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.kernels.registration.images import Sampled, upright
from trephine.kernels.segmentation.masks import box_of
from trephine.model.anatomy import Tissue
from trephine.model.template import Template
from trephine.model.volume import Volume
from trephine.model.warp import Warp
from trephine.stages.imaging.cortex_regions import Regions, regions_on

_FINEST_MM, _COARSEST_MM = 0.85, 1.5
_USUAL_MM = (0.8, 1.05)
_EVEN_FRACTION = 0.03
_MARGIN_VOXEL = 9
_LEVEL_SPREAD_MM = 12.0
_LEVEL_STRIDE_VOXEL = 3
_GLOBAL_WEIGHT = 0.02
_FLUID_PERCENTILE = 25.0
_FEW_VOXELS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Shares:
    """Shares of tissue on a grid of cubic voxels around the cerebrum, shape (i, j, k), float32.

    Parameters
    ----------
    white
        0 in pure grey matter, 1 in pure white matter, linear in signal and not clipped there; -1 outside the
        cerebrum, 2 in its filled core.
    brain
        0 in fluid, 1 in grey or white matter.
    regions
        On the same grid.
    affine_mm
        From voxel indices to ``scanner``, shape (4, 4).
    step_mm
        Edge of a voxel.
    """

    white: AnyArray
    brain: AnyArray
    regions: Regions
    affine_mm: Matrix4
    step_mm: float


def shares_of(t1: Volume, tissue: Volume, template: Template, mni_from_scanner: Warp) -> Shares:
    """Turn signal into shares, with levels of grey and white matter that vary slowly over the head.

    Parameters
    ----------
    t1
        Planning T1, shading removed.
    tissue
        Labels on its grid.
    template, mni_from_scanner
        Where the cerebrum is.

    Notes
    -----
    Local levels follow what is left of the shading, and the myelin that makes sensorimotor cortex brighter.
    Levels are means over the labels with a bell of 12 mm; that of fluid is one for the whole head.
    """
    signal, label, affine_mm = _on_cubes(t1, tissue)
    step_mm = float(np.linalg.norm(affine_mm[:3, 0]))
    fluid = _fluid_signal(signal, label == Tissue.CSF)
    signal, label, affine_mm = _cut(signal, label, affine_mm)
    regions = regions_on(template, mni_from_scanner, affine_mm, _shape(signal))
    is_white, is_grey = label == Tissue.WHITE, label == Tissue.GREY
    white_level = _local(signal, ndimage.binary_erosion(is_white), step_mm)
    grey_level = _local(signal, is_grey, step_mm)
    least = 0.05 * float(np.median(white_level))
    white = (signal - grey_level) / np.maximum(white_level - grey_level, least)
    white = np.where(label >= Tissue.GREY, white, np.minimum(white, 0.0))
    white = np.where(regions.is_cerebrum & (label >= Tissue.CSF), np.clip(white, -1.0, 2.0), -1.0)
    white = np.where(regions.core > 0.5, 2.0, white)
    brain = np.clip((signal - fluid) / np.maximum(grey_level - fluid, least), 0.0, 1.0)
    near = ndimage.binary_dilation(label >= Tissue.GREY) & (regions.hind < 0.5)
    return Shares(
        white=white.astype(np.float32),
        brain=np.where(near, brain, 0.0).astype(np.float32),
        regions=regions,
        affine_mm=affine_mm,
        step_mm=step_mm,
    )


def _shape(values: AnyArray) -> tuple[int, int, int]:
    i, j, k = values.shape
    return int(i), int(j), int(k)


def _on_cubes(t1: Volume, tissue: Volume) -> tuple[AnyArray, AnyArray, Matrix4]:
    """Return signal and labels on cubic voxels of about 1 mm: the scan's own where they are that."""
    edges = np.array(t1.grid.voxel_mm)
    mean_mm = float(edges.prod() ** (1 / 3))
    is_even = float(np.ptp(edges)) <= _EVEN_FRACTION * mean_mm
    if is_even and _USUAL_MM[0] <= mean_mm <= _USUAL_MM[1]:
        return np.asarray(t1.values, dtype=np.float32), np.asarray(tissue.values), t1.grid.affine_mm.copy()
    step_mm = float(np.clip(mean_mm, _FINEST_MM, _COARSEST_MM))
    fine = upright(
        Sampled(values=np.asarray(t1.values, dtype=np.float32), affine_mm=t1.grid.affine_mm), step_mm
    )
    between = np.linalg.inv(t1.grid.affine_mm) @ fine.affine_mm
    label = ndimage.affine_transform(
        tissue.values, between[:3, :3], between[:3, 3], output_shape=fine.values.shape, order=0
    )
    return fine.values, label, np.array(fine.affine_mm)


def _local(signal: AnyArray, mask: Mask3, step_mm: float) -> AnyArray:
    """Return the mean signal of a tissue near every voxel; far from it, that of the whole."""
    thin = (slice(None, None, _LEVEL_STRIDE_VOXEL),) * 3
    weight = mask[thin].astype(np.float32)
    spread_voxel = _LEVEL_SPREAD_MM / (step_mm * _LEVEL_STRIDE_VOXEL)
    total = ndimage.gaussian_filter(signal[thin] * weight, spread_voxel)
    count = ndimage.gaussian_filter(weight, spread_voxel)
    whole = float(np.median(signal[mask])) if mask.any() else 0.0
    level = (total + _GLOBAL_WEIGHT * whole) / (count + _GLOBAL_WEIGHT)
    return np.asarray(
        ndimage.affine_transform(
            level,
            np.full(3, 1 / _LEVEL_STRIDE_VOXEL),
            output_shape=signal.shape,
            order=1,
            mode="nearest",
            output=np.float32,
        )
    )


def _fluid_signal(signal: AnyArray, fluid: Mask3) -> float:
    """Return the signal of pure fluid: low among the voxels with fluid all around them."""
    deep = ndimage.binary_erosion(fluid)
    some = signal[deep] if np.count_nonzero(deep) > _FEW_VOXELS else signal[fluid]
    return float(np.percentile(some, _FLUID_PERCENTILE)) if some.size else 0.0


def _cut(signal: AnyArray, label: AnyArray, affine_mm: Matrix4) -> tuple[AnyArray, AnyArray, Matrix4]:
    """Keep the brain with a margin."""
    box = box_of(label >= Tissue.GREY, _MARGIN_VOXEL)
    moved = affine_mm.copy()
    moved[:3, 3] += affine_mm[:3, :3] @ np.array([part.start for part in box], dtype=np.float64)
    return signal[box], label[box], moved


def looked_up_slope(share: AnyArray, points_ijk: AnyArray, step_mm: float) -> AnyArray:
    """Return how steeply a share changes at places between voxels, per mm, shape (corner,)."""
    parts = []
    for axis in np.eye(3):
        ahead, behind = (
            ndimage.map_coordinates(share, (points_ijk + way * axis).T, order=1, mode="nearest")
            for way in (0.5, -0.5)
        )
        parts.append(ahead - behind)
    return np.asarray(np.linalg.norm(parts, axis=0) / step_mm)
