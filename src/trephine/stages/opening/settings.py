# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about the opening."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Search, limits and weights; every default without a citation is assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    search_radius_mm: float = Field(
        12.0, gt=0, description="How far from the place above the target poses are tried, along the skull"
    )
    search_step_mm: float = Field(1.5, gt=0, description="Distance between neighbouring positions")
    tilt_step_rad: float = Field(0.07, ge=0, description="Tilt from the skull's normal: 0, 1 and 2 steps")
    bone_clearance_mm: float = Field(0.5, ge=0, description="Gap between the implant's edge and the bone")
    durectomy_rim_mm: float = Field(3.0, gt=0, description="Dura left inside the craniectomy, to sew to")
    durectomy_limit_mm: float = Field(7.0, gt=0, description="Largest radius of the dura's opening")
    midline_block_mm: float = Field(
        10.0, ge=0, description="Bone nearer the midline covers the superior sagittal sinus; assumed"
    )
    midline_warn_mm: float = Field(
        15.0, ge=0, description="Below this, lacunae and bridging veins are likely; assumed"
    )
    sinus_block_mm: float = Field(
        0.0,
        description="Least distance of the bone's opening from the zone of a dural sinus, two standard "
        "deviations taken off; assumed",
    )
    sinus_warn_mm: float = Field(
        5.0, description="Below this, lacunae and bridging veins beside the sinus are likely; assumed"
    )
    target_limit_mm: float = Field(5.0, gt=0, description="Largest distance of the target from the axis")
    fit_limit_mm: float = Field(
        1.5, gt=0, description="Largest RMS departure of the skull from the flat foot; assumed"
    )
    tilt_limit_rad: float = Field(0.35, gt=0, description="Largest angle between axis and cortex normal")
    crown_depth_mm: float = Field(2.0, gt=0, description="Cortex deeper below the hull counts as sulcus")
    weight_target: float = Field(0.4, ge=0, description="Cost of the target at its limit off the axis")
    weight_fit: float = Field(0.7, ge=0, description="Cost of a skull fit at its limit")
    weight_bone: float = Field(0.3, ge=0, description="Cost of bone 1 mm thinner than the implant needs")
    weight_midline: float = Field(
        1.5, ge=0, description="Cost of lying at the blocking distance of midline or sinus"
    )
    weight_tilt: float = Field(0.5, ge=0, description="Cost of a tilt at its limit")
    weight_value: float = Field(5.0, ge=0, description="Gain of crown of full value all about the axis")
