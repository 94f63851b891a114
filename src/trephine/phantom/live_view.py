# SPDX-License-Identifier: Apache-2.0
"""What lies under the microscope: pose, sulci and the small vessels of the exposed cortex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import Matrix4, Points
from trephine.core.frames import MNI152, SCANNER
from trephine.core.random import generator
from trephine.phantom.hand import HandArea
from trephine.phantom.hull import Hull
from trephine.phantom.person import Person, rigid_about
from trephine.phantom.raster import projected_mm
from trephine.phantom.vessels import (
    ARTERY,
    KIND_NAMES,
    VEIN,
    VesselTree,
    curved,
    grow,
    joined,
    murray_radius_um,
    smoothed,
    tapered_um,
)

FIELD_MM = 34.816
STATED_ERROR_UM = 20.0
_MAP_STEP_MM = 0.25
_MARGIN_MM = 2.0
_SPACING_MM = {ARTERY: 0.48, VEIN: 0.56}
_SMALL_LEAF_UM = {ARTERY: 20.0, VEIN: 24.0}
_STEP_PIXELS = 8.0
_SULCUS_SHARE = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """The exposed cortex seen straight down the hull's normal.

    Parameters
    ----------
    scanner_from_image, stated_scanner_from_image
        True pose of the image plane and the one the microscope reports, shape (4, 4), mm. Its axes are
        columns, rows and the direction towards the camera; as rows run downwards, the determinant is
        negative.
    vessels
        Every vessel of the person, the small ones of this view included, in ``scanner``.
    plane_mm
        The vessels' nodes in the true image plane, shape (node, 3).
    sulcus_share
        Share of fluid from 3 to 6 mm below the hull, 0 to 1, shape (row, column), float32.
    height_mm
        Hull above the image plane, same shape, float32.
    pixel_um
        Edge of a pixel.
    """

    scanner_from_image: Matrix4
    stated_scanner_from_image: Matrix4
    vessels: VesselTree
    plane_mm: Points
    sulcus_share: NDArray[np.float32]
    height_mm: NDArray[np.float32]
    pixel_um: float

    @property
    def size(self) -> int:
        """Pixels along each side."""
        return len(self.height_mm)

    @property
    def sulcus_mask(self) -> NDArray[np.bool_]:
        """Pixels over a sulcus: at least half of the way from 3 to 6 mm below the hull is fluid."""
        return self.sulcus_share >= _SULCUS_SHARE


def build_scene(person: Person, hull: Hull, hand: HandArea, large: VesselTree, pixel_um: float) -> Scene:
    """Place the microscope over a hand area and grow the small vessels it shows.

    Parameters
    ----------
    person, hull, hand
        Who, the sheet over the brain, and where to look.
    large
        The person's large vessels.
    pixel_um
        Edge of a pixel.

    Returns
    -------
    Scene
        A field of about 35 mm.
    """
    pose = _pose(person, hand)
    axis = np.arange(-_MARGIN_MM, FIELD_MM + _MARGIN_MM + _MAP_STEP_MM, _MAP_STEP_MM)
    columns, rows = np.meshgrid(axis, axis)
    hull_mni, height = _hull_below(person, hull, pose, np.stack([columns.ravel(), rows.ravel()], axis=1))
    share = hull.sulcus_share(hull_mni).reshape(columns.shape)
    step_mm = _STEP_PIXELS * pixel_um / 1000
    vessels = joined([large, *_small_vessels(person, hull, pose, large, _Map(share=share), step_mm)])
    return Scene(
        scanner_from_image=pose,
        stated_scanner_from_image=_stated(person, pose),
        vessels=vessels,
        plane_mm=projected_mm(vessels, pose),
        sulcus_share=np.clip(_to_pixels(ndimage.gaussian_filter(share, 0.8), pixel_um), 0, 1),
        height_mm=_to_pixels(height.reshape(columns.shape), pixel_um),
        pixel_um=pixel_um,
    )


def _pose(person: Person, hand: HandArea) -> Matrix4:
    """Point the camera down the normal, turned at random about it, at the hand's hull point."""
    rng = generator(person.seed, "phantom.live_view.pose")
    right = np.cross((0.0, 1.0, 0.0), hand.normal)
    right /= np.linalg.norm(right)
    up = np.cross(hand.normal, right)
    turn_rad = np.deg2rad(rng.uniform(-25, 25))
    column = np.cos(turn_rad) * right + np.sin(turn_rad) * up
    row = np.sin(turn_rad) * right - np.cos(turn_rad) * up
    pose = np.eye(4)
    pose[:3, :3] = np.stack([column, row, hand.normal], axis=1)
    middle = FIELD_MM / 2
    off_centre = rng.uniform(-0.3, 0.3, 2)
    pose[:3, 3] = hand.hull_mm - (middle + off_centre[0]) * column - (middle + off_centre[1]) * row
    return pose


def _stated(person: Person, pose: Matrix4) -> Matrix4:
    """Return the pose as the microscope reports it, off by a draw from its stated error."""
    rng = generator(person.seed, "phantom.live_view.error")
    shift = rng.normal(0, STATED_ERROR_UM / 1000, 2)
    return rigid_about(np.zeros(3), np.zeros(3), pose[:3, 0] * shift[0] + pose[:3, 1] * shift[1]) @ pose


def _hull_below(
    person: Person, hull: Hull, pose: Matrix4, plane: NDArray[np.float64]
) -> tuple[Points, NDArray[np.float64]]:
    """Find the hull along the view direction.

    Returns positions in ``mni152``, shape (point, 3), and heights above the plane, shape (point,), mm.
    """
    height = np.zeros(len(plane))
    for _ in range(3):
        image = np.column_stack([plane, height])
        scanner = image @ pose[:3, :3].T + pose[:3, 3]
        mni = person.mni_from_scanner(scanner, frame=SCANNER)
        snapped = person.scanner_from_mni(hull.snapped(mni), frame=MNI152)
        height = (snapped - pose[:3, 3]) @ pose[:3, 2]
    return mni, height


def _to_pixels(values: NDArray[np.float64], pixel_um: float) -> NDArray[np.float32]:
    """Look a map of the wider field up at every pixel of the view."""
    step = pixel_um / 1000 / _MAP_STEP_MM
    size = round(FIELD_MM * 1000 / pixel_um)
    start = _MARGIN_MM / _MAP_STEP_MM
    return ndimage.affine_transform(
        values.astype(np.float32),
        [step, step],
        [start, start],
        output_shape=(size, size),
        order=1,
        mode="nearest",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Map:
    """Sulcus share over the wider field."""

    share: NDArray[np.float64]

    def at(self, plane: NDArray[np.float64]) -> NDArray[np.float64]:
        """Look the share up at plane positions, shape (point, 2), mm."""
        rows_columns = (plane[:, ::-1].T + _MARGIN_MM) / _MAP_STEP_MM
        return ndimage.map_coordinates(self.share, rows_columns, order=1, mode="nearest")


def _small_vessels(
    person: Person, hull: Hull, pose: Matrix4, large: VesselTree, sulci: _Map, step_mm: float
) -> list[VesselTree]:
    """Branch arterioles and venules off the large vessels of the field."""
    plane = projected_mm(large, pose)
    within = np.all((plane[:, :2] > -_MARGIN_MM) & (plane[:, :2] < FIELD_MM + _MARGIN_MM), axis=1)
    within &= np.abs(plane[:, 2]) < 12
    trees = []
    for kind in (ARTERY, VEIN):
        rng = generator(person.seed, f"phantom.live_view.{KIND_NAMES[kind]}")
        seeds = plane[within & (large.kind == kind)][:, :2]
        if len(seeds) == 0:
            seeds = np.array([[0.0, 0.0]])
        targets = _scattered(rng, FIELD_MM, _SPACING_MM[kind])
        ease = 1.1 - 0.3 * sulci.at(targets)
        parent = grow(seeds, targets, ease, 0.12)
        leaf = _SMALL_LEAF_UM[kind] * rng.uniform(0.85, 1.35, len(parent))
        wire = murray_radius_um(parent, leaf, 160.0)
        points, links, owner = curved(np.concatenate([seeds, targets]), parent, step_mm, 0.10, rng)
        radius = np.maximum(tapered_um(wire, links, len(parent), owner), 15.0)
        points = smoothed(points, links, radius, 3)
        hull_mni, _ = _hull_below(person, hull, pose, points)
        trees.append(
            VesselTree(
                position_mm=person.scanner_from_mni(hull_mni, frame=MNI152),
                parent=links,
                radius_um=radius,
                kind=np.full(len(links), kind, dtype=np.int64),
            )
        )
    return trees


def _scattered(rng: np.random.Generator, extent_mm: float, spacing_mm: float) -> NDArray[np.float64]:
    """Scatter points about one spacing apart over the wider field, shape (point, 2), mm."""
    axis = np.arange(-_MARGIN_MM, extent_mm + _MARGIN_MM, spacing_mm)
    columns, rows = np.meshgrid(axis, axis)
    points = np.stack([columns.ravel(), rows.ravel()], axis=1)
    return points + rng.uniform(-0.5, 0.5, points.shape) * spacing_mm
