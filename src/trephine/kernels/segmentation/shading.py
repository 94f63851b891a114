# SPDX-License-Identifier: Apache-2.0
"""Slow shading of an image, from a coarse copy."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.kernels.registration.images import Sampled, itk_image, itk_values, one_thread

_COARSE_MM = 6.0


@one_thread()
def shading_of(values: AnyArray, mask: Mask3, affine_mm: Matrix4) -> AnyArray:
    """Estimate by how much each voxel is too bright.

    Parameters
    ----------
    values
        Signal, shape (i, j, k), not negative.
    mask
        The object; its shading is extended smoothly beyond.
    affine_mm
        From voxel indices to mm, shape (4, 4).

    Returns
    -------
    numpy.ndarray
        Factor, float32, shape (i, j, k), to divide the signal by; mean one in log over the mask.

    Notes
    -----
    N4 on voxels of about 6 mm, which is ample for a field that bends over 50 mm or more.

    References
    ----------
    tustison2010
    """
    if not mask.any():
        return np.ones(values.shape, dtype=np.float32)
    top = float(np.percentile(values[mask], 99.5))
    image = itk_image(Sampled(values=np.clip(values, 0.0, top), affine_mm=affine_mm))
    covered = itk_image(Sampled(values=mask.astype(np.float32), affine_mm=affine_mm))
    shrink = [max(1, round(_COARSE_MM / step)) for step in np.linalg.norm(affine_mm[:3, :3], axis=0)]
    small, small_mask = (
        sitk.Shrink(image, shrink),
        sitk.Cast(sitk.Shrink(covered, shrink) > 0.5, sitk.sitkUInt8),
    )
    correction = sitk.N4BiasFieldCorrectionImageFilter()
    correction.SetMaximumNumberOfIterations([30, 30, 20])
    correction.Execute(small, small_mask)
    field = itk_values(correction.GetLogBiasFieldAsImage(small))
    log_field = _enlarged(field, values.shape, shrink)
    return np.asarray(np.exp(log_field - log_field[mask].mean()), dtype=np.float32)


def _enlarged(field: AnyArray, shape: tuple[int, ...], shrink: list[int]) -> AnyArray:
    """Bring a shrunk field back to the full grid, linear in between, held at the edges."""
    scale = 1.0 / np.array(shrink)
    # A shrunk voxel's centre is the middle of the voxels it stands for.
    shift = -0.5 * (np.array(shrink) - 1) * scale
    remainder = (np.array(shape) - np.array(field.shape) * shrink) // 2
    return ndimage.affine_transform(
        field,
        scale,
        shift - remainder * scale,
        output_shape=shape,
        order=1,
        mode="nearest",
        output=np.float32,
    )
