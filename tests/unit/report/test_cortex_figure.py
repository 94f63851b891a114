"""The outline of a mesh on a slice."""

import numpy as np
import pytest
from skimage.measure import marching_cubes

from trephine.core.frames import SCANNER
from trephine.model.surface import Surface
from trephine.report.figures.cortex import cut_lines
from trephine.report.plane import plane_through


def test_a_ball_is_cut_in_its_circle() -> None:
    i, j, k = np.indices((31, 31, 31)) - 15
    field = (10 - np.sqrt(i**2 + j**2 + k**2)).astype(np.float32)
    points, faces, _, _ = marching_cubes(field, 0.0)
    ball = Surface(points_mm=points - 15, faces=faces, frame=SCANNER)
    centre = np.array([0.0, 0.0, 6.01])
    plane = plane_through("axial", centre, centre - 15, centre + 15, 0.5)
    lines, cut = cut_lines(ball, plane)
    assert np.allclose(lines[..., 2], 6.01)
    assert np.linalg.norm(lines[..., :2], axis=2) == pytest.approx(8.0, abs=0.1)
    length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1).sum()
    assert length == pytest.approx(2 * np.pi * 8, rel=0.02)
    assert len(cut) == len(lines) > 50
