"""Heat in time against what can be written down, and the reduced model against the whole grid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import dctn, idctn

from trephine.core.errors import InputError
from trephine.kernels.heat import closed_forms
from trephine.kernels.heat.grid import BoxGrid, graded_edges_mm
from trephine.kernels.heat.medium import INSULATED, medium, network
from trephine.kernels.heat.reduced import reduced
from trephine.kernels.heat.transient import transient_rise

CLOSED = ((INSULATED, INSULATED),) * 3
# The homogeneous medium of A1: conductivity, blood's take, heat held; mm, s, K, mW.
K, W, C = 0.52, 1e-6 * 1060 * 3617 * 0.01, 1e-6 * 1079 * 3540
GREY_K, GREY_W = 0.547, 1e-6 * 1049.75 * 3617 * (763 + 2 / 3) * 1e-6 / 60 * 1044.5
GREY_C = 1e-6 * 1044.5 * 3695.8


def gaussian(x, width, time_s=0.0, far=64.0):
    """Return a spreading pulse along one axis, of height 1 at first, with its images in mirrors."""
    spread = width**2 + 4 * K / C * time_s
    return sum(width / np.sqrt(spread) * np.exp(-((x + n * far) ** 2) / spread) for n in range(-2, 3))


def pulse(at, time_s=0.0, width=4.0, far=64.0):
    one = [gaussian(x, width, time_s, far) for x in at]
    return np.exp(-W / C * time_s) * one[0][:, None, None] * one[1][None, :, None] * one[2][None, None, :]


def spectral(start, source, step_mm, time_s):
    """Return the exact evolution of what a cosine series holds (insulated walls)."""
    waves = [np.pi * np.arange(n) / (n * step_mm) for n in start.shape]
    rate = K / C * sum(np.meshgrid(*(w**2 for w in waves), indexing="ij")) + W / C
    decay = np.exp(-rate * time_s)
    return idctn(dctn(start) * decay + dctn(source / C) * (1 - decay) / rate)


def octant(step_mm, side_mm):
    edges = np.linspace(0, side_mm, round(side_mm / step_mm) + 1)
    return medium(BoxGrid(edges_mm=(edges,) * 3), conductivity=K, drain=W, capacity=C)


def test_the_spectral_answer_is_exact_in_one_step_and_in_many():
    """A1: 300 steps of 0.5 s and one of 150 s agree with the written-down pulse to 1e-12."""
    at = (np.arange(32) + 0.5,) * 3
    start = pulse(at)
    once = spectral(start, 0 * start, 1.0, 150.0)
    many = start
    for _ in range(300):
        many = spectral(many, 0 * start, 1.0, 0.5)
    assert np.abs(once - pulse(at, 150.0)).max() <= 1e-12
    assert np.abs(many - once).max() <= 1e-12


@pytest.mark.parametrize("is_heated", [False, True], ids=["pulse", "source"])
def test_cells_and_steps_are_right_to_second_order(is_heated):
    """A1: grid and step halved together; order at least 1.9."""
    errors = []
    for step_mm, step_s in ((2.0, 10.0), (1.0, 5.0)):
        filled = octant(step_mm, 24.0)
        own = pulse(filled.grid.centres_mm, 0, 6.0, 48.0)
        first, heat = (0 * own, 3e-5 * own) if is_heated else (own, 0 * own)
        exact = spectral(first, heat, step_mm, 100.0)
        volume = filled.grid.volume_mm3()
        found = transient_rise(
            network(filled, CLOSED), filled.capacity * volume, heat * volume, start=first,
            share=np.ones(round(100 / step_s)), step_s=np.full(round(100 / step_s), step_s),
            probes=np.zeros((1, 3), int),
        )  # fmt: skip
        errors.append(np.abs(found.last - exact).max() / exact.max())
        assert found.imbalance_fraction <= 1e-6
    assert np.log2(errors[0] / errors[1]) >= 1.9


def test_two_half_spaces_each_follow_their_own_law():
    """A2: pulses that do not reach the interface; the interface itself is tested by the layers of a head."""
    errors = []
    for step_mm, step_s in ((2.0, 3.75), (1.0, 1.875)):
        grid = BoxGrid(edges_mm=(np.arange(0, 113, step_mm), *[np.arange(0, 29, step_mm)] * 2))
        x, y, z = grid.centres_mm
        high = (x > 56)[:, None, None]
        stuff = {
            "conductivity": np.where(high, 0.13, 0.52) * np.ones(grid.shape),
            "drain": 1e-6 * 1060 * 3617 * np.where(high, 0.02, 0.005) * np.ones(grid.shape),
            "capacity": 1e-6 * np.where(high, 1200 * 4000, 1079 * 3540) * np.ones(grid.shape),
        }
        filled = medium(grid, **stuff)

        def exact(t, x=x, y=y, z=z, high=high, stuff=stuff):
            spread = 36 + 4 * stuff["conductivity"] / stuff["capacity"] * t
            middle = np.where(high, 84, 28)
            far = (x[:, None, None] - middle) ** 2 + (y**2)[None, :, None] + (z**2)[None, None, :]
            return (36 / spread) ** 1.5 * np.exp(-far / spread - stuff["drain"] / stuff["capacity"] * t)

        volume = grid.volume_mm3()
        found = transient_rise(
            network(filled, CLOSED), filled.capacity * volume, 0 * volume, start=exact(0.0),
            share=np.zeros(round(37.5 / step_s)), step_s=np.full(round(37.5 / step_s), step_s),
            probes=np.zeros((1, 3), int),
        )  # fmt: skip
        errors.append(np.abs(found.last - exact(37.5)).max())
    assert errors[1] < 5e-3
    assert np.log2(errors[0] / errors[1]) >= 1.9


TIMES_S = np.array([1, 10, 60, 300, 3600.0])
KNOWN_K = np.array([1.23683250e-5, 0.0158366286, 0.0363435556, 0.0395966780, 0.0396201373])


def grey_octant(step_mm):
    edges = graded_edges_mm(0, 20, fine=(0, 3), fine_mm=step_mm, coarse_mm=2.5, growth_share=1.15)
    filled = medium(BoxGrid(edges_mm=(edges,) * 3), conductivity=GREY_K, drain=GREY_W, capacity=GREY_C)
    source = np.zeros(filled.grid.shape)
    source[0, 0, 0] = 1 / 8
    return filled, network(filled, CLOSED), source


def rise_at_2_mm(filled, rises, index):
    """Read the rise at 2 mm along the diagonal: what is left of 1/r and of the reach is smooth."""
    at = np.linalg.norm([filled.grid.centres_mm[0][index]] * 3, axis=0)
    reach = float(closed_forms.reach_mm(GREY_K, GREY_W))
    smooth = rises * at * np.exp(at / reach)
    return np.array([np.interp(2.0, at, row) for row in smooth]) / (2 * np.exp(2 / reach))


def test_the_written_down_point_in_time_is_the_published_one():
    found = closed_forms.point_in_time(1, 2.0, TIMES_S, GREY_K, GREY_W, GREY_C)
    assert found == pytest.approx(KNOWN_K, rel=2e-8)


@pytest.fixture(scope="module")
def followed():
    """A point of 1 mW in grey matter, 0.25 mm, step by step, and by the reduced model."""
    filled, passed, source = grey_octant(0.25)
    index = np.arange(3, 8)
    places = np.stack([index] * 3, axis=1)
    mass = filled.capacity * filled.grid.volume_mm3()
    steps = np.repeat([0.05, 0.1, 0.2, 0.4, 0.5, 1.0, 2.0], [20, 20, 35, 50, 60, 20, 110])
    whole = transient_rise(
        passed, mass, source, share=np.ones(len(steps)), step_s=steps, probes=places
    )  # fmt: skip
    model = reduced(passed, mass, source * 8, places=places)
    return filled, index, whole, model


def test_a_point_source_is_right_in_time(followed):
    """A7: within 1 % of the final rise at 10, 60 and 300 s."""
    filled, index, whole, _ = followed
    found = rise_at_2_mm(filled, whole.probes, index)
    for time_s, known in zip(TIMES_S[1:4], KNOWN_K[1:4], strict=True):
        n = int(np.argmin(np.abs(whole.times_s - time_s)))
        assert whole.times_s[n] == pytest.approx(time_s)
        assert abs(found[n] - known) <= 0.01 * KNOWN_K[-1]


def test_the_reduced_model_is_the_whole_grid(followed):
    """Within 3e-4 of the largest rise from 20 s on; its own word on what is left out agrees."""
    _, _, whole, model = followed
    late = whole.times_s >= 20
    times_s = whole.times_s[late]
    modes = model.gains / model.rates_hz * -np.expm1(-model.rates_hz * times_s[:, None])
    apart = np.abs(modes @ model.outputs.T / 8 - whole.probes[late]).max() / whole.probes.max()
    assert apart <= 3e-4
    assert model.truncation_fraction <= 1e-3


def test_too_few_vectors_would_be_found_out():
    """Broken variant: three vectors miss the bar, and the model says so."""
    filled, passed, source = grey_octant(0.5)
    mass = filled.capacity * filled.grid.volume_mm3()
    places = np.array([[1, 1, 1], [4, 4, 4]])
    few = reduced(passed, mass, source * 8, places=places, vectors=3)
    many = reduced(passed, mass, source * 8, places=places, vectors=20)
    step = np.ones(60)
    assert np.abs(few.rises(step, 1.0) - many.rises(step, 1.0)).max() > 3e-4 * many.steady.max()
    assert few.truncation_fraction > 3e-3 > 3e-4 > many.truncation_fraction
    assert few.steady == pytest.approx(many.steady, rel=1e-6)


def test_a_profile_in_steps_of_any_length_gives_the_same_rise():
    filled, passed, source = grey_octant(0.5)
    model = reduced(
        passed,
        filled.capacity * filled.grid.volume_mm3(),
        source * 8,
        places=np.array([[4, 4, 4], [1, 1, 1]]),
    )
    power = np.repeat([3.0, 0.0, 5.0], 20)
    assert model.rises(power, 1.0)[19::20] == pytest.approx(model.rises(power[::20], 20.0), rel=1e-10)
    hottest = model.hottest(power, 1.0, np.array([0, 1]))
    assert hottest == pytest.approx(model.rises(power, 1.0).max(axis=1))


def test_wrong_steps_are_refused():
    filled, passed, source = grey_octant(0.5)
    mass = filled.capacity * filled.grid.volume_mm3()
    with pytest.raises(InputError, match=r"2\.4 times"):
        transient_rise(
            passed, mass, source, share=np.ones(2), step_s=np.array([1.0, 3.0]), probes=np.zeros((1, 3), int)
        )
    with pytest.raises(InputError, match="1 mW"):
        reduced(passed, mass, source, places=np.zeros((1, 3), int))


def test_heat_held_twice_as_much_would_be_found_out(followed):
    """Broken variant: a wrong capacity leaves the steady rise as it is and spoils the course."""
    filled, index, _, model = followed
    slow = replace(model, rates_hz=model.rates_hz / 2, gains=model.gains / 2)
    assert slow.outputs @ (slow.gains / slow.rates_hz) == pytest.approx(model.steady)
    late = rise_at_2_mm(filled, slow.rises(np.ones(60), 1.0) / 8, index)[-1]
    assert abs(late - KNOWN_K[2]) > 0.02 * KNOWN_K[-1]
