import numpy as np

from trephine.kernels.registration.boundary import align_to_boundary, boundary_of, contrast_across, rigid_step


def two_tissues() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    x, y, z = np.indices((40, 40, 40)) * 2.0 - 40
    inner = (x / 22) ** 2 + ((y + 3 * np.sin(x / 6)) / 28) ** 2 + (z / 18) ** 2 < 1
    outer = ((x / 34) ** 2 + (y / 38) ** 2 + (z / 30) ** 2 < 1) & ~inner
    return inner, outer, affine


def test_directions_point_from_inner_to_outer() -> None:
    inner, outer, affine = two_tissues()
    boundary = boundary_of(inner, outer, affine)
    image = np.where(inner, 50.0, 100.0)
    contrast = contrast_across(image, affine, np.ones_like(inner), boundary, 2.0)
    assert np.nanmean(contrast > 0) > 0.95


def test_a_moved_image_is_put_back() -> None:
    inner, outer, affine = two_tissues()
    boundary = boundary_of(inner, outer, affine)
    image = np.where(inner, 80.0, np.where(outer, 100.0, 0.0))
    seen = (image > 0).astype(bool)
    centre = boundary.points_mm.mean(axis=0)
    moved = rigid_step(np.array([3.0, -2.0, 2.0, 3.0, -2.0, 2.0]), centre)
    found, cost = align_to_boundary(image, moved @ affine, seen, boundary, np.eye(4))
    error = found @ moved - np.eye(4)
    distance = np.linalg.norm(boundary.points_mm @ error[:3, :3].T + error[:3, 3], axis=1)
    # Voxels of 2 mm with hard edges: a quarter of a voxel.
    assert distance.mean() < 0.5
    assert cost < 0.7
