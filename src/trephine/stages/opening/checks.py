# SPDX-License-Identifier: Apache-2.0
"""What is noticed about an opening."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.findings import Finding, Severity
from trephine.core.frames import SCANNER
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.opening import Opening
from trephine.stages.opening.settings import Settings
from trephine.stages.opening.surroundings import LARGE_VESSEL_MM

_BELOW_FOOT_MM = 6.0
_LIKELY = 0.05
"""A chance above this is told; assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """What the judgement needs beside the opening."""

    anatomy: Anatomy
    angiogram: Angiogram | None
    device: Device
    settings: Settings


def findings(opening: Opening, context: Context) -> tuple[Finding, ...]:
    """Judge an opening against its limits."""
    return (
        *_bone(opening, context),
        *_sinus(opening, context.settings),
        *_place(opening, context.settings),
        *_vessels(opening, context),
        *_dura(opening),
        *_yield(opening),
        *_user_limits(opening, context.settings),
    )


def _bone(opening: Opening, context: Context) -> Iterator[Finding]:
    """Judge the thickness of the bone."""
    body = context.device.body
    need = body.thickness_mm.value - body.bump_mm.value
    needed = (
        f"the body, {body.thickness_mm.value:g} mm thick with a bump of {body.bump_mm.value:g} mm, needs "
        f"{need:.1f} mm, or it presses on the dura."
    )
    # Without a CT the mean is only the middle of what the T1 allows: then the interval must decide.
    judged_mm = opening.bone_thickness_mean_mm if opening.is_bone_measured else opening.bone_high_mm
    if judged_mm < need:
        yield Finding(
            code="BONE_THINNER_THAN_IMPLANT",
            severity=Severity.WARN,
            message=f"The bone is {_bone_words(opening)}; {needed}",
            value=judged_mm,
            limit=need,
            unit="mm",
            source=body.thickness_mm.source,
        )
    elif not opening.is_bone_measured and opening.bone_low_mm < need:
        yield Finding(
            code="BONE_THICKNESS_UNKNOWN",
            severity=Severity.UNKNOWN,
            message=f"The bone is {_bone_words(opening)}; {needed}",
        )
    yield from _fit(opening, context)


def _fit(opening: Opening, context: Context) -> Iterator[Finding]:
    """Judge how the skull's face meets the flat foot."""
    if opening.skull_fit_rms_mm > context.settings.fit_limit_mm:
        yield Finding(
            code="SKULL_FITS_POORLY",
            severity=Severity.WARN,
            message="The skull is curved more than the implant's flat foot allows without sculpting bone.",
            value=opening.skull_fit_rms_mm,
            limit=context.settings.fit_limit_mm,
            unit="mm",
            source="assumed",
        )


def _bone_words(opening: Opening) -> str:
    if opening.is_bone_measured:
        return f"{opening.bone_thickness_mean_mm:.1f} mm thick on average"
    return (
        f"between {opening.bone_low_mm:.1f} and {opening.bone_high_mm:.1f} mm thick, as far as a T1 can tell"
    )


def _sinus(opening: Opening, settings: Settings) -> Iterator[Finding]:
    """Judge how far the bone's opening keeps from the zone of a dural sinus."""
    clearance = opening.sinus_clearance_mm
    if clearance is None or clearance >= settings.sinus_warn_mm:
        return
    is_blocked = clearance < settings.sinus_block_mm
    where = f"reaches {-clearance:.1f} mm into" if clearance < 0 else f"comes within {clearance:.1f} mm of"
    yield Finding(
        code="OPENING_NEAR_SINUS",
        severity=Severity.BLOCK if is_blocked else Severity.WARN,
        message=f"The craniectomy {where} a dural sinus: the zone in which it must be expected from "
        "anatomy, or a vessel as wide in the angiogram, two standard deviations of its place included.",
        value=clearance,
        limit=settings.sinus_block_mm if is_blocked else settings.sinus_warn_mm,
        unit="mm",
        source="assumed",
    )


def _place(opening: Opening, settings: Settings) -> Iterator[Finding]:
    """Judge midline, target and tilt."""
    distance = opening.midline_distance_mm
    if distance < settings.midline_warn_mm:
        is_blocked = distance < settings.midline_block_mm
        limit = settings.midline_block_mm if is_blocked else settings.midline_warn_mm
        yield Finding(
            code="OPENING_NEAR_MIDLINE",
            severity=Severity.BLOCK if is_blocked else Severity.WARN,
            message=f"The craniectomy comes within {distance:.1f} mm of the midline, where the superior "
            "sagittal sinus and its tributaries lie.",
            value=distance,
            limit=limit,
            unit="mm",
            source="assumed",
        )
    if opening.target_offset_mm > settings.target_limit_mm:
        yield Finding(
            code="TARGET_OFF_AXIS",
            severity=Severity.WARN,
            message="The centre of the hand area lies away from the implant's axis, because bone, midline or "
            "sulci speak against the pose straight above it.",
            value=opening.target_offset_mm,
            limit=settings.target_limit_mm,
            unit="mm",
            source="assumed",
        )
    if opening.tilt_rad > settings.tilt_limit_rad:
        yield Finding(
            code="IMPLANT_TILTED",
            severity=Severity.WARN,
            message="The implant's axis is far from the cortex normal, so needles would enter aslant.",
            value=opening.tilt_rad,
            limit=settings.tilt_limit_rad,
            unit="rad",
            source="assumed",
        )


def _vessels(opening: Opening, context: Context) -> Iterator[Finding]:
    """Judge what is known of vessels under the bone to remove."""
    angiogram = context.angiogram
    if angiogram is None:
        return
    diameter = _largest_under_mm(opening, angiogram, context)
    if diameter > 0:
        yield Finding(
            code="VESSEL_UNDER_OPENING",
            severity=Severity.WARN if diameter >= LARGE_VESSEL_MM else Severity.NOTE,
            message=f"A vessel about {diameter:.1f} mm wide lies under the bone to remove; open the dura "
            "with it in view.",
            value=diameter,
            limit=LARGE_VESSEL_MM,
            unit="mm",
            source="assumed",
        )


def _largest_under_mm(opening: Opening, angiogram: Angiogram, context: Context) -> float:
    """Estimate the widest vessel between the skull and the cortex under the craniectomy; 0 without any."""
    values, grid = angiogram.vessels.values, angiogram.vessels.grid
    centre = opening.pose.matrix[:3, 3]
    reach = context.device.body.width_mm.value
    middle = grid.ijk_of(centre[None])[0]
    half = reach / np.array(grid.voxel_mm) + 1
    low = np.clip(np.floor(middle - half), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(middle + half) + 1, 0, grid.shape).astype(int)
    part = values[low[0] : high[0], low[1] : high[1], low[2] : high[2]] > 0
    index = np.argwhere(part)
    if not len(index):
        return 0.0
    place = opening.pose.inverse()(grid.mm_of(index + low), frame=SCANNER)
    radius = context.device.body.width_mm.value / 2 + context.settings.bone_clearance_mm
    depth = -place[:, 2]
    under = (np.hypot(place[:, 0], place[:, 1]) <= radius) & (depth <= _BELOW_FOOT_MM)
    if not under.any():
        return 0.0
    distance = ndimage.distance_transform_edt(part, sampling=grid.voxel_mm)
    return 2 * float(distance[tuple(index[under].T)].max())


def _dura(opening: Opening) -> Iterator[Finding]:
    """Judge the cut in the dura, or say what it means that there is none."""
    if opening.flap is None:
        yield Finding(
            code="DURA_LEFT_CLOSED",
            severity=Severity.UNKNOWN,
            message="The dura is left closed and the threads go through it. Vessels under it are not seen in "
            "white light, and whether the needle passes the dura is not judged here.",
        )
    elif (opening.flap.vessel_cut_mm or 0.0) > 0:
        yield Finding(
            code="FLAP_OVER_VESSEL",
            severity=Severity.WARN,
            message=f"The cut in the dura runs over known vessels for {opening.flap.vessel_cut_mm:.1f} mm, "
            "whichever way its hinge is turned.",
            value=opening.flap.vessel_cut_mm,
            limit=0.0,
            unit="mm",
            source="assumed",
        )


def _yield(opening: Opening) -> Iterator[Finding]:
    """Judge what the opening is expected to yield."""
    expected = opening.expected
    if expected is None:
        return
    if expected.short_probability > _LIKELY:
        yield Finding(
            code="THREADS_MAY_NOT_FIT",
            severity=Severity.WARN,
            message=f"On the day there may not be room for all {expected.threads_asked} threads: in "
            f"{100 * expected.short_probability:.0f} of 100 scenarios fewer fit.",
            value=expected.short_probability,
            limit=_LIKELY,
            unit="1",
            source="assumed",
        )
    if expected.missed_probability > _LIKELY:
        yield Finding(
            code="HAND_MAY_LIE_OUTSIDE",
            severity=Severity.WARN,
            message=f"In {100 * expected.missed_probability:.0f} of 100 scenarios the centre of the hand "
            "area lies outside the dura's opening.",
            value=expected.missed_probability,
            limit=_LIKELY,
            unit="1",
            source="assumed",
        )


def _user_limits(opening: Opening, settings: Settings) -> Iterator[Finding]:
    """Judge the limits that only the user knows: hair line and cable."""
    gap = opening.incision.hairline_clearance_mm if opening.incision else None
    if gap is None:
        yield Finding(
            code="HAIRLINE_NOT_GIVEN",
            severity=Severity.UNKNOWN,
            message="No hair line was given: whether the scalp incision lies behind it is not known.",
        )
    elif gap < settings.hairline_gap_mm:
        where = f"{-gap:.0f} mm before" if gap < 0 else f"only {gap:.0f} mm behind"
        yield Finding(
            code="INCISION_NEAR_HAIRLINE",
            severity=Severity.WARN,
            message=f"The scalp incision comes {where} the hair line.",
            value=gap,
            limit=settings.hairline_gap_mm,
            unit="mm",
            source="assumed",
        )
    needed, length = opening.cable_needed_mm, settings.cable_length_mm
    if needed is not None and length is None:
        yield Finding(
            code="CABLE_LENGTH_NOT_GIVEN",
            severity=Severity.UNKNOWN,
            message=f"The cable's end lies {needed:.0f} mm from the implant's edge; its length is not given.",
        )
    elif needed is not None and length is not None and needed > length:
        yield Finding(
            code="CABLE_TOO_SHORT",
            severity=Severity.WARN,
            message="The cable does not reach its end even in a straight line.",
            value=needed,
            limit=length,
            unit="mm",
            source="settings",
        )
