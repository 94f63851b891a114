# SPDX-License-Identifier: Apache-2.0
"""What the search over poses looks at, measured once on the corners of skull and cortex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.kernels.geometry.meshes import corner_areas, corner_normals
from trephine.kernels.geometry.voxels import sampled
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.surface import Surface
from trephine.stages.opening.settings import Settings

_REACH_MM = 45.0
_INWARD_MM = np.arange(0.5, 25.0, 0.5)
_PROBE_MM = 4.0
_WEIGHT_DEPTH_MM = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """Corners of the outer skull and of the cortex near the target, in ``scanner``.

    Parameters
    ----------
    skull_mm, skull_normal
        Corners of the outer skull and unit normals outward, shape (corner, 3).
    bone_mm
        Thickness of bone inward from each, shape (corner,).
    midline_mm
        Distance of each from the template's midsagittal plane, positive on the side to implant.
    sinus_mm
        Distance of each, where the bone ends under it, from the zones of the dural sinuses, their doubt
        taken off; infinite without a zone.
    cortex_mm, cortex_normal
        Corners of the cortex and unit normals outward, shape (corner, 3).
    crown_mm2
        Area of cortex at each corner, 0 within sulci, shape (corner,).
    value
        Functional weight at each, shape (corner,).
    target_mm
        The hand target, shape (3,).
    """

    skull_mm: Points
    skull_normal: Points
    bone_mm: AnyArray
    midline_mm: AnyArray
    sinus_mm: AnyArray
    cortex_mm: Points
    cortex_normal: Points
    crown_mm2: AnyArray
    value: AnyArray
    target_mm: AnyArray


def surroundings(anatomy: Anatomy, hand_map: HandMap, settings: Settings) -> Surroundings:
    """Measure skull and cortex near the hand target.

    Raises
    ------
    InputError
        If no skull or cortex lies near the target.
    """
    target = hand_map.target_mm
    skull, skull_normal, _ = _near(anatomy.outer_skull, target, "outer skull")
    cortex, cortex_normal, area = _near(anatomy.cortex, target, "cortex")
    inside = cortex - 0.7 * cortex_normal
    depth = sampled(anatomy.sulcal_depth_mm.values, anatomy.sulcal_depth_mm.grid.affine_mm, inside)
    below = cortex - _WEIGHT_DEPTH_MM * cortex_normal
    value = sampled(hand_map.weight.values, hand_map.weight.grid.affine_mm, below)
    side = -1.0 if hand_map.hemisphere == "left" else 1.0
    bone = bone_thickness_mm(anatomy, skull, -skull_normal)
    return Surroundings(
        skull_mm=skull,
        skull_normal=skull_normal,
        bone_mm=bone,
        midline_mm=side * midline_distance_mm(anatomy, skull),
        sinus_mm=sinus_distance_mm(anatomy, skull - bone[:, None] * skull_normal),
        cortex_mm=cortex,
        cortex_normal=cortex_normal,
        crown_mm2=np.where(depth <= settings.crown_depth_mm, area, 0.0),
        value=np.clip(value, 0, 1),
        target_mm=target,
    )


def _near(surface: Surface, target_mm: AnyArray, name: str) -> tuple[Points, Points, AnyArray]:
    """Return corners, normals and areas within reach of the target."""
    normal = corner_normals(surface.points_mm, surface.faces)
    area = corner_areas(surface.points_mm, surface.faces)
    is_near = np.linalg.norm(surface.points_mm - target_mm, axis=1) < _REACH_MM
    if not is_near.any():
        raise InputError.because(
            where=f"opening, {name}",
            found=f"no corner within {_REACH_MM:g} mm of the target at {np.round(target_mm, 1).tolist()}",
            expected=f"the {name} over the target",
            remedy="Check the registration of the functional scan, and the surfaces of imaging.",
        )
    return surface.points_mm[is_near], normal[is_near], area[is_near]


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


def sinus_distance_mm(anatomy: Anatomy, points_mm: Points) -> AnyArray:
    """Measure how far places keep from every zone of a dural sinus, two standard deviations taken off.

    Parameters
    ----------
    anatomy
        With its sinuses.
    points_mm
        In ``scanner``, shape (point, 3).

    Returns
    -------
    numpy.ndarray
        mm, negative inside a zone, infinite where there is no zone, shape (point,).
    """
    distance = [zone.clearance_mm(points_mm) for zone in anatomy.sinuses]
    return np.min([np.full(len(points_mm), np.inf), *distance], axis=0)


def midline_distance_mm(anatomy: Anatomy, points_mm: Points) -> AnyArray:
    """Measure the signed distance from the template's midsagittal plane, positive to the right.

    Notes
    -----
    The template's x over the length of its gradient in ``scanner``: a first-order distance, which takes
    the person's head size into account.
    """
    frame = anatomy.outer_skull.frame
    x = anatomy.mni_from_scanner(points_mm, frame=frame)[:, 0]
    gradient = [
        (
            anatomy.mni_from_scanner(points_mm + _PROBE_MM * axis, frame=frame)[:, 0]
            - anatomy.mni_from_scanner(points_mm - _PROBE_MM * axis, frame=frame)[:, 0]
        )
        / (2 * _PROBE_MM)
        for axis in np.eye(3)
    ]
    return x / np.maximum(np.linalg.norm(gradient, axis=0), 1e-6)
