# SPDX-License-Identifier: Apache-2.0
"""Lay every further scan on the planning T1, and refuse what cannot be laid there with trust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask3
from trephine.core.findings import Finding, Severity
from trephine.core.frames import SCANNER, Affine
from trephine.kernels.registration.images import Sampled, resampled, upright
from trephine.kernels.registration.rigid import RigidFit, register_rigid, turn_and_shift
from trephine.kernels.segmentation.masks import foreground, grown
from trephine.model.registration import Registration
from trephine.model.scan import Scan
from trephine.model.volume import Volume
from trephine.stages.imaging.head import Head
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.template_fit import sampled_of

_AIR_HU = -200.0
_DENSE_HU = 1000.0
_RIM_MM = 6.0
_COMPARED_MM = 2.0
_LEAST_OBJECT_MM3 = 5.0e4
_LEAST_INSIDE_FRACTION = 0.8
_HEADER_OFFSET_NOTED_MM = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A scan's pose and what was noticed.

    Parameters
    ----------
    registration
        The pose, trusted or not.
    findings
        Why it is not trusted, or how far its header was off.
    """

    registration: Registration
    findings: tuple[Finding, ...]


def place(given: Scan, head: Head, settings: Settings) -> Placed:
    """Register a further scan of the same head to the planning T1.

    Parameters
    ----------
    given
        In its own frame.
    head
        The planning T1.
    settings
        Limits of trust.

    Returns
    -------
    Placed
        With ``is_trusted`` false and a finding that says why, when any limit is broken.
    """
    scan, is_ct = given.volume, given.kind.is_hounsfield
    source = sampled_of(scan)
    shown = np.clip(source.values, _AIR_HU, _DENSE_HU) - _AIR_HU if is_ct else np.maximum(source.values, 0.0)
    source = upright(Sampled(values=shown, affine_mm=source.affine_mm), _COMPARED_MM)
    signal_fraction = float(np.mean(scan.values > (_AIR_HU if is_ct else 0.0)))
    mask = foreground(source.values, source.voxel_mm)
    name = str(scan.grid.frame)
    if signal_fraction < settings.least_signal_fraction or mask.sum() * _COMPARED_MM**3 < _LEAST_OBJECT_MM3:
        return Placed(
            registration=_registration(scan, np.eye(4), 0.0, (0.0, 0.0), is_trusted=False),
            findings=(_empty_scan(name, signal_fraction, settings),),
        )
    fit = register_rigid(source, grown(mask, _RIM_MM, source.voxel_mm), head.t1, head.mask)
    inside_fraction = _inside_fraction(fit, source, mask, head)
    return _judged(scan, fit, inside_fraction, _offset(fit, source, mask), settings)


def _offset(fit: RigidFit, source: Sampled, mask: Mask3) -> tuple[float, float]:
    """Return how far the header was off: mean shift in mm and turn in rad."""
    where = np.argwhere(mask)[:: max(1, int(mask.sum()) // 300)]
    points = where @ source.affine_mm[:3, :3].T + source.affine_mm[:3, 3]
    turn_rad, shift_mm = turn_and_shift(fit.target_from_source, points)
    return shift_mm, turn_rad


def _inside_fraction(fit: RigidFit, source: Sampled, mask: Mask3, head: Head) -> float:
    """Return the share of the scan's signal that comes to lie within the head."""
    i, j, k = source.values.shape
    target = Sampled(
        values=grown(head.coarse_mask, _RIM_MM, head.coarse.voxel_mm).astype(np.float32),
        affine_mm=head.coarse.affine_mm,
    )
    covered = resampled(target, source.affine_mm, (i, j, k), source_from_target=fit.target_from_source)
    return float((covered.values[mask] > 0.5).mean())


def _registration(
    scan: Volume, matrix: AnyArray, error_mm: float, offset: tuple[float, float], *, is_trusted: bool
) -> Registration:
    return Registration(
        moving=str(scan.grid.frame),
        scanner_from_moving=Affine(target=SCANNER, source=scan.grid.frame, matrix=matrix),
        error_mm=error_mm,
        header_offset_mm=offset[0],
        header_offset_rad=offset[1],
        is_trusted=is_trusted,
    )


def _judged(
    scan: Volume, fit: RigidFit, inside_fraction: float, offset: tuple[float, float], settings: Settings
) -> Placed:
    """Hold a fit against the limits."""
    name = str(scan.grid.frame)
    findings = []
    if fit.error_mm > settings.largest_registration_error_mm:
        findings.append(
            _not_used(
                name, "its two halves disagree", fit.error_mm, settings.largest_registration_error_mm, "mm"
            )
        )
    if fit.agreeing_starts < settings.least_agreeing_starts:
        findings.append(
            _not_used(
                name,
                "too few starts arrive at one pose",
                fit.agreeing_starts,
                settings.least_agreeing_starts,
                "1",
            )
        )
    if inside_fraction < _LEAST_INSIDE_FRACTION:
        findings.append(
            _not_used(
                name, "its best pose lies outside the head", inside_fraction, _LEAST_INSIDE_FRACTION, "1"
            )
        )
    is_trusted = not findings
    if is_trusted and offset[0] > _HEADER_OFFSET_NOTED_MM:
        findings.append(
            Finding(
                code="HEADER_MISALIGNED",
                severity=Severity.NOTE,
                message=f"The header of the {name} scan placed it {offset[0]:.1f} mm off; "
                "registration corrected it.",
                value=offset[0],
                limit=_HEADER_OFFSET_NOTED_MM,
                unit="mm",
                source="assumed",
            )
        )
    registration = _registration(scan, fit.target_from_source, fit.error_mm, offset, is_trusted=is_trusted)
    return Placed(registration=registration, findings=tuple(findings))


def _not_used(name: str, reason: str, value: float, limit: float, unit: str) -> Finding:
    return Finding(
        code="SCAN_NOT_REGISTERED",
        severity=Severity.WARN,
        message=f"The {name} scan is not used: {reason}, so where it lies on the planning T1 is not known.",
        value=float(value),
        limit=float(limit),
        unit=unit,
        source="assumed",
    )


def _empty_scan(name: str, signal_fraction: float, settings: Settings) -> Finding:
    return _not_used(name, "almost all of it is zero", signal_fraction, settings.least_signal_fraction, "1")
