# SPDX-License-Identifier: Apache-2.0
"""What is noticed about a plan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from trephine.core.findings import Finding, Severity
from trephine.core.sourced import Confidence, Sourced
from trephine.core.units import UM_PER_MM
from trephine.model.device import Device
from trephine.model.ground import VesselsBefore
from trephine.model.obstacles import Obstacles
from trephine.model.thread_plan import ThreadPlan
from trephine.safety.rules import Limits
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.reliefs import Relief
from trephine.stages.placement.settings import Settings

_LARGE_GAP_FRACTION = 0.02
_LOW_VALUE = 0.1
_HIDDEN_FRACTION = 0.25
_ROUNDING_UM = 0.003
"""Distances that equal a limit are within it, whatever the last bit or a file of whole nanometres says."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """What the judgement needs beside the plan."""

    obstacles: Obstacles
    refused: dict[str, int]
    count_bound: int
    device: Device
    settings: Settings
    margin: Margins
    before: VesselsBefore | None
    limits: Limits
    vessel_um: float | None
    """From the nearest vessel's wall to a chosen entry's centre line; absent when no vessel is near."""
    reliefs: tuple[Relief, ...] = ()
    """What relaxing a limit would give; empty when all threads fit."""


def findings(plan: ThreadPlan, context: Context) -> tuple[Finding, ...]:
    """Judge a plan against its limits."""
    return (
        *_vessels(plan, context),
        *_published(plan, context),
        *_bleeding(plan),
        *_count(plan, context),
        *_threads(plan, context),
        *_laying(plan),
    )


def _vessels(plan: ThreadPlan, context: Context) -> Iterator[Finding]:
    """Say what is known of vessels."""
    if plan.vessels_from == "live view":
        yield from _coarse(context)
        return
    if plan.vessels_from == "angiogram" and context.before is not None:
        smallest = context.before.smallest_diameter_mm
        yield Finding(
            code="VESSELS_FROM_ANGIOGRAM",
            severity=Severity.WARN,
            message=f"Only vessels wider than {smallest:.2g} mm are known; most vessels of the cortex are "
            "narrower. Every site is provisional until the live image.",
            value=smallest,
            unit="mm",
        )
    else:
        yield Finding(
            code="VESSELS_UNKNOWN",
            severity=Severity.WARN,
            message="There is neither a live view nor an angiogram: no vessel is known. Every site is "
            "provisional until the live image.",
        )
    yield Finding(
        code="SITES_PROVISIONAL",
        severity=Severity.WARN,
        message=f"Scan and exposed cortex agree to about {context.settings.surface_shift_mm:g} mm, many "
        "times a thread's margin. The sites show what may fit, not where to insert.",
        value=context.margin.sd_mm,
        limit=context.margin.vessel_mm,
        unit="mm",
        source="corticalregistration2016",
    )


def _coarse(context: Context) -> Iterator[Finding]:
    """Say when the live view is too coarse for the narrowest vessels."""
    narrowest, least = context.settings.vessels.narrowest_um, context.margin.least_width_um
    if least is not None and least > narrowest:
        yield Finding(
            code="LIVE_VIEW_COARSE",
            severity=Severity.WARN,
            message="In this view the calibration of the marks holds for vessels at least so wide; narrower "
            "ones may be missed. More is marked than in a finer view, so that they seldom are.",
            value=least,
            limit=narrowest,
            unit="um",
        )


def _published(plan: ThreadPlan, context: Context) -> Iterator[Finding]:
    """Hold the plan against published limits, whatever margin the settings ask for."""
    clearance, spacing = context.limits.vessel_clearance_um, context.limits.thread_spacing_um
    if context.vessel_um is not None and context.vessel_um < clearance.value - _ROUNDING_UM:
        yield Finding(
            code="VESSEL_CLEARANCE_BELOW_LIMIT",
            severity=_severity(clearance),
            message="A thread enters nearer to a known vessel than the published distance; the margin that "
            "the settings ask for is smaller.",
            value=context.vessel_um,
            limit=clearance.value,
            unit="um",
            source=clearance.source,
        )
    reached = plan.smallest_spacing_um
    if reached is not None and reached < spacing.value - _ROUNDING_UM:
        yield Finding(
            code="THREAD_SPACING_BELOW_LIMIT",
            severity=_severity(spacing),
            message="Two threads enter nearer to each other than the published spacing; the device's own is "
            "smaller.",
            value=reached,
            limit=spacing.value,
            unit="um",
            source=spacing.source,
        )


def _severity(limit: Sourced) -> Severity:
    """Only a limit that was read in its source forbids; what was recalled asks for a person's judgement."""
    return Severity.BLOCK if limit.confidence is Confidence.READ else Severity.WARN


def _bleeding(plan: ThreadPlan) -> Iterator[Finding]:
    """Hold the hits to expect against what is accepted over the array."""
    if plan.bleeding is None or plan.bleeding.spent <= plan.bleeding.budget:
        return
    yield Finding(
        code="BLEED_BUDGET_EXCEEDED",
        severity=Severity.WARN,
        message=f"Over all threads the chance of meeting a known vessel is more than is accepted; "
        f"{plan.bleeding.mean:.2g} hits are expected (95 % of arrays: {plan.bleeding.low} to "
        f"{plan.bleeding.high}).",
        value=-math.expm1(-plan.bleeding.spent),
        limit=plan.bleeding.limit_fraction,
        unit="1",
        source="assumed",
    )


def _count(plan: ThreadPlan, context: Context) -> Iterator[Finding]:
    """Say whether all threads fit, and how good the plan is proven to be."""
    placed = len(plan.threads)
    if placed < plan.threads_asked and context.refused:
        binding = max(context.refused, key=lambda name: context.refused[name])
        area_mm2 = (plan.candidate_spacing_um / UM_PER_MM) ** 2
        shares = ", ".join(f"{name} {count * area_mm2:.1f} mm2" for name, count in context.refused.items())
        yield Finding(
            code="THREADS_DO_NOT_FIT",
            severity=Severity.WARN,
            message=f"{placed} of {plan.threads_asked} threads fit (at most {context.count_bound} are proven "
            f"possible). What binds most: {binding}. Refused area: {shares}. Free area: "
            f"{plan.candidate_count * area_mm2:.1f} mm2.{_relaxed(context.reliefs)}",
            value=placed,
            limit=plan.threads_asked,
            unit="1",
        )
    if plan.gap_fraction is not None and plan.gap_fraction > _LARGE_GAP_FRACTION:
        yield Finding(
            code="PLAN_FAR_FROM_BOUND",
            severity=Severity.NOTE,
            message="The plan is not proven to be near the best one; a longer search may find better.",
            value=plan.gap_fraction,
            limit=_LARGE_GAP_FRACTION,
            unit="1",
        )
    hidden = _hidden_fraction(context)
    if plan.vessels_from == "live view" and hidden > _HIDDEN_FRACTION:
        yield Finding(
            code="LIVE_VIEW_PARTLY_BLIND",
            severity=Severity.WARN,
            message="Much of the exposed cortex cannot be judged in the picture (glare, darkness, or beyond "
            "its edge); no thread is placed there.",
            value=hidden,
            limit=_HIDDEN_FRACTION,
            unit="1",
        )


def _relaxed(reliefs: tuple[Relief, ...]) -> str:
    """Say in words what relaxing each limit would give."""
    parts = (
        f"with {each.limit} {each.found_count}"
        + (f" to {each.count_bound}" if each.count_bound > each.found_count else "")
        for each in reliefs
    )
    return f" Threads that would fit: {'; '.join(parts)}." if reliefs else ""


def _threads(plan: ThreadPlan, context: Context) -> Iterator[Finding]:
    """Judge lengths and value."""
    length = context.device.threads.length_mm
    longest = max((thread.length_needed_mm for thread in plan.threads), default=0.0)
    if longest > length.value:
        yield Finding(
            code="THREAD_TOO_SHORT",
            severity=Severity.BLOCK,
            message="A thread with its slack for brain motion is longer than the device's.",
            value=longest,
            limit=length.value,
            unit="mm",
            source=length.source,
        )
    mean = sum(thread.value for thread in plan.threads) / len(plan.threads) if plan.threads else 0.0
    if mean < _LOW_VALUE:
        yield Finding(
            code="FUNCTIONAL_VALUE_LOW",
            severity=Severity.WARN,
            message="The threads lie where the hand map shows little; check the opening against it.",
            value=mean,
            limit=_LOW_VALUE,
            unit="1",
            source="assumed",
        )


def _laying(plan: ThreadPlan) -> Iterator[Finding]:
    """Judge crossings and order."""
    if plan.crossings:
        yield Finding(
            code="THREADS_CROSS",
            severity=Severity.BLOCK,
            message="Threads cross between anchor and cortex.",
            value=plan.crossings,
            limit=0,
            unit="1",
        )
    if plan.under_laid:
        yield Finding(
            code="INSERTION_UNDER_THREAD",
            severity=Severity.WARN,
            message="Some sites lie beside a thread that is laid before them; no order avoids this.",
            value=plan.under_laid,
            limit=0,
            unit="1",
        )


def _hidden_fraction(context: Context) -> float:
    """Estimate which share of the dura's opening, rim aside, no thread may use."""
    obstacles = context.obstacles
    rows, columns = obstacles.outside.shape
    y, x = (
        (axis - (length - 1) / 2) / ((length - 1) / 2)
        for axis, length in zip(obstacles.outside.nonzero(), (rows, columns), strict=True)
    )
    # The map reaches half a millimetre beyond the dura's edge; a circle of 0.85 lies within the rim.
    inner = 0.85
    within = int((x * x + y * y <= inner * inner).sum())
    return within / (math.pi / 4 * inner * inner * rows * columns)
