# SPDX-License-Identifier: Apache-2.0
"""The place on the cortex to plan for, and what cortex around it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates, maximum_filter

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.model.activation import Side
from trephine.model.anatomy import Anatomy
from trephine.model.volume import Volume
from trephine.stages.mapping.planning_grid import Place, volume_on
from trephine.stages.mapping.settings import Settings

_REACH_MM = 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class CrownPoint:
    """A point of the cortex and whether it is on a crown, reachable from outside."""

    position_mm: Vector3
    is_on_crown: bool
    distance_mm: float


def crown_near(anatomy: Anatomy, centre_mm: Vector3, settings: Settings) -> CrownPoint:
    """Find the point of a gyral crown nearest to a centre.

    Parameters
    ----------
    anatomy
        Cortex and sulcal depth.
    centre_mm
        In ``scanner``, shape (3,).
    settings
        How deep a crown may lie.

    Returns
    -------
    CrownPoint
        The nearest crown within 30 mm, or else the nearest point of the cortex.
    """
    points = anatomy.cortex.points_mm
    distance = np.linalg.norm(points - centre_mm, axis=1)
    near = np.flatnonzero(distance <= _REACH_MM)
    crown = near[_depth_mm(anatomy, points[near]) <= settings.crown_depth_mm] if near.size else near
    best = int(crown[np.argmin(distance[crown])]) if crown.size else int(np.argmin(distance))
    return CrownPoint(
        position_mm=points[best], is_on_crown=bool(crown.size), distance_mm=float(distance[best])
    )


def _depth_mm(anatomy: Anatomy, points_mm: Points) -> AnyArray:
    """Return the sulcal depth at points of the cortex: the largest nearby, for it is 0 outside the brain."""
    volume = anatomy.sulcal_depth_mm
    ijk = volume.grid.ijk_of(points_mm)
    low = np.maximum(np.floor(ijk.min(axis=0)).astype(int) - 2, 0)
    high = np.ceil(ijk.max(axis=0)).astype(int) + 3
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    deepest = maximum_filter(np.asarray(volume.values[box], dtype=np.float32), size=3)
    return map_coordinates(deepest, (ijk - low).T, order=1, mode="nearest")


@dataclass(frozen=True, kw_only=True, eq=False)
class Worth:
    """What makes cortex valuable.

    Parameters
    ----------
    z_share
        The hand's z over its peak, shape of the grid; absent when only anatomy speaks.
    centre_mm, target_mm
        Centre of the hand area and the target above it: distance counts from the line between them, so that
        the crown above a response in a sulcus keeps its value.
    hemisphere
        The other side is worth nothing.
    """

    z_share: AnyArray | None
    centre_mm: Vector3
    target_mm: Vector3
    hemisphere: Side


def weight_of(place: Place, worth: Worth, settings: Settings) -> Volume:
    """Return the value of grey matter for the hand, 0 to 1.

    Parameters
    ----------
    place
        The maps' grid.
    worth
        What makes cortex valuable.
    settings
        How fast value falls with distance.

    Returns
    -------
    Volume
        On the maps' grid; its largest value is 1.
    """
    distance = _distance_to_line_mm(place.points_mm, worth.centre_mm, worth.target_mm)
    bell = np.exp(-0.5 * (distance / settings.weight_sd_mm) ** 2).reshape(place.grid.shape)
    value = bell * np.clip(place.grey_fraction, 0.0, 1.0)
    if worth.z_share is not None:
        value = value * np.clip(worth.z_share.reshape(place.grid.shape), 0.0, 1.0)
    value = np.where(place.in_hemisphere(worth.hemisphere), value, 0.0)
    return volume_on(place.grid, value / max(float(value.max()), 1e-12), "1")


def _distance_to_line_mm(points_mm: Points, start_mm: Vector3, end_mm: Vector3) -> AnyArray:
    along = end_mm - start_mm
    length2 = float(along @ along)
    share = np.clip((points_mm - start_mm) @ along / max(length2, 1e-12), 0.0, 1.0)
    return np.linalg.norm(points_mm - start_mm - share[:, None] * along, axis=1)
