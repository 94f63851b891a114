# SPDX-License-Identifier: Apache-2.0
"""What the search over poses looks at, measured once on the corners of the skull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.kernels.geometry.meshes import corner_normals
from trephine.kernels.geometry.voxels import sampled
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram, Tissue
from trephine.stages.opening.settings import Settings

_BEYOND_MM = 25.0
"""The skull is looked at this far beyond the search: half an implant and the bone between."""
_INWARD_MM = np.arange(0.5, 25.0, 0.5)
_PROBE_MM = 4.0
LARGE_VESSEL_MM = 2.0
"""A vessel this wide is worth going round; assumed."""
_SINUS_MM = 4.0
"""A vessel this wide near the skull is taken for a sinus: the mean width at the vertex is 3.7 to 5.1 mm
(``sinusmorphometry``)."""
_SIGMAS = 2.0
_ON_CORTEX_MM = 4.0
"""A vessel this near the surface of the cortex is met when the dura is opened."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """Corners of the outer skull near the target and what lies about them, in ``scanner``.

    Parameters
    ----------
    skull_mm, skull_normal
        Corners of the outer skull and unit normals outward, shape (corner, 3).
    bone_mm
        Thickness of bone inward from each, shape (corner,).
    midline_mm
        Distance of each from the template's midsagittal plane, positive on the side to implant.
    sinus_mm
        Distance of each, where the bone ends under it, from the zones of the dural sinuses and from vessels
        as wide as one, their doubt taken off; infinite without any.
    medial
        Unit vector towards the midsagittal plane, shape (3,).
    vein_mm, vein_radius_mm
        Centre lines of large vessels on the cortex, shape (point, 3), and their radius, shape (point,).
    target_mm
        The hand target, shape (3,).
    """

    skull_mm: Points
    skull_normal: Points
    bone_mm: AnyArray
    midline_mm: AnyArray
    sinus_mm: AnyArray
    medial: AnyArray
    vein_mm: Points
    vein_radius_mm: AnyArray
    target_mm: AnyArray


def surroundings(
    anatomy: Anatomy, hand_map: HandMap, angiogram: Angiogram | None, settings: Settings
) -> Surroundings:
    """Measure the skull near the hand target.

    Raises
    ------
    InputError
        If no skull lies near the target.
    """
    target = hand_map.target_mm
    reach = settings.search_radius_mm + _BEYOND_MM
    outer = anatomy.outer_skull
    near = np.linalg.norm(outer.points_mm - target, axis=1) < reach
    if not near.any():
        raise InputError.because(
            where="opening, outer skull",
            found=f"no corner within {reach:g} mm of the target at {np.round(target, 1).tolist()}",
            expected="the outer skull over the target",
            remedy="Check the registration of the functional scan, and the surfaces of imaging.",
        )
    skull, normal = outer.points_mm[near], corner_normals(outer.points_mm, outer.faces)[near]
    side = -1.0 if hand_map.hemisphere == "left" else 1.0
    bone = bone_thickness_mm(anatomy, skull, -normal)
    vein, radius = _large_vessels(anatomy, angiogram, target, reach)
    return Surroundings(
        skull_mm=skull,
        skull_normal=normal,
        bone_mm=bone,
        midline_mm=side * midline_distance_mm(anatomy, skull),
        sinus_mm=sinus_distance_mm(anatomy, angiogram, skull - bone[:, None] * normal),
        medial=-side * to_the_right(anatomy, target),
        vein_mm=vein,
        vein_radius_mm=radius,
        target_mm=target,
    )


def _large_vessels(
    anatomy: Anatomy, angiogram: Angiogram | None, target_mm: AnyArray, reach_mm: float
) -> tuple[Points, AnyArray]:
    """Return centre lines and radii of large vessels on the cortex within reach of the target."""
    if angiogram is None or not len(angiogram.tree.points_mm):
        return np.zeros((0, 3)), np.zeros(0)
    tree = angiogram.tree
    near = np.linalg.norm(tree.points_mm - target_mm, axis=1) < reach_mm
    large = near & (2 * tree.radius_mm >= LARGE_VESSEL_MM)
    points, radius = tree.points_mm[large], tree.radius_mm[large]
    if len(points):
        away, _ = cKDTree(anatomy.cortex.points_mm).query(points)
        points, radius = points[away <= _ON_CORTEX_MM], radius[away <= _ON_CORTEX_MM]
    return points, radius


def bone_thickness_mm(anatomy: Anatomy, points_mm: Points, inward: Points) -> AnyArray:
    """Walk inward from the outer skull and measure the bone met before the brain or its fluid.

    Parameters
    ----------
    anatomy
        Tissue labels.
    points_mm, inward
        Places on the outer skull in ``scanner`` and unit directions, shape (point, 3).

    Returns
    -------
    numpy.ndarray
        mm, shape (point,). In steps of half a millimetre.
    """
    tissue = anatomy.tissue
    steps = points_mm[:, None] + _INWARD_MM[None, :, None] * inward[:, None]
    label = sampled(tissue.values, tissue.grid.affine_mm, steps.reshape(-1, 3), order=0)
    label = label.reshape(len(points_mm), -1)
    within = np.isin(label, (Tissue.CSF, Tissue.GREY, Tissue.WHITE))
    before_brain = np.cumsum(within, axis=1) == 0
    return ((label == Tissue.SKULL) & before_brain).sum(axis=1) * (_INWARD_MM[1] - _INWARD_MM[0])


def sinus_distance_mm(anatomy: Anatomy, angiogram: Angiogram | None, points_mm: Points) -> AnyArray:
    """Measure how far places keep from dural sinuses, expected or seen, two standard deviations taken off.

    Parameters
    ----------
    anatomy
        With the zones of its sinuses.
    angiogram
        Where a vessel as wide as a sinus is taken for one.
    points_mm
        In ``scanner``, shape (point, 3).

    Returns
    -------
    numpy.ndarray
        mm, negative inside, infinite where nothing is expected or seen, shape (point,).
    """
    distance = [zone.clearance_mm(points_mm) for zone in anatomy.sinuses]
    if angiogram is not None:
        tree = angiogram.tree
        wide = 2 * tree.radius_mm >= _SINUS_MM
        if wide.any():
            away, nearest = cKDTree(tree.points_mm[wide]).query(points_mm)
            doubt_mm = _SIGMAS * angiogram.registration_error_mm
            distance.append(away - tree.radius_mm[wide][nearest] - doubt_mm)
    return np.min([np.full(len(points_mm), np.inf), *distance], axis=0)


def midline_distance_mm(anatomy: Anatomy, points_mm: Points) -> AnyArray:
    """Measure the signed distance from the template's midsagittal plane, positive to the right.

    Notes
    -----
    The template's x over the length of its gradient in ``scanner``: a first-order distance, which takes
    the person's head size into account.
    """
    x = anatomy.mni_from_scanner(points_mm, frame=anatomy.outer_skull.frame)[:, 0]
    return x / np.maximum(np.linalg.norm(_gradient_of_x(anatomy, points_mm), axis=1), 1e-6)


def to_the_right(anatomy: Anatomy, place_mm: AnyArray) -> AnyArray:
    """Return the unit vector at a place along which the template's x grows, shape (3,)."""
    gradient = _gradient_of_x(anatomy, place_mm[None])[0]
    return gradient / np.linalg.norm(gradient)


def _gradient_of_x(anatomy: Anatomy, points_mm: Points) -> Points:
    """Return how the template's x changes along every axis of ``scanner``, shape (point, 3)."""
    frame = anatomy.outer_skull.frame
    change = [
        (
            anatomy.mni_from_scanner(points_mm + _PROBE_MM * axis, frame=frame)[:, 0]
            - anatomy.mni_from_scanner(points_mm - _PROBE_MM * axis, frame=frame)[:, 0]
        )
        / (2 * _PROBE_MM)
        for axis in np.eye(3)
    ]
    return np.column_stack(change)
