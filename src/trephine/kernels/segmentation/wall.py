# SPDX-License-Identifier: Apache-2.0
"""Move a closed surface along its normals to where a cost is least, neighbours moving alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from trephine.core.arrays import AnyArray, locked
from trephine.kernels.segmentation.masks import distance_from_level, largest_part
from trephine.kernels.segmentation.neighbours import Neighbours


@dataclass(frozen=True, kw_only=True, eq=False)
class Shell:
    """A surface's corners with their outward normals and neighbours, on a grid of cubic voxels.

    Parameters
    ----------
    corners_voxel
        Shape (corner, 3), voxel indices.
    normals
        Unit vectors outward, shape (corner, 3).
    edges
        Pairs of neighbours, each once, shape (edge, 2).
    distance_mm
        Signed distance whose zero is the surface, negative inside, shape (i, j, k).
    step_mm
        Edge length of a voxel.
    """

    corners_voxel: AnyArray
    normals: AnyArray
    edges: AnyArray
    distance_mm: AnyArray
    step_mm: float

    def __post_init__(self) -> None:
        for name, dtype, shape in (
            ("corners_voxel", np.float64, (None, 3)),
            ("normals", np.float64, (None, 3)),
            ("edges", np.int64, (None, 2)),
            ("distance_mm", np.float32, (None, None, None)),
        ):
            object.__setattr__(self, name, locked(getattr(self, name), dtype, shape, name))

    def profiles(self, values: AnyArray, offsets_mm: AnyArray) -> AnyArray:
        """Sample an image along every normal, shape (corner, offset); edge values hold beyond the grid."""
        along = offsets_mm[None, :, None] / self.step_mm
        place = self.corners_voxel[:, None] + self.normals[:, None] * along
        flat = ndimage.map_coordinates(values, place.reshape(-1, 3).T, order=1, mode="nearest")
        return np.asarray(flat.reshape(len(place), -1))


@dataclass(frozen=True, kw_only=True)
class Stiffness:
    """How much neighbouring corners are held together.

    Parameters
    ----------
    cost
        Cost of neighbours lying one offset apart.
    most_offsets
        A difference larger than this costs no more.
    rounds
        Rounds of message passing.
    smoothing_rounds
        Rounds of averaging the offsets over neighbours afterwards.
    """

    cost: float = 0.5
    most_offsets: int = 12
    rounds: int = 40
    smoothing_rounds: int = 8


def shell_of(distance_mm: AnyArray, step_mm: float, *, sd_mm: float = 1.5) -> Shell:
    """Take the surface where a signed distance is zero, after smoothing it.

    Parameters
    ----------
    distance_mm
        Negative inside, shape (i, j, k).
    step_mm
        Edge length of the cubic voxels.
    sd_mm
        Standard deviation of the smoothing.

    Returns
    -------
    Shell
        Corners about two voxels apart.
    """
    smooth = ndimage.gaussian_filter(distance_mm, sd_mm / step_mm).astype(np.float32)
    corners, faces, _, _ = marching_cubes(smooth, 0.0, step_size=2)
    pairs = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    slope = np.gradient(smooth, step_mm)
    normal = np.stack([ndimage.map_coordinates(part, corners.T, order=1) for part in slope], axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    return Shell(
        corners_voxel=corners,
        normals=normal,
        edges=np.unique(pairs, axis=0),
        distance_mm=distance_from_level(smooth, np.full(3, step_mm)),
        step_mm=step_mm,
    )


def cheapest_offsets(cost: AnyArray, edges: AnyArray, stiffness: Stiffness) -> AnyArray:
    """Choose one offset a corner so that costs plus differences between neighbours are small.

    Parameters
    ----------
    cost
        Of each offset at each corner, shape (corner, offset).
    edges
        Neighbours, shape (edge, 2).
    stiffness
        How neighbours are held together.

    Returns
    -------
    numpy.ndarray
        Index of the chosen offset, shape (corner,).

    Notes
    -----
    Min-sum belief propagation with a truncated linear difference, damped by half; deterministic, not proven
    optimal on a mesh with cycles.

    References
    ----------
    felzenszwalb2006
    """
    mesh = Neighbours(edges, len(cost))
    own = cost.astype(np.float32)
    message = mesh.silence(cost.shape[1])
    for _ in range(stiffness.rounds):
        told_from = own + mesh.heard(message)
        message = mesh.told(told_from, message, np.float32(stiffness.cost), stiffness.most_offsets)
    return np.asarray((own + mesh.heard(message)).argmin(axis=1))


def evened(values: AnyArray, edges: AnyArray, rounds: int) -> AnyArray:
    """Average values over neighbours on a mesh, half of the way a round, shape (corner,)."""
    return Neighbours(edges, len(values)).averaged(values, rounds)


def moved_mask(shell: Shell, offset_mm: AnyArray, *, sd_mm: float = 1.0) -> tuple[AnyArray, AnyArray]:
    """Move the surface by an offset a corner and fill it.

    Parameters
    ----------
    shell
        The surface.
    offset_mm
        Outward shift of each corner, shape (corner,).
    sd_mm
        Standard deviation of the last smoothing.

    Returns
    -------
    tuple
        The mask, shape (i, j, k), largest part with holes filled, and its signed distance, mm.
    """
    field = shell.distance_mm
    # All between the old place and the new one changes sides: the old place, 0, belongs to the band.
    low, high = min(float(offset_mm.min()), 0.0), max(float(offset_mm.max()), 0.0)
    near = (field < high + 4.0) & (field > low - 4.0)
    where = np.argwhere(near)
    distance, index = cKDTree(shell.corners_voxel).query(where, k=4)
    share = 1.0 / (distance + 0.5)
    result = field.copy()
    result[near] -= ((offset_mm[index] * share).sum(axis=1) / share.sum(axis=1)).astype(np.float32)
    level = ndimage.gaussian_filter(result, sd_mm / shell.step_mm)
    mask = np.asarray(ndimage.binary_fill_holes(largest_part(level < 0)))
    beside = np.float32(0.5 * shell.step_mm)
    level = np.where(mask == (level < 0), level, np.where(mask, -beside, beside))
    return mask, distance_from_level(level, np.full(3, shell.step_mm))
