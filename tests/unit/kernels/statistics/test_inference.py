"""How high noise rises, how it is drawn again, and how two measurements agree."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from trephine.kernels.statistics.agreement import consistency, dice, pearson
from trephine.kernels.statistics.discovery import discovery_fractions
from trephine.kernels.statistics.empirical_null import excess_share
from trephine.kernels.statistics.random_field import (
    full_width_voxel,
    least_peak_z,
    peak_probability,
    resels,
)
from trephine.kernels.statistics.wild_bootstrap import noise_draws, stretches


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], sd_voxel: float) -> np.ndarray:
    field = gaussian_filter(rng.standard_normal(shape), sd_voxel, mode="wrap")
    return field / field.std()


def test_the_smoothness_of_noise_is_found() -> None:
    rng = np.random.default_rng(0)
    series = np.stack([smooth_noise(rng, (20, 22, 18), 1.5).ravel() for _ in range(20)])
    found = full_width_voxel(series, np.ones((20, 22, 18), dtype=bool))
    np.testing.assert_allclose(found, 1.5 * 2.3548, rtol=0.06)


def test_resels_of_a_box_are_those_of_its_edges() -> None:
    counts = resels(np.ones((5, 7, 9), dtype=bool), np.array([2.0, 2.0, 2.0]))
    np.testing.assert_allclose(counts, [1.0, (4 + 6 + 8) / 2, (24 + 32 + 48) / 4, 4 * 6 * 8 / 8])


def test_noise_passes_its_own_limit_one_time_in_twenty() -> None:
    rng = np.random.default_rng(1)
    inside = np.zeros((32, 32, 32), dtype=bool)
    inside[6:26, 6:26, 6:26] = True
    limit = least_peak_z(0.05, resels(inside, np.full(3, 2 * 2.3548)), 20**3)
    passed = [smooth_noise(rng, (32, 32, 32), 2.0)[inside].max() > limit for _ in range(300)]
    # Binomial: 5 % of 300 is 15, standard deviation 3.8.
    assert 4 <= sum(passed) <= 27


def test_few_elements_are_bounded_by_bonferroni() -> None:
    counts = resels(np.ones((3, 1, 1), dtype=bool), np.full(3, 0.5))
    assert peak_probability(np.array(3.0), counts, 3) <= 3 * norm.sf(3.0)


def test_discovery_fractions_step_up() -> None:
    z = norm.isf([0.001, 0.01, 0.03, 0.9])
    np.testing.assert_allclose(discovery_fractions(z), [0.004, 0.02, 0.04, 0.9], rtol=1e-9)


def test_the_bulk_of_scores_tells_their_width() -> None:
    rng = np.random.default_rng(2)
    z = rng.normal(0, 1.5, 20_000)
    z[:2000] += 6
    assert excess_share(z) == pytest.approx(1.5, rel=0.15)
    assert excess_share(z / 3) == 1.0


def test_noise_drawn_again_has_the_estimate_s_own_variance() -> None:
    rng = np.random.default_rng(3)
    time, voxels = 160, 400
    design = np.stack([np.ones(time), np.sin(np.arange(time) / 4.0)], axis=1)
    inverse = np.linalg.pinv(design)
    data = rng.standard_normal((time, voxels))
    left = data - design @ (inverse @ data)
    stretch = stretches(time, 8)
    signs = rng.choice([-1.0, 1.0], (400, stretch.max() + 1))
    leverage = np.einsum("ij,ji->i", design, inverse)
    drawn = noise_draws(left, inverse[1], stretch, signs, leverage)
    assert drawn.std() == pytest.approx(np.linalg.norm(inverse[1]), rel=0.1)
    # Voxels that share their noise share their draws.
    left[:, 1] = left[:, 0]
    drawn = noise_draws(left, inverse[1], stretch, signs, leverage)
    np.testing.assert_array_equal(drawn[:, 0], drawn[:, 1])


def test_agreement_of_two_measurements() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(0, 1, 5000)
    first, second = truth + rng.normal(0, 1, 5000), truth + rng.normal(0, 1, 5000)
    assert consistency(first, second) == pytest.approx(0.5, abs=0.04)
    assert pearson(first, second) == pytest.approx(0.5, abs=0.04)
    # Absolute agreement counts a shift of one against the other; correlation does not.
    assert consistency(first, second + 3) < 0.3
    assert pearson(first, second + 3) == pytest.approx(0.5, abs=0.04)
    assert pearson(first, np.zeros(5000)) is None
    assert dice(np.array([True, True, False]), np.array([True, False, False])) == pytest.approx(2 / 3)
