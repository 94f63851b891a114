# SPDX-License-Identifier: Apache-2.0
"""The part of an image that has signal."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_fill_holes, binary_opening, gaussian_filter, generate_binary_structure, label

from trephine.core.arrays import AnyArray, Mask3


def foreground(image: AnyArray, *, share: float = 0.4, percentile_percent: float = 90.0) -> Mask3:
    """Find the largest connected piece that is brighter than a share of the image's bright tissue.

    Parameters
    ----------
    image
        Mean of a series, shape (i, j, k), not negative; its background may be exactly zero.
    share
        Threshold as a share of the bright level.
    percentile_percent
        Percentile of the signal above the image's own mean that is taken as the bright level.

    Returns
    -------
    numpy.ndarray
        Boolean, shape (i, j, k); empty when the image is constant.
    """
    image = np.asarray(image, dtype=np.float64)
    bright = image[image > image.mean()]
    if bright.size == 0:
        return np.zeros(image.shape, dtype=bool)
    mask = image > share * np.percentile(bright, percentile_percent)
    # A bridge one voxel wide joins brain and scalp in a slice; opening cuts it.
    parts, count = label(binary_opening(mask, generate_binary_structure(3, 1)))
    if count == 0:
        return mask
    size = np.bincount(parts.ravel())
    size[0] = 0
    return binary_fill_holes(parts == int(size.argmax()))


def smoothed_within(values: AnyArray, mask: Mask3, sd_voxel: tuple[float, float, float]) -> AnyArray:
    """Smooth by a Gaussian that takes only from voxels of the mask.

    Parameters
    ----------
    values
        Shape (i, j, k, time).
    mask
        Shape (i, j, k).
    sd_voxel
        Standard deviations along i, j, k.

    Returns
    -------
    numpy.ndarray
        float32, shape (i, j, k, time), 0 outside the mask.
    """
    weight = gaussian_filter(mask.astype(np.float32), sd_voxel, mode="constant")
    weight = np.where(mask, np.maximum(weight, 1e-6), 1.0)
    out = np.zeros(values.shape, dtype=np.float32)
    for t in range(values.shape[-1]):
        inside = np.where(mask, values[..., t], 0).astype(np.float32)
        out[..., t] = np.where(mask, gaussian_filter(inside, sd_voxel, mode="constant") / weight, 0.0)
    return out
