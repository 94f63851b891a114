"""The chance of a hit against simulated needles and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binom, poisson_binom

from trephine.kernels.geometry.clearance import ClearanceField, clearance_map
from trephine.kernels.geometry.heights import bilinear
from trephine.kernels.geometry.touching import touch_map, touched_at
from trephine.kernels.statistics.counts import central_interval, count_chances, even_normal_points

PIXEL_MM, RADIUS_MM = 0.02, 0.012


def two_vessels():
    mask = np.zeros((80, 90), dtype=bool)
    mask[:, 30:33] = True
    mask[:, 41:44] = True
    mask[20:23, :] = True
    return mask


@pytest.mark.parametrize("sd_mm", [0.015, 0.029, 0.06, 0.3])
def test_one_straight_wall_is_the_formula(sd_mm):
    mask = np.zeros((260, 260), dtype=bool)
    mask[:, :100] = True
    clearance = clearance_map(mask, PIXEL_MM)
    chance = touch_map(clearance, radius_mm=RADIUS_MM, sd_mm=sd_mm, pixel_mm=PIXEL_MM)[130]
    formula = ndtr((RADIUS_MM - clearance[130]) / sd_mm)
    near = formula[100:] > 1e-4
    np.testing.assert_allclose(chance[100:][near], formula[100:][near], rtol=0.2, atol=0.004)
    # In the tail, where the limit of one in a thousand lies, it errs to the safe side if at all.
    tail = near & (formula[100:] < 0.01)
    assert (chance[100:][tail] > 0.97 * formula[100:][tail]).all()


@pytest.mark.parametrize("place", [(60, 37), (40, 36), (27, 37), (30, 60)])
def test_between_vessels_it_is_what_needles_meet(place):
    """The formula of one wall, the broken variant, tells too little between two."""
    mask, sd_mm, count = two_vessels(), 0.045, 200_000
    chance = touch_map(clearance_map(mask, PIXEL_MM), radius_mm=RADIUS_MM, sd_mm=sd_mm, pixel_mm=PIXEL_MM)
    reached = np.array(place) + np.random.default_rng(3).normal(0, sd_mm / PIXEL_MM, (count, 2))
    clearance = ClearanceField(mask, PIXEL_MM)
    hits = float((clearance(reached) < RADIUS_MM).mean())
    assert chance[place] == pytest.approx(hits, rel=0.08)
    formula = ndtr((RADIUS_MM - clearance(np.array([place], dtype=float))[0]) / sd_mm)
    if place == (60, 37):
        assert formula < 0.75 * hits


@pytest.mark.parametrize("sd_mm", [0.004, 0.018, 0.045, 0.3])
def test_about_single_places_it_is_the_whole_map(sd_mm):
    """Places inside, at the map's corner, beyond it, and far from every vessel."""
    clearance = clearance_map(two_vessels(), PIXEL_MM)
    how = {"radius_mm": RADIUS_MM, "sd_mm": sd_mm, "pixel_mm": PIXEL_MM}
    centre = np.array([[40.0, 37.0], [0.0, 0.0], [79.5, 33.0], [27.3, 36.9], [60.0, 85.0]])
    place = centre[:, None] + np.random.default_rng(1).normal(0, 1.5, (5, 7, 2))
    whole = bilinear(touch_map(clearance, **how), place.reshape(-1, 2)).reshape(5, 7)
    np.testing.assert_allclose(touched_at(clearance, place, **how), whole, atol=1e-9)
    assert whole.max() > 0.05


def test_counts_are_those_of_unequal_chances():
    chance = np.array([[0.1, 0.5, 0.9, 0.3], [0.0, 0.2, 0.2, 1.0]])
    expected = np.mean([poisson_binom.pmf(np.arange(5), row) for row in chance], axis=0)
    np.testing.assert_allclose(count_chances(chance), expected, atol=1e-12)


@pytest.mark.parametrize(("count", "chance"), [(20, 0.3), (64, 0.001), (5, 1.0), (5, 0.0)])
def test_interval_is_that_of_the_binomial(count, chance):
    told = central_interval(count_chances(np.full((1, count), chance)))
    assert told == tuple(int(end) for end in binom.interval(0.95, count, chance)) or chance in (0.0, 1.0)
    assert told == ((0, 0) if chance == 0 else (count, count) if chance == 1 else told)


def test_even_points_are_normal():
    points = even_normal_points(1024)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(points.T), np.eye(2), atol=0.03)
