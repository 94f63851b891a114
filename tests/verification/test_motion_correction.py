"""Motion correction against known motion; a broken variant must fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter
from scipy.spatial.transform import Rotation

from trephine.kernels.signal import motion_correction
from trephine.kernels.signal.motion_correction import MotionSettings, estimate_motion, resampled

AFFINE = np.array([[-3.0, 0, 0, 60], [0, 3, 0, -60], [0, 0, 3.5, -40], [0, 0, 0, 1]])
SHAPE = (40, 40, 24)
_ARC_MM = 40.0
"""Where on the head the error is measured from its centre."""


def head() -> np.ndarray:
    rng = np.random.default_rng(7)
    x, y, z = np.indices(SHAPE) - (np.array(SHAPE) - 1)[:, None, None, None] / 2
    ball = (x / 15) ** 2 + (y / 17) ** 2 + (z / 10) ** 2 < 1
    texture = gaussian_filter(rng.normal(size=SHAPE), 1.5)
    return gaussian_filter(np.where(ball, 900 + 900 * texture / texture.std() * 0.15, 30.0), 0.7)


def true_motion(count: int) -> np.ndarray:
    rng = np.random.default_rng(11)
    maps = np.tile(np.eye(4), (count, 1, 1))
    for t in range(count):
        if t != count // 2:
            maps[t, :3, :3] = Rotation.from_rotvec(rng.uniform(-0.05, 0.05, 3)).as_matrix()
            maps[t, :3, 3] = rng.uniform(-3, 3, 3)
    return maps


def moved_series(image: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Move the image by each map, with gain and noise, by an interpolation that is not the kernel's."""
    rng = np.random.default_rng(5)
    series = np.empty((*SHAPE, len(maps)), dtype=np.float32)
    for t, motion in enumerate(maps):
        step = np.linalg.inv(AFFINE) @ np.linalg.inv(motion) @ AFFINE
        moved = affine_transform(image, step[:3, :3], step[:3, 3], order=5, mode="nearest")
        series[..., t] = moved * (1 + 0.01 * (t % 3)) + rng.normal(0, 8, SHAPE)
    return series


def worst_error_mm(found: np.ndarray, maps: np.ndarray) -> float:
    points = _ARC_MM * np.vstack([np.eye(3), -np.eye(3)])
    wrong = np.einsum("tij,pj->tpi", (found - maps)[:, :3, :3], points) + (found - maps)[:, None, :3, 3]
    return float(np.linalg.norm(wrong, axis=2).max())


@pytest.fixture(scope="module")
def case() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    image, maps = head(), true_motion(7)
    return moved_series(image, maps), maps, image > 500


def test_known_motion_is_recovered(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    series, maps, mask = case
    found = estimate_motion(series, AFFINE, mask, MotionSettings(reference_passes=1))
    assert found.is_converged.all()
    # 0.1 mm is a thirtieth of a voxel, at up to 5 mm and 5 degrees of motion with 1 % noise.
    assert worst_error_mm(found.volume_from_reference, maps) < 0.1


def test_volumes_put_back_are_alike(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    series, _, mask = case
    found = estimate_motion(series, AFFINE, mask)
    still = resampled(series, AFFINE, found.volume_from_reference, mask)[mask]
    assert still.std(axis=1).mean() < 0.35 * series[mask].std(axis=1).mean()


def test_the_same_series_gives_the_same_bits(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    series, _, mask = case
    first, second = (estimate_motion(series, AFFINE, mask).volume_from_reference for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_activation_pulls_less_than_in_least_squares(
    monkeypatch: pytest.MonkeyPatch, case: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    image, mask = head(), case[2]
    active = image.copy()
    active[8:15, 14:21, 14:20] *= 1.08
    series = np.stack([active, image, active], axis=3).astype(np.float32)
    still = np.tile(np.eye(4), (3, 1, 1))
    one_pass = MotionSettings(reference_passes=1)
    robust = worst_error_mm(estimate_motion(series, AFFINE, mask, one_pass).volume_from_reference, still)
    monkeypatch.setattr(motion_correction, "_HUBER_LIMIT", 1e9)
    plain = worst_error_mm(estimate_motion(series, AFFINE, mask, one_pass).volume_from_reference, still)
    assert robust < 0.5 * plain


def test_broken_variant_composing_the_other_way_fails(
    monkeypatch: pytest.MonkeyPatch, case: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    series, maps, mask = case
    right = motion_correction._rigid

    def wrong_way(step: np.ndarray, centre_mm: np.ndarray) -> np.ndarray:
        return np.linalg.inv(right(step, centre_mm))

    monkeypatch.setattr(motion_correction, "_rigid", wrong_way)
    found = estimate_motion(series, AFFINE, mask, MotionSettings(reference_passes=1, max_iterations=10))
    assert worst_error_mm(found.volume_from_reference, maps) > 0.1
