# SPDX-License-Identifier: Apache-2.0
"""Vessels drawn as voxels and pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.core.arrays import Matrix4
from trephine.model.volume import Grid
from trephine.phantom.vessels import VesselTree

Field = NDArray[np.float32]
_BOXES = (6, 8, 10, 12, 16, 20, 28, 40, 60, 90, 140, 220, 340)
_AT_ONCE = 2_000_000  # pixels worked on at a time


def blood_share(tree: VesselTree, grid: Grid, smallest_um: float) -> Field:
    """Return the share of each voxel that vessels fill, shape ``grid.shape``, 0 to 1.

    Parameters
    ----------
    tree
        Vessels in the grid's frame.
    grid
        Where to draw.
    smallest_um
        Thinner vessels are left out.

    Notes
    -----
    Each segment is a capsule; a vessel thinner than a voxel fills it by the ratio of cross sections.
    """
    image = np.zeros(grid.shape, dtype=np.float32)
    voxel_mm = float(np.mean(grid.voxel_mm))
    links = np.flatnonzero((tree.parent >= 0) & (tree.radius_um >= smallest_um))
    ends = grid.ijk_of(tree.position_mm)
    scale = np.array(grid.voxel_mm)
    for node in links:
        radius = tree.radius_um[node] / 1000
        _add_capsule(image, ends[node], ends[tree.parent[node]], scale, (radius, voxel_mm))
    return image


def _add_capsule(
    image: Field,
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    scale_mm: NDArray[np.float64],
    size_mm: tuple[float, float],
) -> None:
    """Raise voxels to a capsule's share in place; ends in voxel indices, size is (radius, voxel)."""
    radius, voxel = size_mm
    reach = (radius + voxel) / scale_mm
    low = np.maximum(np.floor(np.minimum(a, b) - reach).astype(int), 0)
    high = np.minimum(np.ceil(np.maximum(a, b) + reach).astype(int) + 1, image.shape)
    if np.any(low >= high):
        return
    x, y, z = ((np.arange(low[n], high[n]) - a[n]) * scale_mm[n] for n in range(3))
    x, y = x[:, None, None], y[:, None]
    u, v, w = (b - a) * scale_mm
    square = max(u * u + v * v + w * w, 1e-12)
    t = np.minimum(np.maximum((x * u + y * v + z * w) / square, 0), 1)
    distance = np.sqrt((x - t * u) ** 2 + (y - t * v) ** 2 + (z - t * w) ** 2)
    thin = min(1.0, np.pi * (radius / voxel) ** 2)
    share = thin * np.clip(0.5 + (max(radius, voxel / 2) - distance) / voxel, 0, 1)
    box = image[tuple(slice(i, j) for i, j in zip(low, high, strict=True))]
    np.maximum(box, share.astype(np.float32), out=box)


def projected_mm(tree: VesselTree, scanner_from_image: Matrix4) -> NDArray[np.float64]:
    """Return nodes in the image plane, shape (node, 3): along columns, along rows, towards the camera, mm."""
    inverse = np.linalg.inv(scanner_from_image)
    return tree.position_mm @ inverse[:3, :3].T + inverse[:3, 3]


def drawn_vessels(
    tree: VesselTree, plane_mm: NDArray[np.float64], pixel_mm: float, size: int, kind: int
) -> tuple[Field, Field, NDArray[np.bool_]]:
    """Draw the vessels of one kind as seen from above.

    Parameters
    ----------
    tree
        Vessels.
    plane_mm
        Nodes in the image plane, shape (node, 3).
    pixel_mm, size
        Pixel edge and pixels along each side.
    kind
        Which vessels to draw.

    Returns
    -------
    tuple
        Length of the light's way through blood, mm; position across the widest vessel there, -1 to 1 from
        wall to wall; and the mask, wall included: every pixel whose centre is within a radius (at least
        half a pixel) of a centre line. Each of shape (size, size).
    """
    links = np.flatnonzero((tree.parent >= 0) & (tree.kind == kind))
    xy = plane_mm[:, :2] / pixel_mm
    a, b = xy[tree.parent[links]], xy[links]
    radius = np.maximum(tree.radius_um[links] / 1000 / pixel_mm, 0.5)
    low = np.floor(np.minimum(a, b) - radius[:, None]).astype(np.int64)
    need = (np.ceil(np.maximum(a, b) + radius[:, None]).astype(np.int64) - low).max(axis=1) + 1
    box = np.array(_BOXES)[np.searchsorted(_BOXES, np.minimum(need, _BOXES[-1]))]
    seen = np.all((low < size) & (low + box[:, None] > 0), axis=1)
    pieces = []
    for width in np.unique(box[seen]):
        group = np.flatnonzero(seen & (box == width))
        parts = np.array_split(group, -(-len(group) * int(width) ** 2 // _AT_ONCE))
        pieces += [_capsules(a[p], b[p], radius[p], low[p], (int(width), size)) for p in parts]
    chord = np.zeros(size * size, dtype=np.float32)
    across = np.zeros(size * size, dtype=np.float32)
    for pixel, through, _ in pieces:
        np.maximum.at(chord, pixel, through)
    for pixel, through, side in pieces:
        widest = through >= chord[pixel]
        across[pixel[widest]] = side[widest]
    mask = np.zeros(size * size, dtype=bool)
    for pixel, _, _ in pieces:
        mask[pixel] = True
    shape = (size, size)
    return np.float32(pixel_mm) * chord.reshape(shape), across.reshape(shape), mask.reshape(shape)


def _capsules(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    radius: NDArray[np.float64],
    low: NDArray[np.int64],
    sizes: tuple[int, int],
) -> tuple[NDArray[np.int64], Field, Field]:
    """Find the pixels inside segments of one box width, and how the light passes each; all in pixels.

    Returns flat pixel indices, the way through and the position across, each of shape (hit,).
    """
    width, size = sizes
    steps = np.arange(width)
    column = low[:, None, 0] + steps
    row = low[:, None, 1] + steps
    x = (column - a[:, None, 0])[:, None, :]
    y = (row - a[:, None, 1])[:, :, None]
    u, v = (b - a).T[:, :, None, None]
    length = np.maximum(np.hypot(u, v), 1e-6)
    t = np.clip((x * u + y * v) / length**2, 0, 1)
    square = (x - t * u) ** 2 + (y - t * v) ** 2
    wide = radius[:, None, None]
    on_picture = ((column >= 0) & (column < size))[:, None, :] & ((row >= 0) & (row < size))[:, :, None]
    hit = (square <= wide**2) & on_picture
    pixel = (row[:, :, None] * size + column[:, None, :])[hit]
    through = (2 * np.sqrt(np.maximum(wide**2 - square, 0)))[hit].astype(np.float32)
    side = ((x * v - y * u) / (length * wide))[hit].astype(np.float32)
    return pixel, through, side
