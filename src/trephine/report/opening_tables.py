# SPDX-License-Identifier: Apache-2.0
"""What the tables of the opening say."""

from __future__ import annotations

import math

from trephine.model.opening import Choice
from trephine.report.contents import Contents
from trephine.report.table import Table
from trephine.report.words import ABSENT, number

_EVERY = 3
"""Of the points of the outline, every so many are listed: 15 degrees of 72."""


def choices(contents: Contents) -> Table | None:
    """Lay the poses to choose from side by side."""
    opening = contents.opening
    if opening is None or not opening.choices:
        return None
    asked = opening.choices[0].expected.threads_asked
    return Table(
        key="choices",
        title=f"Poses to choose from ({len(opening.choices)} of {opening.poses_tried} tried)",
        columns=(
            ("Pose", "text"),
            ("Best at", "text"),
            (f"Expected yield of {asked}", "number"),
            ("Hand's centre off the axis, mm", "number"),
            ("Outside the window, %", "number"),
            ("Skull fit, mm", "number"),
            ("Bone, mm", "number"),
            ("To the sinus, mm", "number"),
            ("To a large vessel, mm", "number"),
            ("Tilt, \u00b0", "number"),
            ("What it gains and pays", "text"),
        ),
        rows=tuple(_choice(choice, place) for place, choice in enumerate(opening.choices)),
        note="The first is recommended and is the one planned here. Expected yield: the sum of what the "
        "threads are worth, 0 to 1 each; mean, and 5 to 95 % of the scenarios. It is provisional: sites "
        "become exact on a live view alone. Outside the window: share of the scenarios in which the hand's "
        "centre lies beyond the dura's opening. A dash: nothing of the kind is known there; bone needs a CT.",
    )


def _choice(choice: Choice, place: int) -> tuple[str, ...]:
    expected = choice.expected
    return (
        f"{place + 1}, recommended" if choice.is_recommended else str(place + 1),
        choice.name,
        f"{number(expected.mean, 1)} ({number(expected.low, 1)} to {number(expected.high, 1)})",
        number(choice.target_offset_mm, 1),
        number(100 * expected.missed_probability, 0),
        number(choice.skull_fit_rms_mm, 2),
        ABSENT if choice.bone_thickness_mm is None else number(choice.bone_thickness_mm, 1),
        ABSENT if choice.sinus_clearance_mm is None else number(choice.sinus_clearance_mm, 1),
        ABSENT if choice.vein_clearance_mm is None else number(choice.vein_clearance_mm, 1),
        number(math.degrees(choice.tilt_rad), 0),
        choice.words,
    )


def drill_depths(contents: Contents) -> Table | None:
    """List how deep the bone goes along the outline."""
    opening = contents.opening
    if opening is None or not opening.drill_depths:
        return None
    measured = opening.is_bone_measured
    return Table(
        key="drill-depths",
        title="Depth to drill along the outline",
        columns=(
            ("Angle, \u00b0", "number"),
            ("Inner table not before, mm", "number"),
            ("Outer to inner table, mm", "number"),
            ("At the most, mm", "number"),
        ),
        rows=tuple(
            (
                number(math.degrees(each.angle_rad), 0),
                number(each.low_mm, 1),
                number(each.depth_mm, 1) if measured else ABSENT,
                number(each.high_mm, 1),
            )
            for each in opening.drill_depths[::_EVERY]
        ),
        is_folded=True,
        note="Along the implant's axis, by the angle about it from the implant's x towards its y "
        "(the numbers of the picture from outside). "
        + ("" if measured else "A dash: without a CT only the interval is known."),
    )
