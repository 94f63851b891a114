# SPDX-License-Identifier: Apache-2.0
"""What the microscope sees of the exposed cortex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.errors import FrameError
from trephine.core.frames import IMAGE, Affine


@dataclass(frozen=True, kw_only=True, eq=False)
class LiveView:
    """One frame with its scale and pose.

    Parameters
    ----------
    rgb
        Shape (row, column, 3), uint8.
    pixel_um
        Edge of a pixel on the cortex.
    scanner_from_image
        Pose of the image plane: (column · pixel, row · pixel, 0) in mm to ``scanner``.
    registration_error_um
        Standard deviation of the picture against the robot on the cortex, as its maker states it.
    plan_error_mm
        Standard deviation of map, sulci and outline of the plan under the picture; that of the pose when
        absent.
    """

    rgb: AnyArray
    pixel_um: float
    scanner_from_image: Affine
    registration_error_um: float
    plan_error_mm: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", locked(self.rgb, np.uint8, (None, None, 3), "rgb"))
        if self.scanner_from_image.source != IMAGE:
            raise FrameError.because(
                where="live view",
                found=f"a pose from {self.scanner_from_image.source!r}",
                expected=f"a pose from {IMAGE!r}",
                remedy="Name the image plane's frame.",
            )
