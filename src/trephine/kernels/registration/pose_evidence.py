# SPDX-License-Identifier: Apache-2.0
"""What the shifts of many blocks say of a rigid pose: correction, error, agreement of shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from trephine.core.arrays import AnyArray, Matrix4, Points, Vector3, locked
from trephine.core.random import generator
from trephine.kernels.registration.local_shifts import LocalShifts

LEAST_BLOCKS = 16
"""Fewer blocks do not hold six numbers and their error. Assumed."""
_LEVER_MM = 60.0
"""Turns are counted as mm on a sphere of this radius, about that of a brain: all six then have one size."""
_CUT_OFF = 4.0
"""Blocks further from the fit than this many robust standard deviations have no weight."""
_ROUNDS = 15
_SPREAD_OF_THREE = 1.538
"""Median length of a vector of three independent standard normal numbers."""
_SPREAD_OF_ONE = 0.6745
"""Median size of one standard normal number."""
_GROUPS = 12
_SURE = 2.2
"""Student's t with 11 degrees of freedom (12 groups), 95 %, two sides."""
_RIGID, _AFFINE = 6, 12
_DRAWS = 1000


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseEvidence:
    """A rigid correction of a pose with its covariance, and how far the two shapes differ.

    Parameters
    ----------
    correction
        To be put after the pose, in the fixed image's frame, shape (4, 4), mm.
    step_mm
        The shift and turn that it undoes, shape (6,), turn in mm at 60 mm.
    covariance_mm2
        Of shift and turn about ``centre_mm`` (turn in mm at 60 mm), shape (6, 6), from leaving out groups of
        neighbouring blocks in turn.
    centre_mm
        Shape (3,).
    residual_mm
        Robust standard deviation of a block's shift that no rigid map explains, along the direction that the
        block knows best: across a border, not along it.
    residual_error_mm
        Standard deviation of ``residual_mm`` itself, from leaving out the same groups.
    noise_mm
        What ``residual_mm`` would be if nothing but each block's own error kept it from its place: the median
        of that error (see ``LocalShifts.covariance_mm2``) along the same directions.
    stretch_fraction
        Largest departure from 1 of the three scales of the best affine map.
    stretch_error_fraction
        Its standard deviation.
    blocks, tried
        How many blocks were placed and how many lie in both images.
    """

    correction: Matrix4
    step_mm: AnyArray
    covariance_mm2: AnyArray
    centre_mm: Vector3
    residual_mm: float
    residual_error_mm: float
    noise_mm: float
    stretch_fraction: float
    stretch_error_fraction: float
    blocks: int
    tried: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "correction", locked(self.correction, np.float64, (4, 4), "correction"))
        covariance = locked(self.covariance_mm2, np.float64, (6, 6), "covariance_mm2")
        object.__setattr__(self, "covariance_mm2", covariance)
        object.__setattr__(self, "step_mm", locked(self.step_mm, np.float64, (6,), "step_mm"))
        object.__setattr__(self, "centre_mm", locked(self.centre_mm, np.float64, (3,), "centre_mm"))

    @property
    def difference_mm(self) -> tuple[float, float]:
        """Ends of the 95 % interval of what neither a rigid map nor the blocks' own error explains, mm."""
        ends = (self.residual_mm + side * _SURE * self.residual_error_mm for side in (-1.0, 1.0))
        low, high = (float(np.sqrt(max(0.0, max(0.0, end) ** 2 - self.noise_mm**2))) for end in ends)
        return low, high


def evidence_of(shifts: LocalShifts) -> PoseEvidence | None:
    """Fit a rigid map to the shifts of blocks.

    Parameters
    ----------
    shifts
        From ``local_shifts``.

    Returns
    -------
    PoseEvidence or None
        Nothing when there are too few blocks to say.

    Notes
    -----
    Least squares with each block's own information, and weights that fall to zero with distance from the fit
    (Tukey's biweight). Neighbouring blocks share voxels and errors, so the covariance comes from leaving out
    whole groups of neighbours (a grouped jackknife), not from single blocks.

    References
    ----------
    efron1982
    """
    if len(shifts.centres_mm) < LEAST_BLOCKS:
        return None
    centre = shifts.centres_mm.mean(axis=0)
    whole = _Fit.of(shifts, centre, _RIGID)
    affine = _Fit.of(shifts, centre, _AFFINE)
    group = _groups(shifts.centres_mm)
    kept = [group != name for name in np.unique(group)]
    without = [_Fit.of(shifts, centre, _RIGID, kept=some).step for some in kept]
    without_affine = [_stretch(_Fit.of(shifts, centre, _AFFINE, kept=some)) for some in kept]
    along_mm, error_mm = whole.along(shifts)
    residuals_mm = np.array([_spread(along_mm[some]) for some in kept])
    share = (len(without) - 1) / len(without)
    apart = np.array(without) - whole.step
    spread = np.array(without_affine) - np.mean(without_affine, axis=0)
    stretch = np.abs(_stretch(affine))
    worst = int(stretch.argmax())
    return PoseEvidence(
        correction=inverse_step(whole.step, centre),
        step_mm=whole.step,
        covariance_mm2=share * apart.T @ apart,
        centre_mm=centre,
        residual_mm=_spread(along_mm),
        residual_error_mm=float(np.sqrt(share * ((residuals_mm - residuals_mm.mean()) ** 2).sum())),
        noise_mm=float(np.median(error_mm)),
        stretch_fraction=float(stretch[worst]),
        stretch_error_fraction=float(np.sqrt(share * (spread[:, worst] ** 2).sum())),
        blocks=len(shifts.centres_mm),
        tried=shifts.tried,
    )


def inverse_step(step_mm: AnyArray, centre_mm: Vector3) -> Matrix4:
    """Return the rigid map that undoes a shift and a turn (mm at 60 mm) about a centre, shape (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(step_mm[3:] / _LEVER_MM).as_matrix()
    matrix[:3, 3] = centre_mm + step_mm[:3] - matrix[:3, :3] @ centre_mm
    return np.asarray(np.linalg.inv(matrix))


def mean_and_largest_mm(
    covariance_mm2: AnyArray, centre_mm: Vector3, points_mm: Points
) -> tuple[float, float, float]:
    """Turn a pose's covariance into errors of points.

    Parameters
    ----------
    covariance_mm2, centre_mm
        As in ``PoseEvidence``.
    points_mm
        Shape (point, 3).

    Returns
    -------
    sd_mm, mean_95_mm, largest_95_mm
        Root mean square error of a point; 95 % bounds of the mean and of the largest error over all points,
        from a fixed set of draws.
    """
    value, axes = np.linalg.eigh(covariance_mm2)
    draws = generator(0, "registration.pose_evidence").standard_normal((_DRAWS, 6))
    step = draws @ (axes * np.sqrt(np.maximum(value, 0.0))).T
    moved = np.einsum("pij,dj->dpi", _rows(points_mm - centre_mm, _RIGID), step)
    error = np.linalg.norm(moved, axis=2)
    mean, largest = (np.percentile(each, 95.0) for each in (error.mean(axis=1), error.max(axis=1)))
    return float(np.sqrt((error**2).mean())), float(mean), float(largest)


def _rows(offset_mm: Points, count: int) -> AnyArray:
    """Return what each number of the map does to a point, shape (point, 3, number)."""
    rows = np.zeros((len(offset_mm), 3, count))
    rows[:, :, :3] = np.eye(3)
    x, y, z = (offset_mm / _LEVER_MM).T
    if count == _RIGID:
        rows[:, 0, 4], rows[:, 0, 5] = z, -y
        rows[:, 1, 3], rows[:, 1, 5] = -z, x
        rows[:, 2, 3], rows[:, 2, 4] = y, -x
        return rows
    for axis in range(3):
        rows[:, axis, 3 + 3 * axis : 6 + 3 * axis] = np.stack([x, y, z], axis=1)
    return rows


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """A map fitted to shifts, with what it leaves."""

    step: AnyArray
    left_mm: AnyArray

    @classmethod
    def of(cls, shifts: LocalShifts, centre: Vector3, count: int, kept: AnyArray | None = None) -> _Fit:
        rows = _rows(shifts.centres_mm - centre, count)
        information, shift = shifts.information_per_mm2, shifts.shifts_mm
        weight = np.ones(len(shift)) if kept is None else kept.astype(float)
        allowed = weight.copy()
        step = np.zeros(count)
        for _ in range(_ROUNDS):
            weighted = np.einsum("nip,nij->npj", rows, information) * weight[:, None, None]
            normal = np.einsum("npj,njq->pq", weighted, rows)
            step = np.linalg.lstsq(normal, np.einsum("npj,nj->p", weighted, shift), rcond=None)[0]
            left = shift - rows @ step
            far = np.sqrt(np.einsum("ni,nij,nj->n", left, information, left))
            scale = max(float(np.median(far[allowed > 0])) / _SPREAD_OF_THREE, 1e-9)
            weight = allowed * np.clip(1.0 - (far / (_CUT_OFF * scale)) ** 2, 0.0, 1.0) ** 2
        return cls(step=step, left_mm=shift - rows @ step)

    def along(self, shifts: LocalShifts) -> tuple[AnyArray, AnyArray]:
        """Return what is left of each block along the way it knows best, and its own error there, mm."""
        _, axes = np.linalg.eigh(shifts.information_per_mm2)
        best = axes[:, :, -1]
        variance = np.einsum("ni,nij,nj->n", best, shifts.covariance_mm2, best)
        return np.einsum("ni,ni->n", self.left_mm, best), np.sqrt(np.maximum(variance, 0.0))


def _spread(values: AnyArray) -> float:
    """Return the robust standard deviation of values about zero."""
    return float(np.median(np.abs(values)) / _SPREAD_OF_ONE)


def _stretch(fit: _Fit) -> AnyArray:
    """Return the departures from 1 of an affine map's three scales, largest first, shape (3,)."""
    matrix = np.eye(3) + fit.step[3:].reshape(3, 3) / _LEVER_MM
    return np.asarray(np.linalg.svd(matrix, compute_uv=False) - 1.0)


def _groups(points: Points) -> AnyArray:
    """Split points into groups of neighbours of equal size, shape (point,): cut the longest side in turn."""
    group = np.zeros(len(points), dtype=int)
    for name in range(1, _GROUPS):
        sizes = np.bincount(group)
        largest = np.flatnonzero(group == int(sizes.argmax()))
        span = np.ptp(points[largest], axis=0)
        along = points[largest, int(span.argmax())]
        group[largest[np.argsort(along, kind="stable")[len(largest) // 2 :]]] = name
    return group
