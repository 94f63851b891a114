# SPDX-License-Identifier: Apache-2.0
"""Which device, power profile, robot and limits are used: settings that need none of a stage's libraries."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DeviceSettings(BaseModel):
    """Which implant is planned for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="n1", description="Name of a packaged device, or path of a device file.")


class PowerSettings(BaseModel):
    """What the implant is taken to draw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        default="n1_public_estimate", description="Name of a packaged power profile, or path of a file."
    )


class RobotSettings(BaseModel):
    """Which robot inserts the threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="r1", description="Name of a packaged robot, or path of a robot file.")


class LimitsSettings(BaseModel):
    """Which published limits a plan is held against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str | None = Field(
        default=None, description="Path of a team's own limits; the packaged ones when left out."
    )
