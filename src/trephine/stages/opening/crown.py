# SPDX-License-Identifier: Apache-2.0
"""The cortex that threads may enter, and what a thread is worth at each place of it, in every scenario."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.kernels.geometry.meshes import corner_areas, corner_normals
from trephine.kernels.geometry.voxels import sampled
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram, Tissue
from trephine.model.device import Device
from trephine.stages.opening.scenarios import Scenarios
from trephine.stages.opening.settings import Settings

_SHEET_MM = 0.7
"""Depth below the surface at which the sulcal depth of a corner is read: within the voxel below it."""
_SMOOTH_MM = 1.5
"""Normals are averaged this far, for a mesh of 1 mm voxels has steps."""
_PATH_MM = np.arange(0.6, 3.6, 0.5)
_LEAST_BRAIN_FRACTION = 0.85
_STEP_MM = 0.2
"""Between depths: of the paths that are read, and of the tip."""
_ABOUT_PATH_MM = np.array([-1.0, 0.0, 1.0, 2.0, 3.0])
"""Depths at which a thread's path is held against known vessels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Crown:
    """Corners of the cortex on the crowns of gyri near the target, in ``scanner``.

    Parameters
    ----------
    place_mm, normal
        Places and smoothed unit normals outward, shape (corner, 3).
    area_mm2
        Area of cortex that each stands for, shape (corner,).
    value
        What a thread is worth there, 0 to 1: hand weight times share of grey matter, mean over its
        electrodes at the best depth, shape (scenario, corner).
    is_clear
        Whether no known vessel lies there, shape (scenario, corner).
    """

    place_mm: Points
    normal: Points
    area_mm2: AnyArray
    value: AnyArray
    is_clear: AnyArray


def crown_near(
    anatomy: Anatomy,
    hand_map: HandMap,
    angiogram: Angiogram | None,
    device: Device,
    drawn: Scenarios,
    settings: Settings,
) -> Crown:
    """List the crown within reach of the search and value it.

    Raises
    ------
    InputError
        If no cortex lies near the target.
    """
    place, normal, area = _corners(anatomy, hand_map, settings)
    depth = sampled(
        anatomy.sulcal_depth_mm.values, anatomy.sulcal_depth_mm.grid.affine_mm, place - _SHEET_MM * normal
    )
    crown = depth <= settings.crown_depth_mm
    from_sulcus, _ = cKDTree(place[~crown]).query(place)
    crown &= from_sulcus >= settings.sulcus_margin_mm
    keep = crown & (_brain_fraction(anatomy, place, normal) >= _LEAST_BRAIN_FRACTION)
    place, normal, area = place[keep], normal[keep], area[keep]
    return Crown(
        place_mm=place,
        normal=normal,
        area_mm2=area,
        value=_moved(_value(anatomy, hand_map, device, (place, normal)), place, drawn.map_shift_mm),
        is_clear=_is_clear(angiogram, (place, normal), drawn, settings),
    )


def _corners(anatomy: Anatomy, hand_map: HandMap, settings: Settings) -> tuple[Points, Points, AnyArray]:
    """Return places, smoothed normals and areas of the cortex within reach."""
    cortex, target = anatomy.cortex, hand_map.target_mm
    reach = settings.search_radius_mm + settings.durectomy_limit_mm + settings.reach_mm
    near = np.linalg.norm(cortex.points_mm - target, axis=1) < reach
    if not near.any():
        raise InputError.because(
            where="opening, cortex",
            found=f"no corner within {reach:g} mm of the target at {np.round(target, 1).tolist()}",
            expected="the cortex under the target",
            remedy="Check the registration of the functional scan, and the surfaces of imaging.",
        )
    faces = cortex.faces[near[cortex.faces].any(axis=1)]
    used, index = np.unique(faces, return_inverse=True)
    points = cortex.points_mm[used]
    faces = index.reshape(faces.shape)
    normal, area = corner_normals(points, faces), corner_areas(points, faces)
    inner = near[used]
    tree = cKDTree(points)
    pairs = tree.sparse_distance_matrix(cKDTree(points[inner]), _SMOOTH_MM, output_type="coo_matrix")
    total = np.zeros((int(inner.sum()), 3))
    np.add.at(total, pairs.col, (normal * area[:, None])[pairs.row])
    return points[inner], total / np.linalg.norm(total, axis=1, keepdims=True), area[inner]


def _brain_fraction(anatomy: Anatomy, place_mm: Points, normal: Points) -> AnyArray:
    """Return the share of every path that lies in brain, shape (corner,)."""
    tissue = anatomy.tissue
    brain = np.isin(tissue.values, (Tissue.GREY, Tissue.WHITE))
    path = place_mm[:, None] - _PATH_MM[None, :, None] * normal[:, None]
    share = sampled(brain, tissue.grid.affine_mm, path.reshape(-1, 3)).reshape(len(place_mm), -1)
    return np.asarray(share.mean(axis=1))


def _value(anatomy: Anatomy, hand_map: HandMap, device: Device, where: tuple[Points, Points]) -> AnyArray:
    """Average hand weight times share of grey over the electrodes, at each place's best depth.

    Returns
    -------
    numpy.ndarray
        Shape (corner,).
    """
    place, normal = where
    depths, offsets = _tip_depths_mm(device), device.electrode_offsets_mm()
    count = round(depths.max() / _STEP_MM) + 1
    flat = (place[:, None] - _STEP_MM * np.arange(count)[None, :, None] * normal[:, None]).reshape(-1, 3)
    tissue, weight = anatomy.tissue, hand_map.weight
    grey = sampled(tissue.values == Tissue.GREY, tissue.grid.affine_mm, flat)
    worth = grey * np.clip(sampled(weight.values, weight.grid.affine_mm, flat), 0, 1)
    profile = worth.reshape(len(place), count)
    best = np.zeros(len(place))
    for depth in depths:
        below = depth - offsets[offsets < depth]
        at = np.rint(below / _STEP_MM).astype(int)
        best = np.maximum(best, profile[:, at].sum(axis=1) / len(offsets))
    return best


def _tip_depths_mm(device: Device) -> AnyArray:
    """Return the depths of a tip that the device states, those alone that bring every electrode in."""
    stated = device.threads.insertion_depth_mm
    if stated.low is None or stated.high is None:
        return np.array([stated.value])
    choices = np.arange(stated.low, stated.high + _STEP_MM / 2, _STEP_MM)
    enough = choices[choices - device.electrode_offsets_mm().max() >= _STEP_MM]
    return enough if len(enough) else np.array([stated.value])


def _moved(value: AnyArray, place_mm: Points, shift_mm: Points) -> AnyArray:
    """Move the map along the crown: a place gets the value of the crown nearest to where it lay.

    The map follows the ribbon of grey. Moved as a volume it would slide off the ribbon and lose its value;
    moved over the surface it keeps it. Shape (scenario, corner), float32.
    """
    tree = cKDTree(place_mm)
    nearest = [tree.query(place_mm - shift)[1] for shift in shift_mm]
    return value[np.array(nearest)].astype(np.float32)


def _is_clear(
    angiogram: Angiogram | None, where: tuple[Points, Points], drawn: Scenarios, settings: Settings
) -> AnyArray:
    """Tell which corners no known vessel touches, shape (scenario, corner)."""
    place, normal = where
    clear = np.ones((len(drawn.vessel_shift_mm), len(place)), dtype=bool)
    if angiogram is None or not len(place):
        return clear
    grid = angiogram.vessels.grid
    vessel = grid.mm_of(np.argwhere(np.asarray(angiogram.vessels.values) > 0))
    reach = 10.0 + float(np.abs(place - place.mean(axis=0)).max())
    vessel = vessel[(np.abs(vessel - place.mean(axis=0)) < reach).all(axis=1)]
    if not len(vessel):
        return clear
    margin = settings.vessel_margin_mm + max(grid.voxel_mm) / 2
    path = (place[:, None] - _ABOUT_PATH_MM[None, :, None] * normal[:, None]).reshape(-1, 3)
    tree = cKDTree(vessel)
    for row, shift in enumerate(drawn.vessel_shift_mm):
        distance, _ = tree.query(path - shift, distance_upper_bound=margin)
        clear[row] = np.isinf(distance.reshape(len(place), -1)).all(axis=1)
    return clear
