# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about closure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Errors, limits, screws; every default without a citation is assumed by us."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outer_error_ct_mm: float = Field(
        0.5, ge=0, description="Half the 95 % interval of the outer skull's place in a CT of 1 mm voxels"
    )
    outer_error_t1_mm: float = Field(
        1.5,
        ge=0,
        description="The same from a T1: faces found 1 to 2 mm inside the labels of other heads, see "
        "explanation/imaging-skull.md",
    )
    skin_error_mm: float = Field(0.5, ge=0, description="The same of the skin")
    cortex_error_mm: float = Field(
        0.6, ge=0, description="The same of the cortex: twice the 0.3 mm that placement takes"
    )
    drill_error_mm: float = Field(
        0.3, ge=0, description="The same of the bone's edge after drilling by the template"
    )

    gap_limit_mm: float = Field(
        1.0,
        ge=0,
        description="A larger mean gap between foot and dura is told: a gap was named as a cause of threads "
        "drawn out (pcmag); the figure is assumed",
    )
    scalp_limit_mm: float = Field(
        2.5, ge=0, description="Least scalp over the body, as in screening (scalp_thickness)"
    )
    stretch_limit_fraction: float = Field(
        0.05, ge=0, description="Scalp stretched more than this is told: it may need to be undermined"
    )
    motion_mm: float = Field(0.8, ge=0, description="Motion of exposed cortex, at the most (faria2014)")
    sunk_expected_mm: float = Field(
        1.0, ge=0, description="Brain motion that was expected in the first person (popsci)"
    )
    sunk_worst_mm: float = Field(
        3.0, ge=0, description="Brain motion that was seen in the first person (popsci)"
    )

    screw_count: int = Field(4, ge=1, le=12, description="Screws round the rim; not published for the N1")
    screw_length_mm: float = Field(4.0, gt=0, description="Of a self-drilling screw, under its head")
    screw_diameter_mm: float = Field(1.5, gt=0, description="Of the screw's thread")
    screw_edge_mm: float = Field(4.0, gt=0, description="From the edge of the bone to a screw's middle")
    screw_incision_mm: float = Field(5.0, ge=0, description="Least distance of a screw from the incision")
    screw_sinus_mm: float = Field(
        2.0, ge=0, description="Least distance of a screw from the zone of a sinus, doubt taken off"
    )
    screw_vessel_mm: float = Field(
        2.0, ge=0, description="Least distance of a screw's tip from a known vessel, doubt taken off"
    )

    day_limit_h: float = Field(
        8.0, ge=0, description="A battery that lasts less in its first mode is told: a working day"
    )
