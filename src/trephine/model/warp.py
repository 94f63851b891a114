# SPDX-License-Identifier: Apache-2.0
"""Smooth maps between frames that an affine map cannot express."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from trephine.core.arrays import AnyArray, Points, locked
from trephine.core.errors import FrameError
from trephine.core.frames import Affine, Frame
from trephine.model.volume import Grid


@dataclass(frozen=True, kw_only=True, eq=False)
class Warp:
    """Map positions by an affine map and then a displacement looked up in the target.

    ``target_from_source(p) = affine(p) + displacement(affine(p))``.

    Parameters
    ----------
    affine
        The affine part, from ``source`` to ``target``.
    displacement_mm
        Shape (i, j, k, 3) on ``grid``, mm along the target's axes; outside the grid its nearest
        edge value holds.
    grid
        Grid in the target frame on which the displacement is sampled, linear in between.
    """

    affine: Affine
    displacement_mm: AnyArray
    grid: Grid

    def __post_init__(self) -> None:
        field = locked(self.displacement_mm, np.float32, (*self.grid.shape, 3), "displacement_mm")
        object.__setattr__(self, "displacement_mm", field)
        if self.grid.frame != self.affine.target:
            raise FrameError.because(
                where="warp",
                found=f"a displacement on a grid in {self.grid.frame!r}",
                expected=f"a grid in {self.affine.target!r}",
                remedy="Sample the displacement in the target frame.",
            )

    @property
    def source(self) -> Frame:
        """Frame of the argument."""
        return self.affine.source

    @property
    def target(self) -> Frame:
        """Frame of the result."""
        return self.affine.target

    def __call__(self, points_mm: Points, *, frame: Frame) -> Points:
        """Map positions in ``frame``, shape (point, 3), mm, into the target frame."""
        moved = self.affine(points_mm, frame=frame)
        ijk = self.grid.ijk_of(moved).T
        shift = [
            map_coordinates(self.displacement_mm[..., axis], ijk, order=1, mode="nearest")
            for axis in range(3)
        ]
        return moved + np.stack(shift, axis=1).astype(np.float64)
