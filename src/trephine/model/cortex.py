# SPDX-License-Identifier: Apache-2.0
"""White and pial surface of one hemisphere, corner by corner, and what was measured between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.errors import InputError
from trephine.model.surface import Surface

Hemisphere = Literal["left", "right"]


@dataclass(frozen=True, kw_only=True)
class CortexQuality:
    """How well a hemisphere's surfaces could be made.

    Parameters
    ----------
    rings_cut
        Rings (handles) of the white matter's raw outline that were opened to make it a ball: half of two
        minus its Euler number. Most are single voxels.
    voxels_cut
        Voxels left out of the white matter for that.
    voxels_cut_near_hand
        Those of them within 20 mm of the anatomical hand knob.
    euler_number
        Of the finished mesh; 2 is a ball.
    crossings_mended
        Pairs of triangles that pierced each other before mending, white and pial together.
    crossings_left
        Pairs that still do.
    unsure_fraction
        Share of the cortex whose thickness is not to be relied on.
    """

    rings_cut: int
    voxels_cut: int
    voxels_cut_near_hand: int
    euler_number: int
    crossings_mended: int
    crossings_left: int
    unsure_fraction: float


@dataclass(frozen=True, kw_only=True, eq=False)
class CorticalSurface:
    """One hemisphere's cortex.

    Parameters
    ----------
    hemisphere
        Side of the person.
    white, pial
        Border of white and grey matter, and outer border of grey matter; the same corner and the same
        triangle of both belong together.
    thickness_mm
        Mean of the distances from each surface to the other, 0 where there is no cortex, shape (corner,).
    thickness_sd_mm
        Standard deviation of that thickness as the edges' blur lets it be told, shape (corner,).
    curvature_per_mm
        Mean curvature of the white surface, positive where it bulges outward (gyri), shape (corner,).
    sulcal_depth_mm
        Depth of the pial corner below the brain's closed hull, shape (corner,).
    is_cortex
        False on the cut through the middle of the brain and over deep grey matter, shape (corner,).
    is_crown
        True on gyral crowns, shape (corner,).
    is_sure
        False where thickness is not to be relied on: no edge was found, or crossings were mended.
    quality
        Of the whole.
    """

    hemisphere: Hemisphere
    white: Surface
    pial: Surface
    thickness_mm: AnyArray
    thickness_sd_mm: AnyArray
    curvature_per_mm: AnyArray
    sulcal_depth_mm: AnyArray
    is_cortex: AnyArray
    is_crown: AnyArray
    is_sure: AnyArray
    quality: CortexQuality

    def __post_init__(self) -> None:
        count = len(self.white.points_mm)
        for name in ("thickness_mm", "thickness_sd_mm", "curvature_per_mm", "sulcal_depth_mm"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float32, (count,), name))
        for name in ("is_cortex", "is_crown", "is_sure"):
            object.__setattr__(self, name, locked(getattr(self, name), np.bool_, (count,), name))
        if not np.array_equal(self.white.faces, self.pial.faces) or self.white.frame != self.pial.frame:
            raise InputError.because(
                where=f"cortex, {self.hemisphere}",
                found="white and pial surfaces with different triangles or frames",
                expected="the same triangles in the same frame",
                remedy="Make the pial surface by moving the white surface's corners.",
            )
