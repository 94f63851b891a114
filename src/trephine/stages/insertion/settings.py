# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about the rehearsal."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Seed, patience and time; every default without a citation is assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(1, ge=0, description="Of motion and errors")
    motion_duration_s: float = Field(
        600.0, gt=0, description="Length of brain motion to make; a longer surgery starts it over"
    )
    attempts_limit: int = Field(3, ge=1, description="Tries for each thread")
    speed_limit_mm_per_s: float = Field(
        3.0, gt=0, description="The robot holds while the brain moves faster; tracked up to this (faria2014)"
    )
    hold_limit_s: float = Field(10.0, ge=0, description="A hold longer than this ends the try")
    pick_time_fraction: float = Field(0.4, ge=0, le=1, description="Share of the thread's time until picked")
    insert_time_fraction: float = Field(0.3, ge=0, le=1, description="Share from surface to release")
    surface_error_um: float = Field(15.0, ge=0, description="Standard deviation of the depth found")
    surgeries: int = Field(500, ge=1, description="Whole surgeries rehearsed for the intervals")
