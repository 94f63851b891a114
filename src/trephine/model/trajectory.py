# SPDX-License-Identifier: Apache-2.0
"""A straight way into the brain as another program plans it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import Vector3, locked
from trephine.core.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """One line from entry to tip.

    Parameters
    ----------
    name
        As its program shows it.
    entry_mm, tip_mm
        In ``scanner``, RAS+, shape (3,) each.
    """

    name: str
    entry_mm: Vector3
    tip_mm: Vector3

    def __post_init__(self) -> None:
        for end in ("entry_mm", "tip_mm"):
            place = locked(getattr(self, end), np.float64, (3,), f"trajectory {self.name!r}, {end}")
            if not np.all(np.isfinite(place)):
                raise InputError.because(
                    where=f"trajectory {self.name!r}, {end}",
                    found=str(place.tolist()),
                    expected="three finite numbers",
                    remedy="Place the point, or delete the trajectory.",
                )
            object.__setattr__(self, end, place)
