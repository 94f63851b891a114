# SPDX-License-Identifier: Apache-2.0
"""What the tables of closure say."""

from __future__ import annotations

import math

from trephine.model.interval import Interval
from trephine.model.seat import Screw
from trephine.report.contents import Contents
from trephine.report.table import Table
from trephine.report.words import ABSENT, number


def checklist(contents: Contents) -> Table | None:
    """List the steps of closing."""
    if contents.seat is None:
        return None
    steps = contents.seat.checklist
    return Table(
        key="checklist",
        title="Steps of closing",
        columns=(("Step", "number"), ("What", "text"), ("This person's numbers", "text")),
        rows=tuple((str(place), step.title, step.words) for place, step in enumerate(steps, start=1)),
    )


def screws(contents: Contents) -> Table | None:
    """List every screw with the bone under it."""
    seat = contents.seat
    if seat is None or not seat.screws:
        return None
    return Table(
        key="screws",
        title=f"Screws of {number(seat.screw_length_mm, 1)} mm",
        columns=(
            ("Screw", "number"),
            ("Angle, \u00b0", "number"),
            ("Bone, mm", "number"),
            ("To the incision, mm", "number"),
            ("To a sinus, mm", "number"),
            ("To a vessel, mm", "number"),
            ("Holds", "text"),
            ("Why", "text"),
        ),
        rows=tuple(_screw(screw, seat.is_bone_measured) for screw in seat.screws),
        note="Angles are about the axis, from the implant's x towards its y. Bone: across the skull, with "
        "what the scans leave open. A dash: nothing of the kind is known.",
    )


def _screw(screw: Screw, is_measured: bool) -> tuple[str, ...]:
    bone = screw.bone_mm
    left = f"{number(bone.low, 1)} to {number(bone.high, 1)}"
    return (
        str(screw.number),
        number(math.degrees(screw.angle_rad), 0),
        f"{number(bone.value, 1)} ({left})" if is_measured else left,
        _known(screw.incision_mm),
        _known(screw.sinus_mm),
        _known(screw.vessel_mm),
        screw.holds,
        screw.reason,
    )


def _known(distance_mm: float | None) -> str:
    return ABSENT if distance_mm is None else number(distance_mm, 1)


def slack(contents: Contents) -> Table | None:
    """Say what is left of the threads in every case."""
    seat = contents.seat
    if seat is None or not seat.slack:
        return None
    return Table(
        key="slack",
        title="Thread left to spare",
        columns=(
            ("When", "text"),
            ("Brain sunk, mm", "number"),
            ("Moved besides, mm", "number"),
            ("Least, mm", "number"),
            ("Mean, mm", "number"),
            ("Threads pulled", "number"),
            ("Cited from", "code"),
        ),
        rows=tuple(
            (
                case.name,
                number(case.sunk_mm, 1),
                number(case.moved_mm, 1),
                number(case.least_mm, 1),
                number(case.mean_mm, 1),
                str(len(case.short_threads)),
                case.source,
            )
            for case in seat.slack
        ),
        note="The device's thread less its depth and the straight way from anchor to entry.",
    )


def air(contents: Contents) -> Table | None:
    """Say how long air stayed after other operations."""
    seat = contents.seat
    if seat is None:
        return None
    pocket = seat.air
    return Table(
        key="air",
        title="Air after other craniotomies",
        columns=(("When", "text"), ("People with any air, %", "number")),
        rows=tuple((left.when, number(100 * left.people_fraction, 0)) for left in pocket.settling),
        note=f"Room under and around this body: {_words(pocket.hole_ml, 1)} ml; fluid that may have run out: "
        f"{_words(pocket.fluid_ml, 1)} ml. How fast air leaves this pocket is not known; the table is of "
        "whole heads (reasoner1994), and says nothing of volume.",
    )


def power(contents: Contents) -> Table | None:
    """Lay the modes' trees side by side."""
    budget = contents.seat.power if contents.seat else None
    if budget is None:
        return None
    names = [part.name for part in budget.modes[0].parts]
    rows = [
        (name, *(_words(mode.parts[place].power_mw) for mode in budget.modes))
        for place, name in enumerate(names)
    ]
    rows.append(("all", *(_words(mode.total_mw) for mode in budget.modes)))
    rows.append(("hours a new battery lasts", *(_words(mode.battery_h, 1) for mode in budget.modes)))
    maker = "" if budget.is_published else " Its maker has not published these figures: an estimate."
    return Table(
        key="power",
        title=f"Power by mode, mW: {budget.profile}",
        columns=(("Part", "text"), *((mode.name.capitalize(), "number") for mode in budget.modes)),
        rows=tuple(rows),
        note="In brackets every figure of the profile at its low or high end at once. Mean over its day: "
        f"{_words(budget.day_mean_mw)} mW. Heat in the implant while charging: "
        f"{_words(budget.charge_heat_mw)} mW for {_words(budget.charge_h, 1)} h.{maker}",
    )


def battery(contents: Contents) -> Table | None:
    """Say how the battery ages."""
    budget = contents.seat.power if contents.seat else None
    if budget is None:
        return None
    return Table(
        key="battery",
        title=f"Battery over the years, {budget.modes[0].name}",
        columns=(("Years", "number"), ("Capacity left, %", "number"), ("Hours a charge lasts", "number")),
        rows=tuple(
            (
                number(age.age_years, 0),
                _words(age.capacity_fraction, 0, factor=100),
                _words(age.battery_h, 1),
            )
            for age in budget.ages
        ),
        note=f"At {_words(budget.charges_per_day, 1)} full charges a day.",
    )


def link(contents: Contents) -> Table | None:
    """Hold rates against radio power."""
    budget = contents.seat.power if contents.seat else None
    if budget is None:
        return None
    return Table(
        key="link",
        title="Radio power against rate",
        columns=(
            ("Sent", "text"),
            ("Mbit/s", "number"),
            ("Radio, mW", "number"),
            ("The link carries it", "text"),
        ),
        rows=tuple(
            (
                point.name,
                number(point.sent_mbit_per_s, 1),
                _words(point.radio_mw, 1),
                "yes" if point.is_possible else "no",
            )
            for point in budget.links
        ),
    )


def _words(found: Interval, digits: int = 1, *, factor: int = 1) -> str:
    """Write a figure with its interval."""
    low, high = number(factor * found.low, digits), number(factor * found.high, digits)
    middle = number(factor * found.value, digits)
    return middle if low == high == middle else f"{middle} ({low} to {high})"
