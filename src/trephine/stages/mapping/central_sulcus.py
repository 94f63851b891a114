# SPDX-License-Identifier: Apache-2.0
"""The central sulcus of one hemisphere: its floor, and its course at other depths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import MNI152, SCANNER
from trephine.kernels.geometry.lines import Edges, cheapest_voxels, evened_line
from trephine.kernels.geometry.meshes import corner_normals
from trephine.model.anatomy import Anatomy
from trephine.model.cortex import CorticalSurface

LogOdds = float
"""A pure number: natural logarithm of odds."""

STEP_MM = 0.5
_TEMPLATE_MM = (
    *((-6.0, -37.0, 68.5), (-11.0, -33.0, 61.5), (-19.0, -28.5, 55.0), (-25.0, -27.5, 52.0)),
    *((-29.5, -26.5, 50.0), (-34.0, -25.5, 48.0), (-33.8, -21.5, 45.5), (-33.0, -18.5, 41.0)),
    *((-36.5, -16.5, 36.5), (-40.5, -13.0, 33.0), (-44.0, -9.5, 29.0), (-49.0, -8.0, 25.0)),
    *((-53.5, -5.5, 21.0), (-57.0, -6.0, 17.5)),
)
"""Floor of the left central sulcus in ``mni152``: cheapest line through the average sulcal depth of
`fischl1999`, mean of both sides; mirrored for the right."""
_HUB_MNI_MM = (0.0, -20.0, 15.0)
"""Middle of the head: away from it is outward. Assumed."""
_SPREAD_MM = 6.0
"""Of a person's sulcus about the template's after registration, assumed; its neighbours lie 12 to 15 off."""
_PRIOR_PER_MM = 0.03
"""Half a squared spread every 17 mm: a registration's error is alike over about one gyrus. Assumed."""
_BEND_PER_MM, _DEEP_MM = 0.1, 8.0
"""Convex cortex costs most, and shallow cortex more than deep. Assumed."""
_REACH_MM, _END_MM, _END_REACH_MM, _SKIPPED_PER_MM = 25.0, 25.0, 18.0, 0.1
_MIDLINE_MM, _MIDLINE_COST_PER_MM = 4.0, 3.0
"""The way never follows the fissure between the hemispheres."""
_RIVAL_MM = 12.0
_EVEN_MM = 2.0
_VOXEL_MM = 1.0
_SHELL_HALF_MM = 2.0
_WALL_MM = 0.8
"""Between the banks the cost falls by a factor e each so much farther from white matter. Assumed."""
_FLOOR_COST = 0.02
_LEAST_STEPS = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Sulcus:
    """The floor of the central sulcus, from the midline down, at even steps of half a millimetre.

    Parameters
    ----------
    floor_mm
        ``scanner``, shape (n, 3).
    depth_mm
        Below the brain's hull, shape (n,).
    outward
        Unit vectors away from the middle of the head, shape (n, 3).
    cost, rival_cost
        Of this line, and of the best one at least 12 mm beside it: logarithms of odds, as far as the
        assumed costs are.
    """

    floor_mm: Points
    depth_mm: AnyArray
    outward: Points
    cost: LogOdds
    rival_cost: LogOdds


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """The course of the sulcus at one depth, or on its floor.

    Parameters
    ----------
    line_mm
        Half way between the banks, at even steps, shape (n, 3).
    outward
        As for the floor.
    steps
        The place on the level of reference that each place lies over or under, never falling, shape (n,).
    """

    line_mm: Points
    outward: Points
    steps: AnyArray


def find_sulcus(anatomy: Anatomy, half: CorticalSurface) -> Sulcus | None:
    """Follow the floor of the central sulcus over the pial surface.

    Parameters
    ----------
    anatomy
        For the template's place.
    half
        The hemisphere.

    Returns
    -------
    Sulcus or None
        Nothing when no line joins both ends.

    Notes
    -----
    Every corner costs more the more convex it is, the shallower, and the farther from the template's sulcus;
    the cheapest line wins. It may begin and end anywhere along the template's first and last 25 mm.
    """
    template = _template_line(anatomy, half)
    points = half.pial.points_mm
    far, nearest = cKDTree(template).query(points)
    chosen = np.flatnonzero(far < _REACH_MM)
    number = np.full(len(points), -1)
    number[chosen] = np.arange(len(chosen))
    faces = number[half.pial.faces]
    edges = Edges.of(half.white.points_mm[chosen], faces[(faces >= 0).all(axis=1)].astype(np.int32))
    far, nearest = far[chosen], nearest[chosen]
    depth = half.sulcal_depth_mm[chosen].astype(np.float64)
    bend = half.curvature_per_mm[chosen].astype(np.float64)
    across = anatomy.mni_from_scanner(points[chosen], frame=SCANNER)[:, 0]
    cost = np.exp(-depth / _DEEP_MM) / (1 + np.exp(-bend / _BEND_PER_MM))
    cost += _PRIOR_PER_MM * (far / _SPREAD_MM) ** 2
    cost += np.where(np.abs(across) < _MIDLINE_MM, _MIDLINE_COST_PER_MM, 0.0)
    gates = [_gate(far, skipped) for skipped in (nearest, len(template) - 1 - nearest)]
    line, total = edges.cheapest_line(cost, *gates)
    if len(line) < 2:
        return None
    beside = np.where(edges.within(line, _RIVAL_MM), np.inf, 0.0)
    _, rival = edges.cheapest_line(
        np.where(beside > 0, cost + 10.0, cost), *(gate + beside for gate in gates)
    )
    floor = evened_line(points[chosen][line], STEP_MM, _EVEN_MM)
    return Sulcus(
        floor_mm=floor,
        depth_mm=_depth_mm(anatomy, floor),
        outward=_outward(anatomy, floor),
        cost=total,
        rival_cost=rival,
    )


def _template_line(anatomy: Anatomy, half: CorticalSurface) -> Points:
    side = np.array([1.0 if half.hemisphere == "left" else -1.0, 1.0, 1.0])
    line = evened_line(np.array(_TEMPLATE_MM) * side, 1.0, 0.1)
    return anatomy.scanner_from_mni(line, frame=MNI152)


def _gate(far_mm: AnyArray, skipped_mm: AnyArray) -> AnyArray:
    """Return what it costs to begin, or end, at each corner."""
    cost = 0.5 * (far_mm / _SPREAD_MM) ** 2 + _SKIPPED_PER_MM * skipped_mm
    return np.where((skipped_mm <= _END_MM) & (far_mm < _END_REACH_MM), cost, np.inf)


def _outward(anatomy: Anatomy, points_mm: Points) -> Points:
    hub = anatomy.scanner_from_mni(np.array([_HUB_MNI_MM]), frame=MNI152)[0]
    way = points_mm - hub
    return np.asarray(way / np.linalg.norm(way, axis=1, keepdims=True))


def _depth_mm(anatomy: Anatomy, points_mm: Points) -> AnyArray:
    volume = anatomy.sulcal_depth_mm
    return map_coordinates(volume.values, volume.grid.ijk_of(points_mm).T, order=1, mode="nearest")


def levels_of(
    anatomy: Anatomy, half: CorticalSurface, sulcus: Sulcus, depths_mm: tuple[float, ...], reference: int
) -> tuple[Level, ...]:
    """Follow the sulcus between its banks at several depths below the hull.

    Parameters
    ----------
    anatomy, half, sulcus
        Where.
    depths_mm
        Rising depths; those that hardly any of the floor reaches are left out.
    reference
        Number of the depth whose places all others are told by.

    Returns
    -------
    tuple
        A level for each depth, then the floor; nothing when the level of reference is missing.

    Notes
    -----
    A way through voxels of that depth, two millimetres to either side, which keeps far from the white matter
    of both banks. So it needs no visible fluid between them.
    """
    box = _Box.of(anatomy, half, sulcus, depths_mm)
    lines = [_line_at(sulcus, box, depth) for depth in depths_mm]
    if any(line is None for line in lines[: reference + 1]):
        return ()
    found = [line for line in (*lines, sulcus.floor_mm) if line is not None]
    steps = _aligned(found, reference)
    return tuple(
        Level(line_mm=line, outward=_outward(anatomy, line), steps=each)
        for line, each in zip(found, steps, strict=True)
    )


def _aligned(lines: list[Points], reference: int) -> list[AnyArray]:
    """Tell for every line which steps of the reference its places belong to, from each line to the next."""
    steps: list[AnyArray] = [np.arange(len(line), dtype=np.float64) for line in lines]
    pairs = [(n, n - 1) for n in range(reference + 1, len(lines))]
    pairs += [(n, n + 1) for n in range(reference - 1, -1, -1)]
    for number, beside in pairs:
        raw = steps[beside][cKDTree(lines[beside]).query(lines[number])[1]]
        # Half way between the two orders that never fall: a single place gone astray moves neither far.
        rising, falling = np.maximum.accumulate(raw), np.minimum.accumulate(raw[::-1])[::-1]
        steps[number] = 0.5 * (rising + falling)
    return steps


@dataclass(frozen=True, kw_only=True, eq=False)
class _Box:
    """Voxels round the sulcus with their depth below the hull and what a way through them costs."""

    corner_mm: AnyArray
    depth_mm: AnyArray
    cost: AnyArray

    @classmethod
    def of(
        cls, anatomy: Anatomy, half: CorticalSurface, sulcus: Sulcus, depths_mm: tuple[float, ...]
    ) -> _Box:
        floor = sulcus.floor_mm
        corner = floor.min(axis=0) - _END_REACH_MM
        counts = np.ceil((floor.max(axis=0) + _END_REACH_MM - corner) / _VOXEL_MM).astype(int)
        places = np.indices(tuple(counts)).reshape(3, -1).T * _VOXEL_MM + corner
        depth = _depth_mm(anatomy, places)
        low, high = min(depths_mm) - _SHELL_HALF_MM, max(depths_mm) + _SHELL_HALF_MM
        rows = np.flatnonzero((depth > low) & (depth < high))
        far, _ = cKDTree(floor).query(places[rows], distance_upper_bound=_END_REACH_MM)
        rows, far = rows[np.isfinite(far)], far[np.isfinite(far)]
        across = anatomy.mni_from_scanner(places[rows], frame=SCANNER)[:, 0]
        cost = np.full(len(places), -1.0)
        cost[rows] = (
            np.exp(-_outside_white_mm(half, places[rows], floor) / _WALL_MM)
            + _FLOOR_COST
            + _PRIOR_PER_MM * (far / _SPREAD_MM) ** 2
            + np.where(np.abs(across) < _MIDLINE_MM, _MIDLINE_COST_PER_MM, 0.0)
        )
        shape = tuple(int(n) for n in counts)
        return cls(corner_mm=corner, depth_mm=depth.reshape(shape), cost=cost.reshape(shape))


def _outside_white_mm(half: CorticalSurface, places_mm: Points, floor_mm: Points) -> AnyArray:
    """Return the distance from white matter, negative inside."""
    corners = half.white.points_mm
    near = cKDTree(floor_mm).query(corners, distance_upper_bound=2 * _REACH_MM)[0] < 2 * _REACH_MM
    normals = corner_normals(corners, half.white.faces)[near]
    distance, nearest = cKDTree(corners[near]).query(places_mm)
    side = np.einsum("ij,ij->i", places_mm - corners[near][nearest], normals[nearest])
    return np.asarray(np.copysign(distance, side))


def _line_at(sulcus: Sulcus, box: _Box, depth_mm: float) -> Points | None:
    deep = np.flatnonzero(sulcus.depth_mm >= depth_mm)
    cost = np.where(np.abs(box.depth_mm - depth_mm) < _SHELL_HALF_MM, box.cost, -1.0)
    voxels = np.argwhere(cost > 0)
    if len(deep) < _LEAST_STEPS or not len(voxels):
        return None
    ends = deep[[0, -1]]
    rise = (sulcus.depth_mm[ends] - depth_mm)[:, None]
    above = sulcus.floor_mm[ends] + rise * sulcus.outward[ends]
    start, stop = voxels[cKDTree(voxels * _VOXEL_MM + box.corner_mm).query(above)[1]]
    way = cheapest_voxels(cost, start, stop)
    return evened_line(way * _VOXEL_MM + box.corner_mm, STEP_MM, _EVEN_MM) if len(way) > 1 else None
