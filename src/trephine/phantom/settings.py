# SPDX-License-Identifier: Apache-2.0
"""What a user may choose about a digital participant."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_FINE_PIXEL_UM = 17.0
_COARSE_PIXEL_UM = 34.8
_COARSE_FROM_MM = 1.5


class Settings(BaseModel):
    """Choices for one digital participant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=1, ge=0, description="Person to make; the same seed gives the same bytes.")
    voxel_mm: float = Field(
        default=1.0, ge=0.8, le=4.0, description="Voxel edge of the planning T1; other scans scale with it."
    )
    label: str = Field(default="01", pattern="^[A-Za-z0-9]+$", description="BIDS participant label.")
    hemisphere: Literal["left", "right"] = Field(
        default="left", description="Side under the microscope; the opposite hand's area is in its middle."
    )

    response: Literal["usual", "weak", "ipsilateral", "bilateral", "absent"] = Field(
        default="usual", description="How cortex answers to the hand task; others than usual as in paralysis."
    )
    craniotomy: Literal["none", "flap", "plate", "open"] = Field(
        default="none", description="Earlier operation on the vault: bone put back, a plate, or no bone."
    )
    atrophy_mm: float = Field(
        default=0.0,
        ge=0.0,
        le=1.5,
        description="Layer that the brain has lost along its pia, twice that along its ventricles.",
    )
    hand_runs: int = Field(default=1, ge=1, le=9, description="Runs of the hand task, one after another.")

    @property
    def pixel_um(self) -> float:
        """Edge of a live-view pixel: coarse when the scans are coarse, for quick tests."""
        return _FINE_PIXEL_UM if self.voxel_mm < _COARSE_FROM_MM else _COARSE_PIXEL_UM

    @property
    def scale_fraction(self) -> float:
        """Voxel size against the usual 1 mm, never below 1."""
        return max(self.voxel_mm, 1.0)
