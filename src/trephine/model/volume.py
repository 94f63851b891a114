# SPDX-License-Identifier: Apache-2.0
"""Voxels and where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Matrix4, Points, locked
from trephine.core.errors import InputError
from trephine.core.frames import Affine, Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Where voxels are, without their values.

    Parameters
    ----------
    shape
        Voxels along i, j, k.
    affine_mm
        From voxel indices to ``frame``, shape (4, 4); (0, 0, 0) is a voxel centre.
    frame
        Space of the affine's output, RAS+, mm.
    """

    shape: tuple[int, int, int]
    affine_mm: Matrix4
    frame: Frame

    def __post_init__(self) -> None:
        matrix = locked(self.affine_mm, np.float64, (4, 4), "affine_mm")
        if len(self.shape) != 3 or min(self.shape) < 1 or abs(float(np.linalg.det(matrix[:3, :3]))) < 1e-9:
            raise InputError.because(
                where=f"grid in {self.frame}",
                found=f"shape {self.shape}, affine {matrix.tolist()}",
                expected="three lengths of at least one and an invertible affine",
                remedy="Check the image header.",
            )
        object.__setattr__(self, "affine_mm", matrix)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Edge lengths along i, j, k in mm."""
        i, j, k = np.linalg.norm(self.affine_mm[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel."""
        return abs(float(np.linalg.det(self.affine_mm[:3, :3])))

    def mm_of(self, ijk: Points) -> Points:
        """Map voxel indices, shape (point, 3), to positions in ``frame``, mm."""
        return np.asarray(ijk, dtype=np.float64) @ self.affine_mm[:3, :3].T + self.affine_mm[:3, 3]

    def ijk_of(self, points_mm: Points) -> Points:
        """Map positions in ``frame``, shape (point, 3), mm, to fractional voxel indices."""
        inverse = np.linalg.inv(self.affine_mm)
        return np.asarray(points_mm, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]

    def is_same_as(self, other: Grid, *, tolerance_mm: float = 1e-4) -> bool:
        """Tell whether both grids have the same voxels in the same frame."""
        return (
            self.frame == other.frame
            and self.shape == other.shape
            and bool(np.allclose(self.affine_mm, other.affine_mm, atol=tolerance_mm))
        )

    def moved(self, target_from_frame: Affine) -> Grid:
        """Return the same voxels after a map of their frame."""
        if target_from_frame.source != self.frame:
            raise InputError.because(
                where="grid",
                found=f"a map from {target_from_frame.source!r}",
                expected=f"a map from {self.frame!r}",
                remedy="Invert the map or use the right grid.",
            )
        return Grid(
            shape=self.shape,
            affine_mm=target_from_frame.matrix @ self.affine_mm,
            frame=target_from_frame.target,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Volume:
    """Values on a grid.

    Parameters
    ----------
    values
        Shape ``grid.shape``; its own number type is kept, and the array is read-only.
    grid
        Where the values are.
    unit
        Unit of the values; ``1`` for a pure number, ``label`` for labels, ``arbitrary`` for MR signal.
    """

    values: AnyArray
    grid: Grid
    unit: str

    def __post_init__(self) -> None:
        values = locked(self.values, np.asarray(self.values).dtype, self.grid.shape, "values")
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A time series of volumes, such as a BOLD run.

    Parameters
    ----------
    values
        Shape (i, j, k, time), read-only.
    grid
        Where the values of every volume are.
    repetition_time_s
        Time from one volume to the next.
    slice_time_s
        When each slice along k is taken after its volume starts; empty when not known.
    """

    values: AnyArray
    grid: Grid
    repetition_time_s: float
    slice_time_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        shape = (*self.grid.shape, None)
        values = locked(self.values, np.asarray(self.values).dtype, shape, "values")
        object.__setattr__(self, "values", values)
