# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about placement."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VesselSettings(BaseModel):
    """How vessels are found in the live view; assumed by us where no calibration is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    working_pixel_um: float = Field(8.0, gt=0, description="Finer pictures are averaged to about this")
    narrowest_um: float = Field(
        25.0,
        gt=0,
        description="Vessels from this width on should be covered by the calibration; else it is said",
    )
    widest_um: float = Field(900.0, gt=0, description="Widest vessel looked for; pial trunks reach 700 um")
    score: float = Field(
        1.5,
        gt=0,
        description="Lines up to nine pixels wide are marked from this score on; chosen with the miss "
        "distance so that 99.5 % of vessels in 20 labelled photographs lie within it (bench live_vessels)",
    )
    coarse_score: float = Field(
        1.0,
        gt=0,
        description="The same where a picture is so coarse that vessels two of its pixels wide matter: on "
        "those photographs 99.5 % of vessels at least that wide lie within the miss distance",
    )
    miss_pixel: float = Field(
        1.5,
        ge=0,
        description="Distance from the marks within which vessels lie, in pixels worked on; likewise",
    )
    contrast_fraction: float = Field(
        0.05,
        gt=0,
        description="Wider lines are darker than both sides by this: blurred vessels below; assumed",
    )
    wide_contrast_fraction: float = Field(
        0.2, gt=0, description="The widest, likewise: a sulcus's shade is as wide, but fainter; assumed"
    )
    deep_um: float = Field(
        200.0, gt=0, description="Up to this width the first contrast is asked, from there on ever more"
    )
    glare_um: float = Field(150.0, gt=0, description="Radius of the largest glare spot")
    glare_contrast_fraction: float = Field(0.35, gt=0, description="Glare is brighter by this")
    glare_rim_um: float = Field(25.0, ge=0, description="Rim about glare that is not judged either")
    darkness_fraction: float = Field(0.3, ge=0, description="Less light than this share is no window")
    dark_rim_um: float = Field(200.0, ge=0, description="Rim about the dark that is not judged either")


class FrameSettings(BaseModel):
    """How a picture taken in surgery is laid on the plan; all assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    own_error_um: float = Field(
        20.0, ge=0, description="Of the picture against the robot, where the robot aims in the picture"
    )
    robot_pose_um: float = Field(
        100.0, ge=0, description="A stated error up to this is taken as that of picture against robot"
    )
    pose_limit_mm: float = Field(
        2.0, gt=0, description="Largest error of the picture on the plan; scans agree no better with cortex"
    )
    chance_limit_fraction: float = Field(
        0.001, gt=0, lt=1, description="Accepted chance that a picture of other cortex fits as well"
    )
    reach_mm: float = Field(6.0, gt=0, description="Largest shift looked for without a stated pose")
    turn_rad: float = Field(0.18, gt=0, description="Largest turn from a stated pose looked for")
    order_rounds: int = Field(
        0, ge=0, description="Rounds of the order's proof on a picture: it takes longer than the order itself"
    )
    windows: int = Field(
        8,
        ge=0,
        description="Neighbourhoods solved again in polishing, at most: between vessels the whole is proven "
        "afterwards, and the rest of 24 takes a quarter of a second",
    )
    scale_limit_fraction: float = Field(
        0.03, gt=0, description="Departure of the scale that matters: 0.2 mm at the rim of the opening"
    )


class SolverSettings(BaseModel):
    """When the solver stops: never by the clock, so that results repeat."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    objective: Literal["value", "coverage", "retraction"] = Field(
        "value",
        description="Choose sites for the sum of their values, for the share of the hand map within reach of "
        "a thread, or for the share expected to stay within reach when threads are lost",
    )
    gap_fraction: float = Field(0.001, gt=0, description="Gap to the bound that counts as optimal")
    node_limit: int = Field(200, ge=1, description="Nodes of a branch-and-bound tree")
    spread_fraction: float = Field(
        0.2,
        ge=0,
        description="The whole is solved exactly where the relaxation spreads a thread over fewer sites than "
        "this share of those that one thread can block; assumed",
    )
    few_sites: int = Field(
        25, ge=0, description="The whole is also solved exactly where no more sites a thread matter"
    )
    windows: int = Field(24, ge=0, description="Neighbourhoods solved again in polishing")


class CoverageSettings(BaseModel):
    """What of the hand map counts as reached; all assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reach_mm: float = Field(
        0.5, gt=0, description="A thread reaches cortex no farther than this from its entry"
    )
    target_step_mm: float = Field(0.24, gt=0, description="Between the places that are to be reached")


class RetractionSettings(BaseModel):
    """Which losses of threads are planned for; the chances are assumed, between what was reported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss_fraction: float = Field(
        0.15,
        ge=0,
        lt=1,
        description="Chance that a thread is lost on its own. Reported: 85 % of the first participant's "
        "(popsci), none of the second's (sciencetimes); both second-hand",
    )
    block_fraction: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="Chance that, besides, all threads of one place are lost together, as where air pushes "
        "the brain away (pcmag, second-hand); the figure is assumed",
    )
    block_radius_mm: float = Field(1.5, gt=0, description="Radius of that place; assumed")


class DepthSettings(BaseModel):
    """How deep threads go, within what the device allows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_chosen: bool = Field(True, description="Whether each thread's depth is chosen; else the device's own")
    step_mm: float = Field(0.1, gt=0, description="Between the depths to choose from")
    shallowest_mm: float = Field(
        0.2, ge=0, description="Least depth of the uppermost electrode below the pia; assumed"
    )
    layer5_from_fraction: float = Field(
        0.45, gt=0, lt=1, description="Where layer V begins, as a share of the thickness; assumed for area 4"
    )
    layer5_to_fraction: float = Field(0.7, gt=0, le=1, description="Where layer V ends, likewise")


class OrderSettings(BaseModel):
    """How long the order of insertion is improved: counted in steps, never by the clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tries: int = Field(8, ge=0, description="Disturbed orders that are shortened again")
    rounds: int = Field(5, ge=0, description="Rounds that tighten the proof; 0 keeps the assignment's")
    exact_size: int = Field(128, ge=0, description="Above so many threads the assignment's proof is kept")
    seed: int = Field(0, ge=0, description="Of the disturbances")


class Settings(BaseModel):
    """Limits and errors; every default without a citation is assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixel_mm: float = Field(0.02, gt=0, description="Pixel of the obstacle maps")
    candidate_pixels: int = Field(3, ge=1, description="Pitch of the grid of sites, in pixels")
    rim_mm: float = Field(0.5, ge=0, description="Sites keep this far from the dura's edge")
    crown_depth_mm: float = Field(1.5, gt=0, description="Surface deeper below the hull is sulcus")
    gyrus_mm: float = Field(12.0, gt=0, description="Valleys narrower than this are closed by the hull")
    slope_limit_rad: float = Field(0.7, gt=0, description="Steeper cortex counts as the wall of a sulcus")
    fluid_limit_fraction: float = Field(
        0.3, gt=0, lt=1, description="Share of fluid below the crown that tells a hidden sulcus"
    )
    sulcus_error_mm: float = Field(0.3, ge=0, description="Standard deviation of the cortex from a 1 mm T1")
    sulcus_miss_fraction: float = Field(
        0.05, gt=0, lt=0.5, description="Accepted chance of a site in a sulcus"
    )
    hit_limit_fraction: float = Field(
        0.001, gt=0, lt=0.5, description="Accepted chance of a hit by one thread"
    )
    bleed_limit_fraction: float = Field(
        0.05, gt=0, lt=1, description="Accepted chance of any hit over the array, were threads independent"
    )
    segmentation_error_um: float = Field(10.0, ge=0, description="Of the vessel wall in the live view")
    motion_sd_um: float = Field(
        200.0, ge=0, description="Brain motion of one axis; amplitudes below 800 um were seen (faria2014)"
    )
    surface_shift_mm: float = Field(
        1.94,
        ge=0,
        description="Scan to exposed cortex (corticalregistration2016); for plans without live view",
    )
    provisional_margin_mm: float = Field(
        0.5, ge=0, description="Added to the margin from vessels of an angiogram"
    )
    brain_depth_fraction: float = Field(
        0.85, gt=0, le=1, description="Share of a thread's path that must lie in brain, not in fluid"
    )
    slack_fraction: float = Field(0.05, ge=0, description="Extra length of the free thread")
    slack_mm: float = Field(
        3.0, ge=0, description="Extra length for brain motion; 3 mm were seen in the first person"
    )
    berth_um: float = Field(100.0, ge=0, description="Room a needle needs beside a laid thread")
    thread_limit: int | None = Field(
        None, ge=1, description="Place no more threads than this; all of the device's where not given"
    )
    spare_count: int = Field(8, ge=0, description="Sites in reserve that a plan lists; one in eight threads")
    frame: FrameSettings = FrameSettings()
    vessels: VesselSettings = VesselSettings()
    solver: SolverSettings = SolverSettings()
    coverage: CoverageSettings = CoverageSettings()
    retraction: RetractionSettings = RetractionSettings()
    order: OrderSettings = OrderSettings()
    depth: DepthSettings = DepthSettings()
