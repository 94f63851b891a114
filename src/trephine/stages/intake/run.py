# SPDX-License-Identifier: Apache-2.0
"""Take the face away from every scan of one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import Matrix4
from trephine.core.progress import Progress, silent
from trephine.kernels.registration.rigid import register_rigid
from trephine.kernels.segmentation.masks import grown
from trephine.model.template import Template
from trephine.model.volume import Volume
from trephine.stages.intake.face import Guard, face_mask
from trephine.stages.intake.head import Head, HeadFit, fit_head, head_of, template_brain

_AIR_HU = -1024.0
_LARGEST_POSE_ERROR_MM = 3.0
"""Of a scan laid on another to share its face: a third of the margin that is kept. Assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadScan:
    """A scan that may show a face.

    Parameters
    ----------
    volume
        In scanner coordinates.
    is_hounsfield
        Whether it is a CT.
    is_anatomical_t1
        Whether the template can be laid on it as on a planning T1.
    shares
        Same text for scans in the same scanner coordinates; empty where that is not known.
    """

    volume: Volume
    is_hounsfield: bool
    is_anatomical_t1: bool
    shares: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Faceless:
    """A scan without its face.

    Parameters
    ----------
    volume
        Voxels of the face have the value of air; all others are as they were.
    said
        ``removed``, or ``none in the scan``; empty where ``doubt`` stands.
    doubt
        Why the face cannot be found with trust; empty where it can.
    """

    volume: Volume
    said: str
    doubt: str = ""


def run(
    scans: tuple[HeadScan, ...], template: Template, *, progress: Progress = silent
) -> tuple[Faceless, ...]:
    """Take faces away.

    Parameters
    ----------
    scans
        Of one person.
    template
        Brain only, in ``mni152``.
    progress
        Told before each scan.

    Returns
    -------
    tuple of Faceless
        In the same order.

    Notes
    -----
    The template's brain is laid on each T1 and CT by an affine map. All in front of and below a plane from
    the brow to the neck is taken away, but for what lies within 10 mm of the template's brain; the vault lies
    above the plane. Another scan in the same scanner coordinates takes the map over; else it is laid on the
    T1 by a rigid map, or fitted by itself. Ears stay.
    """
    order = sorted(range(len(scans)), key=lambda index: (not scans[index].is_anatomical_t1,
                                                         not scans[index].is_hounsfield, index))  # fmt: skip
    small, brain = template_brain(template)
    guard = Guard.around(brain, small.affine_mm)
    known: list[_Known] = []
    result: dict[int, Faceless] = {}
    for done, index in enumerate(order):
        progress(done, len(order), "finding the face")
        result[index] = _faceless(scans[index], known, template, guard)
    return tuple(result[index] for index in range(len(scans)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Known:
    """A scan whose place in the template is known."""

    scan: HeadScan
    head: Head
    mni_from_scan: Matrix4


def _faceless(scan: HeadScan, known: list[_Known], template: Template, guard: Guard) -> Faceless:
    head = head_of(scan.volume, is_hounsfield=scan.is_hounsfield)
    if not head.mask.any():
        return Faceless(volume=scan.volume, said="", doubt="it shows no object")
    fit = _place(scan, head, known, template)
    if fit.doubt:
        return Faceless(volume=scan.volume, said="", doubt=fit.doubt)
    known.append(_Known(scan=scan, head=head, mni_from_scan=fit.mni_from_scan))
    return _cut(scan, fit.mni_from_scan, guard)


def _place(scan: HeadScan, head: Head, known: list[_Known], template: Template) -> HeadFit:
    """Find the template on a scan: by shared coordinates, by itself, or by another scan."""
    for other in known:
        if scan.shares and other.scan.shares == scan.shares:
            return HeadFit(mni_from_scan=other.mni_from_scan, doubt="")
    if known and not scan.is_anatomical_t1 and not scan.is_hounsfield:
        taken = _taken_over(head, known[0])
        if not taken.doubt:
            return taken
    if not head.is_head:
        return HeadFit(mni_from_scan=np.eye(4), doubt="it shows too little of a head to find the face by")
    return fit_head(head, template)


def _taken_over(head: Head, other: _Known) -> HeadFit:
    compared = grown(head.mask, 9.0, head.image.voxel_mm)
    fit = register_rigid(head.image, compared, other.head.image, other.head.mask)
    doubt = (
        "" if fit.has_converged and fit.error_mm <= _LARGEST_POSE_ERROR_MM else "it cannot be laid on the T1"
    )
    return HeadFit(mni_from_scan=other.mni_from_scan @ fit.target_from_source, doubt=doubt)


def _cut(scan: HeadScan, mni_from_scan: Matrix4, guard: Guard) -> Faceless:
    volume = scan.volume
    mask = face_mask(volume.grid, mni_from_scan, guard)
    air = max(_AIR_HU, float(volume.values.min())) if scan.is_hounsfield else 0.0
    is_lit = volume.values > (-500.0 if scan.is_hounsfield else 0.0)
    if not bool((mask & is_lit).any()):
        return Faceless(volume=volume, said="none in the scan")
    values = volume.values.copy()
    values[mask] = np.asarray(air).astype(values.dtype)
    return Faceless(volume=Volume(values=values, grid=volume.grid, unit=volume.unit), said="removed")
