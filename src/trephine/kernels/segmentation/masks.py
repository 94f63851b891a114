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
    """Return the distance to a mask's border, negative inside, mm; up to half a voxel short far off."""
    half = 0.5 * float(np.min(voxel_mm))
    outside = ndimage.distance_transform_edt(~mask, sampling=voxel_mm)
    inside = ndimage.distance_transform_edt(mask, sampling=voxel_mm)
    return np.asarray(np.where(mask, half - inside, outside - half), dtype=np.float32)


def distance_from_level(level: AnyArray, voxel_mm: AnyArray) -> AnyArray:
    """Return the signed distance from a surface that passes between voxel centres.

    Parameters
    ----------
    level
        Zero on the surface, negative inside, smooth across it, shape (i, j, k); its scale does not matter.
    voxel_mm
        Edge lengths, shape (3,).

    Returns
    -------
    numpy.ndarray
        float32, mm, negative inside; all of one sign where the level is.

    Notes
    -----
    Beside the surface the level over its own slope; further out the height over the plane that the level has
    at the nearest voxel centre of the other side. Distances to a mask's voxels instead
    (``signed_distance``) are short by up to half a voxel, since some centre always lies close to the surface.
    """
    inside = level < 0
    edges = np.asarray(voxel_mm, dtype=np.float64)
    rise: AnyArray = np.stack([np.gradient(level, edge, axis=n) for n, edge in enumerate(edges)])
    slope = np.maximum(np.sqrt((rise**2).sum(axis=0)), np.float32(1e-6))
    largest = np.float32(edges.max())
    beside = (level / slope).astype(np.float32)
    result = beside.copy()
    here: AnyArray = np.indices(level.shape, dtype=np.int32)
    for side in (inside, ~inside):
        if side.all() or not side.any():
            continue
        beyond = side & (np.abs(beside) > largest)
        _, nearest = ndimage.distance_transform_edt(side, sampling=edges, return_indices=True)
        at = tuple(part[beyond] for part in nearest)
        along = sum(
            np.float32(edge) * (own[beyond] - other) * part[at]
            for edge, own, other, part in zip(edges, here, at, rise, strict=True)
        )
        result[beyond] = np.clip(beside[at], -largest, largest) + along / slope[at]
    return result


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
