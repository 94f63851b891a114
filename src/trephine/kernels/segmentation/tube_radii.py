# SPDX-License-Identifier: Apache-2.0
"""Sub-voxel middle and radius of tubes from the brightness across them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Points

_RAYS = 12
_STEP = 0.35
"""Of a voxel, along rays."""
_BEYOND_VOXELS = 3.0
_RESOLVED_VOXELS = 3.0
_SMOOTHING_POINTS = 1.5


def smoothed(points: Points) -> Points:
    """Smooth a branch, its ends kept, shape (point, 3)."""
    if len(points) < 4:
        return points
    middle = ndimage.gaussian_filter1d(points, _SMOOTHING_POINTS, axis=0, mode="nearest")
    middle[0], middle[-1] = points[0], points[-1]
    return middle


def tangents(points: Points, voxel_mm: AnyArray) -> Points:
    """Return the unit direction at every point of a branch in mm, shape (point, 3)."""
    if len(points) < 2:
        return np.tile([0.0, 0.0, 1.0], (len(points), 1))
    along = np.gradient(points * voxel_mm, axis=0)
    along = ndimage.gaussian_filter1d(along, _SMOOTHING_POINTS, axis=0, mode="nearest")
    return along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)


def full_brightness(signal: AnyArray, label: Mask3, voxel_mm: AnyArray) -> float | None:
    """Return the brightness of voxels full of blood: the median two voxels inside wide tubes.

    ``None`` where no tube is five voxels wide.
    """
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    core = ndimage.distance_transform_edt(label, sampling=voxel_mm) > 2.0 * edge_mm
    return float(np.median(signal[core])) if np.count_nonzero(core) >= 10 else None


def centred_and_measured(
    signal: AnyArray,
    points: Points,
    along: Points,
    half_mm: AnyArray,
    voxel_mm: AnyArray,
    full_signal: float | None,
) -> tuple[Points, AnyArray]:
    """Move points to the tube's middle and measure its radius there.

    Parameters
    ----------
    signal
        Brightness above the surroundings, shape (i, j, k).
    points
        On centre lines, voxel indices, shape (point, 3).
    along
        Directions in mm, shape (point, 3).
    half_mm
        Half width of the labelled tube at each point, shape (point,).
    voxel_mm
        Edge lengths, shape (3,).
    full_signal
        Brightness of a voxel full of blood; ``None`` when not known.

    Returns
    -------
    tuple
        Points, and radii in mm, shape (point,).

    Notes
    -----
    Rays in the plane across the tube stop where brightness falls to half of the middle's (width at half
    height). A tube thinner than about three voxels is blurred wider than it is; there the radius comes from
    the brightness summed over the cross section, which blur does not change, over that of full blood. In
    between, both are blended. Slow or saturated blood is dim and its thin vessels come out too thin. Where
    full brightness is not known, half a voxel of blur is taken off in squares instead.
    """
    if not len(points):
        return points, np.zeros(0)
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    side, other = _across(along)
    angle = 2 * np.pi * np.arange(_RAYS) / _RAYS
    ray = np.cos(angle)[:, None, None] * side + np.sin(angle)[:, None, None] * other
    far_mm = half_mm + _BEYOND_VOXELS * edge_mm
    count = int(np.ceil(float(far_mm.max()) / (_STEP * edge_mm))) + 1
    share = (np.arange(count) + 0.5) / count
    reach_mm = share[None, :, None] * far_mm
    profile = _looked_up(signal, points, ray, reach_mm, voxel_mm)
    edge = _half_height(profile, reach_mm)
    shift_mm = np.clip(2 * np.mean(edge[:, :, None] * ray, axis=0), -edge_mm, edge_mm)
    wide_mm = np.median(edge, axis=0)
    radius_mm = _radius(profile, reach_mm, wide_mm, edge_mm, full_signal)
    return points + shift_mm / voxel_mm, radius_mm


def _across(along: Points) -> tuple[Points, Points]:
    """Return two unit directions across each direction."""
    axis = np.eye(3)[np.argmin(np.abs(along), axis=1)]
    side = np.cross(along, axis)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    return side, np.cross(along, side)


def _looked_up(
    signal: AnyArray, points: Points, ray: AnyArray, reach_mm: AnyArray, voxel_mm: AnyArray
) -> AnyArray:
    """Sample brightness along rays, shape (ray, step, point)."""
    place = points[None, None] + ray[:, None] * reach_mm[..., None] / voxel_mm
    flat = ndimage.map_coordinates(signal, place.reshape(-1, 3).T, order=1, mode="nearest")
    return flat.reshape(place.shape[:3])


def _half_height(profile: AnyArray, reach_mm: AnyArray) -> AnyArray:
    """Return where each ray falls to half of the middle's brightness, shape (ray, point), mm."""
    middle = np.median(profile[:, 0], axis=0)
    below = profile < 0.5 * middle
    below[:, -1] = True
    first = np.argmax(below, axis=1)
    before = np.maximum(first - 1, 0)
    ray, point = np.indices(first.shape)
    high, low = profile[ray, before, point], profile[ray, first, point]
    gap = np.where(high - low > 1e-6, (high - 0.5 * middle) / np.maximum(high - low, 1e-6), 0.0)
    start = reach_mm[0, before, point]
    return start + np.clip(gap, 0.0, 1.0) * (reach_mm[0, first, point] - start)


def _radius(
    profile: AnyArray, reach_mm: AnyArray, wide_mm: AnyArray, edge_mm: float, full_signal: float | None
) -> AnyArray:
    """Blend the radius at half height with that of the summed brightness."""
    if full_signal is None:
        return np.sqrt(np.maximum(wide_mm**2 - (0.5 * edge_mm) ** 2, (0.2 * edge_mm) ** 2))
    step_mm = reach_mm[0, 1] - reach_mm[0, 0] if reach_mm.shape[1] > 1 else reach_mm[0, 0]
    ring = np.median(profile, axis=0)
    reach = reach_mm[0]
    beyond = (reach > wide_mm + 1.5 * edge_mm) & (reach < wide_mm + 3.0 * edge_mm)
    floor = np.where(beyond, ring, 0.0).sum(axis=0) / np.maximum(beyond.sum(axis=0), 1)
    inside = reach < wide_mm + 1.5 * edge_mm
    blood = np.where(inside, ring - floor, 0.0)
    area = (2 * np.pi * reach * blood).sum(axis=0) * step_mm / np.maximum(full_signal - floor, 1e-6)
    thin_mm = np.sqrt(np.maximum(area, 0.0) / np.pi)
    weight = np.clip(2 * wide_mm / edge_mm - (_RESOLVED_VOXELS - 0.5), 0.0, 1.0)
    return np.maximum(weight * wide_mm + (1 - weight) * np.minimum(thin_mm, wide_mm), 0.05 * edge_mm)
