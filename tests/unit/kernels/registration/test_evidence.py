"""Shifts of blocks find what is left of a misalignment, say how sure they are, and know another shape."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from trephine.kernels.registration.images import Sampled
from trephine.kernels.registration.local_shifts import LocalShifts, local_shifts
from trephine.kernels.registration.pose_evidence import (
    _groups,
    evidence_of,
    inverse_step,
    mean_and_largest_mm,
)

STEP_MM = 2.0
SHAPE = (72, 72, 72)
REGION = np.zeros(SHAPE, dtype=bool)
REGION[12:-12, 12:-12, 12:-12] = True
EVERYWHERE = np.ones(SHAPE, dtype=bool)
AFFINE = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])


def texture() -> np.ndarray:
    noise = np.random.default_rng(1).standard_normal(SHAPE)
    smooth = ndimage.gaussian_filter(noise, 2.0)
    return smooth / smooth.std()


def other_contrast(matrix: np.ndarray, noise: float = 0.1) -> np.ndarray:
    """The same object seen with another contrast and displaced by a map of voxel indices."""
    moved = ndimage.affine_transform(texture(), matrix[:3, :3], matrix[:3, 3], order=3, mode="nearest")
    shown = np.exp(-moved) + 0.3 * moved
    return shown + noise * np.random.default_rng(2).standard_normal(SHAPE)


def shifts_of(matrix: np.ndarray, noise: float = 0.1) -> LocalShifts:
    moved = Sampled(values=other_contrast(matrix, noise), affine_mm=AFFINE)
    return local_shifts(moved, EVERYWHERE, Sampled(values=texture(), affine_mm=AFFINE), REGION)


def rigid(turn_rad: float, shift_voxel: tuple[float, float, float], scale: float = 1.0) -> np.ndarray:
    centre = (np.array(SHAPE) - 1) / 2
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec((0.3 * turn_rad, 0, turn_rad)).as_matrix() * scale
    matrix[:3, 3] = centre + shift_voxel - matrix[:3, :3] @ centre
    return matrix


def test_a_rest_of_misalignment_is_found_and_undone() -> None:
    matrix = rigid(0.03, (0.7, -0.4, 0.2))
    found = evidence_of(shifts_of(matrix))
    assert found is not None
    points = np.random.default_rng(3).uniform(40, 100, (50, 3))
    mm = AFFINE @ matrix @ np.linalg.inv(AFFINE)  # where the moved image looks the object up
    both = mm @ np.linalg.inv(found.correction)
    left = np.linalg.norm(points @ both[:3, :3].T + both[:3, 3] - points, axis=1)
    before = np.linalg.norm(points @ mm[:3, :3].T + mm[:3, 3] - points, axis=1)
    assert before.mean() > 1.5
    assert left.mean() < 0.15
    _, mean_95, largest_95 = mean_and_largest_mm(found.covariance_mm2, found.centre_mm, points)
    assert left.mean() <= mean_95 < 0.5
    assert left.max() <= largest_95
    assert found.residual_mm < 0.4
    assert found.stretch_fraction < 0.005


def test_a_stretched_object_is_told_from_a_moved_one() -> None:
    found = evidence_of(shifts_of(rigid(0.02, (0.3, 0, 0), scale=1.05)))
    assert found is not None
    assert found.stretch_fraction == pytest.approx(0.05, abs=0.01)
    assert found.stretch_fraction > 3 * found.stretch_error_fraction
    assert found.residual_mm > 0.7
    low_mm, high_mm = found.difference_mm
    assert 0.5 < low_mm < found.residual_mm < high_mm + 0.2


def test_what_noise_explains_is_no_difference_of_shape() -> None:
    """Each block's own error accounts for what is left of a rigid fit, at little noise and at much."""
    found = [evidence_of(shifts_of(rigid(0.02, (0.3, 0, 0)), noise)) for noise in (0.1, 2.0)]
    quiet, loud = (each for each in found if each is not None)
    assert loud.noise_mm > 2 * quiet.noise_mm
    assert loud.residual_mm > 1.5 * quiet.residual_mm
    for each in (quiet, loud):
        assert 0.5 < each.residual_mm / each.noise_mm < 1.6
        assert each.difference_mm[0] == 0.0


def test_an_unrelated_image_gives_nothing_or_a_large_residual() -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(9).standard_normal(SHAPE), 2.0)
    moved = Sampled(values=noise, affine_mm=AFFINE)
    shifts = local_shifts(moved, EVERYWHERE, Sampled(values=texture(), affine_mm=AFFINE), REGION)
    found = evidence_of(shifts)
    assert found is None or found.residual_mm > 1.5


def test_blocks_that_the_scan_does_not_cover_say_nothing() -> None:
    moved = Sampled(values=texture(), affine_mm=AFFINE)
    nowhere = local_shifts(moved, ~EVERYWHERE, moved, REGION)
    assert nowhere.tried == 0
    assert evidence_of(nowhere) is None
    flat = Sampled(values=np.zeros(SHAPE), affine_mm=AFFINE)
    assert len(local_shifts(flat, EVERYWHERE, moved, REGION).centres_mm) == 0


def test_a_step_and_its_undoing_cancel() -> None:
    centre = np.array([10.0, -20.0, 30.0])
    step = np.array([1.0, 2.0, 3.0, 0.0, 0.0, 6.0])
    matrix = np.linalg.inv(inverse_step(step, centre))
    assert matrix[:3, :3] @ centre + matrix[:3, 3] == pytest.approx(centre + step[:3])
    # 6 mm at 60 mm is a tenth of a radian about z.
    there = matrix[:3, :3] @ (centre + (60.0, 0, 0)) + matrix[:3, 3]
    assert there - centre - step[:3] == pytest.approx([60 * np.cos(0.1), 60 * np.sin(0.1), 0])


def test_error_of_points_grows_with_turns_and_distance() -> None:
    covariance = np.diag([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    near, far = np.array([[6.0, 0, 0]]), np.array([[60.0, 0, 0]])
    sd_near, _, _ = mean_and_largest_mm(covariance, np.zeros(3), near)
    sd_far, mean_95, largest_95 = mean_and_largest_mm(covariance, np.zeros(3), far)
    assert sd_far == pytest.approx(10 * sd_near)
    assert sd_far == pytest.approx(1.0, abs=0.05)
    assert mean_95 == pytest.approx(1.96, abs=0.15)
    assert largest_95 == mean_95


def test_blocks_lie_where_region_and_scan_both_are() -> None:
    """Of 5 x 5 x 5 blocks in the region those count whose whole neighbourhood the scan covers."""
    affine_mm = AFFINE.copy()
    affine_mm[:3, 3] = (100.0, -50.0, 20.0)
    fixed = Sampled(values=texture(), affine_mm=affine_mm)
    moved = Sampled(values=other_contrast(np.eye(4)), affine_mm=affine_mm)
    whole = local_shifts(moved, EVERYWHERE, fixed, REGION)
    assert whole.tried == 125
    ijk = (whole.centres_mm - affine_mm[:3, 3]) / STEP_MM
    assert REGION[tuple(np.rint(ijk).astype(int).T)].all()
    assert len(whole.centres_mm) > 100
    half = EVERYWHERE.copy()
    half[:36] = False
    seen = local_shifts(moved, half, fixed, REGION)
    # A block reaches 9 voxels: of those at 18, 27, 36, 45 and 54 the last two lie free of the cut.
    assert seen.tried == 50
    assert ((seen.centres_mm[:, 0] - 100.0) / STEP_MM).min() >= 45


def test_what_shows_no_structure_or_no_relation_is_not_placed() -> None:
    fixed = Sampled(values=texture(), affine_mm=AFFINE)
    dim = texture()
    dim[:36] *= 0.01
    for pair in (
        (other_contrast(np.eye(4)), dim),
        (np.where(dim == texture(), other_contrast(np.eye(4)), 0.01 * dim), texture()),
    ):
        moved, still = (Sampled(values=values, affine_mm=AFFINE) for values in pair)
        found = local_shifts(moved, EVERYWHERE, still, REGION).centres_mm[:, 0] / STEP_MM
        assert len(found) > 40
        assert found.min() > 27  # blocks wholly in the dim half say nothing
    grains = np.random.default_rng(9).standard_normal(SHAPE)
    unrelated = local_shifts(Sampled(values=grains, affine_mm=AFFINE), EVERYWHERE, fixed, REGION)
    assert len(unrelated.centres_mm) < 0.1 * unrelated.tried


def blocks(shifts_mm: np.ndarray, centres_mm: np.ndarray, known: np.ndarray | None = None) -> LocalShifts:
    """Blocks that say given shifts; ``known`` holds the one direction of each that it knows well."""
    plain = np.broadcast_to(np.eye(3), (len(shifts_mm), 3, 3))
    sharp = plain if known is None else 0.01 * plain + np.einsum("ni,nj->nij", known, known)
    return LocalShifts(
        centres_mm=centres_mm,
        shifts_mm=shifts_mm,
        information_per_mm2=sharp,
        covariance_mm2=0.04 * plain,
        tried=len(shifts_mm),
    )


def lattice(count: int = 6) -> np.ndarray:
    return np.stack(np.meshgrid(*[np.linspace(-45, 45, count)] * 3, indexing="ij"), -1).reshape(-1, 3)


def test_outlying_blocks_have_no_say() -> None:
    rng = np.random.default_rng(4)
    centres = lattice()
    shifts = np.array([1.0, -2.0, 0.5]) + 0.1 * rng.standard_normal((len(centres), 3))
    wrong = rng.permutation(len(centres))[: len(centres) // 5]
    shifts[wrong] += (5.0, 5.0, 0.0)
    found = evidence_of(blocks(shifts, centres))
    assert found is not None
    assert found.step_mm[:3] == pytest.approx([1.0, -2.0, 0.5], abs=0.1)
    assert found.residual_mm < 0.2


def test_a_block_counts_only_along_what_it_knows() -> None:
    """Each block knows its place across one border; along the border it says nonsense."""
    rng = np.random.default_rng(5)
    centres = lattice()
    known = rng.standard_normal(centres.shape)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    along = rng.standard_normal(centres.shape)
    along -= (along * known).sum(axis=1, keepdims=True) * known
    truth = np.array([1.0, -2.0, 0.5])
    found = evidence_of(blocks(truth + 3.0 * along, centres, known))
    blind = evidence_of(blocks(truth + 3.0 * along, centres))
    assert found is not None
    assert blind is not None
    assert np.linalg.norm(found.step_mm[:3] - truth) < 0.5 * np.linalg.norm(blind.step_mm[:3] - truth)
    assert found.residual_mm < 0.5 < blind.residual_mm


def test_groups_are_neighbours_of_equal_number() -> None:
    centres = np.random.default_rng(6).permutation(lattice())
    group = _groups(centres)
    size = np.bincount(group)
    assert len(size) == 12
    assert size.max() <= 2.1 * size.min()
    own = np.array([centres[group == name].std(axis=0).prod() for name in range(12)])
    assert own.max() < 0.3 * centres.std(axis=0).prod()


def test_errors_that_neighbours_share_are_within_the_bounds() -> None:
    """Blocks of one octant err alike: 0.5 mm an octant, nothing within. 20 draws; 95 % of them in theory."""
    centres = lattice(4)
    octant = (centres > 0) @ np.array([4, 2, 1])
    held = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        shared = 0.5 * rng.standard_normal((8, 3))
        found = evidence_of(blocks(shared[octant] + 0.05 * rng.standard_normal(centres.shape), centres))
        assert found is not None
        points = np.linalg.inv(found.correction)
        off = np.linalg.norm(centres @ points[:3, :3].T + points[:3, 3] - centres, axis=1).mean()
        held.append(off <= mean_and_largest_mm(found.covariance_mm2, found.centre_mm, centres)[1])
    assert np.mean(held) >= 0.85
