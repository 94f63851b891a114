"""Chance of being interesting among many dull cases."""

import numpy as np
import pytest

from trephine.kernels.statistics.two_groups import fit_two_groups, null_of, sure_sigmas


def test_chance_is_calibrated_on_a_known_mixture() -> None:
    rng = np.random.default_rng(0)
    dull, real = rng.standard_normal(400_000), 4.0 + rng.standard_normal(8_000)
    score = np.concatenate([dull, real])
    is_real = np.arange(len(score)) >= len(dull)
    chance = fit_two_groups(score)(score)
    for low, high in ((0.3, 0.7), (0.7, 0.95), (0.95, 1.01)):
        inside = (chance >= low) & (chance < high)
        assert is_real[inside].mean() == pytest.approx(chance[inside].mean(), abs=0.1)


def test_noise_alone_has_no_chance() -> None:
    score = np.random.default_rng(1).standard_normal(1_000_000)
    assert (fit_two_groups(score)(score) > 0.5).mean() < 1e-5


def test_the_dull_majority_is_measured_beside_interesting_cases() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([3 + 2 * rng.standard_normal(100_000), 30 + rng.standard_normal(8_000)])
    middle, spread = null_of(values)
    assert middle == pytest.approx(3.0, abs=0.1)
    assert spread == pytest.approx(2.0, rel=0.05)


def test_sure_score_grows_with_the_number_of_cases() -> None:
    assert sure_sigmas(0.005) < sure_sigmas(5e-9)
    assert sure_sigmas(5e-9) == pytest.approx(5.73, abs=0.05)
