# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about the opening."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float, float]


class Settings(BaseModel):
    """Search, limits, uncertainty and prices; every default without a citation is assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0, description="Seed of the scenarios")
    search_radius_mm: float = Field(
        12.0, gt=0, description="How far from the place above the target poses are tried, along the skull"
    )
    search_step_mm: float = Field(1.5, gt=0, description="Distance between neighbouring positions")
    tilt_step_rad: float = Field(0.07, ge=0, description="Tilt from the skull's normal: 0, 1 and 2 steps")

    scenario_count: int = Field(32, ge=2, le=1024, description="Scenarios behind every expectation")
    surface_shift_mm: float = Field(
        1.94, ge=0, description="Mean distance from scan to exposed cortex (corticalregistration2016)"
    )
    room_low_fraction: float = Field(
        0.3,
        gt=0,
        le=1,
        description="Share of the densest packing of threads that vessels too small for any scan leave room "
        "for, at the least; from simulated pial vessels, see explanation/opening.md",
    )
    room_high_fraction: float = Field(0.65, gt=0, le=1, description="The same at the most")
    vessel_margin_mm: float = Field(
        0.12, ge=0, description="Threads will keep this far from the wall of a vessel seen in the live view"
    )
    reach_mm: float = Field(6.0, gt=0, description="How far beyond the search the cortex is looked at")
    crown_depth_mm: float = Field(1.5, gt=0, description="Cortex deeper below the hull counts as sulcus")
    sulcus_margin_mm: float = Field(
        0.5, ge=0, description="Sites keep this far from cortex in a sulcus: 0.3 mm at 95 %"
    )
    site_rim_mm: float = Field(0.5, ge=0, description="Sites keep this far from the dura's edge")

    bone_clearance_mm: float = Field(0.5, ge=0, description="Gap between the implant's edge and the bone")
    dura: Literal["flap", "left closed"] = Field(
        "flap", description="Whether a flap of dura is folded back, or the threads go through closed dura"
    )
    durectomy_rim_mm: float = Field(3.0, gt=0, description="Dura left inside the craniectomy, to sew to")
    durectomy_limit_mm: float = Field(7.0, gt=0, description="Largest radius of the dura's opening")
    hinge_arc_rad: float = Field(
        math.pi / 3, gt=0.2, lt=math.pi, description="Arc of the dura's opening that stays uncut as hinge"
    )
    incision_gap_mm: float = Field(
        10.0, gt=0, description="The scalp incision keeps this far from the edge of the craniectomy"
    )
    incision_arc_rad: float = Field(
        4.2, gt=math.pi, lt=6.0, description="Arc of the scalp incision about the implant, open to the base"
    )
    template_rim_mm: float = Field(8.0, gt=1, description="Width of the drill template's rim on the skull")
    template_height_mm: float = Field(6.0, gt=1, description="Least height of the drill template")

    hairline_mm: tuple[Point, ...] | None = Field(
        None, description="Points of the hair line in scanner, RAS+; without them the incision is not judged"
    )
    hairline_gap_mm: float = Field(10.0, ge=0, description="The incision keeps this far behind the hair line")
    cable_end_mm: Point | None = Field(
        None, description="Where a cable from the implant goes, in scanner, RAS+; the implant is turned there"
    )
    cable_length_mm: float | None = Field(None, gt=0, description="Length of that cable")

    midline_block_mm: float = Field(
        10.0, ge=0, description="Bone nearer the midline covers the superior sagittal sinus; assumed"
    )
    midline_warn_mm: float = Field(
        15.0, ge=0, description="Below this, lacunae and bridging veins are likely; assumed"
    )
    sinus_block_mm: float = Field(
        0.0,
        ge=0,
        description="Least distance of the bone's opening from the zone of a dural sinus, two standard "
        "deviations taken off; assumed",
    )
    sinus_warn_mm: float = Field(
        5.0, ge=0, description="Below this, lacunae and bridging veins beside the sinus are likely; assumed"
    )
    vein_warn_mm: float = Field(
        2.0,
        ge=0,
        description="Least distance of the dura's opening from a vessel 2 mm wide or wider; assumed",
    )
    target_limit_mm: float = Field(5.0, gt=0, description="Largest distance of the target from the axis")
    fit_limit_mm: float = Field(
        1.5, gt=0, description="Largest RMS departure of the skull from the flat foot; assumed"
    )
    tilt_limit_rad: float = Field(0.35, gt=0, description="Largest angle between axis and cortex normal")

    weight_fit: float = Field(
        0.08, ge=0, description="Share of the best yield worth giving up for 1 mm better skull fit"
    )
    weight_bone: float = Field(
        0.05, ge=0, description="The same for 1 mm of bone that is missing under the implant"
    )
    weight_clearance: float = Field(
        0.08, ge=0, description="The same for 1 mm less short of the comfortable distance to sinus and veins"
    )
    weight_tilt: float = Field(0.2, ge=0, description="The same for 1 rad straighter on the cortex")
    weight_offset: float = Field(
        0.01, ge=0, description="The same for 1 mm nearer to the target, for what no scenario foresees"
    )
    least_yield_fraction: float = Field(
        0.85, gt=0, le=1, description="Poses with less than this share of the best yield are not offered"
    )
    choice_count: int = Field(5, ge=3, le=7, description="Poses laid before the surgeon")
