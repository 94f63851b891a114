# SPDX-License-Identifier: Apache-2.0
"""Rigid registration of an image to a boundary across which its brightness should change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter, map_coordinates
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from trephine.core.arrays import AnyArray, Mask3, Matrix4, Points, Vector3, locked

_TURN_RAD_PER_MM = 1.0 / 60.0
"""Scales rotations so that a unit step moves a point 60 mm from the centre by as much as a shift does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Boundary:
    """Points on a boundary with directions across it, in one frame.

    Parameters
    ----------
    points_mm
        Shape (point, 3).
    normals
        Unit vectors from the inner to the outer side, shape (point, 3).
    """

    points_mm: Points
    normals: Points

    def __post_init__(self) -> None:
        for name in ("points_mm", "normals"):
            object.__setattr__(self, name, locked(getattr(self, name), np.float64, (None, 3), name))


@dataclass(frozen=True, kw_only=True)
class BoundarySettings:
    """How the image is laid on the boundary.

    Parameters
    ----------
    step_mm
        How far from the boundary each side is sampled.
    slope
        Steepness of the cost in units of relative contrast: large contrasts, such as at vessels, saturate.
    max_points
        Points used, evenly picked.
    max_evaluations
        Cost evaluations allowed a start.
    """

    step_mm: float = 2.0
    slope: float = 5.0
    max_points: int = 12000
    max_evaluations: int = 2000


def boundary_of(inner: Mask3, outer: Mask3, affine_mm: Matrix4, *, sd_mm: float = 1.2) -> Boundary:
    """Find the voxels of one region that touch another, and the directions across.

    Parameters
    ----------
    inner, outer
        The two regions, shape (i, j, k).
    affine_mm
        From voxel indices to mm.
    sd_mm
        Standard deviation of the smoothing from whose gradient the directions come.

    Returns
    -------
    Boundary
        In the affine's frame.
    """
    rim = inner & ~binary_erosion(inner | ~outer) & ~binary_erosion(inner)
    voxel_mm = np.linalg.norm(affine_mm[:3, :3], axis=0)
    soft = gaussian_filter(inner.astype(np.float32), sd_mm / voxel_mm)
    where = np.argwhere(rim)
    where = where[np.all((where > 0) & (where < np.array(inner.shape) - 1), axis=1)]
    slope = np.empty((len(where), 3))
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        slope[:, axis] = soft[tuple((where + step).T)] - soft[tuple((where - step).T)]
    normal = -slope @ np.linalg.inv(affine_mm[:3, :3])
    length = np.linalg.norm(normal, axis=1)
    good = length > 1e-6
    points = where[good] @ affine_mm[:3, :3].T + affine_mm[:3, 3]
    normal = normal[good] / length[good, None]
    return Boundary(points_mm=points + 0.5 * float(voxel_mm.min()) * normal, normals=normal)


def contrast_across(
    image: AnyArray, image_affine_mm: Matrix4, covered: Mask3, boundary: Boundary, step_mm: float
) -> AnyArray:
    """Return the relative brightness step from the inner to the outer side, shape (point,), NaN where unseen.

    Parameters
    ----------
    image
        Shape (i, j, k).
    image_affine_mm
        From its voxel indices to the boundary's frame.
    covered
        Voxels whose signal counts, shape (i, j, k).
    boundary
        Points and directions.
    step_mm
        How far from the boundary each side is sampled.
    """
    inverse = np.linalg.inv(image_affine_mm)
    sides = []
    for sign in (-1.0, 1.0):
        points = boundary.points_mm + sign * step_mm * boundary.normals
        ijk = inverse[:3, :3] @ points.T + inverse[:3, 3:]
        value = map_coordinates(image, ijk, order=1, mode="constant", cval=0.0)
        inside = map_coordinates(covered, np.round(ijk), order=0, mode="constant", cval=0)
        sides.append(np.where(inside > 0, value, np.nan))
    inner, outer = sides
    return 2.0 * (outer - inner) / np.maximum(outer + inner, 1e-9)


def align_to_boundary(
    image: AnyArray,
    image_affine_mm: Matrix4,
    covered: Mask3,
    boundary: Boundary,
    start: Matrix4,
    settings: BoundarySettings | None = None,
) -> tuple[Matrix4, float]:
    """Move an image rigidly until it is brighter outside the boundary than inside.

    Parameters
    ----------
    image
        Shape (i, j, k), smooth.
    image_affine_mm
        From voxel indices to the image's own frame.
    covered
        Voxels whose signal counts, shape (i, j, k).
    boundary
        Points and directions in the target frame.
    start
        First guess of the rigid map from the image's frame to the boundary's; within about 5 mm and 0.1 rad.
    settings
        How; the defaults when absent.

    Returns
    -------
    target_from_image, cost
        The rigid map, and the mean cost, from 0 (every point bright outside) through 1 (no contrast) to 2.

    Notes
    -----
    Boundary-based registration [greveFischl2009]_: each point costs ``1 - tanh(slope * contrast)``; a point
    the image does not cover costs 1, so moving away from the boundary gains nothing. Powell's method.
    """
    settings = settings or BoundarySettings()
    every = max(1, len(boundary.points_mm) // settings.max_points)
    some = Boundary(points_mm=boundary.points_mm[::every], normals=boundary.normals[::every])
    values = np.asarray(image, dtype=np.float32)
    seen = covered.astype(np.uint8)
    centre = some.points_mm.mean(axis=0)

    def cost(step: AnyArray) -> float:
        affine = rigid_step(step, centre) @ start @ image_affine_mm
        contrast = contrast_across(values, affine, seen, some, settings.step_mm)
        return float(np.mean(1.0 - np.tanh(settings.slope * np.nan_to_num(contrast))))

    found = minimize(
        cost, np.zeros(6), method="Powell",
        options={"xtol": 0.01, "ftol": 1e-5, "maxfev": settings.max_evaluations,
                 "direc": np.eye(6)},
    )  # fmt: skip
    return rigid_step(found.x, centre) @ start, float(found.fun)


def rigid_step(step: AnyArray, centre_mm: Vector3) -> Matrix4:
    """Return the rigid map of shifts (mm) and scaled turns about a centre, shape (6,)."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(np.asarray(step[3:]) * _TURN_RAD_PER_MM).as_matrix()
    matrix[:3, 3] = centre_mm + step[:3] - matrix[:3, :3] @ centre_mm
    return matrix
