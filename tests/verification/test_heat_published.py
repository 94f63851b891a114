"""Published figures of others: heat of deep-brain stimulation (Elwassif 2006, table I, lead 3389)."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.kernels.heat import closed_forms
from trephine.kernels.heat.grid import BoxGrid, graded_edges_mm
from trephine.kernels.heat.medium import INSULATED, Stuff, medium, with_body
from trephine.kernels.heat.steady import spread_mw, steady_rise

# Rises in K, as read in a transcription of the table; conductivities in S/m and W/(m K), perfusion in 1/s.
BY_FIELD = {0.15: 0.35, 0.20: 0.47, 0.30: 0.70, 0.35: 0.82}
BY_CONDUCTIVITY = {0.45: 0.82, 0.50: 0.74, 0.55: 0.67, 0.60: 0.62}
BY_PERFUSION = {0.0: 0.70, 0.004: 0.61, 0.008: 0.57, 0.012: 0.54}
RADIUS_MM = np.sqrt(1.27 * 1.5 / 4)
"""Sphere of a contact's area, 1.27 mm across and 1.5 mm high."""
APART_MM = 2.0
VOLT, FIELD = 1.56, 0.35
K = 0.527


def drain(perfusion):
    return 1e-6 * 1057 * 3600 * perfusion


def power_mw(field):
    """Return the power between two spheres at a voltage: resistance of each, less what they share."""
    between = 2 * (1 / (4 * np.pi * field * RADIUS_MM) - 1 / (4 * np.pi * field * APART_MM)) * 1e3
    return VOLT**2 / between * 1e3


def rise(power, conductivity, perfusion):
    """Return the rise of two contacts that share a power, on the grid: an eighth by symmetry."""
    along = graded_edges_mm(0, 20, fine=(0, 1.8), fine_mm=0.15, coarse_mm=3, growth_share=1.25)
    aside = graded_edges_mm(0, 20, fine=(0, 0.9), fine_mm=0.15, coarse_mm=3, growth_share=1.25)
    grid = BoxGrid(edges_mm=(along, aside, aside))
    tissue = medium(grid, conductivity=conductivity, drain=drain(perfusion), capacity=1.0)
    contact = Stuff(conductivity_mw_per_mm_k=70, drain_mw_per_mm3_k=0, capacity_mj_per_mm3_k=1)
    far = conductivity / 20
    filled, share = with_body(
        tissue, lambda x: np.linalg.norm(x - [APART_MM / 2, 0, 0], axis=1) < RADIUS_MM, contact, samples=8
    )
    films = ((INSULATED, far),) * 3
    return steady_rise(filled, films, spread_mw(share, filled, power / 8)).rise.max()


def test_the_absolute_rise_follows_from_their_drive():
    """A11: 431.6 ohm and 5.639 mW; 0.83 K against their 0.82 K, as written down and on the grid."""
    power = power_mw(FIELD)
    assert power == pytest.approx(5.639, abs=5e-4)
    assert VOLT**2 / power * 1e3 == pytest.approx(431.6, abs=0.05)
    own = closed_forms.sphere_flux(power / 2, RADIUS_MM, RADIUS_MM, K, 1e-30)
    other = closed_forms.point(power / 2, APART_MM, K, 1e-30)
    assert own + other == pytest.approx(0.8298, abs=5e-5)
    assert rise(power, K, 0.0) == pytest.approx(0.82, rel=0.05)


def test_rises_go_with_power_and_against_conductivity():
    """A11: within 2 % of their rows."""
    for field, told in BY_FIELD.items():
        assert told / BY_FIELD[0.30] == pytest.approx(power_mw(field) / power_mw(0.30), rel=0.02)
    unit = rise(1.0, K, 0.0)
    for conductivity, told in BY_CONDUCTIVITY.items():
        ours = rise(1.0, conductivity, 0.0) / unit
        assert told / BY_FIELD[0.30] == pytest.approx(ours, rel=0.02)


def test_blood_takes_as_much_as_they_say():
    """A11: within 10 % of their rows and of 1 / (1 + a / L)."""
    unit = rise(1.0, K, 0.0)
    for perfusion, told in list(BY_PERFUSION.items())[1:]:
        ours = rise(1.0, K, perfusion) / unit
        assert ours == pytest.approx(told / BY_PERFUSION[0.0], rel=0.1)
        alone = 1 / (1 + RADIUS_MM / closed_forms.reach_mm(K, drain(perfusion)))
        assert told / BY_PERFUSION[0.0] == pytest.approx(alone, rel=0.1)


def test_perfusion_a_thousand_times_too_small_would_be_found_out():
    """Broken variant: flow without the density of tissue."""
    told = BY_PERFUSION[0.012] / BY_PERFUSION[0.0]
    assert rise(1.0, K, 0.012 / 1040) / rise(1.0, K, 0.0) != pytest.approx(told, rel=0.1)
