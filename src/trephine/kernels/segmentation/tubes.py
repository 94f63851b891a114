# SPDX-License-Identifier: Apache-2.0
"""Bright tubes of any width in a volume."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.feature import hessian_matrix, hessian_matrix_eigvals
from skimage.filters import apply_hysteresis_threshold

from trephine.core.arrays import AnyArray, Mask3


def contrast_over_surroundings(
    values: AnyArray, mask: Mask3, voxel_mm: AnyArray, *, sd_mm: float
) -> AnyArray:
    """Return how far each voxel stands out of its wide surroundings, in robust standard deviations.

    Parameters
    ----------
    values
        Shape (i, j, k).
    mask
        Voxels that count as surroundings.
    voxel_mm
        Edge lengths, shape (3,).
    sd_mm
        Width of the surroundings; wider than the widest tube.

    Returns
    -------
    numpy.ndarray
        float32, shape (i, j, k), 0 outside the mask.
    """
    middle = float(np.median(values[mask]))
    spread = 1.4826 * float(np.median(np.abs(values[mask] - middle))) + 1e-6
    # Bright voxels are clipped, so that a tube does not raise its own surroundings.
    calm = np.where(mask, np.clip(values, middle - 3 * spread, middle + 3 * spread), 0.0).astype(np.float32)
    share = ndimage.gaussian_filter(mask.astype(np.float32), sd_mm / voxel_mm, truncate=3.0) + 1e-3
    around = ndimage.gaussian_filter(calm, sd_mm / voxel_mm, truncate=3.0) / share
    left = np.where(mask, values - around, 0.0).astype(np.float32)
    noise = 1.4826 * float(np.median(np.abs(left[mask]))) + 1e-6
    return left / np.float32(noise)


def tubeness(values: AnyArray, voxel_mm: AnyArray, widths_mm: tuple[float, ...]) -> AnyArray:
    """Return how much the image curves down across a line, the largest over widths (Sato's measure).

    Parameters
    ----------
    values
        Shape (i, j, k).
    voxel_mm
        Edge lengths, shape (3,); taken as cubic with their mean.
    widths_mm
        Standard deviations of the smoothing.

    Returns
    -------
    numpy.ndarray
        float32, shape (i, j, k), in the image's units; at least 0.

    References
    ----------
    sato1998
    """
    result = np.zeros(values.shape, dtype=np.float32)
    for width_mm in widths_mm:
        sd = width_mm / float(np.mean(voxel_mm))
        hessian = hessian_matrix(values, sigma=sd, use_gaussian_derivatives=False, mode="nearest")
        across = -hessian_matrix_eigvals(hessian)[1] * np.float32(sd**2)
        np.maximum(result, across.astype(np.float32), out=result)
    return result


def bright_tubes(
    contrast: AnyArray,
    tube: AnyArray,
    mask: Mask3,
    *,
    low_sigmas: float,
    high_sigmas: float,
    least_voxels: int,
) -> Mask3:
    """Join sure and likely voxels of bright tubes.

    Parameters
    ----------
    contrast
        Standing out of the surroundings, in standard deviations, shape (i, j, k).
    tube
        Tube measure of the same image.
    mask
        Where tubes may be.
    low_sigmas, high_sigmas
        A voxel is sure above ``high_sigmas``, and kept above ``low_sigmas`` when joined to a sure one.
    least_voxels
        Smaller parts are dropped.

    Returns
    -------
    numpy.ndarray
        Shape (i, j, k).

    Notes
    -----
    Brightness decides, so a wide tube stays solid; the tube measure, which is weak inside wide tubes, only
    helps thin dim ones in.
    """
    helped = np.where(mask, contrast + np.minimum(tube, np.float32(0.5 * high_sigmas)), 0.0)
    found = apply_hysteresis_threshold(helped, low_sigmas, high_sigmas)
    label, count = ndimage.label(found, structure=np.ones((3, 3, 3)))
    if count == 0:
        return np.zeros(found.shape, dtype=bool)
    size = np.bincount(label.ravel())
    size[0] = 0
    return np.asarray((size >= least_voxels)[label])
