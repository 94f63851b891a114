# SPDX-License-Identifier: Apache-2.0
"""A picture taken in surgery whose place over the plan may be known roughly or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, locked
from trephine.core.frames import Affine


@dataclass(frozen=True, kw_only=True, eq=False)
class StatedPose:
    """Where the microscope says that the picture is.

    Parameters
    ----------
    scanner_from_image
        Pose of the image plane, as in ``LiveView``.
    error_um
        Standard deviation of that pose on the cortex, one axis.
    """

    scanner_from_image: Affine
    error_um: float


@dataclass(frozen=True, kw_only=True, eq=False)
class LivePicture:
    """One frame with its scale.

    Parameters
    ----------
    name
        File name.
    rgb
        Shape (row, column, 3), uint8.
    pixel_um
        Edge of a pixel on the cortex.
    pose
        Absent when nobody states one.
    """

    name: str
    rgb: AnyArray
    pixel_um: float
    pose: StatedPose | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", locked(self.rgb, np.uint8, (None, None, 3), "rgb"))
