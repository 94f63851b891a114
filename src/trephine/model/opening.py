# SPDX-License-Identifier: Apache-2.0
"""Where and how to open: the implant's pose and what is cut for it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.model.activation import Side

Position = tuple[float, float, float]
"""x, y, z in mm."""


class Opening(BaseModel):
    """A reviewed-to-be opening in ``scanner``.

    Parameters
    ----------
    schema_version
        Version of this layout.
    device
        Name of the device it is made for.
    hemisphere
        Side of the head.
    scanner_from_implant
        Implant's pose, four rows of four: foot centre and axes (+z outward along the axis), mm.
    craniectomy_mm
        Closed outline of the bone to remove, on the outer skull, in order, last point not repeated.
    durectomy_mm
        Closed outline of the dura to open, on the brain's hull.
    durectomy_radius_mm
        Radius about the implant's axis.
    bone_thickness_mean_mm, bone_thickness_min_mm, bone_thickness_max_mm
        Mean, smallest and largest skull thickness under the outline, along the axis, as the labels have it.
    bone_low_mm, bone_high_mm
        Interval that the scans leave open for the mean.
    is_bone_measured
        Whether a CT shows the bone; otherwise judge by the interval alone.
    midline_distance_mm
        Smallest distance of the craniectomy from the midsagittal plane of the template.
    sinus_clearance_mm
        Smallest distance of the craniectomy, where the bone ends, from the zone in which a dural sinus must
        be expected, two standard deviations of its place taken off; negative inside, nothing without a zone.
    target_offset_mm
        Distance of the hand target from the implant's axis.
    skull_fit_rms_mm
        Root mean square of the outer skull's departure from the implant's flat foot over the disc.
    tilt_rad
        Angle between the implant's axis and the cortex normal under it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    device: str
    hemisphere: Side
    scanner_from_implant: tuple[tuple[float, float, float, float], ...]
    craniectomy_mm: tuple[Position, ...]
    durectomy_mm: tuple[Position, ...]
    durectomy_radius_mm: float
    bone_thickness_mean_mm: float
    bone_thickness_min_mm: float
    bone_thickness_max_mm: float
    bone_low_mm: float
    bone_high_mm: float
    is_bone_measured: bool
    midline_distance_mm: float
    sinus_clearance_mm: float | None = None
    target_offset_mm: float
    skull_fit_rms_mm: float
    tilt_rad: float

    @property
    def pose(self) -> Affine:
        """The implant's pose as a map."""
        return Affine(target=SCANNER, source=IMPLANT, matrix=np.array(self.scanner_from_implant))
