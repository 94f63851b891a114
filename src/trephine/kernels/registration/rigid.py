# SPDX-License-Identifier: Apache-2.0
"""Rigid registration from many starts, with an estimate of its own error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from scipy.spatial.transform import Rotation

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Points, locked
from trephine.core.errors import InputError
from trephine.kernels.registration.affine import matrix_of
from trephine.kernels.registration.images import Sampled, itk_image, one_thread, upright

_BINS = 32
_SAMPLES = {"coarse": 10_000, "fine": 40_000}
"""Voxels compared at each level, on a lattice with a fixed jitter; assumed enough for 32 x 32 bins."""
_LEAST_STEP_FRACTION = 0.01
"""A fit ends when its step is this share of its first one."""
_JITTER_SEED = 1
_LEAST_LAID_FRACTION = 0.5
_RIM_MM = 6.0


@dataclass(frozen=True, kw_only=True)
class RigidSettings:
    """How widely and finely to search.

    Parameters
    ----------
    starts
        Starting poses: the given one, one with the centres laid on each other, and turned and shifted copies.
    start_turn_rad, start_shift_mm
        Largest turn and shift of these copies.
    coarse_mm, fine_mm
        Voxel sizes of search and refinement.
    agreement_mm
        Starts that end this close to the best one count as agreeing; poses further apart are distinct.
    finalists
        Distinct poses of the coarse search that are refined.
    with_halves
        Whether to fit opposite halves too, for ``error_mm``.
    """

    starts: int = 12
    start_turn_rad: float = 0.52
    start_shift_mm: float = 30.0
    coarse_mm: float = 6.0
    fine_mm: float = 2.0
    agreement_mm: float = 4.0
    finalists: int = 2
    with_halves: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class RigidFit:
    """The best pose and how firmly the data hold it.

    Parameters
    ----------
    target_from_source
        Rigid map, shape (4, 4), mm.
    score
        Mutual information, higher is better.
    runner_up_fraction
        Score of the best refined pose that is distinct from this one, against this one's; 0 when all agree.
    error_mm
        Standard deviation of a mapped point, from fits to opposite halves of the source; infinite when they
        were not asked for.
    agreeing_starts, starts
        Coarse fits that ended at the best pose, and how many were tried.
    has_converged
        Whether at least a quarter of the starts (and no fewer than two) agree with the best.
    """

    target_from_source: Matrix4
    score: float
    runner_up_fraction: float
    error_mm: float
    agreeing_starts: int
    starts: int
    has_converged: bool

    def __post_init__(self) -> None:
        matrix = locked(self.target_from_source, np.float64, (4, 4), "target_from_source")
        object.__setattr__(self, "target_from_source", matrix)


@one_thread()
def register_rigid(
    source: Sampled,
    source_mask: Mask3,
    target: Sampled,
    target_mask: Mask3,
    settings: RigidSettings | None = None,
) -> RigidFit:
    """Lay one image on another of any contrast.

    Parameters
    ----------
    source
        The image to place; its field of view may be the smaller one.
    source_mask
        Voxels of it that are compared, with a dark rim, shape (i, j, k).
    target
        The image to place it on.
    target_mask
        Where the target shows the object; only used to lay the centres on each other.
    settings
        The search; the defaults when absent.

    Returns
    -------
    RigidFit
        The pose with the highest mutual information, refined.

    Raises
    ------
    InputError
        If a mask is empty.

    Notes
    -----
    Mattes mutual information, over every voxel of the mask at the coarse level. The search runs in the
    source's own box (axes along its voxels, origin in the middle), so that its header decides nothing but the
    first start: two headers of one scan give the same samples and, within the optimizer's last step, the same
    pose. A pose that lays less than half of the source's mask on the target's (plus a rim) is not a
    candidate. The error compares fits to opposite halves of the source along each axis: half the distance
    between two halves' poses is what noise, distortion and shading leave open; it does not see an error that
    both halves share.

    References
    ----------
    mattes2003
    """
    chosen = settings or RigidSettings()
    for name, mask in (("source", source_mask), ("target", target_mask)):
        if not mask.any():
            raise InputError.because(
                where=f"rigid registration, {name}",
                found="an empty mask",
                expected="an image that shows something",
                remedy="Check that the scan is not empty.",
            )
    boxed, box_from_source = in_own_box(source)
    points = _spread_points(boxed, source_mask)
    starts = _starts(points, _mean_mm(target, target_mask), np.linalg.inv(box_from_source), chosen)
    coarse = _RigidPair.at(boxed, source_mask, target, chosen.coarse_mm, "coarse")
    fits = [coarse.fitted(start, 3.0) for start in starts]
    within = [_laid_fraction(fit[1], points, target, target_mask) for fit in fits]
    ranked = sorted(
        (fit for fit, share in zip(fits, within, strict=True) if share >= _LEAST_LAID_FRACTION),
        key=lambda fit: fit[0],
    )
    fine = _RigidPair.at(boxed, source_mask, target, chosen.fine_mm)
    finalists = _distinct(ranked or fits, points, chosen.agreement_mm)[: chosen.finalists]
    finals = sorted((fine.fitted(pose, 1.0) for _, pose in finalists), key=lambda fit: fit[0])
    score, best = finals[0]
    others = _distinct(finals, points, chosen.agreement_mm)[1:]
    agreeing = sum(_rms_mm(best, fit[1], points) <= chosen.agreement_mm for fit in fits)
    error_mm = float("inf")
    if chosen.with_halves:
        error_mm = _half_error_mm(fine, best, boxed, source_mask, points)
    return RigidFit(
        target_from_source=best @ box_from_source,
        score=-score,
        runner_up_fraction=others[0][0] / score if others and score < 0 else 0.0,
        error_mm=error_mm,
        agreeing_starts=agreeing,
        starts=len(fits),
        has_converged=agreeing >= max(2, len(fits) // 4),
    )


@one_thread()
def refine_rigid(
    source: Sampled,
    source_mask: Mask3,
    target: Sampled,
    start: Matrix4,
    settings: RigidSettings | None = None,
) -> Matrix4:
    """Fit once more at the fine level, from a pose near the right one.

    Parameters
    ----------
    source, source_mask, target, settings
        As for ``register_rigid``.
    start
        The pose to begin with, shape (4, 4), mm.

    Returns
    -------
    numpy.ndarray
        Rigid map, shape (4, 4), mm.
    """
    chosen = settings or RigidSettings()
    boxed, box_from_source = in_own_box(source)
    pair = _RigidPair.at(boxed, source_mask, target, chosen.fine_mm)
    _, pose = pair.fitted(start @ np.linalg.inv(box_from_source), 1.0)
    return np.asarray(pose @ box_from_source)


def in_own_box(image: Sampled) -> tuple[Sampled, Matrix4]:
    """Return an image with its axes along its voxels and its origin in the middle, and the map to there."""
    size = np.array(image.values.shape)
    affine_mm = np.diag([*image.voxel_mm, 1.0])
    affine_mm[:3, 3] = -0.5 * image.voxel_mm * (size - 1)
    boxed = Sampled(values=image.values, affine_mm=affine_mm)
    return boxed, affine_mm @ np.linalg.inv(image.affine_mm)


def turn_and_shift(target_from_source: Matrix4, points_mm: Points) -> tuple[float, float]:
    """Return the turn in rad and the mean shift of points in mm of a rigid map."""
    turn = float(np.linalg.norm(Rotation.from_matrix(target_from_source[:3, :3]).as_rotvec()))
    return turn, _rms_mm(target_from_source, np.eye(4), points_mm)


def _rms_mm(first: Matrix4, second: Matrix4, points_mm: Points) -> float:
    """Return the root mean square distance between two maps of the same points."""
    difference = first - second
    moved = points_mm @ difference[:3, :3].T + difference[:3, 3]
    return float(np.sqrt((moved**2).sum(axis=1).mean()))


def _mean_mm(image: Sampled, mask: Mask3) -> AnyArray:
    """Return the centre of a mask in mm, shape (3,)."""
    return image.affine_mm[:3, :3] @ np.argwhere(mask).mean(axis=0) + image.affine_mm[:3, 3]


def _spread_points(image: Sampled, mask: Mask3) -> Points:
    """Return a few hundred positions spread over a mask, shape (point, 3), mm."""
    where = np.argwhere(mask)
    some = where[:: max(1, len(where) // 300)].astype(np.float64)
    return some @ image.affine_mm[:3, :3].T + image.affine_mm[:3, 3]


def _distinct(
    fits: list[tuple[float, Matrix4]], points: Points, apart_mm: float
) -> list[tuple[float, Matrix4]]:
    """Keep of each cluster of poses the first."""
    kept: list[tuple[float, Matrix4]] = []
    for fit in fits:
        if all(_rms_mm(fit[1], other[1], points) > apart_mm for other in kept):
            kept.append(fit)
    return kept


def _laid_fraction(pose: Matrix4, points: Points, target: Sampled, mask: Mask3) -> float:
    """Return the share of points that a pose lays on the target's mask or a rim about it."""
    placed = np.linalg.inv(target.affine_mm) @ pose
    where = np.round(points @ placed[:3, :3].T + placed[:3, 3]).astype(int)
    rim = np.ceil(_RIM_MM / target.voxel_mm).astype(int)
    box = np.argwhere(mask)
    low, high = box.min(axis=0) - rim, box.max(axis=0) + rim
    return float(np.all((where >= low) & (where <= high), axis=1).mean())


def _starts(points: Points, middle: AnyArray, header: Matrix4, settings: RigidSettings) -> list[Matrix4]:
    """Return the starting poses: header, centres, then turned and shifted copies of both in turn."""
    centre = points.mean(axis=0)
    centred = np.array(header)
    centred[:3, 3] = middle - header[:3, :3] @ centre
    bases = [header, centred]
    result = list(bases)
    # A fixed, evenly spread set of directions (golden-angle spiral) instead of random ones.
    for index in range(max(0, settings.starts - 2)):
        height = 1.0 - 2.0 * (index + 0.5) / max(1, settings.starts - 2)
        angle = index * np.pi * (3.0 - np.sqrt(5.0))
        ring = np.sqrt(1.0 - height**2)
        axis = np.array([ring * np.cos(angle), ring * np.sin(angle), height])
        share = (0.35, 0.7, 1.0)[index % 3]
        move = np.eye(4)
        move[:3, :3] = Rotation.from_rotvec(axis * settings.start_turn_rad * share).as_matrix()
        move[:3, 3] = centre - move[:3, :3] @ centre + np.roll(axis, 1) * settings.start_shift_mm * share
        result.append(bases[index % 2] @ move)
    return result[: settings.starts]


def _half_error_mm(pair: _RigidPair, best: Matrix4, source: Sampled, mask: Mask3, points: Points) -> float:
    """Return half the distance between poses fitted to opposite halves, root mean square over three axes."""
    squares = []
    where = np.argwhere(mask)
    for axis in range(3):
        cut = int(np.median(where[:, axis]))
        poses = []
        for side in (slice(None, cut), slice(cut, None)):
            part = np.zeros_like(mask)
            index = tuple(side if a == axis else slice(None) for a in range(3))
            part[index] = mask[index]
            poses.append(pair.with_mask(source, part).fitted(best, 1.0)[1])
        squares.append((0.5 * _rms_mm(poses[0], poses[1], points)) ** 2)
    return float(np.sqrt(np.mean(squares)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _RigidPair:
    """Source and target at one voxel size."""

    source: sitk.Image
    mask: sitk.Image
    target: sitk.Image
    step_mm: float
    centre_mm: AnyArray
    samples: int

    @classmethod
    def at(
        cls, source: Sampled, mask: Mask3, target: Sampled, step_mm: float, level: str = "fine"
    ) -> _RigidPair:
        return cls(
            source=itk_image(upright(source, step_mm)),
            mask=_mask_image(source, mask, step_mm),
            target=itk_image(upright(target, step_mm)),
            step_mm=step_mm,
            centre_mm=_mean_mm(source, mask),
            samples=_SAMPLES[level],
        )

    def with_mask(self, source: Sampled, mask: Mask3) -> _RigidPair:
        return _RigidPair(
            source=self.source,
            mask=_mask_image(source, mask, self.step_mm),
            target=self.target,
            step_mm=self.step_mm,
            centre_mm=self.centre_mm,
            samples=self.samples,
        )

    def fitted(self, start: Matrix4, step_mm: float) -> tuple[float, Matrix4]:
        """Return the score, lower is better, and the pose; infinite where nothing overlaps."""
        transform = sitk.Euler3DTransform()
        transform.SetCenter(self.centre_mm.tolist())
        transform.SetMatrix(start[:3, :3].ravel().tolist(), 1e-6)
        moved = start[:3, :3] @ self.centre_mm + start[:3, 3]
        transform.SetTranslation((moved - self.centre_mm).tolist())
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricFixedMask(self.mask)
        count = int(sitk.GetArrayViewFromImage(self.mask).sum())
        if count > self.samples:
            method.SetMetricSamplingStrategy(method.REGULAR)
            method.SetMetricSamplingPercentage(self.samples / count, _JITTER_SEED)
        else:
            method.SetMetricSamplingStrategy(method.NONE)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            step_mm, _LEAST_STEP_FRACTION * step_mm, 80, 0.7, 1e-7
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        try:
            method.Execute(self.source, self.target)
        except RuntimeError:  # ITK's word for a start whose samples all fall outside the target
            return float("inf"), start
        return float(method.GetMetricValue()), matrix_of(transform)


def _mask_image(source: Sampled, mask: Mask3, step_mm: float) -> sitk.Image:
    """Return a mask at the given voxel size as an ITK image."""
    share = upright(Sampled(values=mask.astype(np.float32), affine_mm=source.affine_mm), step_mm)
    return sitk.Cast(itk_image(share) > 0.5, sitk.sitkUInt8)
