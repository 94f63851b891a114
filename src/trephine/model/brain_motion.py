# SPDX-License-Identifier: Apache-2.0
"""How the exposed cortex moves while the robot works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class BrainMotion:
    """Displacement of the cortex under the opening over time, in ``implant`` axes.

    Parameters
    ----------
    time_s
        Evenly spaced times from 0, shape (time,).
    displacement_mm
        Shape (time, 3): across (x, y) and along (z, outward) the implant's axis, about a mean of zero.
    origin
        Whether a camera saw it or a generator made it.
    """

    time_s: AnyArray
    displacement_mm: AnyArray
    origin: Literal["measured", "simulated"]

    def __post_init__(self) -> None:
        time = locked(self.time_s, np.float64, (None,), "time_s")
        shift = locked(self.displacement_mm, np.float64, (len(time), 3), "displacement_mm")
        if len(time) < 2 or not np.allclose(np.diff(time), time[1] - time[0]) or time[1] <= time[0]:
            raise InputError.because(
                where="brain motion",
                found=f"{len(time)} times that are not evenly rising",
                expected="at least two evenly spaced times",
                remedy="Resample the motion.",
            )
        object.__setattr__(self, "time_s", time)
        object.__setattr__(self, "displacement_mm", shift)
