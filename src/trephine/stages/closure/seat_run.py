# SPDX-License-Identifier: Apache-2.0
"""Seat the implant and budget its power."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.interval import Interval
from trephine.model.opening import Opening
from trephine.model.power import PowerBudget, PowerProfile
from trephine.model.seat import RimPoint, Seat, SeatResult
from trephine.model.thread_plan import ThreadPlan
from trephine.stages.closure.body import seated
from trephine.stages.closure.checklist import checklist
from trephine.stages.closure.fit import air, bone_radius_mm, brain_error_mm, rim, under
from trephine.stages.closure.layers import Layers, layers
from trephine.stages.closure.power import budget
from trephine.stages.closure.scalp import cover, profiles
from trephine.stages.closure.screws import screws
from trephine.stages.closure.seat_checks import findings
from trephine.stages.closure.seat_settings import Settings
from trephine.stages.closure.slack import slack


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What closure works on, all in ``scanner``.

    Parameters
    ----------
    opening, plan
        Where the implant sits, and its threads.
    anatomy
        Skin, skull, cortex, sinuses.
    angiogram
        Vessels seen before surgery; absent without a scan.
    device
        Must be that of opening and plan.
    power
        What it draws; a profile of another device is left aside, and a finding says so.
    """

    opening: Opening
    plan: ThreadPlan
    anatomy: Anatomy
    angiogram: Angiogram | None
    device: Device
    power: PowerProfile


def run(given: Given, *, settings: Settings, progress: Progress = silent) -> Outcome[SeatResult]:
    """Seat the implant, choose its screws, and budget its power.

    Parameters
    ----------
    given
        Opening, plan, anatomy, device and power profile.
    settings
        Errors, limits and screws.
    progress
        Told after each of three steps.

    Returns
    -------
    Outcome
        The seat and its mesh, with findings on dura, brain, bone, scalp, threads, air, screws and power.

    Raises
    ------
    InputError
        If the opening or the plan is for another device, the body is no disc, the implant lies outside the
        head, or the power profile contradicts itself.

    Notes
    -----
    Nothing is drawn at random. Cost: a second or two at 1 mm.
    """
    _check(given)
    progress(0, 3, "working the power budget out")
    drawn = budget(given.power) if given.power.device == given.device.name else None
    progress(1, 3, "measuring the seat")
    error_mm = brain_error_mm(given.opening.is_bone_measured, settings)
    made = layers(given.anatomy, given.opening, given.device, error_mm)
    result = _result(given, made, drawn, settings)
    progress(2, 3, "judging the seat")
    noticed = findings(result.seat, given.device, settings)
    progress(3, 3, "seated")
    return Outcome(value=result, findings=noticed)


def _check(given: Given) -> None:
    device = given.device
    if given.opening.device != device.name:
        raise InputError.because(
            where="opening, device",
            found=given.opening.device,
            expected=device.name,
            remedy="Plan the opening again for this device.",
        )
    if device.body.shape != "disc":
        raise InputError.because(
            where=f"device {device.name}, body.shape",
            found=device.body.shape,
            expected="disc",
            remedy="Choose a device with a round body; plates are not seated yet.",
        )


def _result(given: Given, made: Layers, drawn: PowerBudget | None, settings: Settings) -> SeatResult:
    opening, device = given.opening, given.device
    all_round = rim(made, opening, device, settings)
    foot = under(made, opening, device, settings)
    covered = cover(made, opening, device, settings)
    left = slack(given.plan, opening, device, settings)
    pocket = air(made, opening, device)
    driven = screws(made, opening, given.anatomy, given.angiogram, settings)
    seat = Seat(
        device=device.name,
        is_bone_measured=opening.is_bone_measured,
        body_radius_mm=device.body.width_mm.value / 2,
        body_thickness_mm=device.body.thickness_mm.value,
        bone_radius_mm=bone_radius_mm(opening),
        rim=all_round,
        bump_mm=_highest(all_round),
        gap_mm=_narrowest(all_round),
        under=foot,
        cover=covered,
        slack=left,
        air=pocket,
        screw_length_mm=settings.screw_length_mm,
        screws=driven,
        profiles=profiles(made, device, covered),
        checklist=checklist(opening, (all_round, foot, covered), left, pocket, driven),
        power=drawn,
    )
    return SeatResult(seat=seat, body=seated(device, opening, driven, settings))


def _highest(all_round: tuple[RimPoint, ...]) -> Interval:
    return max((point.bump_mm for point in all_round), key=lambda bump: bump.value)


def _narrowest(all_round: tuple[RimPoint, ...]) -> Interval:
    return min((point.gap_mm for point in all_round), key=lambda gap: gap.value)
