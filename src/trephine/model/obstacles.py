# SPDX-License-Identifier: Apache-2.0
"""What threads must keep away from on the exposed cortex, seen along the implant's axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask2, Points, Points2, locked
from trephine.core.errors import FrameError, InputError
from trephine.core.frames import IMPLANT, Affine
from trephine.model.ground import Ground
from trephine.model.thread_plan import ThreadPlan


@dataclass(frozen=True, kw_only=True, eq=False)
class Obstacles:
    """Flat maps over the durectomy: rows run along the implant's y, columns along its x.

    Parameters
    ----------
    scanner_from_implant
        Pose of the maps' frame, ``implant``.
    origin_mm
        (x, y) of the centre of the pixel in row 0, column 0, in ``implant``, shape (2,).
    pixel_mm
        Edge of a pixel.
    vessel
        Where a vessel is known, shape (row, column).
    sulcus
        Where the surface turns into a sulcus, same shape.
    outside
        Where no thread may go: off the durectomy, off the cortex, or not seen by the live view; same shape.
    height_mm
        z of the cortex in ``implant``, float32, same shape; NaN where the axis meets no cortex.
    """

    scanner_from_implant: Affine
    origin_mm: AnyArray
    pixel_mm: float
    vessel: Mask2
    sulcus: Mask2
    outside: Mask2
    height_mm: AnyArray

    def __post_init__(self) -> None:
        height = locked(self.height_mm, np.float32, (None, None), "height_mm")
        shape = height.shape
        object.__setattr__(self, "height_mm", height)
        object.__setattr__(self, "origin_mm", locked(self.origin_mm, np.float64, (2,), "origin_mm"))
        for name in ("vessel", "sulcus", "outside"):
            object.__setattr__(self, name, locked(getattr(self, name), np.bool_, shape, name))
        if self.scanner_from_implant.source != IMPLANT:
            raise FrameError.because(
                where="obstacles",
                found=f"a pose from {self.scanner_from_implant.source!r}",
                expected=f"a pose from {IMPLANT!r}",
                remedy="Pass the opening's pose.",
            )
        if self.pixel_mm <= 0:
            raise InputError.because(
                where="obstacles, pixel_mm",
                found=f"{self.pixel_mm} mm",
                expected="more than 0 mm",
                remedy="Pass the edge of a pixel.",
            )

    def row_column_of(self, xy_mm: Points2) -> Points2:
        """Map (x, y) in ``implant``, shape (point, 2), mm, to fractional (row, column)."""
        xy = np.asarray(xy_mm, dtype=np.float64)
        return ((xy - self.origin_mm) / self.pixel_mm)[:, ::-1]

    def xy_of(self, row_column: Points2) -> Points2:
        """Map (row, column), shape (point, 2), to (x, y) in ``implant``, mm."""
        return np.asarray(row_column, dtype=np.float64)[:, ::-1] * self.pixel_mm + self.origin_mm

    def centres_mm(self) -> Points:
        """Return every pixel's place on the cortex in ``implant``, shape (row * column, 3), mm."""
        rows, columns = np.indices(self.height_mm.shape)
        xy = self.xy_of(np.column_stack([rows.ravel(), columns.ravel()]))
        return np.column_stack([xy, self.height_mm.ravel().astype(np.float64)])


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacementResult:
    """What placement hands on: the plan, and the maps it was made on.

    Parameters
    ----------
    plan
        Every thread.
    obstacles
        What they were kept away from.
    ground
        What the scans say of the cortex, for planning again on a live view.
    """

    plan: ThreadPlan
    obstacles: Obstacles
    ground: Ground
