# SPDX-License-Identifier: Apache-2.0
"""The steps of closing, with this person's numbers."""

from __future__ import annotations

import math

from trephine.model.interval import Interval
from trephine.model.opening import Opening
from trephine.model.seat import AirPocket, ClosureStep, Cover, RimPoint, Screw, SlackCase, Under


def checklist(
    opening: Opening,
    seat: tuple[tuple[RimPoint, ...], Under, Cover],
    slack: tuple[SlackCase, ...],
    air: AirPocket,
    screws: tuple[Screw, ...],
) -> tuple[ClosureStep, ...]:
    """Write the checklist.

    Parameters
    ----------
    opening
        What was cut.
    seat
        Rim, what lies under the foot, and scalp.
    slack, air, screws
        As measured.
    """
    rim, under, cover = seat
    return (
        _threads(slack),
        _dura(opening),
        ClosureStep(
            title="Fill with saline",
            words=f"Room under and around the body: {_span(air.hole_ml, 'ml')}, and "
            f"{_span(air.fluid_ml, 'ml')} of fluid that may have run out. Fill until no bubble comes "
            "before the body closes the hole.",
        ),
        _body(rim, under),
        _screwing(screws),
        ClosureStep(
            title="Close the scalp",
            words=_incision(opening)
            + f"The scalp over the body stays {_span(cover.after_mm, 'mm')} thick at its "
            f"thinnest; it is stretched by {100 * cover.stretch_fraction:.0f} % "
            f"({100 * cover.most_stretch_fraction:.0f} % in the worst direction).",
        ),
        ClosureStep(
            title="Scan afterwards",
            words=f"Look for air: {air.published_ml.value:.1f} ml (SD "
            f"{air.published_ml.value - air.published_ml.low:.1f}) was the mean in the whole head after "
            "other craniotomies. How fast the pocket under the body settles is not known: scan again before "
            "relying on slack.",
        ),
    )


def _span(found: Interval, unit: str) -> str:
    return f"{found.value:.1f} {unit} ({found.low:.1f} to {found.high:.1f})"


def _threads(slack: tuple[SlackCase, ...]) -> ClosureStep:
    words = "No thread is planned."
    if slack:
        words = f"Each thread keeps at least {slack[0].least_mm:.1f} mm to spare as planned"
        words += f", {slack[-1].least_mm:.1f} mm if the brain sinks by {slack[-1].sunk_mm:g} mm. "
        words += "Leave it in loops over the dura, none across another."
    return ClosureStep(title="Lay the threads' slack", words=words)


def _dura(opening: Opening) -> ClosureStep:
    if opening.flap is None:
        return ClosureStep(title="Dura", words="It was left closed: check for leaks at the threads.")
    across = 2 * opening.durectomy_radius_mm
    return ClosureStep(
        title="Cover the dura's opening",
        words=f"Lay a substitute over the window of {across:.0f} mm, at least {across + 6:.0f} mm across "
        "so that 3 mm lie on dura all round, under the threads' way to their anchors.",
    )


def _body(rim: tuple[RimPoint, ...], under: Under) -> ClosureStep:
    high = max(rim, key=lambda point: point.bump_mm.value)
    low = min(rim, key=lambda point: point.bump_mm.value)
    gap = min(rim, key=lambda point: point.gap_mm.value)
    return ClosureStep(
        title="Seat the body",
        words=f"Its edge stands {_span(high.bump_mm, 'mm')} above the skull at {_degrees(high.angle_rad)} "
        f"and {low.bump_mm.value:.1f} mm at {_degrees(low.angle_rad)}; the gap to the bone is at least "
        f"{gap.gap_mm.value:.1f} mm. Foot to dura: {_span(under.dura_least_mm, 'mm')} at the least. If it "
        f"presses, raise it to a bump of {under.free_bump_mm.value:.1f} mm.",
    )


def _screwing(screws: tuple[Screw, ...]) -> ClosureStep:
    words = "; ".join(
        f"{screw.number} at {_degrees(screw.angle_rad)}: bone {_span(screw.bone_mm, 'mm')}"
        + (f", {screw.reason}" if screw.reason else "")
        for screw in screws
    )
    return ClosureStep(title="Drive the screws", words=f"Angles are from the implant's x. {words}.")


def _incision(opening: Opening) -> str:
    return f"The incision is {opening.incision.length_mm:.0f} mm long. " if opening.incision else ""


def _degrees(angle_rad: float) -> str:
    return f"{math.degrees(angle_rad) % 360:.0f}\u00b0"
