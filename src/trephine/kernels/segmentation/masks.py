# SPDX-License-Identifier: Apache-2.0
"""Masks: foreground, closing by distance, signed distances, largest part."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from trephine.core.arrays import AnyArray, Mask3

_DARKEST_SHARE = 0.2
"""Of the way from the mean of the dim voxels to that of the lit ones. Assumed."""


def largest_part(mask: Mask3) -> Mask3:
    """Keep the largest face-connected part of a mask; an empty mask stays empty."""
    label, count = ndimage.label(mask)
    if count < 2:
        return mask.copy()
    return np.asarray(label == 1 + int(np.argmax(np.bincount(label.ravel())[1:])))


def grown(mask: Mask3, radius_mm: float, voxel_mm: AnyArray) -> Mask3:
    """Add all that lies within a distance of the mask."""
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=voxel_mm) <= radius_mm)


def shrunk(mask: Mask3, radius_mm: float, voxel_mm: AnyArray) -> Mask3:
    """Take away all that lies within a distance of the outside."""
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=voxel_mm) > radius_mm)


def closed(mask: Mask3, radius_mm: float, voxel_mm: AnyArray) -> Mask3:
    """Close gaps narrower than two radii, as a ball rolling outside would; never removes a voxel."""
    pad = [(int(np.ceil(radius_mm / step)) + 2,) * 2 for step in np.asarray(voxel_mm)]
    wide = np.pad(mask, pad)
    full = shrunk(grown(wide, radius_mm, voxel_mm), radius_mm, voxel_mm) | wide
    cut = tuple(slice(low, -high) for low, high in pad)
    return np.asarray(full[cut])


def signed_distance(mask: Mask3, voxel_mm: AnyArray) -> AnyArray:
    """Return the distance to the mask's border, negative inside, float32, mm."""
    half = 0.5 * float(np.min(voxel_mm))
    outside = ndimage.distance_transform_edt(~mask, sampling=voxel_mm)
    inside = ndimage.distance_transform_edt(mask, sampling=voxel_mm)
    return np.asarray(np.where(mask, half - inside, outside - half), dtype=np.float32)


def foreground(values: AnyArray, voxel_mm: AnyArray, *, gap_mm: float = 8.0) -> Mask3:
    """Find the object of an image with a dark background.

    Parameters
    ----------
    values
        Shape (i, j, k).
    voxel_mm
        Edge lengths, shape (3,).
    gap_mm
        Dark gaps up to twice this wide are part of the object.

    Returns
    -------
    numpy.ndarray
        The largest bright part, closed and filled; empty when the image is constant.
    """
    low, high = np.percentile(values, [1.0, 99.5])
    if not high > low:
        high = float(values.max())
    if not high > low:
        return np.zeros(values.shape, dtype=bool)
    clipped = np.clip(values, low, high)
    is_bright = clipped > threshold_otsu(clipped)
    dim, lit = float(clipped[~is_bright].mean()), float(clipped[is_bright].mean())
    # Well below the middle: dark tissue belongs to the object, noise of the air does not.
    bright = clipped > dim + _DARKEST_SHARE * (lit - dim)
    bright = largest_part(ndimage.binary_opening(bright))
    return np.asarray(ndimage.binary_fill_holes(closed(bright, gap_mm, voxel_mm)))


def box_of(mask: Mask3, margin_voxel: int) -> tuple[slice, slice, slice]:
    """Return the slices of the smallest box around a mask, widened by a margin; all of it when empty."""
    where = np.argwhere(mask)
    if not len(where):
        i, j, k = mask.shape
        return slice(0, i), slice(0, j), slice(0, k)
    low = np.maximum(where.min(axis=0) - margin_voxel, 0)
    high = np.minimum(where.max(axis=0) + margin_voxel + 1, mask.shape)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return i, j, k
