# SPDX-License-Identifier: Apache-2.0
"""Settings of the imaging stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """How scans become an anatomy; every default is assumed unless a source is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wall_step_mm: float = Field(
        default=1.5, ge=1.0, le=3.0, description="Voxel size at which skull borders are searched."
    )
    template_step_mm: float = Field(
        default=3.0, ge=2.0, le=6.0, description="Voxel size of the smooth registration to the template."
    )
    largest_inward_mm: float = Field(
        default=8.0, gt=0, description="Furthest that the inner table is searched inside the template's hull."
    )
    largest_outward_mm: float = Field(
        default=13.0, gt=0, description="Furthest that it is searched outside; atrophy needs room."
    )
    hull_radius_mm: float = Field(
        default=12.0, gt=0, description="Radius of the ball that closes sulci, for the brain's hull."
    )
    bone_hu: float = Field(
        default=300.0,
        description="CT voxels above this are bone; marrow is closed over. Assumed, common use.",
    )
    least_signal_fraction: float = Field(
        default=0.05, description="A scan with a smaller share of voxels above zero is not registered."
    )
    largest_registration_error_mm: float = Field(
        default=3.0,
        gt=0,
        description="A scan whose 95 % bound of the mean error over the brain is larger is not used.",
    )
    poor_registration_mm: float = Field(
        default=2.0,
        gt=0,
        description="A scan that is used although this bound is larger blocks what depends on it.",
    )
    largest_difference_mm: float = Field(
        default=0.7,
        gt=0,
        description="Difference of shape, beyond noise, from which a scan shows another head. The geometric "
        "middle of 0.5 mm (assumed: what distortion leaves in one head) and 1.06 mm (the least seen between "
        "two). Its 95 % interval decides: all of it above, another head; some of it above, doubtful.",
    )
    largest_stretch_fraction: float = Field(
        default=0.03,
        gt=0,
        description="A scan that fits best when stretched by surely more than this shows another head, or "
        "has wrong voxel sizes; one that does so, but not surely, is doubtful. Measured on the same person "
        "0.001 to 0.017, on others 0.03 to 0.12.",
    )
    vessel_least_probability: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Chance from which a voxel joined to a sure one belongs to a vessel: as likely as not.",
    )
    vessel_false_voxel: float = Field(
        default=0.05,
        gt=0,
        description="Sure voxels that bell-shaped noise would give in a whole scan; sets what is sure.",
    )
    smallest_vessel_mm3: float = Field(
        default=2.0, ge=0, description="Smaller parts of the vessel map, or of under 8 voxels, are dropped."
    )
    widest_vessel_mm: float = Field(
        default=10.0,
        gt=0,
        description="Widest single vessel that is usual: the confluence of sinuses. Assumed. What fills more "
        "room than this is flagged as a knot.",
    )
    shown_recall_fraction: float = Field(
        default=0.95, gt=0, lt=1, description="Share of a length that must be found to call vessels shown."
    )
