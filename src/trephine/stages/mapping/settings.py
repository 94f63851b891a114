# SPDX-License-Identifier: Apache-2.0
"""What a user can choose about the hand map."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from trephine.model.activation import Side

Condition = Literal["right", "left", "both", "rest", "other"]


class Settings(BaseModel):
    """Settings of the mapping stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hand: Side = Field(default="right", description="Hand whose area is the target.")
    trial_types: dict[str, Condition] = Field(
        default_factory=dict,
        description="Trial type of the events file to condition; names left out are read by their words.",
    )
    contrasts: dict[str, str] = Field(
        default_factory=dict,
        description="Further contrasts: a name to trial types joined by spaced + and -, such as "
        "'tongue - rest', with factors such as 0.5*left. Rest is what the model leaves over: it weighs 0.",
    )
    grid_mm: float = Field(default=2.0, ge=1.0, le=4.0, description="Voxel of the maps in scanner.")
    smoothing_mm: float = Field(
        default=5.0, ge=0.0, le=12.0,
        description="Full width at half maximum of the smoothing of the series; under two voxels of 3 mm.",
    )  # fmt: skip
    high_pass_s: float = Field(
        default=128.0, gt=20.0,
        description="Slower changes count as drift (SPM's default); at least twice the task's longest cycle.",
    )  # fmt: skip
    outlier_displacement_mm: float = Field(
        default=0.9,
        gt=0.0,
        description="A volume beyond this framewise displacement is modelled away [siegel2014].",
    )
    outlier_residual: float = Field(
        default=6.0, gt=0.0,
        description="So is one whose image differs by this many robust standard deviations; assumed.",
    )  # fmt: skip
    knob_mni_mm: tuple[float, float, float] = Field(
        default=(-40.0, -23.0, 57.0),
        description="Hand knob of the left hemisphere in mni152, mirrored for the right [yousry1997].",
    )
    knob_sd_mm: float = Field(
        default=6.0,
        gt=0.0,
        description="Spread of the hand area about the mapped knob between people; assumed.",
    )
    search_radius_mm: float = Field(
        default=25.0, gt=5.0, description="The hand area is looked for this far from the knob; assumed."
    )
    prior_sd_mm: float = Field(
        default=15.0, gt=1.0,
        description="Bell about the knob by which z is weighted when the best voxel is chosen; assumed.",
    )  # fmt: skip
    threshold_fraction: float = Field(
        default=0.5, gt=0.1, lt=0.95, description="The area's edge as a share of its peak z: half maximum."
    )
    edge_z: float = Field(
        default=3.1,
        gt=0.5,
        description="The area never reaches below this z: one voxel in a thousand by chance.",
    )
    false_found_fraction: float = Field(
        default=0.02, gt=0.0, le=0.2,
        description="A hand area counts as found when noise alone reaches its peak anywhere in the search "
        "region at most this often (family-wise, from the run's own smoothness). At 0.05 digital persons "
        "without a response showed one in 8 of 96 maps: the noise model knows not all noise.",
    )  # fmt: skip
    weak_peak_z: float = Field(
        default=4.5, gt=1.0, description="Below this the response is called weak; assumed."
    )
    least_laterality_index: float = Field(
        default=0.2, gt=0.0, lt=1.0,
        description="Up to this the response is bilateral, below minus this ipsilateral; assumed.",
    )  # fmt: skip
    nuisance_limit_mm: float = Field(
        default=4.0, gt=0.0, description="A centroid that nuisance regressors move by more is flagged."
    )
    run_limit_mm: float = Field(default=4.0, gt=0.0, description="Likewise when runs differ by more.")
    knob_limit_mm: float = Field(
        default=12.0, gt=0.0, description="Likewise when task and knob differ by more: twice knob_sd_mm."
    )
    registration_starts: int = Field(
        default=12, ge=2, le=100, description="Poses from which the run's place in the T1 is searched for."
    )
    registration_limit_mm: float = Field(
        default=2.0,
        gt=0.0,
        description="A registration less sure than this is flagged; under one BOLD voxel.",
    )
    least_boundary_fraction: float = Field(
        default=0.65, gt=0.5, lt=1.0,
        description="Share of the grey-white boundary that must be brighter on its grey side; chance is 0.5.",
    )  # fmt: skip
    least_boundary_drop_fraction: float = Field(
        default=0.15, gt=0.0, lt=0.5,
        description="Failed when that share falls by less than this as the run is moved by 8 mm: half of "
        "what right heads lose (0.30 to 0.33). Mirrored and strange heads lost 0.13 and 0.14; right ones "
        "blurred by 8 mm still 0.16 and 0.18.",
    )  # fmt: skip
    sure_boundary_drop_fraction: float = Field(
        default=0.27, gt=0.0, lt=0.5,
        description="Doubtful below this: between the most that another head lost (0.23, a digital person "
        "on a digital sibling) and the least of right heads (0.30). Blurred or bent right runs fall here "
        "too.",
    )  # fmt: skip
    systematic_sd_mm: float = Field(
        default=1.5, ge=0.0,
        description="Of the centre along one axis, beyond what repetition shows: the area's edge, veins, "
        "distortion, half a voxel. Digital persons need 1.5 for the first alone; the rest is assumed small.",
    )  # fmt: skip
    noise_draws: int = Field(
        default=100, ge=20, le=2000, description="How often the noise of a map is drawn again for its centre."
    )
    seed: int = Field(default=1, ge=0, description="Of those draws.")
    weight_sd_mm: float = Field(
        default=8.0,
        gt=1.0,
        description="How fast the value of cortex falls with distance from the hand area.",
    )
    crown_depth_mm: float = Field(
        default=4.0, gt=0.0,
        description="Only where imaging made no surfaces of the hemispheres, which tell crowns themselves: "
        "cortex no deeper than this below the brain's hull is a crown.",
    )  # fmt: skip
