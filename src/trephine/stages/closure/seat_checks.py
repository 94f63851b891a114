# SPDX-License-Identifier: Apache-2.0
"""What is noticed about the seat and the power budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trephine.core.findings import Finding, Severity
from trephine.model.device import Device
from trephine.model.interval import Interval
from trephine.model.seat import Seat
from trephine.stages.closure.seat_settings import Settings

_SOME_ML = 0.1
"""Less room than this under the body is no pocket."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit with all that a finding says of it."""

    code: str
    value: float
    unit: str
    source: str
    severity: Severity = Severity.WARN
    from_what: str = "What the scans show"


def findings(seat: Seat, device: Device, settings: Settings) -> tuple[Finding, ...]:
    """Judge the seat against its limits."""
    return (
        *_under(seat, settings),
        *_edge(seat, device),
        *_scalp(seat, settings),
        *_threads(seat),
        *_air(seat),
        *_screws(seat),
        *_power(seat, settings),
    )


def _below(found: Interval, limit: Limit, clause: str) -> Iterator[Finding]:
    """Tell of a figure that surely lies below its limit; where its interval holds the limit it is unknown."""
    if found.high < limit.value:
        yield _finding(found.value, limit, _sure(clause), limit.severity)
    elif found.low < limit.value:
        yield _finding(found.value, limit, _doubtful(clause, found, limit), Severity.UNKNOWN)


def _above(found: Interval, limit: Limit, clause: str) -> Iterator[Finding]:
    """Tell of a figure that surely lies above its limit, likewise."""
    if found.low > limit.value:
        yield _finding(found.value, limit, _sure(clause), limit.severity)
    elif found.high > limit.value:
        yield _finding(found.value, limit, _doubtful(clause, found, limit), Severity.UNKNOWN)


def _sure(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."


def _doubtful(clause: str, found: Interval, limit: Limit) -> str:
    left = f"{limit.from_what} leaves {found.low:.1f} to {found.high:.1f} {limit.unit}"
    return f"It is not known whether {clause}: {left}."


def _finding(value: float, limit: Limit, message: str, severity: Severity) -> Finding:
    return Finding(
        code=limit.code,
        severity=severity,
        message=message,
        value=value,
        limit=limit.value,
        unit=limit.unit,
        source=limit.source,
    )


def _under(seat: Seat, settings: Settings) -> Iterator[Finding]:
    """Judge what the foot touches."""
    under = seat.under
    presses = Limit(
        code="IMPLANT_PRESSES_ON_BRAIN", value=0.0, unit="mm", source="assumed", severity=Severity.BLOCK
    )
    yield from _below(under.brain_least_mm, presses, "the foot reaches into the brain")
    touches = Limit(code="IMPLANT_PRESSES_ON_DURA", value=0.0, unit="mm", source="assumed")
    yield from _below(
        under.dura_least_mm,
        touches,
        f"the foot presses on the dura (free of it the body would stand {under.free_bump_mm.low:.1f} to "
        f"{under.free_bump_mm.high:.1f} mm above the skull)",
    )
    gap = Limit(code="GAP_UNDER_IMPLANT", value=settings.gap_limit_mm, unit="mm", source="assumed")
    yield from _above(
        under.dura_mean_mm, gap, "a gap that matters, for air or fluid, stays between foot and dura"
    )


def _edge(seat: Seat, device: Device) -> Iterator[Finding]:
    """Judge bump and bone edge."""
    stated = device.body.bump_mm
    bump = Limit(
        code="BUMP_ABOVE_LIMIT",
        value=stated.high if stated.high is not None else stated.value,
        unit="mm",
        source=stated.source,
    )
    yield from _above(seat.bump_mm, bump, "at its highest edge the body stands out more than it is made for")
    touches = Limit(code="BODY_TOUCHES_BONE", value=0.0, unit="mm", source="assumed")
    yield from _below(seat.gap_mm, touches, "the body touches the edge of the bone")


def _scalp(seat: Seat, settings: Settings) -> Iterator[Finding]:
    """Judge the scalp over the body."""
    thin = Limit(code="SCALP_COVER_THIN", value=settings.scalp_limit_mm, unit="mm", source="assumed")
    yield from _below(
        seat.cover.after_mm, thin, "the scalp over the body is so thin that skin can wear through"
    )
    if seat.cover.most_stretch_fraction > settings.stretch_limit_fraction:
        yield Finding(
            code="SCALP_STRETCHED",
            severity=Severity.WARN,
            message="The scalp must be drawn over the bump; it may have to be undermined to close without "
            "tension.",
            value=seat.cover.most_stretch_fraction,
            limit=settings.stretch_limit_fraction,
            unit="1",
            source="assumed",
        )


def _threads(seat: Seat) -> Iterator[Finding]:
    """Judge what is left of the threads' lengths, in the first case that pulls one."""
    if not seat.slack:
        yield Finding(
            code="SLACK_UNKNOWN",
            severity=Severity.UNKNOWN,
            message="There is no thread in the plan, so that no slack can be measured.",
        )
        return
    for case in seat.slack:
        if case.short_threads:
            yield Finding(
                code="THREADS_PULLED",
                severity=Severity.WARN,
                message=f"{len(case.short_threads)} threads are too short for this case and would be pulled: "
                f"{case.name}.",
                value=case.least_mm,
                limit=0.0,
                unit="mm",
                source=case.source if case.source != "plan" else "assumed",
            )
            return


def _air(seat: Seat) -> Iterator[Finding]:
    """Say that air may stay, and that how fast it goes is not known."""
    room_ml = seat.air.hole_ml.high + seat.air.fluid_ml.high
    if room_ml < _SOME_ML:
        return
    yield Finding(
        code="AIR_SETTLING_UNKNOWN",
        severity=Severity.UNKNOWN,
        message=f"Up to {room_ml:.1f} ml of air can stay under and around the body. How fast it settles "
        "there is not known: after other craniotomies a quarter of the people still had air in the third "
        "week.",
        value=room_ml,
        unit="ml",
        source="reasoner1994",
    )


def _screws(seat: Seat) -> Iterator[Finding]:
    """Judge the screws."""
    lost = [screw for screw in seat.screws if screw.holds == "no"]
    doubtful = [screw for screw in seat.screws if screw.holds == "not known"]
    if lost:
        yield Finding(
            code="SCREW_WITHOUT_HOLD",
            severity=Severity.WARN,
            message=f"{len(lost)} of {len(seat.screws)} screws find no good place round the rim: "
            f"{'; '.join(sorted({screw.reason for screw in lost}))}.",
            value=min(screw.bone_mm.high for screw in lost),
            limit=seat.screw_length_mm,
            unit="mm",
            source="assumed",
        )
    if doubtful:
        yield Finding(
            code="SCREW_BONE_UNKNOWN",
            severity=Severity.UNKNOWN,
            message=f"Under {len(doubtful)} of {len(seat.screws)} screws the bone may be thinner than the "
            f"screw is long; the scans leave {min(screw.bone_mm.low for screw in doubtful):.1f} mm at the "
            "least.",
            value=min(screw.bone_mm.low for screw in doubtful),
            limit=seat.screw_length_mm,
            unit="mm",
            source="assumed",
        )


def _power(seat: Seat, settings: Settings) -> Iterator[Finding]:
    """Judge the battery, or say that nothing is known of it."""
    budget = seat.power
    if budget is None:
        yield Finding(
            code="POWER_NOT_GIVEN",
            severity=Severity.UNKNOWN,
            message="There is no power profile of this device: what it draws is not known.",
        )
        return
    if not budget.is_published:
        yield Finding(
            code="POWER_ESTIMATED",
            severity=Severity.UNKNOWN,
            message="The maker has not published what this device draws; the budget is an estimate and no "
            "basis for a verdict on heat.",
        )
    first = budget.modes[0]
    lasts = Limit(
        code="BATTERY_SHORTER_THAN_DAY",
        value=settings.day_limit_h,
        unit="h",
        source="assumed",
        from_what="The profile",
    )
    yield from _below(first.battery_h, lasts, f"a charge lasts less than a day's {first.name}")
