# SPDX-License-Identifier: Apache-2.0
"""Where and how to open: the implant's pose and what is cut for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.model.activation import Side
from trephine.model.surface import Surface

Position = tuple[float, float, float]
"""x, y, z in mm."""
Row = tuple[float, float, float, float]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedYield(_Part):
    """What threads can gather through an opening, over scenarios of what the scans leave open.

    Parameters
    ----------
    mean, low, high
        Summed value of all threads, each worth 0 to 1: mean, and the 5th and 95th of 100 scenarios.
    threads_asked
        Threads of the implant: the most that the sum could be.
    fitting_fraction
        Mean share of them for which there is room.
    short_probability
        Share of the scenarios in which not all fit.
    missed_probability
        Share of the scenarios in which the centre of the hand area lies outside the dura's opening.
    blocked_fraction
        Mean share of the exposed crown that known vessels take; nothing without an angiogram.
    scenarios
        How many.
    is_provisional
        Always: sites become exact on a live view alone.
    """

    mean: float
    low: float
    high: float
    threads_asked: int
    fitting_fraction: float
    short_probability: float
    missed_probability: float
    blocked_fraction: float | None = None
    scenarios: int
    is_provisional: Literal[True] = True


class Choice(_Part):
    """One pose of the set from which a surgeon can choose; none is worse than another in everything.

    Parameters
    ----------
    name
        What it is best at.
    is_recommended
        One of them is.
    scanner_from_implant
        Implant's pose, as in ``Opening``.
    expected
        Its expected yield.
    target_offset_mm, skull_fit_rms_mm, midline_distance_mm, tilt_rad
        As in ``Opening``.
    bone_thickness_mm
        The bone's mean along the shortest way, as the labels have it; nothing without a CT.
    sinus_clearance_mm, vein_clearance_mm
        Bone's opening to the zone of a sinus, and dura's opening to a large vessel; nothing without one.
    words
        What is gained and what is paid against the recommended pose; for that one, why it is recommended.
    """

    name: str
    is_recommended: bool
    scanner_from_implant: tuple[Row, ...]
    expected: ExpectedYield
    target_offset_mm: float
    skull_fit_rms_mm: float
    bone_thickness_mm: float | None = None
    midline_distance_mm: float
    sinus_clearance_mm: float | None = None
    vein_clearance_mm: float | None = None
    tilt_rad: float
    words: str


class DrillDepth(_Part):
    """How deep the bone goes at one place of the craniectomy's outline, along the implant's axis.

    Parameters
    ----------
    angle_rad
        About the axis, from the implant's x towards its y.
    depth_mm
        From the outer to the inner table, as the labels have it.
    low_mm, high_mm
        What the scans leave open for it: before ``low_mm`` the inner table is not expected.
    """

    angle_rad: float
    depth_mm: float
    low_mm: float
    high_mm: float


class DuralFlap(_Part):
    """The cut in the dura, and the side that stays uncut.

    Parameters
    ----------
    cut_mm
        From one end of the hinge round to the other, on the brain's hull.
    hinge_mm
        Both ends of the hinge.
    hinge_turn_rad
        How far the hinge is turned from the direction of the midline, about the axis.
    vessel_cut_mm
        Length of the cut that runs over a known vessel; nothing without an angiogram.
    reason
        Why the hinge lies there.
    """

    cut_mm: tuple[Position, ...]
    hinge_mm: tuple[Position, Position]
    hinge_turn_rad: float
    vessel_cut_mm: float | None = None
    reason: str


class ScalpIncision(_Part):
    """The line to cut in the scalp, about the implant and never over it.

    Parameters
    ----------
    line_mm
        On the skin, from end to end.
    length_mm
        Along the line.
    gap_mm
        Least distance from the craniectomy's edge, across the implant's axis.
    base_turn_rad
        How far the flap's base is turned from the direction away from the midline, about the axis.
    hairline_clearance_mm
        Least distance behind the hair line; negative before it, nothing where no hair line is given.
    """

    line_mm: tuple[Position, ...]
    length_mm: float
    gap_mm: float
    base_turn_rad: float
    hairline_clearance_mm: float | None = None


class Opening(_Part):
    """A reviewed-to-be opening in ``scanner``.

    Parameters
    ----------
    schema_version
        Version of this layout. What version 1 did not know is nothing or empty there.
    device
        Name of the device it is made for.
    hemisphere
        Side of the head.
    scanner_from_implant
        Implant's pose, four rows of four: foot centre and axes (+z outward along the axis), mm.
    craniectomy_mm
        Closed outline of the bone to remove, on the outer skull, in order, last point not repeated.
    durectomy_mm
        Closed outline of the cortex that threads may enter, on the brain's hull: the dura to open, or, where
        the dura is left closed, the part of it to go through.
    durectomy_radius_mm
        Radius about the implant's axis.
    bone_thickness_mean_mm, bone_thickness_min_mm, bone_thickness_max_mm
        Mean, smallest and largest skull thickness under the outline, along the axis, as the labels have it.
    bone_low_mm, bone_high_mm
        Interval that the scans leave open for the mean.
    is_bone_measured
        Whether a CT shows the bone; otherwise judge by the interval alone.
    midline_distance_mm
        Smallest distance of the craniectomy from the midsagittal plane of the template.
    sinus_clearance_mm
        Smallest distance of the craniectomy, where the bone ends, from the zone in which a dural sinus must
        be expected and from a vessel as wide in the angiogram, two standard deviations of its place taken
        off; negative inside, nothing without either.
    vein_clearance_mm
        Smallest distance of the dura's opening from a vessel 2 mm wide or wider; nothing without one.
    target_offset_mm
        Distance of the hand target from the implant's axis.
    skull_fit_rms_mm
        Root mean square of the outer skull's departure from the implant's flat foot over the disc.
    tilt_rad
        Angle between the implant's axis and the cortex normal under it.
    roll_from
        What turns the implant about its axis: a rule, since nothing else depends on it, or its cable.
    cable_needed_mm
        Length of cable from the implant's edge to its end, straight; nothing without a cable.
    poses_tried
        How many poses were weighed.
    choices
        Poses to choose from, the recommended one first: this opening.
    drill_depths
        Along the craniectomy's outline.
    flap
        The dural flap; nothing where the dura is left closed.
    incision
        The scalp incision.
    """

    schema_version: Literal[1, 2] = 2
    device: str
    hemisphere: Side
    scanner_from_implant: tuple[Row, ...]
    craniectomy_mm: tuple[Position, ...]
    durectomy_mm: tuple[Position, ...]
    durectomy_radius_mm: float
    bone_thickness_mean_mm: float
    bone_thickness_min_mm: float
    bone_thickness_max_mm: float
    bone_low_mm: float
    bone_high_mm: float
    is_bone_measured: bool
    midline_distance_mm: float
    sinus_clearance_mm: float | None = None
    vein_clearance_mm: float | None = None
    target_offset_mm: float
    skull_fit_rms_mm: float
    tilt_rad: float
    roll_from: Literal["rule", "cable"] = "rule"
    cable_needed_mm: float | None = None
    poses_tried: int = 0
    choices: tuple[Choice, ...] = ()
    drill_depths: tuple[DrillDepth, ...] = ()
    flap: DuralFlap | None = None
    incision: ScalpIncision | None = None

    @property
    def pose(self) -> Affine:
        """The implant's pose as a map."""
        return Affine(target=SCANNER, source=IMPLANT, matrix=np.array(self.scanner_from_implant))

    @property
    def expected(self) -> ExpectedYield | None:
        """What this opening is expected to yield; nothing in a record of version 1."""
        return next((choice.expected for choice in self.choices if choice.is_recommended), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class OpeningResult:
    """All that the opening stage hands on.

    Parameters
    ----------
    opening
        The plan.
    template
        A closed mesh that sits on the outer skull about the craniectomy, to guide the drill, in ``scanner``.
    """

    opening: Opening
    template: Surface
