"""Thermal dose against its definition and the published table, with tolerances on both sides."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.kernels.heat.dose import ALL, FROM_37, ISO, allowed_min, dose_min

BRAIN_MIN = {39.0: 512, 40.0: 128, 41.0: 32, 42.0: 8, 43.0: 2, 44.0: 1}
"""Minutes that brain may be held at a temperature under a limit of 2 (A17)."""


@pytest.mark.parametrize(("temperature", "minutes"), BRAIN_MIN.items())
def test_the_table_for_brain_is_exact(temperature, minutes):
    assert allowed_min(temperature, 2.0) == minutes


@pytest.mark.parametrize("equivalent_min", [200.0, 300.0])
def test_a_constant_temperature_gives_its_dose(equivalent_min):
    """A3: 50 degC held for so many seconds that the dose is known; 1e-12, both sides."""
    seconds = equivalent_min * 60 * 0.5**7
    course = np.full(1000, 50.0)
    assert dose_min(course, seconds / 1000) == pytest.approx(equivalent_min, rel=1e-12)


def test_a_tolerance_on_one_side_would_pass_a_dose_that_is_far_too_small():
    """Broken variant: ``(dose - known) > tolerance`` alone takes half the dose for right."""
    half = dose_min(np.full(1000, 50.0), 200 * 60 * 0.5**7 / 1000) / 2
    assert not (half - 200) > 1e-12
    assert half != pytest.approx(200, rel=1e-12)


@pytest.mark.parametrize(
    ("temperature", "counting", "worth"),
    [
        (38.999, ISO, 0.0), (39.0, ISO, 0.25**4), (36.999, FROM_37, 0.0), (37.0, FROM_37, 0.25**6),
        (36.0, ALL, 0.25**7), (42.999, ISO, 0.25**0.001), (43.0, ISO, 1.0), (44.0, ISO, 2.0),
    ],
)  # fmt: skip
def test_each_way_of_counting_starts_where_it_says(temperature, counting, worth):
    assert dose_min(np.array([[temperature]]), 60.0, counting) == pytest.approx(worth, rel=1e-12)


def test_below_the_floor_there_is_no_limit():
    assert allowed_min(38.9, 2.0) == np.inf
