# SPDX-License-Identifier: Apache-2.0
"""Plan the import of a folder of DICOM files."""

from __future__ import annotations

import numpy as np

from trephine.core.errors import FormatError, InputError
from trephine.core.findings import Finding, Severity
from trephine.formats.dicom.convert import Converted, convert
from trephine.formats.dicom.geometry import geometry_of
from trephine.formats.dicom.kind import Kind, judge, spoken
from trephine.formats.dicom.order import Ordered, ordered
from trephine.formats.dicom.person import Person, persons_of
from trephine.formats.dicom.picture import Picture
from trephine.formats.dicom.sidecar import allowed, stated
from trephine.formats.dicom.stacks import Stack, sort_into_stacks
from trephine.pipeline.intake.request import Line, Request
from trephine.pipeline.intake.scan import ASIDE, IMPORT, REFUSED, Planned, Scan


def the_person(pictures: tuple[Picture, ...], request: Request) -> Person:
    """Choose the person to import.

    Raises
    ------
    InputError
        If there are several and none is chosen, or the chosen one is not there.
    """
    persons = persons_of(pictures)
    if len(persons) == 1 and request.person in (None, 1):
        return persons[0]
    if request.person is not None and 1 <= request.person <= len(persons):
        return persons[request.person - 1]
    folders = [
        f"{number}: {len(person.pictures)} pictures, first in {person.pictures[0].path.parent.name}"
        for number, person in enumerate(persons, start=1)
    ]
    raise InputError.because(
        where=str(request.source),
        found=f"scans of {len(persons)} persons, by PatientID, name and birth date ({'; '.join(folders)})",
        expected="one person" if request.person is None else f"a person {request.person} of {len(persons)}",
        remedy="Give a folder with one person's scans, or choose by --person NUMBER. "
        "If they are one person under two names, correct that at the archive first.",
    )


def plan_dicom(person: Person, request: Request) -> list[Planned]:
    """Sort a person's pictures into lines of the table."""
    stacks = sort_into_stacks(person.pictures)
    return [_planned(number, stack, request) for number, stack in enumerate(stacks, start=1)]


def _planned(number: int, stack: Stack, request: Request) -> Planned:
    wish = request.wishes.get(number)
    reference = stack.first.frame_of_reference
    if number in request.skipped:
        return Planned(line=_line(number, stack, kind=Kind.UNKNOWN, reason="skipped as asked", fate=ASIDE))
    if stack.aside and wish is None:
        return Planned(line=_line(number, stack, kind=Kind.UNKNOWN, reason=stack.aside, fate=ASIDE))
    try:
        order, findings = ordered(stack)
        geometry = geometry_of(order)
    except InputError as error:
        line = _line(number, stack, kind=wish.kind if wish else Kind.UNKNOWN, reason=str(error), fate=REFUSED)
        return Planned(line=line, refusal=str(error))
    judged = judge(order)
    kind, reason = (wish.kind, "as told") if wish else (judged.kind, judged.reason)
    step_mm = geometry.step_mm
    line = _line(
        number, stack, kind=kind, reason=reason, fate=ASIDE if kind is Kind.UNKNOWN else IMPORT,
        volumes=len(order.pictures), step_mm=(float(step_mm.min()), float(step_mm.max())), findings=findings,
    )  # fmt: skip
    task = (wish.task if wish else None) or request.task
    return Planned(
        line=line,
        frame_of_reference=reference,
        task=task,
        load=lambda scratch: _scan(order, convert(order, scratch), kind),
    )


def _line(
    number: int, stack: Stack, *, kind: Kind, reason: str, fate: str, volumes: int = 1,
    step_mm: tuple[float, float] | None = None, findings: tuple[Finding, ...] = (),
) -> Line:  # fmt: skip
    header = stack.first.header
    scanner = header.integer("SeriesNumber")
    return Line(
        number=number,
        scanner_number="" if scanner is None else str(scanner),
        words=spoken(header),
        slices=len(stack.pictures) // volumes,
        volumes=volumes,
        voxel_mm=_voxel(stack.first, step_mm),
        kind=kind,
        reason=reason,
        fate=fate,
        findings=findings,
    )


def _voxel(picture: Picture, step_mm: tuple[float, float] | None) -> str:
    if picture.spacing_mm is None:
        return "unknown"
    plane = f"{picture.spacing_mm[1]:.3g} x {picture.spacing_mm[0]:.3g}"
    if step_mm is None:
        return plane
    is_even = step_mm[1] - step_mm[0] < 0.05 * step_mm[1]
    return f"{plane} x " + (f"{step_mm[1]:.3g}" if is_even else f"{step_mm[0]:.3g} to {step_mm[1]:.3g}")


def _scan(order: Ordered, made: Converted, kind: Kind) -> Scan:
    header = order.first.header
    sidecar = {**stated(header), **allowed(made.sidecar)}
    if kind in (Kind.CT, Kind.CTA):
        sidecar["Units"] = "HU"
        _check_hounsfield(made)
    return Scan(
        values=made.values, affine_mm=made.affine_mm, sidecar=sidecar, findings=(*_evened(made), _held(made))
    )


def _check_hounsfield(made: Converted) -> None:
    """Refuse a CT without air or bone: its numbers are not what they should be."""
    low, high = (float(part) for part in np.percentile(made.values, (1.0, 99.9)))
    if low < -500.0 and high > 300.0:
        return
    raise FormatError.because(
        where="CT values",
        found=f"values from {low:.0f} to {high:.0f} (1st and 99.9th percentile)",
        expected="Hounsfield units of a head with air around it (below -500) and bone (above 300)",
        remedy="Export the series anew with its rescale slope and intercept.",
    )


def _evened(made: Converted) -> list[Finding]:
    geometry, findings = made.geometry, []
    if not geometry.is_upright:
        findings.append(
            Finding(
                code="GANTRY_TILT_CORRECTED",
                severity=Severity.NOTE,
                message="The slices are shifted against each other (gantry tilt); the image was brought to "
                "right angles, with every point at its true place.",
                value=round(float(np.rad2deg(geometry.tilt_rad)), 2),
                unit="deg",
            )
        )
    if not geometry.is_even:
        low, high = float(geometry.step_mm.min()), float(geometry.step_mm.max())
        findings.append(
            Finding(
                code="SLICES_EVENED",
                severity=Severity.WARN,
                message=f"The slices lie {low:.1f} to {high:.1f} mm apart. The image has even slices, linear "
                "in between: it shows no more detail than the slices do.",
                value=round(high, 2),
                unit="mm",
            )
        )
    return findings


def _held(made: Converted) -> Finding:
    found = made.agreement
    return Finding(
        code="CONVERSION_AGREES",
        severity=Severity.NOTE,
        message=f"Made by {made.converter} and held against the slices: {found.agreeing_share:.2%} of "
        f"{found.points} points have the slices' own value at their place.",
        value=round(100.0 * found.agreeing_share, 2),
        limit=99.5,
        unit="percent",
        source="assumed",
    )
