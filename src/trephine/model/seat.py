# SPDX-License-Identifier: Apache-2.0
"""The implant in its seat: what touches it, what covers it, what holds it, and what is left under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.model.interval import Interval
from trephine.model.opening import Position
from trephine.model.power import PowerBudget
from trephine.model.surface import Surface


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RimPoint(_Part):
    """The body's edge at one angle.

    Parameters
    ----------
    angle_rad
        About the axis, from the implant's x towards its y.
    bump_mm
        Height of the body's upper edge above the outer skull beside it; negative below it.
    gap_mm
        From the body's wall to the edge of the bone.
    """

    angle_rad: float
    bump_mm: Interval
    gap_mm: Interval


class Under(_Part):
    """What lies under the body's foot.

    Parameters
    ----------
    dura_mean_mm, dura_least_mm
        From the foot to the dura on the inner table, mean and least over the foot; negative where the foot
        reaches deeper.
    contact_fraction
        Share of the foot that reaches the dura or presses on it.
    brain_mean_mm, brain_least_mm
        From the foot to the cortex, sulci closed; likewise.
    free_bump_mm
        Bump of a body raised just so far that it nowhere presses on the dura.
    """

    dura_mean_mm: Interval
    dura_least_mm: Interval
    contact_fraction: Interval
    brain_mean_mm: Interval
    brain_least_mm: Interval
    free_bump_mm: Interval


class Cover(_Part):
    """The scalp over the body.

    Parameters
    ----------
    before_mm
        Least thickness over the body now, along the axis.
    after_mm
        The same once it is drawn over the bump: thinned as much as it is stretched.
    mean_after_mm
        Mean over the body.
    stretch_fraction
        How much longer the way over the bump is, from edge to edge of the flap: mean over all directions.
    most_stretch_fraction
        The direction that is stretched most.
    """

    before_mm: Interval
    after_mm: Interval
    mean_after_mm: Interval
    stretch_fraction: float
    most_stretch_fraction: float


class SlackCase(_Part):
    """What is left of the threads' lengths once the implant sits and the brain has moved.

    Parameters
    ----------
    name
        What has happened.
    sunk_mm
        How far the brain has sunk from the implant along the axis.
    moved_mm
        How far it moves besides, in the worst direction of each thread.
    source
        Citation key of both, ``assumed``, or ``plan``.
    least_mm, mean_mm
        Length left over all threads; negative where a thread is pulled.
    short_threads
        Numbers of the threads that are pulled.
    """

    name: str
    sunk_mm: float
    moved_mm: float
    source: str
    least_mm: float
    mean_mm: float
    short_threads: tuple[int, ...]


class AirLeft(_Part):
    """How many people still had air in the head, published.

    Parameters
    ----------
    when
        In words.
    people_fraction
        Share of them.
    """

    when: str
    people_fraction: float


class AirPocket(_Part):
    """Room under and around the seated body that air can fill.

    Parameters
    ----------
    hole_ml
        Between the foot and the dura's natural place, and between body and bone.
    fluid_ml
        Between the dura's natural place and the cortex under the craniectomy, sulci included: fluid that may
        have run out.
    mean_height_mm
        Both over the area of the hole: how far the brain can rise or air can stand.
    published_ml
        Air in the whole head within six hours of other craniotomies: mean, and one standard deviation.
    settling
        Share of people with any air left after other craniotomies. How fast this pocket settles is not known.
    """

    hole_ml: Interval
    fluid_ml: Interval
    mean_height_mm: float
    published_ml: Interval
    settling: tuple[AirLeft, ...]


class Screw(_Part):
    """One screw.

    Parameters
    ----------
    number
        From 1, counter-clockwise seen from outside.
    angle_rad
        About the axis, from the implant's x towards its y.
    place_mm, inward
        Where it enters the outer skull, and the unit direction it takes, in ``scanner``.
    bone_mm
        Thickness of the skull there, across it.
    incision_mm, sinus_mm, vessel_mm
        Distance from the scalp incision, from the zone of a sinus and from a known vessel; nothing where
        none is known.
    holds
        Whether the bone is thicker than the screw is long, and every distance kept: surely, surely not, or
        not known.
    reason
        Why not, or what is not known.
    """

    number: int
    angle_rad: float
    place_mm: Position
    inward: Position
    bone_mm: Interval
    incision_mm: float | None
    sinus_mm: float | None
    vessel_mm: float | None
    holds: Literal["yes", "no", "not known"]
    reason: str = ""


class Profile(_Part):
    """A cut through the seat along one axis of the implant; heights are z in ``implant``.

    Parameters
    ----------
    axis
        Along which.
    along_mm
        Places along it.
    scalp_mm, outer_mm, cortex_mm
        Skin, outer skull and cortex as imaged.
    inner_mm, inner_low_mm, inner_high_mm
        Inner table with the deepest and shallowest that the scans leave open.
    closed_mm
        Underside of the scalp over the seated body.
    skin_mm
        Skin over the seated body.
    """

    axis: Literal["x", "y"]
    along_mm: tuple[float, ...]
    scalp_mm: tuple[float, ...]
    outer_mm: tuple[float, ...]
    inner_mm: tuple[float, ...]
    inner_low_mm: tuple[float, ...]
    inner_high_mm: tuple[float, ...]
    cortex_mm: tuple[float, ...]
    closed_mm: tuple[float, ...]
    skin_mm: tuple[float, ...]


class ClosureStep(_Part):
    """One line of the checklist.

    Parameters
    ----------
    title
        What is done.
    words
        With this person's numbers.
    """

    title: str
    words: str


class Seat(_Part):
    """How the implant sits in this person, and what closing takes.

    Parameters
    ----------
    schema_version
        Version of this layout.
    device
        Name of the device.
    is_bone_measured
        Whether a CT shows the bone; otherwise judge by the intervals alone.
    body_radius_mm, body_thickness_mm, bone_radius_mm
        Of the body, and of the craniectomy.
    rim
        All round.
    bump_mm, gap_mm
        Highest bump and least gap to the bone of all round.
    under
        Dura and brain.
    cover
        Scalp.
    slack
        Threads, from the plan as it stands to the worst case.
    air
        Room for air.
    screw_length_mm
        Of every screw.
    screws
        Where they go.
    profiles
        Along the implant's x and y.
    checklist
        Steps of closing.
    power
        Power budget; nothing where no profile is of this device.
    """

    schema_version: Literal[1] = 1
    device: str
    is_bone_measured: bool
    body_radius_mm: float
    body_thickness_mm: float
    bone_radius_mm: float
    rim: tuple[RimPoint, ...]
    bump_mm: Interval
    gap_mm: Interval
    under: Under
    cover: Cover
    slack: tuple[SlackCase, ...]
    air: AirPocket
    screw_length_mm: float
    screws: tuple[Screw, ...]
    profiles: tuple[Profile, ...]
    checklist: tuple[ClosureStep, ...]
    power: PowerBudget | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class SeatResult:
    """All that closure hands on.

    Parameters
    ----------
    seat
        The record.
    body
        The seated body and its screws as closed meshes, in ``scanner``.
    """

    seat: Seat
    body: Surface
