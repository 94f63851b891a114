# SPDX-License-Identifier: Apache-2.0
"""White and pial surfaces of both hemispheres, and what lies between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.core.errors import NumericalError
from trephine.core.frames import MNI152, SCANNER
from trephine.kernels.geometry.mesh_graph import mean_curvature
from trephine.kernels.geometry.meshes import corner_normals
from trephine.kernels.geometry.topology import euler_number
from trephine.kernels.geometry.voxels import sampled
from trephine.model.anatomy import Anatomy
from trephine.model.cortex import CortexQuality, CorticalSurface, Hemisphere
from trephine.model.surface import Surface
from trephine.model.template import Template
from trephine.model.volume import Volume
from trephine.stages.imaging.cortex_pial import PialMesh, pial_meshes
from trephine.stages.imaging.cortex_shares import Shares, looked_up_slope, shares_of
from trephine.stages.imaging.cortex_sides import on_both_sides
from trephine.stages.imaging.cortex_white import WhiteMesh, white_meshes

_CURVATURE_ROUNDS = 10
_CROWN_DEPTH_MM = 4.0
_PLANE_SHARE = 0.8
_LEVEL_SD = 0.1
"""How well the level of half a voxel is known, as a share of the step between both tissues. Assumed."""
_BANK_SD_MM = 0.4
"""Where the banks of a sulcus touch, the border between them is set half way. Assumed."""
_LARGEST_SD_MM = 2.0
_PLAUSIBLE_MM = (0.8, 5.0)
_HAND_MNI_MM = (40.0, -23.0, 57.0)
HAND_RADIUS_MM = 20.0
"""What counts as near the hand: the knob's spread among people and half the implant."""


def with_cortex(anatomy: Anatomy, template: Template) -> Anatomy:
    """Add the surfaces of both hemispheres to an anatomy; none where they cannot be made.

    Parameters
    ----------
    anatomy
        Scan, labels, depth and map.
    template
        With its average white surface.
    """
    try:
        return replace(anatomy, hemispheres=find_cortex(anatomy, template))
    except NumericalError:
        # The checks tell of it: the rest of the anatomy stands.
        return anatomy


def find_cortex(anatomy: Anatomy, template: Template) -> tuple[CorticalSurface, CorticalSurface]:
    """Find the cortex of the left and of the right hemisphere.

    Parameters
    ----------
    anatomy, template
        As for ``with_cortex``.

    Returns
    -------
    tuple
        Left, right.

    Raises
    ------
    NumericalError
        If a side holds hardly any white matter.
    """
    shares = shares_of(anatomy.t1, anatomy.tissue, template, anatomy.mni_from_scanner)
    whites = white_meshes(shares)
    pials = pial_meshes(shares, whites)
    names: tuple[Hemisphere, Hemisphere] = ("left", "right")
    return on_both_sides(lambda side: _measured(names[side], whites[side], pials[side], shares, anatomy))


def _measured(
    side: Hemisphere, white: WhiteMesh, pial: PialMesh, shares: Shares, anatomy: Anatomy
) -> CorticalSurface:
    """Bring one hemisphere to mm and measure it."""
    matrix = shares.affine_mm
    inner, outer = (
        points @ matrix[:3, :3].T + matrix[:3, 3] for points in (white.points_ijk, pial.points_ijk)
    )
    thickness = np.where(pial.is_cortex, thickness_mm(inner, outer, white), 0.0)
    curvature = mean_curvature(inner, white.faces)
    for _ in range(_CURVATURE_ROUNDS):
        curvature = 0.5 * (curvature + white.mean @ curvature)
    depth = _depth_mm(anatomy.sulcal_depth_mm, outer)
    sd = np.where(pial.is_cortex, _thickness_sd_mm(white, pial, shares), 0.0)
    low, high = _PLAUSIBLE_MM
    is_sure = pial.is_cortex & ~pial.is_drawn & (pial.end != 3) & (thickness >= low) & (thickness <= high)
    return CorticalSurface(
        hemisphere=side,
        white=Surface(points_mm=inner, faces=white.faces, frame=SCANNER),
        pial=Surface(points_mm=outer, faces=white.faces, frame=SCANNER),
        thickness_mm=thickness,
        thickness_sd_mm=sd,
        curvature_per_mm=curvature,
        sulcal_depth_mm=depth,
        is_cortex=pial.is_cortex,
        is_crown=pial.is_cortex & (depth <= _CROWN_DEPTH_MM) & (curvature > 0),
        is_sure=is_sure,
        quality=_quality(white, pial, is_sure, hand_mm(anatomy, side), shares),
    )


def _quality(
    white: WhiteMesh, pial: PialMesh, is_sure: AnyArray, hand: Vector3, shares: Shares
) -> CortexQuality:
    """Count what was cut, mended and left."""
    cut = white.cut_ijk @ shares.affine_mm[:3, :3].T + shares.affine_mm[:3, 3]
    near = np.linalg.norm(cut - hand, axis=1) <= HAND_RADIUS_MM
    unsure = float((pial.is_cortex & ~is_sure).sum() / np.maximum(pial.is_cortex.sum(), 1))
    return CortexQuality(
        rings_cut=white.rings_cut,
        voxels_cut=len(cut),
        voxels_cut_near_hand=int(near.sum()),
        euler_number=euler_number(white.faces, len(white.points_ijk)),
        crossings_mended=white.crossings_mended + pial.crossings_mended,
        crossings_left=white.crossings_left + pial.crossings_left,
        unsure_fraction=unsure,
    )


def hand_mm(anatomy: Anatomy, side: Hemisphere) -> Vector3:
    """Return where the template has the hand knob of a hemisphere, in ``scanner``, shape (3,)."""
    across, along, up = _HAND_MNI_MM
    place = np.array([[-across if side == "left" else across, along, up]])
    return anatomy.scanner_from_mni(place, frame=MNI152)[0]


def thickness_mm(inner: Points, outer: Points, white: WhiteMesh) -> AnyArray:
    """Return the mean of the distances from each corner to the other surface, shape (corner,).

    References
    ----------
    fischl2000
    """
    outward = _distance(inner, outer, corner_normals(outer, white.faces))
    inward = _distance(outer, inner, corner_normals(inner, white.faces))
    return 0.5 * (outward + inward)


def _distance(points: Points, corners: Points, normals: Points) -> AnyArray:
    """Return the distance to a surface, by the plane at its nearest corner if that faces the point."""
    distance, nearest = cKDTree(corners).query(points)
    along = np.abs(np.einsum("ij,ij->i", points - corners[nearest], normals[nearest]))
    return np.asarray(np.where(along >= _PLANE_SHARE * distance, along, distance))


def _depth_mm(depth: Volume, points_mm: Points) -> AnyArray:
    """Return the depth below the hull at points on it or under it."""
    # A voxel's depth counts to the nearest centre outside: the hull lies half a voxel before that.
    half = 0.5 * float(np.mean(depth.grid.voxel_mm))
    return np.maximum(sampled(depth.values, depth.grid.affine_mm, points_mm) - half, 0.0)


def _thickness_sd_mm(white: WhiteMesh, pial: PialMesh, shares: Shares) -> AnyArray:
    """Return how far the edges may be off, from how steep they are."""
    inner = _LEVEL_SD / np.maximum(looked_up_slope(shares.white, white.points_ijk, shares.step_mm), 1e-3)
    outer = _LEVEL_SD / np.maximum(looked_up_slope(shares.brain, pial.points_ijk, shares.step_mm), 1e-3)
    outer = np.where(pial.end == 1, outer, _BANK_SD_MM)
    return np.minimum(np.hypot(inner, outer), _LARGEST_SD_MM)
