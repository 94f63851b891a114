# SPDX-License-Identifier: Apache-2.0
"""The grid on which maps are given, and what lies where on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, map_coordinates

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Points
from trephine.core.frames import SCANNER, Affine
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.volume import Grid, Volume

_MARGIN_MM = 4.0
_MIDLINE_MM = 4.0
"""Voxels this near the template's midline belong to neither hemisphere's search."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """Where the brain is on the maps' grid.

    Parameters
    ----------
    grid
        In ``scanner``.
    points_mm
        Centre of every voxel, shape (voxel, 3).
    mni_x_mm
        Their positions across the template's midline, shape (voxel,).
    grey_fraction
        Share of grey matter, shape ``grid.shape``.
    is_near_grey
        Voxels of grey matter or next to it, within the skull.
    """

    grid: Grid
    points_mm: Points
    mni_x_mm: AnyArray
    grey_fraction: AnyArray
    is_near_grey: Mask3

    def in_hemisphere(self, hemisphere: str) -> Mask3:
        """Return the voxels on one side of the midline."""
        x = self.mni_x_mm.reshape(self.grid.shape)
        return x < -_MIDLINE_MM if hemisphere == "left" else x > _MIDLINE_MM


def place_on(anatomy: Anatomy, grid_mm: float) -> Place:
    """Lay an upright grid over the inside of the skull and look tissues up on it."""
    fine = anatomy.intracranial.grid
    where = np.argwhere(anatomy.intracranial.values > 0)
    corners = np.array(list(np.ndindex(2, 2, 2))) * np.ptp(where, axis=0) + where.min(axis=0)
    world = fine.mm_of(corners)
    low, high = world.min(axis=0) - _MARGIN_MM, world.max(axis=0) + _MARGIN_MM
    affine = np.diag([grid_mm, grid_mm, grid_mm, 1.0])
    affine[:3, 3] = low
    shape = np.ceil((high - low) / grid_mm).astype(int) + 1
    grid = Grid(shape=(int(shape[0]), int(shape[1]), int(shape[2])), affine_mm=affine, frame=SCANNER)
    points = grid.mm_of(np.argwhere(np.ones(grid.shape, dtype=bool)))
    mni = anatomy.mni_from_scanner(points, frame=SCANNER)
    sd_voxel = 0.4 * grid_mm / np.array(fine.voxel_mm)
    grey = gaussian_filter((anatomy.tissue.values == Tissue.GREY).astype(np.float32), sd_voxel)
    ijk = fine.ijk_of(points).T
    share = map_coordinates(grey, ijk, order=1, mode="constant").reshape(grid.shape)
    inside = map_coordinates(
        (anatomy.intracranial.values > 0).astype(np.uint8), ijk, order=0, mode="constant"
    )
    near = binary_dilation(share > 0.5) & (inside.reshape(grid.shape) > 0)
    return Place(
        grid=grid,
        points_mm=points,
        mni_x_mm=mni[:, 0],
        grey_fraction=share.astype(np.float32),
        is_near_grey=near,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookup:
    """Carries values of a run's voxels to positions in ``scanner``.

    Parameters
    ----------
    mask
        The run's voxels with values, shape (i, j, k).
    ijk
        Positions as its fractional indices, shape (3, point).
    covered_fraction
        How much of each position's interpolation comes from voxels with values, shape (point,).
    """

    mask: Mask3
    ijk: AnyArray
    covered_fraction: AnyArray

    @classmethod
    def of(cls, mask: Mask3, affine_mm: Matrix4, scanner_from_bold: Affine, points_mm: Points) -> Lookup:
        """Prepare the lookup of a run's voxels at positions in ``scanner``, shape (point, 3)."""
        inverse = np.linalg.inv(scanner_from_bold.matrix @ affine_mm)
        ijk = inverse[:3, :3] @ points_mm.T + inverse[:3, 3:]
        covered = map_coordinates(mask.astype(np.float32), ijk, order=1, mode="constant")
        return cls(mask=mask, ijk=ijk, covered_fraction=covered)

    def __call__(self, values: AnyArray) -> AnyArray:
        """Return values, one a voxel of the mask, at every position; 0 where under half is covered."""
        box = np.zeros(self.mask.shape)
        box[self.mask] = values
        found = map_coordinates(box, self.ijk, order=1, mode="constant")
        is_seen = self.covered_fraction >= 0.5
        return np.where(is_seen, found / np.where(is_seen, self.covered_fraction, 1.0), 0.0)


def volume_on(grid: Grid, values: AnyArray, unit: str) -> Volume:
    """Return values, shape (voxel,) or the grid's, as a float32 volume."""
    return Volume(values=np.asarray(values, dtype=np.float32).reshape(grid.shape), grid=grid, unit=unit)
