"""Rigid registration finds a known pose, says how firmly, and repeats itself to the bit."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from trephine.core.errors import InputError
from trephine.kernels.registration.images import Sampled, resampled
from trephine.kernels.registration.rigid import RigidSettings, register_rigid, turn_and_shift

QUICK = RigidSettings(starts=4, coarse_mm=8.0, fine_mm=6.0)


def blob(seed: int = 3) -> Sampled:
    """A lumpy egg of 120 mm with smooth texture, 4 mm voxels."""
    shape = (40, 44, 42)
    affine_mm = np.diag([4.0, 4.0, 4.0, 1.0])
    affine_mm[:3, 3] = (-80.0, -88.0, -84.0)
    ijk = np.indices(shape).reshape(3, -1).T @ affine_mm[:3, :3].T + affine_mm[:3, 3]
    radius = np.sqrt(((ijk / (52.0, 66.0, 58.0)) ** 2).sum(axis=1)).reshape(shape)
    texture = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2.0)
    values = np.where(radius < 1, 100.0 + 250.0 * texture / texture.std() * 0.3, 0.0)
    return Sampled(values=np.clip(ndimage.gaussian_filter(values, 0.7), 0, None), affine_mm=affine_mm)


def moved(
    image: Sampled, turn_rad: tuple[float, float, float], shift_mm: tuple[float, float, float]
) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(turn_rad).as_matrix()
    pose[:3, 3] = shift_mm
    return pose


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_known_pose_is_found_for_either_contrast(sign: float) -> None:
    target = blob()
    truth = moved(target, (0.15, -0.1, 0.12), (8.0, -11.0, 6.0))
    source = resampled(target, target.affine_mm, target.values.shape, source_from_target=truth)
    mask = source.values > 5
    contrast = np.where(mask, 300.0 + sign * source.values, 0.0)
    fit = register_rigid(
        Sampled(values=contrast, affine_mm=source.affine_mm), mask, target, target.values > 5, QUICK
    )
    turn_rad, shift_mm = turn_and_shift(np.linalg.inv(truth) @ fit.target_from_source, np.zeros((1, 3)))
    assert turn_rad < 0.02  # 1 mm at 50 mm
    assert shift_mm < 1.0
    assert fit.error_mm < 2.0
    assert fit.has_converged


def test_the_header_changes_nothing_but_the_first_start() -> None:
    target = blob()
    mask = target.values > 5
    header = moved(target, (0.2, 0.1, -0.15), (12.0, 5.0, -9.0))
    source = Sampled(values=target.values, affine_mm=header @ target.affine_mm)
    fit = register_rigid(source, mask, target, mask, QUICK)
    turn_rad, shift_mm = turn_and_shift(fit.target_from_source @ header, np.zeros((1, 3)))
    assert turn_rad < 0.002
    assert shift_mm < 0.15


def test_the_same_again_gives_the_same_bits() -> None:
    target = blob()
    mask = target.values > 5
    first = register_rigid(target, mask, target, mask, QUICK)
    again = register_rigid(target, mask, target, mask, QUICK)
    assert np.array_equal(first.target_from_source, again.target_from_source)
    assert first.error_mm == again.error_mm


def test_noise_is_not_held_firmly() -> None:
    target = blob()
    noise = np.random.default_rng(1).random(target.values.shape) * 100
    source = Sampled(values=noise, affine_mm=target.affine_mm)
    fit = register_rigid(source, np.ones(noise.shape, dtype=bool), target, target.values > 5, QUICK)
    assert fit.error_mm > 3.0 or not fit.has_converged


def test_an_empty_mask_is_refused() -> None:
    target = blob()
    with pytest.raises(InputError, match="empty mask"):
        register_rigid(target, np.zeros(target.values.shape, dtype=bool), target, target.values > 5, QUICK)
