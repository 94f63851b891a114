# SPDX-License-Identifier: Apache-2.0
"""Choices of the closure stage."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """How the heat of the seated implant is computed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=0, description="Of the draws of tissue and skin.")
    housing: str = Field(
        default="polymer",
        description="Material of the implant's wall, from the table of tissues; not published for the N1, "
        "so the one that spreads heat least",
    )
    wall_mm: float = Field(default=0.6, gt=0, description="Thickness of the implant's wall; assumed")
    fine_mm: float = Field(
        default=0.5, gt=0.1, le=2, description="Width of cells near the implant; the bar asks for 0.25 to 0.5"
    )
    coarse_mm: float = Field(default=4.0, gt=0.5, description="Width of cells far away")
    reach_mm: float = Field(
        default=45.0,
        gt=20,
        description="Cells go so far beyond the implant: more than five times the length over which blood in "
        "white matter takes up heat (5.9 mm)",
    )
    skin_film_w_per_m2_k: float = Field(
        default=10.0, ge=0, description="Heat through skin for each kelvin at rest, 8 to 12; assumed"
    )
    skin_film_sd_w_per_m2_k: float = Field(
        default=1.0,
        ge=0,
        description="Its deviation in the draws, so that 8 to 12 are two deviations; assumed",
    )
    unknown_spread_fraction: float = Field(
        default=0.2,
        ge=0,
        lt=0.5,
        description="Deviation of a property over its mean where none is known; assumed",
    )
    draws: int = Field(default=200, ge=0, description="Of tissue and skin; the issue asks for 200")
    draw_mm: float = Field(
        default=2.0,
        gt=0.1,
        le=4,
        description="Width of cells near the implant in the draws; only ratios are used",
    )
    rises_k: tuple[float, ...] = Field(
        default=(1.0, 2.0),
        description="Rises for which the allowed power is told: a design target, and the limit in "
        "``limits.toml``",
    )
