# SPDX-License-Identifier: Apache-2.0
"""What lies over the hand area: the bone's thickness and curve, scalp along lines through the labels, air."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.core.errors import NumericalError
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.stages.screening.settings import Settings

_OUTWARD_MM = 30.0
_INWARD_MM = 30.0
_LEAST_RAYS = 10


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A thickness over an area: its median, and between what it lies.

    For the scalp the 5th and 95th percentile; for the skull those or the median ends of the imaging stage's
    own interval, whichever are further out.
    """

    median_mm: float
    low_mm: float
    high_mm: float


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What lies over the hand area.

    Parameters
    ----------
    skull, scalp
        Thickness over the implant's area.
    gap_mm
        How far the outer skull departs from a plane over the area, between its 2.5th and 97.5th percentile.
    scalp_fraction
        Share of lines that cross scalp.
    air_mm
        Least air between skin, or bone where no skin is labelled, and the edge of the image along a line;
        what lies farther than the lines reach counts as their end.
    """

    skull: Spread
    scalp: Spread
    gap_mm: float
    scalp_fraction: float
    air_mm: float


def layers_over(anatomy: Anatomy, target_mm: Vector3, radius_mm: float, settings: Settings) -> Layers:
    """Measure scalp and skull over a target.

    Parameters
    ----------
    anatomy
        Tissue labels, and the outer skull with the bone's thickness, in ``scanner``.
    target_mm
        Centre of the hand area in ``scanner``, shape (3,).
    radius_mm
        Radius of the area on the skull.
    settings
        Number of lines and the step along them.

    Returns
    -------
    Layers
        Bone as the imaging stage found it; scalp along lines parallel to the area's mean normal.

    Raises
    ------
    NumericalError
        If there is hardly any skull surface over the target.

    Notes
    -----
    One direction serves all lines: over a 23 mm disc on a sphere of 80 mm radius the true normal departs by
    at most 8 degrees from it, which lengthens a thickness by at most 1 %.
    """
    chosen, outward = _area(anatomy.outer_skull, np.asarray(target_mm), radius_mm)
    stride = -(-np.count_nonzero(chosen) // settings.ray_count)
    starts_mm = anatomy.outer_skull.points_mm[chosen][::stride]
    depth_mm = np.arange(-_OUTWARD_MM, _INWARD_MM, settings.ray_step_mm)
    labels, is_within = _labels_along(anatomy, starts_mm, -outward, depth_mm)
    is_inside = np.isin(labels, (Tissue.CSF, Tissue.GREY, Tissue.WHITE))
    before_brain = np.cumsum(is_inside, axis=1) == 0
    scalp_mm = np.count_nonzero((labels == Tissue.SCALP) & before_brain, axis=1) * settings.ray_step_mm
    return Layers(
        skull=_bone(anatomy.skull, chosen),
        scalp=_spread(scalp_mm),
        gap_mm=_gap_mm(starts_mm, outward),
        scalp_fraction=float(np.mean(scalp_mm > 0)),
        air_mm=float(_air(labels, is_within).min()) * settings.ray_step_mm,
    )


def _area(surface: Surface, target_mm: Vector3, radius_mm: float) -> tuple[AnyArray, Vector3]:
    """Return which corners of the outer skull are nearest the target, and their mean outward normal."""
    points = surface.points_mm
    nearest = points[np.argmin(np.linalg.norm(points - target_mm, axis=1))]
    chosen = np.linalg.norm(points - nearest, axis=1) <= radius_mm
    if np.count_nonzero(chosen) < _LEAST_RAYS:
        raise NumericalError.because(
            where="outer skull over the hand area",
            found=f"{np.count_nonzero(chosen)} points within {radius_mm:g} mm",
            expected=f"at least {_LEAST_RAYS}",
            remedy="Check the skull surface of the imaging stage.",
        )
    corners = points[surface.faces[np.all(chosen[surface.faces], axis=1)]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outward = normals.sum(axis=0)
    length = float(np.linalg.norm(outward))
    # A torn patch has no mean normal; the line from the target still points outward.
    axis = outward / length if length > 0 else (nearest - target_mm) / np.linalg.norm(nearest - target_mm)
    return chosen, axis


def _gap_mm(points_mm: Points, outward: Vector3) -> float:
    """Return how far points depart from the plane that fits them best, along a direction."""
    height = points_mm @ outward
    across = np.linalg.svd(outward[np.newaxis])[2][1:]
    design = np.column_stack([points_mm @ across.T, np.ones(len(points_mm))])
    left = height - design @ np.linalg.lstsq(design, height, rcond=None)[0]
    low, high = np.percentile(left, (2.5, 97.5))
    return float(high - low)


def _air(labels: AnyArray, is_within: AnyArray) -> AnyArray:
    """Count samples of every line between the head's first label and the edge of the image, shape (line,)."""
    is_head = labels != Tissue.BACKGROUND
    first = np.where(is_head.any(axis=1), np.argmax(is_head, axis=1), is_head.shape[1])
    before = np.arange(labels.shape[1]) < first[:, np.newaxis]
    return np.asarray(np.count_nonzero(before & is_within, axis=1))


def _labels_along(
    anatomy: Anatomy, starts_mm: Points, direction: Vector3, depth_mm: AnyArray
) -> tuple[AnyArray, AnyArray]:
    """Return the label nearest to every sample and whether it lies in the image, shape (line, depth)."""
    grid = anatomy.tissue.grid
    samples_mm = starts_mm[:, np.newaxis] + depth_mm[:, np.newaxis] * direction
    ijk = np.rint(grid.ijk_of(samples_mm.reshape(-1, 3))).astype(np.intp)
    is_within = np.all((ijk >= 0) & (ijk < np.array(grid.shape)), axis=1)
    labels = np.zeros(len(ijk), dtype=np.uint8)
    labels[is_within] = anatomy.tissue.values[tuple(ijk[is_within].T)]
    shape = (len(starts_mm), len(depth_mm))
    return labels.reshape(shape), is_within.reshape(shape)


def _bone(skull: SkullThickness, chosen: AnyArray) -> Spread:
    """Return the bone's thickness over the chosen corners: variation or doubt, whichever is wider."""
    seen = _spread(skull.thickness_mm[chosen])
    low, high = float(np.median(skull.low_mm[chosen])), float(np.median(skull.high_mm[chosen]))
    return Spread(median_mm=seen.median_mm, low_mm=min(seen.low_mm, low), high_mm=max(seen.high_mm, high))


def _spread(values_mm: AnyArray) -> Spread:
    low, median, high = np.percentile(values_mm, (5, 50, 95))
    return Spread(median_mm=float(median), low_mm=float(low), high_mm=float(high))
