# SPDX-License-Identifier: Apache-2.0
"""The place on the cortex to plan for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates, maximum_filter

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.model.activation import Side
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.settings import Settings

_REACH_MM = 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class CrownPoint:
    """A point of the cortex and whether it is on a crown, reachable from outside."""

    position_mm: Vector3
    is_on_crown: bool
    distance_mm: float


def crown_near(
    anatomy: Anatomy, centre_mm: Vector3, settings: Settings, *, hemisphere: Side | None = None
) -> CrownPoint:
    """Find the point of a gyral crown nearest to a centre.

    Parameters
    ----------
    anatomy
        Surfaces of the hemispheres with their crowns; without them, cortex and sulcal depth.
    centre_mm
        In ``scanner``, shape (3,).
    settings
        How deep a crown may lie where there are no surfaces of the hemispheres.
    hemisphere
        Side on which to look; both when absent.

    Returns
    -------
    CrownPoint
        The nearest crown within 30 mm, or else the nearest point of the cortex.

    Notes
    -----
    These are the crowns that imaging found, stores and draws (``CorticalSurface.is_crown``): shallow, with
    white matter bulging under them. Depth alone counts the lips of a sulcus in with them.
    """
    halves = [half for half in anatomy.hemispheres if hemisphere in (None, half.hemisphere)]
    if halves:
        points = np.concatenate([half.pial.points_mm for half in halves])
        is_crown = np.concatenate([half.is_crown for half in halves])
        distance = np.linalg.norm(points - centre_mm, axis=1)
        crown = np.flatnonzero(is_crown & (distance <= _REACH_MM))
    else:
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
