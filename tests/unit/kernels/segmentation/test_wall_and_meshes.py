"""A surface finds a border; meshes face outward; mixtures find what was put in."""

import numpy as np
import pytest

from trephine.kernels.segmentation.meshes import mesh_of
from trephine.kernels.segmentation.mixture import fit_mixture, posterior
from trephine.kernels.segmentation.shading import shading_of
from trephine.kernels.segmentation.wall import Stiffness, cheapest_offsets, moved_mask, shell_of

UNIT = np.ones(3)


def radius_of(size: int) -> np.ndarray:
    i, j, k = np.indices((size, size, size)) - size // 2
    return np.sqrt(i**2 + j**2 + k**2)


def test_a_sphere_grows_to_the_border_it_sees() -> None:
    radius = radius_of(61)
    shell = shell_of((radius - 15).astype(np.float32), 1.0)
    offsets_mm = np.arange(0.0, 10.0, 0.5)
    profile = shell.profiles((radius < 20).astype(np.float32), offsets_mm)
    cost = -np.abs(np.diff(profile, axis=1))
    chosen = offsets_mm[cheapest_offsets(cost, shell.edges, Stiffness(cost=0.02))]
    mask, distance_mm = moved_mask(shell, chosen)
    truth = radius < 20
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.95
    assert distance_mm[30, 30, 30] < -17


@pytest.mark.parametrize("offset_mm", [-9.0, 0.0, 9.0])
def test_a_surface_moves_as_a_whole_by_any_offset(offset_mm: float) -> None:
    # Two surfaces are moved from one shell; the outer one may lie far outside it at every corner.
    radius = radius_of(73)
    shell = shell_of((radius - 24).astype(np.float32), 1.0)
    mask, _ = moved_mask(shell, np.full(len(shell.corners_voxel), offset_mm))
    truth = radius < 24 + offset_mm
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.95


def test_neighbours_outvote_one_stray_corner() -> None:
    edges = np.array([[a, a + 1] for a in range(8)] + [[a, a + 2] for a in range(7)])
    cost = np.ones((9, 10))
    cost[:, 2] = 0.0
    cost[4] = 1.0
    cost[4, 9] = 0.0
    assert cheapest_offsets(cost, edges, Stiffness(cost=0.3)).tolist() == [2] * 9


def test_a_mesh_encloses_the_right_volume_and_faces_outward() -> None:
    affine_mm = np.diag([-2.0, 2.0, 2.0, 1.0])  # a flipped axis must not turn the faces
    points, faces = mesh_of(-radius_of(31).astype(float), -10.0, affine_mm, smoothing_rounds=5)
    a, b, c = (points[faces[:, n]] for n in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert abs(volume / (4 / 3 * np.pi * 20**3) - 1) < 0.02


def test_nothing_above_the_level_gives_an_empty_mesh() -> None:
    points, faces = mesh_of(np.zeros((4, 4, 4)), 0.5, np.eye(4))
    assert points.shape == (0, 3)
    assert faces.shape == (0, 3)


def test_a_mixture_finds_its_means() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 6000)
    values = np.array([20.0, 60.0, 100.0])[truth] + 6 * rng.standard_normal(6000)
    prior = np.full((3, 6000), 1 / 3)
    found = fit_mixture(values, prior, np.array([30.0, 55.0, 90.0]))
    assert found.has_converged
    assert np.allclose(found.mean, (20, 60, 100), atol=1.5)
    image, mask = values.reshape(10, 20, 30), np.ones((10, 20, 30), dtype=bool)
    share = posterior(image, prior.reshape(3, 10, 20, 30), found, mask, rounds=0)
    assert (share.argmax(axis=0).ravel() == truth).mean() > 0.98


def test_shading_is_taken_off() -> None:
    radius = radius_of(40)
    mask = radius < 17
    texture = np.where(radius < 9, 100.0, 70.0)
    shade = np.exp(0.3 * (np.indices(mask.shape)[0] - 20) / 20)
    found = shading_of(np.where(mask, texture * shade, 0), mask, np.diag([4.0, 4.0, 4.0, 1.0]))
    left = (shade / found)[mask]
    assert left.std() / left.mean() < 0.5 * shade[mask].std() / shade[mask].mean()
