"""The renderer finds surfaces where they are."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.core.frames import SCANNER
from trephine.model.volume import Grid
from trephine.report import palette
from trephine.report.render.camera import looking
from trephine.report.render.cuts import ball
from trephine.report.render.field import field_of
from trephine.report.render.march import Solid, first_hits

RADIUS_MM = 40.0


@pytest.fixture(scope="module")
def sphere():
    count = 60
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -59.0
    grid = Grid(shape=(count,) * 3, affine_mm=affine, frame=SCANNER)
    place = grid.mm_of(np.indices(grid.shape).reshape(3, -1).T)
    mask = (np.linalg.norm(place, axis=1) < RADIUS_MM).reshape(grid.shape)
    return field_of(mask, grid, blur_mm=2.0)


def camera(direction=(0.0, -1.0, 0.0)):
    up = np.array([0.0, 0.0, 1.0])
    return looking(
        centre_mm=np.zeros(3), from_direction=np.array(direction), up=up, width_mm=120, shape=(61, 61)
    )


def hits(solid, eye):
    return first_hits(solid, eye, np.full(eye.shape, np.inf, np.float32))


@pytest.mark.parametrize("direction", [(0, -1, 0), (1, 0.4, 0.3), (-0.5, 0.7, 0.8)])
def test_depth_of_a_sphere(sphere, direction) -> None:
    eye = camera(direction)
    depth = hits(Solid(body=sphere), eye)
    rows, columns = np.indices(eye.shape)
    off = np.hypot(rows - 30, columns - 30) * eye.pixel_mm
    inside = off < RADIUS_MM - 4
    point = eye.starts_mm()[:, inside] + eye.axes[2][:, None] * depth[inside]
    assert np.abs(np.linalg.norm(point, axis=0) - RADIUS_MM).max() < 0.7  # a third of a voxel
    assert np.all(np.isinf(depth[off > RADIUS_MM + 2]))


def test_a_cut_opens_the_view(sphere) -> None:
    eye = camera()
    window = Solid(body=sphere, cuts=(ball(np.array([0.0, -RADIUS_MM, 0.0]), 20.0),))
    assert hits(window, eye)[30, 30] == pytest.approx(eye.reach_mm - RADIUS_MM + 20, abs=0.3)


def test_what_lies_behind_the_limit_is_not_sought(sphere) -> None:
    eye = camera()
    near = np.full(eye.shape, 10.0, np.float32)
    assert np.all(np.isinf(first_hits(Solid(body=sphere), eye, near)))


def test_camera_is_not_mirrored() -> None:
    eye = camera((0.0, 1.0, 0.0))  # looking at the face: the person's right is on the viewer's left
    where, _ = eye.pixels_of(np.array([[10.0, 0, 0], [0, 0, 10.0]]))
    assert where[0, 0] < 30
    assert where[1, 1] < 30
    assert np.linalg.det(np.stack([eye.axes[0], eye.axes[1], -eye.axes[2]])) == pytest.approx(1)


def test_normals_point_outwards(sphere) -> None:
    points = np.array([[RADIUS_MM, 0, 0], [0, -RADIUS_MM, 0]], np.float32).T
    assert np.allclose(sphere.normal(points).T, [[1, 0, 0], [0, -1, 0]], atol=0.1)


def test_colours_grow_steadily_darker_with_the_hand_map() -> None:
    colours = palette.hand_colours(np.linspace(0, 1, 20, dtype=np.float32))
    light = colours @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(light) < 0)


def test_rising_and_falling_z_differ_in_hue_and_are_equally_light() -> None:
    rise, fall = (palette.z_colours(np.array([s], np.float32))[0] for s in (0.8, -0.8))
    assert rise[2] - rise[0] > 0.3
    assert fall[0] - fall[2] > 0.3
    weight = np.array([0.2126, 0.7152, 0.0722])
    assert abs(float(rise @ weight - fall @ weight)) < 0.1
