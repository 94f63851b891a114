# SPDX-License-Identifier: Apache-2.0
"""Settings of the screening stage; limits are in ``safety/screening.toml``, not here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """How figures are measured before rules are held against them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ray_count: int = Field(
        default=400,
        ge=20,
        le=5000,
        description="Lines through skull and scalp over the implant's area, at most. Source: assumed.",
    )
    ray_step_mm: float = Field(
        default=0.25,
        gt=0.0,
        le=1.0,
        description="Distance between samples along a line. Source: assumed; a quarter of a usual voxel.",
    )
    bone_error_without_ct_mm: float = Field(
        default=1.5,
        ge=0.0,
        le=10.0,
        description="Standard deviation of scalp thickness where bone is estimated from a T1, in which bone "
        "and air look alike. The bone's own doubt comes from the imaging stage. Source: assumed.",
    )
    bone_error_with_ct_mm: float = Field(
        default=0.5,
        ge=0.0,
        le=10.0,
        description="Standard deviation of scalp thickness where a CT shows the bone. Source: assumed.",
    )
    midline_error_mm: float = Field(
        default=2.0,
        ge=0.0,
        le=20.0,
        description="Standard deviation of the person's midsagittal plane, which comes from the template. "
        "Source: assumed.",
    )
