"""Cheapest lines over meshes and through voxels, and bulges of lines."""

import numpy as np
import pytest

from trephine.kernels.geometry.lines import Edges, cheapest_voxels, evened_line, heights_over_chord


def sheet(size: int = 21) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of corners 1 mm apart."""
    x, y = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    points = np.column_stack([x.ravel(), y.ravel(), np.zeros(size**2)]).astype(float)
    corner = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    lower = np.column_stack([corner, corner + size, corner + size + 1])
    upper = np.column_stack([corner, corner + size + 1, corner + 1])
    return points, np.concatenate([lower, upper]).astype(np.int32)


def test_the_cheapest_line_keeps_to_a_valley_and_costs_its_length() -> None:
    points, faces = sheet()
    edges = Edges.of(points, faces)
    valley = np.abs(points[:, 1] - 5) < 0.1
    gate_in, gate_out = (np.where(points[:, 0] == end, 0.0, np.inf) for end in (0, 20))
    line, cost = edges.cheapest_line(np.where(valley, 0.01, 1.0), gate_in, gate_out)
    assert points[line, 1] == pytest.approx(5.0)
    assert cost == pytest.approx(0.2, abs=1e-3)
    far = np.where(points[:, 1] == 20, gate_in, np.inf)
    line, cost = edges.cheapest_line(np.where(valley, 0.01, 1.0), far, gate_out)
    assert cost > 10


def test_without_a_way_there_is_no_line() -> None:
    points, faces = sheet()
    edges = Edges.of(points, faces)
    line, cost = edges.cheapest_line(
        np.ones(len(points)), np.full(len(points), np.inf), np.zeros(len(points))
    )
    assert not len(line)
    assert cost == np.inf


def test_near_is_measured_along_the_mesh() -> None:
    points, faces = sheet()
    near = Edges.of(points, faces).within(np.array([0]), 3.0)
    assert near[np.linalg.norm(points, axis=1) <= 2].all()
    assert not near[np.linalg.norm(points, axis=1) > 3.01].any()


def test_a_way_through_voxels_takes_the_gap_in_a_wall() -> None:
    cost = np.ones((9, 9, 3))
    cost[4] = -1.0
    cost[4, 7] = 1.0
    way = cheapest_voxels(cost, np.array([0, 0, 1]), np.array([8, 0, 1]))
    assert 7 in way[way[:, 0] == 4, 1]
    cost[4] = -1.0
    assert not len(cheapest_voxels(cost, np.array([0, 0, 1]), np.array([8, 0, 1])))


def test_the_height_of_an_arc_is_its_sagitta_and_has_a_side() -> None:
    angle = np.linspace(0.0, np.pi, 400)
    arc = evened_line(20.0 * np.column_stack([np.cos(angle), np.sin(angle), 0 * angle]), 0.5, 0.1)
    up = np.tile([0.0, 0.0, 1.0], (len(arc), 1))
    half = 20
    height = heights_over_chord(arc, half, up, np.array([0.0, 1.0, 0.0]))
    middle = len(arc) // 2
    assert height[middle] == pytest.approx(20 * (1 - np.cos(10 / 20)), abs=0.05)
    assert heights_over_chord(arc, half, up, np.array([0.0, -1.0, 0.0]))[middle] == pytest.approx(
        -height[middle]
    )
    assert np.isnan(height[:half]).all()
    assert np.isnan(heights_over_chord(arc[:10], half, up[:10], np.array([0.0, 1.0, 0.0]))).all()
