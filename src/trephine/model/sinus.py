# SPDX-License-Identifier: Apache-2.0
"""Where a venous sinus of the dura must be expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points, locked


@dataclass(frozen=True, kw_only=True, eq=False)
class DuralSinus:
    """A zone from anatomy, not a vessel seen in a scan.

    Parameters
    ----------
    name
        ``superior sagittal``, ``left transverse`` or ``right transverse``.
    centre_mm
        Its middle in ``scanner``, from front to back, or from the middle to the side, shape
        (point, 3).
    half_width_mm
        Half its usual width there, shape (point,).
    sd_mm
        Standard deviation of its place across, shape (point,).
    """

    name: str
    centre_mm: Points
    half_width_mm: AnyArray
    sd_mm: AnyArray

    def __post_init__(self) -> None:
        count = len(self.centre_mm)
        object.__setattr__(self, "centre_mm", locked(self.centre_mm, np.float64, (count, 3), "centre_mm"))
        for name in ("half_width_mm", "sd_mm"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (count,), name))

    def clearance_mm(self, points_mm: Points, *, sigmas: float = 2.0) -> AnyArray:
        """Return how far places keep from the zone widened by its doubt, mm; negative inside."""
        distance, nearest = cKDTree(self.centre_mm).query(points_mm)
        return np.asarray(distance - self.half_width_mm[nearest] - sigmas * self.sd_mm[nearest])
