"""Rigid registration finds a known pose, says how firmly, and repeats itself to the bit."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from trephine.core.errors import InputError
from trephine.kernels.registration import rigid
from trephine.kernels.registration.images import Sampled, resampled
from trephine.kernels.registration.rigid import (
    RigidSettings,
    in_own_box,
    refine_rigid,
    register_rigid,
    turn_and_shift,
)

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


def test_starts_reach_as_far_as_they_say_about_header_and_centres() -> None:
    points = np.random.default_rng(1).uniform(-60, 60, (200, 3))
    middle = np.array([50.0, -20.0, 10.0])
    chosen = RigidSettings()
    starts = rigid._starts(points, middle, np.eye(4), chosen)
    assert len(starts) == chosen.starts
    centre = points.mean(axis=0)
    assert np.array_equal(starts[0], np.eye(4))
    assert starts[1][:3, :3] @ centre + starts[1][:3, 3] == pytest.approx(middle)
    ends = np.array([start[:3, :3] @ centre + start[:3, 3] for start in starts])
    for base, about in ((0, centre), (1, middle)):
        others = [index for index in range(2, chosen.starts) if index % 2 == base]
        turns = [turn_and_shift(starts[index], points)[0] for index in others]
        assert max(turns) == pytest.approx(chosen.start_turn_rad)
        assert min(turns) < 0.5 * chosen.start_turn_rad
        shifts = np.linalg.norm(ends[others] - about, axis=1)
        assert shifts.max() == pytest.approx(chosen.start_shift_mm)
        # They go every way, not one: no direction is shared by all.
        ways = (ends[others] - about) / shifts[:, None]
        assert np.linalg.norm(ways.mean(axis=0)) < 0.5


def test_a_pose_is_laid_on_the_target_or_a_rim_of_6_mm() -> None:
    target = Sampled(values=np.ones((20, 20, 20)), affine_mm=np.diag([2.0, 2.0, 2.0, 1.0]))
    mask = np.zeros((20, 20, 20), dtype=bool)
    mask[5:15, 5:15, 5:15] = True  # 10 to 28 mm
    points = np.array([[20.0, 20, 20], [33.0, 20, 20], [38.0, 20, 20], [300.0, 20, 20]])
    assert rigid._laid_fraction(np.eye(4), points, target, mask) == 0.5
    away = np.eye(4)
    away[0, 3] = 100.0
    assert rigid._laid_fraction(away, points[:3], target, mask) == 0.0


def scripted(monkeypatch: pytest.MonkeyPatch, poses: dict[float, np.ndarray]) -> None:
    """Let the optimizer end at given poses, coarse and fine: score to pose, in this order, over and over."""
    ends = list(poses.items())
    told = {"coarse": 0}

    def fitted(self, start: np.ndarray, step_mm: float) -> tuple[float, np.ndarray]:
        if step_mm == 1.0:  # refined: it stays where it is
            return next((score, pose) for score, pose in ends if np.allclose(pose, start))
        told["coarse"] += 1
        return ends[told["coarse"] % len(ends)]

    monkeypatch.setattr(rigid._RigidPair, "fitted", fitted)


def shifted(pose: np.ndarray, x_mm: float) -> np.ndarray:
    moved_on = pose.copy()
    moved_on[0, 3] += x_mm
    return moved_on


def test_the_best_score_wins_only_among_poses_on_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    target = blob()
    mask = target.values > 5
    home = np.linalg.inv(in_own_box(target)[1])
    chosen = RigidSettings(starts=4, coarse_mm=8.0, fine_mm=6.0, with_halves=False)
    poses = {-9.0: shifted(home, 500.0), -1.0: home, -0.8: shifted(home, 10.0)}
    scripted(monkeypatch, poses)
    fit = register_rigid(target, mask, target, mask, chosen)
    _, off_mm = turn_and_shift(fit.target_from_source, np.zeros((1, 3)))
    assert off_mm < 0.01
    assert fit.score == 1.0
    assert fit.runner_up_fraction == pytest.approx(0.8)
    scripted(monkeypatch, {-1.0: home, -0.9: shifted(home, 1.0)})
    close = register_rigid(target, mask, target, mask, chosen)
    assert close.runner_up_fraction == 0.0  # 1 mm away is the same pose
    assert close.agreeing_starts == 4


def test_a_refinement_ends_at_the_truth_whatever_the_header() -> None:
    target = blob()
    mask = target.values > 5
    header = moved(target, (0.1, -0.2, 0.1), (30.0, -10.0, 20.0))
    source = Sampled(values=target.values, affine_mm=header @ target.affine_mm)
    near = moved(target, (0.04, 0.0, -0.03), (3.0, -2.0, 2.0)) @ np.linalg.inv(header)
    pose = refine_rigid(source, mask, target, near, QUICK)
    points = np.argwhere(mask)[::50] @ target.affine_mm[:3, :3].T + target.affine_mm[:3, 3]
    _, before_mm = turn_and_shift(near @ header, points)
    _, left_mm = turn_and_shift(pose @ header, points)
    assert before_mm > 3.0
    assert left_mm < 0.5


def test_halves_that_disagree_are_told_and_only_the_mask_is_compared() -> None:
    """The upper half is a copy of the lower's neighbour 8 mm away: each half alone knows its own place."""
    target = blob()
    mask = target.values > 5
    torn = np.array(target.values)
    torn[:, :, 21:] = np.roll(target.values, 2, axis=1)[:, :, 21:]
    source = Sampled(values=torn, affine_mm=target.affine_mm)
    both = register_rigid(source, torn > 5, target, mask, QUICK)
    assert both.error_mm > 1.5
    lower = np.array(mask)
    lower[:, :, 20:] = False
    points = np.argwhere(lower)[::50] @ target.affine_mm[:3, :3].T + target.affine_mm[:3, 3]
    alone = register_rigid(source, lower, target, mask, replace(QUICK, with_halves=False))
    _, off_mm = turn_and_shift(alone.target_from_source, points)
    _, torn_mm = turn_and_shift(both.target_from_source, points)
    assert off_mm < 0.6
    assert torn_mm > 1.0
