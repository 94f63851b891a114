"""Height maps, hulls, segments, voxels, dark lines: small cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.kernels.geometry import heights
from trephine.kernels.geometry.heights import bilinear, depth_below_hull, filled, height_map
from trephine.kernels.geometry.meshes import corner_areas, corner_normals
from trephine.kernels.geometry.outlines import disc_grid
from trephine.kernels.geometry.ridges import dark_lines, line_contrast
from trephine.kernels.geometry.segments import crossing_pairs, distance_to_segments
from trephine.kernels.geometry.voxels import sampled

SQUARE = np.array([[0.0, 0, 1], [4, 0, 1], [4, 4, 1], [0, 4, 1]])
FACES = np.array([[0, 1, 2], [0, 2, 3]])


def test_height_is_the_uppermost_of_two_sheets_and_nan_beyond():
    points = np.vstack([SQUARE, SQUARE + [2, 0, 3]])
    faces = np.vstack([FACES, FACES + 4])
    height = height_map(points, faces, origin_mm=np.array([-1.0, -1.0]), pixel_mm=1.0, shape=(7, 9))
    assert height[3, 2] == 1
    assert height[3, 5] == 4
    assert np.isnan(height[0, 0])


def test_height_of_a_slope_is_exact():
    points = SQUARE.copy()
    points[:, 2] = 2 * points[:, 0] - points[:, 1]
    height = height_map(points, FACES, origin_mm=np.array([0.5, 0.5]), pixel_mm=0.5, shape=(7, 7))
    row, column = np.indices((7, 7)) * 0.5 + 0.5
    np.testing.assert_allclose(height, 2 * column - row, atol=1e-12)


def test_hull_closes_a_groove_of_a_curved_surface_only():
    y, x = np.indices((81, 81)) * 0.25 - 10
    ball = -(x**2 + y**2) / 140
    groove = np.abs(x) < 1
    depth = depth_below_hull(ball - 5.0 * groove, pixel_mm=0.25, width_mm=8.0)
    assert depth[groove].min() > 4
    assert depth[np.abs(x) > 2.5].max() < 0.3


def test_filled_takes_the_nearest_number():
    values = np.array([[1.0, np.nan, np.nan, 5.0]])
    np.testing.assert_array_equal(filled(values), [[1, 1, 5, 5]])
    np.testing.assert_array_equal(filled(np.full((2, 2), np.nan)), np.zeros((2, 2)))
    assert bilinear(np.array([[0.0, 2.0]]), np.array([[0, 0.25]]))[0] == 0.5


def test_normals_point_up_and_areas_add_up():
    np.testing.assert_allclose(corner_normals(SQUARE, FACES), np.tile([0, 0, 1.0], (4, 1)))
    assert corner_areas(SQUARE, FACES).sum() == pytest.approx(16)


def test_crossings_count_true_crossings_only():
    start = np.array([[0.0, 0], [0, 2], [5, 5]])
    end = np.array([[2.0, 2], [2, 0], [0, 0]])
    np.testing.assert_array_equal(crossing_pairs(start, end), [[0, 1], [1, 2]])


def test_distance_to_a_segment_and_beyond_its_end():
    distance = distance_to_segments(np.array([[1.0, 1], [5, 4]]), np.array([[0.0, 0]]), np.array([[2.0, 0]]))
    np.testing.assert_allclose(distance.ravel(), [1, 5])


def test_voxels_are_looked_up_in_mm():
    values = np.arange(27.0).reshape(3, 3, 3)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    points = np.array([[2.0, 2.0, 2.0], [2.0, 2.0, 3.0], [99.0, 0, 0]])
    np.testing.assert_allclose(sampled(values, affine, points, outside=-1), [13, 13.5, -1])
    np.testing.assert_allclose(sampled(values, affine, points, order=0), [13, 14, 0])
    assert len(sampled(values, affine, np.zeros((0, 3)))) == 0


def test_disc_grid_is_symmetric_and_round():
    grid = disc_grid(2.0, 0.5)
    assert np.hypot(*grid.T).max() <= 2
    np.testing.assert_allclose(grid.mean(axis=0), 0, atol=1e-12)


def test_a_dark_line_is_found_and_an_edge_and_a_bright_line_are_not():
    light = np.random.default_rng(0).normal(0, 0.002, (80, 80))
    light[:, 20:24] -= 0.2
    light[:, 40:44] += 0.2
    light[:, 60:] -= 0.5
    found = dark_lines(
        light,
        np.ones(light.shape, dtype=bool),
        np.array([1.5, 2.5]),
        low_fraction=np.full(2, 0.02),
        high_fraction=np.full(2, 0.05),
    )
    assert found[:, 21:23].all()
    assert found[:, 30:36].mean() < 0.02
    assert found[:, 41:43].mean() < 0.02
    assert found[:, 59:].mean() < 0.02


def test_contrast_is_zero_on_a_slope():
    slope = np.tile(np.linspace(0, 3, 60), (60, 1))
    assert line_contrast(slope, 2.0)[10:-10, 10:-10].max() < 1e-9


def test_triangles_drawn_together_are_those_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    middle = rng.uniform(-5, 25, (300, 1, 3))
    points = (middle + rng.uniform(-1.5, 1.5, (300, 3, 3))).reshape(-1, 3)
    faces = np.arange(900).reshape(300, 3)
    grid = {"origin_mm": np.zeros(2), "pixel_mm": 0.5, "shape": (40, 40)}
    together = heights.height_map(points, faces, **grid)
    monkeypatch.setattr(heights, "_FEW_PIXELS", 0)
    one_by_one = heights.height_map(points, faces, **grid)
    assert 0 < np.isnan(together).sum() < together.size
    np.testing.assert_array_equal(together, one_by_one)
