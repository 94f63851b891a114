# SPDX-License-Identifier: Apache-2.0
"""Rigid motion between the volumes of a series, by inverse-compositional Gauss-Newton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter
from scipy.spatial.transform import Rotation

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Points, locked

_FWHM_PER_SD = 2.3548200450309493
_HUBER_LIMIT = 1.345
"""Residuals beyond this many robust standard deviations weigh less (95 % efficient on normal noise)."""
_NEAR_MM = 0.2
"""Residuals are weighted only once steps are this small: before, the largest ones are edges out of place."""
_STALLED = 0.8
"""A step back that is longer than this share of the one before brings nothing nearer: the next are halved."""
_LEAST_SHARE = 0.125
_EDGE_VOXEL = 1.0
"""Only the points that a volume covers count; those nearer than this to its edge do not."""


@dataclass(frozen=True, kw_only=True)
class MotionSettings:
    """How motion is estimated.

    Parameters
    ----------
    smoothing_mm
        Full width at half maximum of the Gaussian applied to reference and volumes before they are compared.
    max_points
        Number of points at which volumes are compared; more are slower and hardly better.
    max_iterations
        Gauss-Newton steps allowed a volume.
    tolerance_mm
        A volume is done when its last step moves no point of a head by more than this.
    reference_passes
        How often the motion is estimated: each pass after the first has a reference built from corrected
        volumes.
    reference_volumes
        How many volumes, evenly spread over the run, are averaged for that reference.
    """

    smoothing_mm: float = 5.0
    max_points: int = 10000
    max_iterations: int = 30
    tolerance_mm: float = 0.01
    reference_passes: int = 2
    reference_volumes: int = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """Where every volume's head was, and what it costs to put it back.

    Parameters
    ----------
    volume_from_reference
        Rigid maps, shape (time, 4, 4), mm to mm in the axes of the grid's affine.
    residual_fraction
        Root mean square of what is left between volume and reference, over the reference's mean, shape
        (time,).
    is_converged
        Whether each volume met the tolerance, shape (time,).
    reference
        The image that volumes were compared with, unsmoothed, shape (i, j, k).
    """

    volume_from_reference: Float64[np.ndarray, "time 4 4"]
    residual_fraction: Float64[np.ndarray, " time"]
    is_converged: AnyArray
    reference: AnyArray

    def __post_init__(self) -> None:
        count = len(self.volume_from_reference)
        maps = locked(self.volume_from_reference, np.float64, (count, 4, 4), "volume_from_reference")
        object.__setattr__(self, "volume_from_reference", maps)
        for name, kind in (("residual_fraction", np.float64), ("is_converged", np.bool_)):
            object.__setattr__(self, name, locked(getattr(self, name), kind, (count,), name))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Reference:
    """What Gauss-Newton needs of the fixed image: points, values and their derivatives."""

    points_mm: Points
    values: AnyArray
    jacobian: AnyArray
    centre_mm: AnyArray


def estimate_motion(
    series: AnyArray,
    affine_mm: Matrix4,
    mask: Mask3,
    settings: MotionSettings | None = None,
    *,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Motion:
    """Estimate one rigid motion a volume against a reference made from the series itself.

    Parameters
    ----------
    series
        Shape (i, j, k, time).
    affine_mm
        From voxel indices to mm.
    mask
        Voxels whose signal counts, shape (i, j, k).
    settings
        How; the defaults when absent.
    told
        Called after each volume with the number done and the total.

    Returns
    -------
    Motion
        Maps from the reference's positions to each volume's.

    Notes
    -----
    Inverse-compositional Gauss-Newton [bakerMatthews2004]_: the gradient is the reference's, so the normal
    matrix costs nothing an iteration. A gain of the volume is estimated along. Residuals are weighted after
    Huber, so that the voxels a task activates pull less on the estimate than they do in plain least squares
    (activation then looks like motion: [freireMangin2001]_). The first reference is the middle volume; each
    further pass takes the mean of the corrected volumes. Every volume starts at its predecessor's answer.
    """
    settings = settings or MotionSettings()
    count = series.shape[-1]
    passes = max(1, settings.reference_passes)
    reference = np.asarray(series[..., count // 2], dtype=np.float64)
    smooth = [_smoothed(series[..., t], affine_mm, settings.smoothing_mm) for t in range(count)]
    maps = np.tile(np.eye(4), (count, 1, 1))
    left, done = np.zeros(count), np.zeros(count, dtype=bool)
    for turn in range(passes):
        fixed = _reference(reference, affine_mm, mask, settings)
        for t in range(count):
            start = maps[t] if turn else maps[max(t - 1, 0)]
            maps[t], left[t], done[t] = _fit(fixed, smooth[t], affine_mm, start, settings)
            told(turn * count + t + 1, passes * count)
        if turn + 1 < passes:
            some = slice(None, None, max(1, count // settings.reference_volumes))
            reference = resampled(series[..., some], affine_mm, maps[some]).mean(axis=-1, dtype=np.float64)
    return Motion(volume_from_reference=maps, residual_fraction=left, is_converged=done, reference=reference)


def resampled(
    series: AnyArray, affine_mm: Matrix4, volume_from_reference: AnyArray, mask: Mask3 | None = None
) -> AnyArray:
    """Put every volume back where the reference is, by cubic splines.

    Parameters
    ----------
    series
        Shape (i, j, k, time).
    affine_mm
        From voxel indices to mm.
    volume_from_reference
        Rigid maps, shape (time, 4, 4).
    mask
        Voxels to compute, shape (i, j, k); all when absent, 0 where not computed.

    Returns
    -------
    numpy.ndarray
        float32, shape of ``series``; beyond a volume's edge its nearest voxel holds.
    """
    chosen = np.ones(series.shape[:3], dtype=bool) if mask is None else mask
    ijk = np.argwhere(chosen).T
    inverse = np.linalg.inv(affine_mm)
    out = np.zeros(series.shape, dtype=np.float32)
    for t, motion in enumerate(volume_from_reference):
        step = inverse @ motion @ affine_mm
        coefficients = spline_filter(series[..., t].astype(np.float64), order=3, mode="mirror")
        where = step[:3, :3] @ ijk + step[:3, 3:]
        values = map_coordinates(coefficients, where, order=3, mode="nearest", prefilter=False)
        out[chosen, t] = values
    return out


def motion_parameters(volume_from_reference: AnyArray, centre_mm: AnyArray) -> Float64[np.ndarray, "time 6"]:
    """Return shifts of a centre (mm) and rotations (rad) about x, y, z, shape (time, 6)."""
    maps = np.asarray(volume_from_reference, dtype=np.float64)
    shift = np.einsum("tij,j->ti", maps[:, :3, :3], centre_mm) + maps[:, :3, 3] - centre_mm
    turn = Rotation.from_matrix(maps[:, :3, :3]).as_rotvec()
    return np.hstack([shift, turn])


def framewise_displacement_mm(
    parameters: Float64[np.ndarray, "time 6"], *, radius_mm: float = 50.0
) -> Float64[np.ndarray, " time"]:
    """Return the sum of absolute changes of six motion parameters, rotations as arcs on a sphere.

    Parameters
    ----------
    parameters
        Shifts in mm and rotations in rad, shape (time, 6).
    radius_mm
        Of the sphere [power2012]_.

    Returns
    -------
    numpy.ndarray
        Displacement from the volume before, mm, shape (time,); 0 for the first.
    """
    change = np.abs(np.diff(parameters, axis=0, prepend=parameters[:1]))
    return change[:, :3].sum(axis=1) + radius_mm * change[:, 3:].sum(axis=1)


def _smoothed(volume: AnyArray, affine_mm: Matrix4, fwhm_mm: float) -> AnyArray:
    voxel_mm = np.linalg.norm(affine_mm[:3, :3], axis=0)
    return gaussian_filter(
        np.asarray(volume, dtype=np.float64), fwhm_mm / _FWHM_PER_SD / voxel_mm, mode="nearest"
    )


def _reference(image: AnyArray, affine_mm: Matrix4, mask: Mask3, settings: MotionSettings) -> _Reference:
    smooth = _smoothed(image, affine_mm, settings.smoothing_mm)
    coefficients = spline_filter(smooth, order=3, mode="mirror")
    ijk = np.argwhere(mask)
    edge = np.array(mask.shape) - 1 - _EDGE_VOXEL
    ijk = ijk[np.all((ijk >= _EDGE_VOXEL) & (ijk <= edge), axis=1)]
    ijk = ijk[:: max(1, -(-len(ijk) // settings.max_points))].astype(np.float64)
    gradient = np.empty((len(ijk), 3))
    for axis in range(3):
        step = np.zeros((3, 1))
        step[axis] = 0.25
        ahead = map_coordinates(coefficients, ijk.T + step, order=3, prefilter=False, mode="mirror")
        behind = map_coordinates(coefficients, ijk.T - step, order=3, prefilter=False, mode="mirror")
        gradient[:, axis] = (ahead - behind) / 0.5
    points = ijk @ affine_mm[:3, :3].T + affine_mm[:3, 3]
    slope = gradient @ np.linalg.inv(affine_mm[:3, :3])
    centre = points.mean(axis=0)
    values = smooth[tuple(ijk.astype(int).T)]
    turning = np.cross(points - centre, slope)
    jacobian = np.hstack([slope, turning, values[:, None]])
    return _Reference(points_mm=points, values=values, jacobian=jacobian, centre_mm=centre)


def _fit(
    fixed: _Reference, smooth: AnyArray, affine_mm: Matrix4, start: Matrix4, settings: MotionSettings
) -> tuple[Matrix4, float, bool]:
    coefficients = spline_filter(smooth, order=3, mode="mirror")
    inverse = np.linalg.inv(affine_mm)
    motion, gain = start.copy(), 1.0
    spread_mm = float(np.linalg.norm(fixed.points_mm - fixed.centre_mm, axis=1).max())
    limit = np.array(smooth.shape)[:, None] - 1 - _EDGE_VOXEL
    residual, is_near = np.zeros(1), False
    share, last_mm, last = 1.0, np.inf, np.zeros(7)
    for _ in range(settings.max_iterations):
        to_voxel = inverse @ motion
        where = to_voxel[:3, :3] @ fixed.points_mm.T + to_voxel[:3, 3:]
        inside = np.all((where >= _EDGE_VOXEL) & (where <= limit), axis=0)
        if inside.sum() < 50:
            break
        moved = map_coordinates(coefficients, where[:, inside], order=3, mode="mirror", prefilter=False)
        residual = moved / gain - fixed.values[inside]
        step = share * _weighted_solution(fixed.jacobian[inside], residual, is_near)
        gain *= 1.0 + step[6]
        motion = motion @ np.linalg.inv(_rigid(step[:6], fixed.centre_mm))
        size_mm = float(np.linalg.norm(step[:3]) + spread_mm * np.linalg.norm(step[3:6]))
        if is_near and size_mm < settings.tolerance_mm:
            return motion, _rms_fraction(residual, fixed.values), True
        if size_mm > _STALLED * last_mm and float(step[:6] @ last[:6]) < 0:
            # The noise's own slope, unknown to the reference, can make full steps overshoot for ever.
            share = max(0.5 * share, _LEAST_SHARE)
        last, last_mm, is_near = step, size_mm, is_near or size_mm < _NEAR_MM
    return motion, _rms_fraction(residual, fixed.values), False


def _rms_fraction(residual: AnyArray, values: AnyArray) -> float:
    return float(np.sqrt(np.mean(residual**2)) / max(float(np.mean(np.abs(values))), 1e-12))


def _weighted_solution(jacobian: AnyArray, residual: AnyArray, is_robust: bool) -> AnyArray:
    weight = np.ones(len(residual))
    if is_robust:
        scale = 1.4826 * float(np.median(np.abs(residual))) + 1e-12
        weight = np.minimum(1.0, _HUBER_LIMIT * scale / np.maximum(np.abs(residual), 1e-12))
    weighted = jacobian * weight[:, None]
    normal = weighted.T @ jacobian
    # Scaling the columns keeps the normal matrix well conditioned: mm, rad and gain differ by orders.
    size = np.sqrt(np.diag(normal)) + 1e-12
    return (
        np.linalg.solve(normal / np.outer(size, size) + 1e-9 * np.eye(7), weighted.T @ residual / size) / size
    )


def _rigid(step: AnyArray, centre_mm: AnyArray) -> Matrix4:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(step[3:]).as_matrix()
    matrix[:3, 3] = centre_mm + step[:3] - matrix[:3, :3] @ centre_mm
    return matrix
