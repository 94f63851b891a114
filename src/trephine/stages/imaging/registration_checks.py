# SPDX-License-Identifier: Apache-2.0
"""Whether a further scan's pose may be used, and what a person must know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.core.findings import Finding, Severity
from trephine.kernels.registration.pose_evidence import PoseEvidence
from trephine.kernels.registration.rigid import RigidFit
from trephine.model.scan import Scan
from trephine.stages.imaging.settings import Settings

_LEAST_INSIDE_FRACTION = 0.8
_HEADER_OFFSET_NOTED_MM = 3.0
_SURE = 3.0
"""A stretch counts when it is this many of its own standard deviations from none."""

Judged = tuple[str, tuple[Finding, ...]]
"""Why a scan is not used (empty when it is), and findings."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What a registration ended with.

    Parameters
    ----------
    signal_fraction
        Share of the scan's voxels above its background.
    inside_fraction
        Share of its signal that comes to lie within the head; of a scan with next to no signal, that its
        header alone puts inside the skull.
    fit, evidence
        The search, and what the blocks say; absent where they found too little.
    errors_mm
        Standard deviation of a brain point, and 95 % bounds of the mean and the largest error.
    correction_mm
        How far the blocks moved the pose that the search ended with.
    header_offset_mm, header_offset_rad
        How far the header was off.
    """

    signal_fraction: float
    inside_fraction: float = 0.0
    fit: RigidFit | None = None
    evidence: PoseEvidence | None = None
    errors_mm: tuple[float, float, float] | None = None
    correction_mm: float = 0.0
    header_offset_mm: float = 0.0
    header_offset_rad: float = 0.0


def empty(given: Scan, seen: Seen, settings: Settings) -> Judged:
    """Refuse a scan with next to no signal."""
    reason = (
        f"almost all of it is zero, and such a scan fits a T1 in several ways (its header puts "
        f"{100 * seen.inside_fraction:.0f} % of its signal inside the skull; the picture shows it there)"
    )
    limit = settings.least_signal_fraction
    return reason, (_not_used(given, reason, seen.signal_fraction, limit, "1"),)


def judge(given: Scan, seen: Seen, settings: Settings) -> Judged:
    """Hold a registration against the limits.

    Parameters
    ----------
    given
        The scan.
    seen
        What was found.
    settings
        The limits.

    Returns
    -------
    tuple
        Why it is not used, and findings: a scan left out is a ``warn``, one that shows another head and one
        that is used although it is poorly placed are a ``block``.
    """
    evidence = seen.evidence
    if seen.inside_fraction < _LEAST_INSIDE_FRACTION:
        reason = "its best pose lies outside the head"
        value = (seen.inside_fraction, _LEAST_INSIDE_FRACTION, "1")
        return reason, (_not_used(given, reason, *value),)
    if evidence is None or seen.errors_mm is None:
        reason = "it shows too little detail that the T1 shows too, so its pose cannot be checked"
        return reason, (_not_used(given, reason, 0.0, 1.0, "1"),)
    answer = whose_head(evidence, settings)
    if answer == "another":
        return "it does not show the same head", (_another(given, evidence, settings),)
    mean_mm = seen.errors_mm[1]
    if max(mean_mm, seen.correction_mm) > settings.largest_registration_error_mm:
        reason = "its parts do not agree about the pose"
        limit = settings.largest_registration_error_mm
        return reason, (_not_used(given, reason, max(mean_mm, seen.correction_mm), limit, "mm"),)
    return "", tuple(
        finding
        for finding in (
            _doubtful(given, evidence, settings) if answer == "doubtful" else None,
            _poor(given, mean_mm, settings),
            _offset(given, seen),
        )
        if finding is not None
    )


def whose_head(evidence: PoseEvidence, settings: Settings) -> Literal["same", "doubtful", "another"]:
    """Say whether a scan shows the same head.

    Parameters
    ----------
    evidence
        What its blocks say.
    settings
        The limits.

    Returns
    -------
    str
        ``another`` when difference or stretch surely exceed their limits, ``same`` when neither can,
        ``doubtful`` when the data do not tell.
    """
    low_mm, high_mm = evidence.difference_mm
    stretch, error = evidence.stretch_fraction, evidence.stretch_error_fraction
    stretch_limit = settings.largest_stretch_fraction
    if low_mm > settings.largest_difference_mm or stretch - _SURE * error > stretch_limit:
        return "another"
    return "doubtful" if high_mm > settings.largest_difference_mm or stretch > stretch_limit else "same"


def _doubtful(given: Scan, evidence: PoseEvidence, settings: Settings) -> Finding:
    low_mm, high_mm = evidence.difference_mm
    by_shape = high_mm > settings.largest_difference_mm
    return Finding(
        code="SCAN_MAY_BE_OF_ANOTHER_HEAD",
        severity=Severity.WARN,
        message=f"Whether the {given.kind} scan shows the head in the planning T1 cannot be told from its "
        f"shape: beyond noise its parts lie {low_mm:.1f} to {high_mm:.1f} mm from where a rigid map puts "
        f"them, and it fits best when stretched by {100 * evidence.stretch_fraction:.1f} %. Look at its "
        "picture before you approve its registration: do single sulci, the ventricles' corners and the "
        "skull's inner edge run on where the squares meet? If they do not, reject it.",
        value=high_mm if by_shape else evidence.stretch_fraction,
        limit=settings.largest_difference_mm if by_shape else settings.largest_stretch_fraction,
        unit="mm" if by_shape else "1",
        source="assumed",
    )


def _another(given: Scan, evidence: PoseEvidence, settings: Settings) -> Finding:
    low_mm, high_mm = evidence.difference_mm
    by_shape = low_mm > settings.largest_difference_mm
    return Finding(
        code="SCAN_OF_ANOTHER_HEAD",
        severity=Severity.BLOCK,
        message=f"The {given.kind} scan has not the shape of the head in the planning T1: beyond noise its "
        f"parts lie {low_mm:.1f} to {high_mm:.1f} mm from where a rigid map puts them, and it fits best when "
        f"stretched by {100 * evidence.stretch_fraction:.1f} %. It is another person's, or its voxel sizes "
        "are wrong. It is not used.",
        value=low_mm if by_shape else evidence.stretch_fraction,
        limit=settings.largest_difference_mm if by_shape else settings.largest_stretch_fraction,
        unit="mm" if by_shape else "1",
        source="assumed",
    )


def _poor(given: Scan, mean_mm: float, settings: Settings) -> Finding | None:
    if mean_mm <= settings.poor_registration_mm:
        return None
    return Finding(
        code="REGISTRATION_POOR",
        severity=Severity.BLOCK,
        message=f"Where the {given.kind} scan lies on the planning T1 is known to {mean_mm:.1f} mm only, "
        "and what was taken from it is used.",
        value=mean_mm,
        limit=settings.poor_registration_mm,
        unit="mm",
        source="assumed",
    )


def _offset(given: Scan, seen: Seen) -> Finding | None:
    if seen.header_offset_mm <= _HEADER_OFFSET_NOTED_MM:
        return None
    return Finding(
        code="HEADER_MISALIGNED",
        severity=Severity.NOTE,
        message=f"The header of the {given.kind} scan placed it {seen.header_offset_mm:.1f} mm off; "
        "registration corrected it.",
        value=seen.header_offset_mm,
        limit=_HEADER_OFFSET_NOTED_MM,
        unit="mm",
        source="assumed",
    )


def _not_used(given: Scan, reason: str, value: float, limit: float, unit: str) -> Finding:
    return Finding(
        code="SCAN_NOT_REGISTERED",
        severity=Severity.WARN,
        message=f"The {given.kind} scan is not used: {reason}, "
        "so where it lies on the planning T1 is not known.",
        value=float(value),
        limit=float(limit),
        unit=unit,
        source="assumed",
    )
