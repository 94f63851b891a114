# SPDX-License-Identifier: Apache-2.0
"""Lay every further scan on the planning T1, and refuse what cannot be laid there with trust."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Points
from trephine.core.findings import Finding
from trephine.core.frames import SCANNER, Affine
from trephine.kernels.registration.affine import AffineFit
from trephine.kernels.registration.images import Sampled, resampled, upright
from trephine.kernels.registration.local_shifts import local_shifts
from trephine.kernels.registration.pose_evidence import PoseEvidence, evidence_of, mean_and_largest_mm
from trephine.kernels.registration.rigid import (
    RigidSettings,
    in_own_box,
    refine_rigid,
    register_rigid,
    turn_and_shift,
)
from trephine.kernels.segmentation.masks import foreground, grown
from trephine.model.registration import Registration
from trephine.model.scan import Scan
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging import registration_checks
from trephine.stages.imaging.head import Head
from trephine.stages.imaging.registration_checks import Seen
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.template_fit import PreparedTemplate, sampled_of

_AIR_HU = -200.0
_DENSE_HU = 1000.0
_RIM_MM = 6.0
_COMPARED_MM = 2.0
_PICTURE_MM = 1.5
_LEAST_OBJECT_MM3 = 5.0e4
_SEARCHED_AGAIN_MM = 1.5
_FLOOR_VOXELS = 0.03
"""No pose is taken to be better than this share of a voxel along each of its six directions. Assumed."""
_FEW_GROUPS = 11.0 / 9.0
"""Variance of Student's t with 11 degrees of freedom: the covariance comes from 12 groups only."""
_SEARCH = RigidSettings(with_halves=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """What scans are laid on.

    Parameters
    ----------
    head
        The planning T1.
    t1
        It on an upright 2 mm grid.
    brain
        The template's hull of the brain there.
    points_mm
        Some hundred points of the brain, shape (point, 3), in ``scanner``.
    """

    head: Head
    t1: Sampled
    brain: Mask3
    points_mm: Points

    @classmethod
    def of(cls, head: Head, prepared: PreparedTemplate, affine: AffineFit) -> Reference:
        """Bring the T1 to 2 mm and lay the template's hull on it."""
        t1 = upright(head.t1, _COMPARED_MM)
        hull = Sampled(values=prepared.hull.astype(np.float32), affine_mm=prepared.t1.affine_mm)
        i, j, k = t1.values.shape
        mni_from_scanner = np.linalg.inv(affine.image_from_template)
        brain = resampled(hull, t1.affine_mm, (i, j, k), source_from_target=mni_from_scanner).values > 0.5
        return cls(head=head, t1=t1, brain=brain, points_mm=_some_points(brain, t1.affine_mm))


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A scan's pose and what was noticed.

    Parameters
    ----------
    registration
        The pose, trusted or not.
    picture
        The scan on a coarse upright grid in ``scanner``, 0 to 255, for people to look at.
    findings
        Why it is not trusted, or how far its header was off.
    """

    registration: Registration
    picture: Volume
    findings: tuple[Finding, ...]


def place(given: Scan, reference: Reference, settings: Settings) -> Placed:
    """Register a further scan of the same head to the planning T1.

    Parameters
    ----------
    given
        In its own frame.
    reference
        The planning T1.
    settings
        Limits of trust.

    Returns
    -------
    Placed
        With ``is_trusted`` false and a finding that says why, when any limit is broken.

    Notes
    -----
    Mutual information from many starts finds the pose; the shifts of blocks correct it twice and say how sure
    it is. Half of the correction, in which two different measures disagree, is counted as error besides what
    the blocks' scatter leaves open.
    """
    full = _shown(given)
    boxed, box_from_source = in_own_box(full)
    coarse = upright(boxed, _COMPARED_MM)
    mask = foreground(coarse.values, coarse.voxel_mm)
    signal_fraction = float(np.mean(full.values > 0))
    is_sparse = signal_fraction < settings.least_signal_fraction
    if is_sparse or mask.sum() * _COMPARED_MM**3 < _LEAST_OBJECT_MM3:
        seen = Seen(signal_fraction=signal_fraction, inside_fraction=_by_header(full, reference))
        return _placed(
            given, full, reference, np.eye(4), seen, registration_checks.empty(given, seen, settings)
        )
    source = Sampled(values=coarse.values, affine_mm=np.linalg.inv(box_from_source) @ coarse.affine_mm)
    head = reference.head
    rim = grown(mask, _RIM_MM, coarse.voxel_mm)
    fit = register_rigid(source, rim, head.t1, head.mask, _SEARCH)
    pose, evidence, step_mm = _corrected(full, fit.target_from_source, reference)
    if np.linalg.norm(step_mm) > _SEARCHED_AGAIN_MM:
        # The search stopped early; only where both measures end tells how far they disagree.
        again = refine_rigid(source, rim, head.t1, pose, _SEARCH)
        pose, evidence, step_mm = _corrected(full, again, reference)
    turn_rad, offset_mm = turn_and_shift(pose, _some_points(mask, source.affine_mm))
    seen = Seen(
        signal_fraction=signal_fraction,
        inside_fraction=_inside_fraction(pose, source, mask, head),
        fit=fit,
        evidence=evidence,
        errors_mm=_errors_mm(evidence, step_mm, float(np.mean(full.voxel_mm)), reference),
        correction_mm=float(np.linalg.norm(step_mm)),
        header_offset_mm=offset_mm,
        header_offset_rad=turn_rad,
    )
    return _placed(given, full, reference, pose, seen, registration_checks.judge(given, seen, settings))


def _by_header(full: Sampled, reference: Reference) -> float:
    """Return the share of a scan's signal that its header puts inside the brain's hull or a rim about it."""
    points = np.argwhere(full.values > 0)
    points = points[:: max(1, len(points) // 5000)] @ full.affine_mm[:3, :3].T + full.affine_mm[:3, 3]
    inverse = np.linalg.inv(reference.t1.affine_mm)
    where = np.round(points @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
    is_in = np.all((where >= 0) & (where < np.array(reference.brain.shape)), axis=1)
    near = grown(reference.brain, _RIM_MM, reference.t1.voxel_mm)
    return float(near[tuple(where[is_in].T)].sum() / max(1, len(where)))


def _shown(given: Scan) -> Sampled:
    """Return a scan with its background at zero; of Hounsfield units, air and the densest are cut off."""
    source = sampled_of(given.volume)
    if given.kind.is_hounsfield:
        values = np.clip(source.values, _AIR_HU, _DENSE_HU) - _AIR_HU
    else:
        values = np.maximum(source.values, 0.0)
    return Sampled(values=values, affine_mm=source.affine_mm)


def _corrected(
    full: Sampled, pose: Matrix4, reference: Reference
) -> tuple[Matrix4, PoseEvidence | None, AnyArray]:
    """Correct a pose by the shifts of its blocks, twice; return also the whole step, shape (6,), mm."""
    step_mm = np.zeros(6)
    evidence = None
    for _ in range(2):
        moved, covered = _moved(full, pose, reference.t1)
        evidence = evidence_of(local_shifts(moved, covered, reference.t1, reference.brain))
        if evidence is None:
            break
        pose = evidence.correction @ pose
        step_mm = step_mm + evidence.step_mm
    return pose, evidence, step_mm


def _moved(full: Sampled, pose: Matrix4, grid: Sampled) -> tuple[Sampled, Mask3]:
    """Look a scan up on a grid in ``scanner``; say also where it has voxels."""
    i, j, k = grid.values.shape
    back = np.linalg.inv(pose)
    here = Sampled(values=np.ones_like(full.values), affine_mm=full.affine_mm)
    covered = resampled(here, grid.affine_mm, (i, j, k), source_from_target=back).values > 0.99
    return resampled(full, grid.affine_mm, (i, j, k), source_from_target=back), covered


def _errors_mm(
    evidence: PoseEvidence | None, step_mm: AnyArray, voxel_mm: float, reference: Reference
) -> tuple[float, float, float] | None:
    """Return the standard deviation of a brain point, and the 95 % bounds of mean and largest error."""
    if evidence is None:
        return None
    half = 0.5 * step_mm
    floor = (_FLOOR_VOXELS * voxel_mm) ** 2 * np.eye(6)
    covariance = _FEW_GROUPS * evidence.covariance_mm2 + np.outer(half, half) + floor
    return mean_and_largest_mm(covariance, evidence.centre_mm, reference.points_mm)


def _some_points(mask: Mask3, affine_mm: Matrix4) -> Points:
    where = np.argwhere(mask)
    some = where[:: max(1, len(where) // 300)]
    return some @ affine_mm[:3, :3].T + affine_mm[:3, 3]


def _inside_fraction(pose: Matrix4, source: Sampled, mask: Mask3, head: Head) -> float:
    """Return the share of the scan's signal that comes to lie within the head."""
    i, j, k = source.values.shape
    target = Sampled(
        values=grown(head.coarse_mask, _RIM_MM, head.coarse.voxel_mm).astype(np.float32),
        affine_mm=head.coarse.affine_mm,
    )
    covered = resampled(target, source.affine_mm, (i, j, k), source_from_target=pose)
    return float((covered.values[mask] > 0.5).mean())


def _placed(
    given: Scan,
    full: Sampled,
    reference: Reference,
    pose: Matrix4,
    seen: Seen,
    judged: tuple[str, tuple[Finding, ...]],
) -> Placed:
    reason, findings = judged
    grid = given.volume.grid
    sd_mm, mean_mm, largest_mm = seen.errors_mm or (0.0, None, None)
    fit, evidence = seen.fit, seen.evidence
    registration = Registration(
        moving=str(grid.frame),
        scanner_from_moving=Affine(target=SCANNER, source=grid.frame, matrix=pose),
        error_mm=sd_mm,
        mean_error_95_mm=mean_mm,
        largest_error_95_mm=largest_mm,
        header_offset_mm=seen.header_offset_mm,
        header_offset_rad=seen.header_offset_rad,
        is_trusted=not reason,
        reason=reason,
        residual_mm=evidence.residual_mm if evidence else None,
        difference_low_mm=evidence.difference_mm[0] if evidence else None,
        difference_high_mm=evidence.difference_mm[1] if evidence else None,
        stretch_fraction=evidence.stretch_fraction if evidence else None,
        blocks=evidence.blocks if evidence else 0,
        agreeing_starts=fit.agreeing_starts if fit else 0,
        starts=fit.starts if fit else 0,
    )
    return Placed(registration=registration, picture=picture_of(full, pose, reference), findings=findings)


def picture_of(full: Sampled, pose: Matrix4, reference: Reference) -> Volume:
    """Bring a scan to a coarse upright grid about the T1, 0 to 255, for people to look at."""
    grid = upright(reference.t1, _PICTURE_MM)
    values = _moved(full, pose, grid)[0].values
    lit = values[values > 0]
    top = float(np.percentile(lit, 99.5)) if lit.size else 1.0
    shape = (int(values.shape[0]), int(values.shape[1]), int(values.shape[2]))
    return Volume(
        values=np.round(np.clip(values / top, 0.0, 1.0) * 255.0).astype(np.uint8),
        grid=Grid(shape=shape, affine_mm=grid.affine_mm, frame=SCANNER),
        unit="arbitrary",
    )
