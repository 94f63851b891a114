"""Kernels of decoding against known answers and dense formulas."""

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from trephine.core.errors import InputError
from trephine.kernels.decoding.channel_order import connector_orders, order_found
from trephine.kernels.decoding.features import later, scaling_of, with_history
from trephine.kernels.decoding.kernel_ridge import chosen_kernel, kernel_ridge, pooled_history
from trephine.kernels.decoding.latent import learned, moments_of, shown_again
from trephine.kernels.decoding.linear_system import LinearSystem, delayed, filtered, gains_of, smoothed
from trephine.kernels.decoding.ridge import chosen_penalty, ridge
from trephine.kernels.decoding.score import r_squared

RNG = np.random.default_rng


def made_system(channels: int = 30, seed: int = 0) -> LinearSystem:
    return LinearSystem(
        transition=np.array([[0.97, 0.1], [-0.05, 0.85]]),
        drive=np.diag([0.03, 0.15]),
        loadings=RNG(seed).normal(size=(channels, 2)) * 0.5,
        noise=np.full(channels, 1.0),
    )


def drawn(system: LinearSystem, bins: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = RNG(seed)
    states = np.zeros((bins, 2))
    for t in range(1, bins):
        states[t] = system.transition @ states[t - 1] + rng.multivariate_normal(np.zeros(2), system.drive)
    noise = rng.normal(size=(bins, len(system.loadings))) * np.sqrt(system.noise)
    return states, states @ system.loadings.T + noise


def test_history_never_looks_ahead() -> None:
    values = RNG(0).normal(size=(50, 3))
    changed = values.copy()
    changed[30:] += 9
    for made in (
        lambda v: with_history(v, 5),
        lambda v: pooled_history(v, (0, 1, 3, 6)),
        lambda v: later(v, 2),
    ):
        assert np.allclose(made(values)[:30], made(changed)[:30])
        assert not np.allclose(made(values)[32], made(changed)[32])
    assert (with_history(values, 3)[10] == np.concatenate([values[10], values[9], values[8]])).all()
    pooled = pooled_history(values, (0, 2, 5))[10]
    assert np.allclose(pooled[:3], values[9:11].sum(0) / np.sqrt(2))
    assert np.allclose(pooled[3:], values[6:9].sum(0) / np.sqrt(3))


def test_a_silent_channel_keeps_the_least_spread() -> None:
    values = np.column_stack([np.zeros(20), np.arange(20.0)])
    scaled = scaling_of(values, least_index=0.5)(values)
    assert (scaled[:, 0] == 0).all()
    assert scaled[:, 1].std() == pytest.approx(1)


def test_r_squared_is_that_of_both_axes_together() -> None:
    true = np.array([[0.0, 0], [2, 0], [0, 10], [2, 10]])
    assert r_squared(true, true) == 1
    assert r_squared(true, np.tile(true.mean(0), (4, 1))) == 0
    assert r_squared(true, true * [0, 1]) == pytest.approx(1 - 8 / 104)
    with pytest.raises(InputError, match="sum of squares 0"):
        r_squared(np.zeros((4, 2)), np.zeros((4, 2)))


def test_ridge_agrees_with_its_normal_equations() -> None:
    rng = RNG(3)
    x, y = rng.normal(size=(80, 6)) + 4, rng.normal(size=(80, 2)) - 1
    fitted = ridge(x, y, penalty_share=0.5)
    centred = x - x.mean(0)
    penalty = 0.5 * np.trace(centred.T @ centred) / 6
    rows = np.vstack([centred, np.sqrt(penalty) * np.eye(6)])
    weights = np.linalg.lstsq(rows, np.vstack([y - y.mean(0), np.zeros((6, 2))]), rcond=None)[0]
    assert np.allclose(fitted.weights, weights)
    assert np.allclose(fitted(x).mean(0), y.mean(0))


def test_the_penalty_grows_with_noise() -> None:
    rng = RNG(4)
    x = rng.normal(size=(400, 40))
    clean = x[:, :2]
    some = (0.001, 0.1, 10.0)
    assert chosen_penalty(x, clean, candidates=some, block_count=4) == 0.001
    noisy = 0.1 * clean + rng.normal(size=(400, 2))
    assert chosen_penalty(x, noisy, candidates=some, block_count=4) == 10.0


def dense_posterior(system: LinearSystem, values: np.ndarray) -> np.ndarray:
    """Means of all states given all channels, by one large regression from a steady start."""
    bins, k = len(values), 2
    cov = np.zeros((k, k))
    for _ in range(3000):
        cov = system.transition @ cov @ system.transition.T + system.drive
    joint = np.zeros((bins * k, bins * k))
    for a in range(bins):
        block = cov
        for b in range(a, bins):
            joint[b * k : b * k + k, a * k : a * k + k] = block
            joint[a * k : a * k + k, b * k : b * k + k] = block.T
            block = system.transition @ block
    seen = np.kron(np.eye(bins), system.loadings)
    noise = np.kron(np.eye(bins), np.diag(system.noise))
    gain = joint @ seen.T @ np.linalg.inv(seen @ joint @ seen.T + noise)
    return (gain @ values.ravel()).reshape(bins, k)


def test_filter_and_smoother_agree_with_one_large_regression() -> None:
    system = made_system(channels=5)
    _, values = drawn(system, 160, 1)
    gains = gains_of(system)
    states = filtered(system, gains, values)
    assert np.allclose(states[-1], dense_posterior(system, values)[-1], atol=1e-6)
    whole = dense_posterior(system, values)
    assert np.allclose(smoothed(system, gains, states)[80], whole[80], atol=1e-6)
    ago = delayed(system, gains, states, bins=3)
    assert np.allclose(ago[-1], whole[-4], atol=1e-6)
    assert (ago[:3] == 0).all()


def test_a_channel_with_infinite_noise_is_not_heard() -> None:
    system = made_system(channels=6)
    _, values = drawn(system, 300, 2)
    deaf = LinearSystem(
        transition=system.transition,
        drive=system.drive,
        loadings=system.loadings,
        noise=np.where(np.arange(6) == 2, np.inf, 1.0),
    )
    changed = values.copy()
    changed[:, 2] = 1e6
    gains = gains_of(deaf)
    assert np.allclose(filtered(deaf, gains, values), filtered(deaf, gains, changed))


def test_expected_moments_are_those_of_the_process() -> None:
    system = made_system(channels=4)
    _, values = drawn(system, 20000, 8)
    m = moments_of(system, [values[:9000], values[9000:]])
    own = solve_discrete_lyapunov(system.transition, system.drive)
    scale = np.abs(own).max()
    assert (m.count, m.pairs) == (20000, 19998)
    assert np.allclose(m.states / m.count, own, atol=0.06 * scale)
    assert np.allclose(m.across / m.pairs, system.transition @ own, atol=0.06 * scale)


def test_loadings_that_turned_are_found_again_without_labels() -> None:
    before = made_system(seed=0)
    states, values = drawn(before, 4000, 3)
    joint = learned([np.column_stack([values, states])], states=2, rounds=15)
    true = np.sort(np.abs(np.linalg.eigvals(before.transition)))
    assert np.allclose(np.sort(np.abs(np.linalg.eigvals(joint.transition))), true, atol=0.02)
    remembered = LinearSystem(
        transition=joint.transition, drive=joint.drive, loadings=joint.loadings[:30], noise=joint.noise[:30]
    )
    movement = joint.loadings[30:]
    now = made_system(seed=0)
    other = RNG(9).normal(size=(30, 2)) * 0.5
    now = LinearSystem(
        transition=now.transition, drive=now.drive,
        loadings=np.where(np.arange(30)[:, None] < 10, now.loadings, other), noise=now.noise,
    )  # fmt: skip
    later_states, later_values = drawn(now, 4000, 4)

    def score(system: LinearSystem) -> float:
        decoded = filtered(system, gains_of(system), later_values[2000:]) @ movement.T
        return r_squared(later_states[2000:], decoded)

    again = [score(shown_again(remembered, later_values[:2000], rounds=rounds)) for rounds in (4, 32)]
    assert score(remembered) < 0.4
    assert again[0] > 0.65
    assert again[1] > 0.8


def test_kernel_ridge_bends_and_agrees_with_the_exact_solution() -> None:
    rng = RNG(5)
    x = rng.uniform(-2, 2, (300, 2))
    y = np.column_stack([np.sin(2 * x[:, 0]), x[:, 0] * x[:, 1]]) + 3
    width, penalty = chosen_kernel(
        x, y, landmark_count=300, widths=(0.02, 0.5, 50.0), penalties=(0.01, 10.0), held_share=0.25
    )
    assert (width, penalty) == (0.5, 0.01)
    fitted = kernel_ridge(x, y, landmark_count=300, width_share=width, penalty_share=penalty)
    squared = ((x[:, None] - x[None]) ** 2).sum(2)
    kernel = np.exp(-squared / (width * x.var(0).sum()))
    exact = kernel @ np.linalg.solve(kernel + penalty * np.eye(300), y - y.mean(0)) + y.mean(0)
    assert np.allclose(fitted(x), exact, atol=3e-3)
    few = kernel_ridge(x, y, landmark_count=80, width_share=width, penalty_share=penalty)
    assert len(few.landmarks) == 80
    assert r_squared(y, few(x)) > 0.99


def neighbours(channels: int, seed: int) -> np.ndarray:
    """Correlations in which neighbours are alike."""
    rng = RNG(seed)
    line = rng.normal(size=(4000, channels))
    values = line + np.roll(line, 1, axis=1) * 0.8 + np.roll(line, 3, axis=1) * rng.uniform(0, 1, channels)
    matrix = np.corrcoef(values.T)
    np.fill_diagonal(matrix, 0)
    return matrix


def test_every_order_of_a_connector_is_found_and_undone() -> None:
    orders = connector_orders(96)
    assert (orders[0] == np.arange(96)).all()
    assert (np.sort(orders, axis=1) == np.arange(96)).all()
    known = neighbours(96, 6)
    for order in orders[:: max(len(orders) // 9, 1)]:
        wrong = np.argsort(order)
        found = order_found(known, known[np.ix_(wrong, wrong)])
        assert (found.order == order).all()
        assert found.is_as_remembered == bool((order == np.arange(96)).all())
        assert found.best_correlation == pytest.approx(1)


def test_a_shuffled_array_is_not_taken_for_a_turned_connector() -> None:
    known = neighbours(96, 6)
    shuffle = RNG(7).permutation(96)
    found = order_found(known, known[np.ix_(shuffle, shuffle)])
    assert found.best_z < 4
    assert found.as_is_z < 4
