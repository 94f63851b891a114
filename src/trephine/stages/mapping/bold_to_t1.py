# SPDX-License-Identifier: Apache-2.0
"""Where a functional run lies in the planning T1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import binary_dilation, map_coordinates

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import BOLD, SCANNER, Affine
from trephine.core.random import generator
from trephine.kernels.registration.boundary import (
    Boundary,
    align_to_boundary,
    boundary_of,
    contrast_across,
    rigid_step,
)
from trephine.kernels.registration.images import Sampled, resampled, upright
from trephine.kernels.registration.rigid import RigidSettings, register_rigid
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.volume import Grid, Volume
from trephine.stages.mapping.preparation import PreparedRun
from trephine.stages.mapping.settings import Settings

_SIDE_STEP_MM = 2.0
_MOVES, _MOVE_MM = 12, 8.0
_PICTURE_MM = 1.5
_NUDGES_MM = (
    (2.0, -2.0, 2.0, 2.0, 2.0, -2.0),
    (-2.0, 2.0, -2.0, -2.0, 2.0, 2.0),
    (0.0, 3.0, 3.0, 3.0, -2.0, 0.0),
)
"""Starts about the pose found: shifts, and turns as mm on a sphere of 60 mm."""
_LEAST_OVERLAP_FRACTION = 0.7
_LEAST_ERROR_VOXEL = 0.2
"""Starts that end alike can all be wrong alike: on twelve digital persons the spread was 0.06 to 0.24 mm and
the true error 0.22 to 0.53 mm, with voxels of 3 mm. No stated error is below this share of a voxel."""
_METHODS_APART_MM = 6.0
"""Two methods that end further apart than this (two voxels) cannot both be right."""
_DOUBTFUL_ERROR_VOXEL = 1.0
"""Least stated error of a doubtful pose: its outline fits, its folds may be a neighbour's; assumed."""
Trust = Literal["trusted", "doubtful", "failed"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A run's pose in ``scanner`` and how far to trust it.

    Parameters
    ----------
    scanner_from_bold
        Rigid map.
    error_mm
        Root mean square error of a mapped brain point in three dimensions: from repeated starts and the two
        methods, and never below a fifth of a voxel.
    header_offset_mm, header_turn_rad
        How far the headers alone would have put the run from here.
    boundary_fraction
        Share of the grey-white boundary that is brighter on its grey side; 0.5 is chance.
    boundary_drop_fraction
        By how much that share falls, on average, when the run is moved by 8 mm. In another head the outline
        fits and the folds do not, so little is lost.
    overlap_fraction
        Share of the run's signal that lies within the skull.
    trust
        ``failed`` when overlap, boundary or agreement of methods rule the pose out; ``doubtful`` when they
        allow it and the folds hold it less firmly than they hold a sharp run of the same person.
    """

    scanner_from_bold: Affine
    error_mm: float
    header_offset_mm: float
    header_turn_rad: float
    boundary_fraction: float
    boundary_drop_fraction: float
    overlap_fraction: float
    trust: Trust

    @property
    def is_trusted(self) -> bool:
        """Whether nothing speaks against the pose."""
        return self.trust == "trusted"


def grey_white_boundary(anatomy: Anatomy) -> Boundary:
    """Return the boundary between white and grey matter in ``scanner``, from white to grey."""
    tissue = anatomy.tissue.values
    return boundary_of(tissue == Tissue.WHITE, tissue == Tissue.GREY, anatomy.tissue.grid.affine_mm)


def place(run: PreparedRun, anatomy: Anatomy, boundary: Boundary, settings: Settings) -> Placed:
    """Register a run's mean image to the planning T1.

    Parameters
    ----------
    run
        Corrected for motion.
    anatomy
        T1, skull and tissues.
    boundary
        From ``grey_white_boundary``.
    settings
        Limits of trust.

    Returns
    -------
    Placed
        The pose with its checks; a pose that is not trusted is for the caller to flag.

    Notes
    -----
    Mutual information from many starts finds the neighbourhood whatever the headers say; the grey-white
    boundary then refines it [greveFischl2009]_ from four starts. Where the boundary shows no contrast, or
    ends two voxels from the first answer, the first answer stands and has failed.
    """
    source = Sampled(values=np.where(run.mask, run.mean, 0.0), affine_mm=run.affine_mm)
    inside = binary_dilation(anatomy.intracranial.values > 0, iterations=2)
    target = Sampled(values=np.where(inside, anatomy.t1.values, 0.0), affine_mm=anatomy.t1.grid.affine_mm)
    # The rim beyond the brain tells where it ends, so it takes part in the comparison.
    search = RigidSettings(starts=settings.registration_starts)
    rigid = register_rigid(source, binary_dilation(run.mask, iterations=2), target, inside, search)
    coarse = np.array(rigid.target_from_source)
    fine, spread_mm = _refined(source, run, boundary, coarse)
    points = _brain_points(run)
    apart_mm = _distance_mm(fine, coarse, points)
    fraction = _boundary_fraction(source, run, boundary, fine)
    drop = fraction - _boundary_fraction_nearby(source, run, boundary, fine)
    fit = trust_in(fraction, drop, settings) if apart_mm <= _METHODS_APART_MM else "failed"
    pose = coarse if fit == "failed" else fine
    overlap = _overlap_fraction(run, anatomy, pose)
    voxel_mm = float(np.mean(np.linalg.norm(run.affine_mm[:3, :3], axis=0)))
    least_mm = (_LEAST_ERROR_VOXEL if fit == "trusted" else _DOUBTFUL_ERROR_VOXEL) * voxel_mm
    error = max(rigid.error_mm, apart_mm) if fit == "failed" else max(spread_mm, apart_mm / 2, least_mm)
    turn = float(np.arccos(np.clip((np.trace(pose[:3, :3]) - 1) / 2, -1.0, 1.0)))
    return Placed(
        scanner_from_bold=Affine(target=SCANNER, source=BOLD, matrix=pose),
        error_mm=error,
        header_offset_mm=_distance_mm(pose, np.eye(4), points),
        header_turn_rad=turn,
        boundary_fraction=fraction,
        boundary_drop_fraction=drop,
        overlap_fraction=overlap,
        trust=fit if overlap >= _LEAST_OVERLAP_FRACTION else "failed",
    )


def trust_in(boundary_fraction: float, drop_fraction: float, settings: Settings) -> Trust:
    """Judge how firmly the folds hold a run where it is.

    Parameters
    ----------
    boundary_fraction
        Share of the grey-white boundary that fits.
    drop_fraction
        How much of it is lost when the run is moved by 8 mm.
    settings
        The limits.

    Returns
    -------
    Trust
        The answer of the boundary alone.
    """
    is_possible = boundary_fraction >= settings.least_boundary_fraction
    if not is_possible or drop_fraction < settings.least_boundary_drop_fraction:
        return "failed"
    return "trusted" if drop_fraction >= settings.sure_boundary_drop_fraction else "doubtful"


def picture_of(run: PreparedRun, anatomy: Anatomy, pose: Affine) -> Volume:
    """Bring a run's mean image to a coarse upright grid about the T1, 0 to 255, for people to look at."""
    t1 = Sampled(values=anatomy.t1.values, affine_mm=anatomy.t1.grid.affine_mm)
    grid = upright(t1, _PICTURE_MM)
    i, j, k = grid.values.shape
    mean = Sampled(values=np.maximum(run.mean, 0.0).astype(np.float32), affine_mm=run.affine_mm)
    back = np.linalg.inv(pose.matrix)
    values = resampled(mean, grid.affine_mm, (i, j, k), source_from_target=back).values
    top = float(np.percentile(run.mean[run.mask], 99.5))
    return Volume(
        values=np.round(np.clip(values / top, 0.0, 1.0) * 255.0).astype(np.uint8),
        grid=Grid(shape=(i, j, k), affine_mm=grid.affine_mm, frame=SCANNER),
        unit="arbitrary",
    )


def _refined(
    source: Sampled, run: PreparedRun, boundary: Boundary, start: AnyArray
) -> tuple[AnyArray, float]:
    """Return the pose of least cost over several starts, and the spread of those that come near its cost."""
    centre = boundary.points_mm.mean(axis=0)
    starts = [start, *(rigid_step(np.array(nudge), centre) @ start for nudge in _NUDGES_MM)]
    ends = [align_to_boundary(source.values, run.affine_mm, run.mask, boundary, one) for one in starts]
    best, _ = min(ends, key=lambda end: end[1])
    points = _brain_points(run)
    return best, float(np.sqrt(np.mean([_distance_mm(end[0], best, points) ** 2 for end in ends])))


def _brain_points(run: PreparedRun) -> Points:
    where = np.argwhere(run.mask)[:: max(1, int(run.mask.sum()) // 500)]
    return where @ run.affine_mm[:3, :3].T + run.affine_mm[:3, 3]


def _distance_mm(first: AnyArray, second: AnyArray, points_mm: Points) -> float:
    difference = first - second
    moved = points_mm @ difference[:3, :3].T + difference[:3, 3]
    return float(np.sqrt((moved**2).sum(axis=1).mean()))


def _boundary_fraction(source: Sampled, run: PreparedRun, boundary: Boundary, pose: AnyArray) -> float:
    contrast = contrast_across(source.values, pose @ run.affine_mm, run.mask, boundary, _SIDE_STEP_MM)
    seen = contrast[np.isfinite(contrast)]
    return float(np.mean(seen > 0)) if seen.size > 100 else 0.0


def _boundary_fraction_nearby(source: Sampled, run: PreparedRun, boundary: Boundary, pose: AnyArray) -> float:
    """Return the mean share over moves of 8 mm in directions that are the same every time."""
    centre = boundary.points_mm.mean(axis=0)
    moves = generator(0, "mapping.boundary").standard_normal((_MOVES, 6))
    moves *= _MOVE_MM / np.linalg.norm(moves, axis=1, keepdims=True)
    moved = [rigid_step(move, centre) @ pose for move in moves]
    return float(np.mean([_boundary_fraction(source, run, boundary, one) for one in moved]))


def _overlap_fraction(run: PreparedRun, anatomy: Anatomy, pose: AnyArray) -> float:
    grid = anatomy.intracranial.grid
    points = np.argwhere(run.mask) @ run.affine_mm[:3, :3].T + run.affine_mm[:3, 3]
    ijk = grid.ijk_of(points @ pose[:3, :3].T + pose[:3, 3])
    inside = map_coordinates(
        (anatomy.intracranial.values > 0).astype(np.uint8), ijk.T, order=0, mode="constant"
    )
    return float(inside.mean())
