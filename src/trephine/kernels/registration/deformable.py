# SPDX-License-Identifier: Apache-2.0
"""Smooth registration of two images that already lie roughly on each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, locked
from trephine.kernels.registration.images import Sampled, itk_image, one_thread


@dataclass(frozen=True, kw_only=True)
class DeformableSettings:
    """How far and how smoothly voxels may move.

    Parameters
    ----------
    contrast_sd_voxel
        Width of the neighbourhood whose mean and spread are removed before comparing.
    field_sd_voxel
        Smoothing of the displacement after every step.
    coarse_steps, fine_steps
        Steps at half and at full resolution.
    """

    contrast_sd_voxel: float = 3.0
    field_sd_voxel: float = 1.5
    coarse_steps: int = 60
    fine_steps: int = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Displacement:
    """A displacement on the fixed image's grid, and its inverse.

    Parameters
    ----------
    forward_mm
        Shape (i, j, k, 3), mm: fixed point plus this is where it lies in the moving image.
    inverse_mm
        The way back, on the same grid.
    gap_mm
        Largest distance after going there and back within the fixed mask.
    """

    forward_mm: AnyArray
    inverse_mm: AnyArray
    gap_mm: float

    def __post_init__(self) -> None:
        for name in ("forward_mm", "inverse_mm"):
            value = locked(getattr(self, name), np.float32, (None, None, None, 3), name)
            object.__setattr__(self, name, value)


@one_thread()
def register_deformable(
    fixed: Sampled,
    fixed_mask: Mask3,
    moving: Sampled,
    moving_mask: Mask3,
    settings: DeformableSettings | None = None,
) -> Displacement:
    """Find a smooth one-to-one map between two images on one grid.

    Parameters
    ----------
    fixed, moving
        On the same upright grid with cubic voxels.
    fixed_mask, moving_mask
        Where each shows the object, shape (i, j, k).
    settings
        How; the defaults when absent.

    Returns
    -------
    Displacement
        From fixed to moving points and back.

    Notes
    -----
    Diffeomorphic demons on images whose local mean and spread are taken away, so that neither contrast nor
    shading need agree. The inverse is found by fixed-point iteration.

    References
    ----------
    vercauteren2009
    """
    chosen = settings or DeformableSettings()
    step_mm = float(fixed.voxel_mm[0])
    pair = [
        _flattened(image.values, mask, chosen.contrast_sd_voxel)
        for image, mask in ((fixed, fixed_mask), (moving, moving_mask))
    ]
    forward = _demons(pair[0], pair[1], fixed.affine_mm, chosen) / step_mm
    inverse = _inverted(forward)
    there = np.stack([_looked_up(forward[axis], inverse) for axis in range(3)])
    gap = np.linalg.norm(there + inverse, axis=0)[fixed_mask]
    return Displacement(
        forward_mm=np.moveaxis(forward, 0, -1) * step_mm,
        inverse_mm=np.moveaxis(inverse, 0, -1) * step_mm,
        gap_mm=float(gap.max(initial=0.0)) * step_mm,
    )


def _flattened(values: AnyArray, mask: Mask3, sd_voxel: float) -> AnyArray:
    """Take away local mean and divide by local spread within a mask; zero outside."""
    inside = mask.astype(np.float32)
    scale = float(np.percentile(values[mask], 90)) if mask.any() else 1.0
    signal = np.where(mask, values / max(scale, 1e-6), 0.0).astype(np.float32)
    share = ndimage.gaussian_filter(inside, sd_voxel) + 1e-3
    mean = ndimage.gaussian_filter(signal, sd_voxel) / share
    variance = ndimage.gaussian_filter(signal * signal, sd_voxel) / share - mean**2
    return np.asarray(
        (signal - mean) / np.sqrt(np.maximum(variance, 0.0) + 0.05**2) * inside, dtype=np.float32
    )


def _demons(fixed: AnyArray, moving: AnyArray, affine_mm: AnyArray, settings: DeformableSettings) -> AnyArray:
    """Run the demons coarse to fine; shape (3, i, j, k), mm."""
    field = None
    for shrink, steps in ((2, settings.coarse_steps), (1, settings.fine_steps)):
        pair = []
        for values in (fixed, moving):
            smooth = ndimage.gaussian_filter(values, 0.7 * (shrink - 1) + 0.3)
            pair.append(sitk.Shrink(itk_image(Sampled(values=smooth, affine_mm=affine_mm)), [shrink] * 3))
        demons = sitk.DiffeomorphicDemonsRegistrationFilter()
        demons.SetNumberOfIterations(steps)
        demons.SetStandardDeviations(settings.field_sd_voxel)
        demons.SetSmoothUpdateField(True)
        demons.SetUpdateFieldStandardDeviations(1.0)
        demons.SetMaximumUpdateStepLength(1.0)
        field = (
            demons.Execute(*pair) if field is None else demons.Execute(*pair, sitk.Resample(field, pair[0]))
        )
    return sitk.GetArrayFromImage(field).transpose(3, 2, 1, 0).astype(np.float64)


def _looked_up(values: AnyArray, shift: AnyArray) -> AnyArray:
    """Sample an array at its own voxels plus a shift in voxels, shape (3, i, j, k)."""
    place = np.indices(values.shape, dtype=np.float32) + shift.astype(np.float32)
    return ndimage.map_coordinates(values, place, order=1, mode="nearest")


def _inverted(forward: AnyArray, *, steps: int = 20) -> AnyArray:
    """Return the displacement that undoes another, both in voxels, shape (3, i, j, k)."""
    inverse = -forward
    for _ in range(steps):
        inverse = -np.stack([_looked_up(forward[axis], inverse) for axis in range(3)])
    return inverse
