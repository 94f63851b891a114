# SPDX-License-Identifier: Apache-2.0
"""Solids for the renderer: a blurred mask tells the surface, a coarse distance how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import AnyArray
from trephine.model.volume import Grid

Floats = AnyArray
"""Single-precision numbers, which halve the memory that millions of rays need."""
Cut = Callable[[Floats], Floats]
"""Signed distance in mm of positions, shape (3, ray), to a region taken away: negative inside it."""

_COARSE_MM = 3.0
"""Step of the coarse distance; its error stays under ``SAFE_MM``."""
SAFE_MM = 4.5
_TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], np.float32)[:, :, None]
"""Four directions from which a slope can be told, two looks fewer than along three axes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """A solid.

    Parameters
    ----------
    inside
        Blurred mask, 0.5 on the surface, shape (i, j, k).
    distance_mm
        Distance to the solid on a coarser grid, shape (a, b, c), 0 inside.
    ijk_from_mm, abc_from_mm
        From positions to indices of either grid, shape (4, 4).
    blur_mm
        Standard deviation of the blur.
    """

    inside: Floats
    distance_mm: Floats
    ijk_from_mm: NDArray[np.float64]
    abc_from_mm: NDArray[np.float64]
    blur_mm: float

    def signed_mm(self, points_mm: Floats) -> Floats:
        """Return about the signed distance near the surface, negative inside; flat farther away.

        Outside it is less than the true distance, as a blurred plane shows, so a ray may step by it.
        """
        value = _sample(self.inside, self.ijk_from_mm, points_mm)
        return np.float32(2.5066 * self.blur_mm) * (np.float32(0.5) - value)

    def far_mm(self, points_mm: Floats) -> Floats:
        """Return the coarse distance, 0 inside; beyond the grid that of its nearest edge."""
        return _sample(self.distance_mm, self.abc_from_mm, points_mm, mode="nearest")

    def normal(self, points_mm: Floats) -> Floats:
        """Return unit outward normals, shape (3, ray)."""
        step = np.float32(max(0.6, 0.6 * self.blur_mm))
        slope = np.zeros_like(points_mm)
        for corner in _TETRAHEDRON:
            slope += corner * self.signed_mm(points_mm + step * corner)
        return slope / np.maximum(np.linalg.norm(slope, axis=0), np.float32(1e-6))


def _sample(
    values: NDArray[Any], index_from_mm: NDArray[np.float64], points_mm: Floats, mode: str = "constant"
) -> Floats:
    """Look values up at positions, linear in between."""
    matrix = index_from_mm.astype(np.float32)
    index = matrix[:3, :3] @ points_mm + matrix[:3, 3:]
    answer: Floats = ndimage.map_coordinates(
        values, index, order=1, mode=mode, output=np.float32, prefilter=False
    )
    return answer


def sample(values: NDArray[Any], grid: Grid, points_mm: Floats) -> Floats:
    """Look a volume up at positions, shape (3, ray), linear in between and 0 outside."""
    return _sample(values, np.linalg.inv(grid.affine_mm), points_mm)


def field_of(mask: NDArray[np.bool_], grid: Grid, *, blur_mm: float) -> Field:
    """Make a solid of a mask.

    Parameters
    ----------
    mask
        Shape ``grid.shape``.
    grid
        Where it is.
    blur_mm
        Standard deviation of the blur that rounds voxels off.

    Returns
    -------
    Field
        The solid, cropped to the mask with room for the blur.
    """
    low, high = _box(mask, margin=4)
    crop = mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    sigma = [blur_mm / edge for edge in grid.voxel_mm]
    inside = ndimage.gaussian_filter(crop.astype(np.float32), sigma, mode="nearest", truncate=3)
    offset = np.eye(4)
    offset[:3, 3] = low
    mm_from_crop = grid.affine_mm @ offset
    factor = [max(1, round(_COARSE_MM / edge)) for edge in grid.voxel_mm]
    coarse, mm_from_coarse = _coarsened(inside, mm_from_crop, factor)
    edge_mm = np.linalg.norm(mm_from_coarse[:3, :3], axis=0)
    distance = ndimage.distance_transform_edt(coarse < 0.25, sampling=edge_mm)
    return Field(
        inside=inside,
        distance_mm=distance.astype(np.float32),
        ijk_from_mm=np.linalg.inv(mm_from_crop).astype(np.float64),
        abc_from_mm=np.linalg.inv(mm_from_coarse).astype(np.float64),
        blur_mm=blur_mm,
    )


def _box(mask: NDArray[np.bool_], margin: int) -> tuple[list[int], list[int]]:
    """Return the corners of the mask's bounding box with a margin, within the grid."""
    low, high = [], []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        hit = np.flatnonzero(mask.any(axis=others))
        first, last = (int(hit[0]), int(hit[-1])) if hit.size else (0, mask.shape[axis] - 1)
        low.append(max(0, first - margin))
        high.append(min(mask.shape[axis], last + margin + 1))
    return low, high


def _coarsened(
    inside: Floats, mm_from_ijk: NDArray[np.float64], factor: list[int]
) -> tuple[Floats, NDArray[np.float64]]:
    """Keep the largest value of each block, padded by two blocks of nothing, and give the new matrix."""
    pad = [(2 * f, 2 * f + (-n) % f) for n, f in zip(inside.shape, factor, strict=True)]
    padded = np.pad(inside, pad)
    a, b, c = (n // f for n, f in zip(padded.shape, factor, strict=True))
    blocks = padded.reshape(a, factor[0], b, factor[1], c, factor[2]).max(axis=(1, 3, 5))
    matrix = np.diag([*factor, 1.0])
    matrix[:3, 3] = [(f - 1) / 2 - 2 * f for f in factor]
    return blocks, mm_from_ijk @ matrix
