import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.kernels.statistics.jackknife import jackknife_sd
from trephine.kernels.statistics.pooling import fixed_effects
from trephine.kernels.statistics.z_scores import z_from_t


def test_z_equals_t_for_many_degrees_and_keeps_its_sign() -> None:
    np.testing.assert_allclose(z_from_t(np.array([-3.0, 0.0, 3.0]), 1e7), [-3, 0, 3], atol=1e-4)


def test_z_has_the_same_tail_as_t() -> None:
    # t with 5 degrees of freedom: 4.032 leaves 0.5 %, as 2.5758 does in the normal distribution.
    assert z_from_t(np.array([4.0321]), 5)[0] == pytest.approx(2.5758, abs=1e-3)


def test_very_large_t_stays_finite() -> None:
    z = z_from_t(np.array([60.0, 80.0]), 120)
    assert np.isfinite(z).all()
    assert z[1] > z[0] > 15


def test_the_jackknife_of_means_is_their_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=(12, 1))
    without = np.array([np.delete(values, n, axis=0).mean(axis=0) for n in range(12)])
    assert jackknife_sd(without)[0] == pytest.approx(values.std(ddof=1) / np.sqrt(12))


def test_one_part_is_refused() -> None:
    with pytest.raises(InputError, match="1 parts"):
        jackknife_sd(np.zeros((1, 3)))


def test_the_surer_estimate_weighs_more() -> None:
    effect, variance = fixed_effects(np.array([[1.0], [4.0]]), np.array([[1.0], [2.0]]))
    assert effect[0] == pytest.approx(2.0)
    assert variance[0] == pytest.approx(2 / 3)


def test_estimates_without_variance_do_not_count() -> None:
    effect, variance = fixed_effects(np.array([[1.0, 1.0], [4.0, 4.0]]), np.array([[0.0, 0.0], [2.0, 0.0]]))
    np.testing.assert_allclose(effect, [4.0, 0.0])
    np.testing.assert_allclose(variance, [2.0, 0.0])
