"""A round skin on square cells: a ball in a film against what can be written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.kernels.heat.gradients import solved
from trephine.kernels.heat.grid import BoxGrid
from trephine.kernels.heat.hierarchy import hierarchy
from trephine.kernels.heat.medium import INSULATED, medium, network
from trephine.kernels.heat.network import Network, inner
from trephine.kernels.heat.skin import cooled
from trephine.kernels.heat.steady import balanced

RADIUS_MM, FILM, POWER_MW = 16.0, 1e-2, 10.0


@pytest.fixture(scope="module")
def ball():
    edges = np.linspace(-20, 20, 41)
    filled = medium(BoxGrid(edges_mm=(edges,) * 3), conductivity=5.0, drain=0.0, capacity=1.0)
    away = np.linalg.norm(np.meshgrid(*filled.grid.centres_mm, indexing="ij"), axis=0)
    source = np.where(away <= 4, 1.0, 0.0)
    return filled, away, source * (POWER_MW / source.sum())


def surface_rise(passed: Network, ball) -> float:
    filled, away, source = ball
    told = balanced(filled, passed, source, solved(passed, hierarchy(passed), source))
    assert told.through_faces_mw == pytest.approx(POWER_MW, rel=1e-6)
    return float(told.rise[(away > RADIUS_MM - 1.5) & (away <= RADIUS_MM)].mean())


def test_a_balls_surface_loses_heat_as_a_smooth_one(ball):
    filled, away, _ = ball
    passed = cooled(network(filled, ((INSULATED, INSULATED),) * 3), filled, away > RADIUS_MM, FILM)
    known = POWER_MW / (4 * np.pi * RADIUS_MM**2 * FILM)
    assert surface_rise(passed, ball) == pytest.approx(known, rel=0.03)
    assert not solved(passed, hierarchy(passed), ball[2]).rise[away > RADIUS_MM].any()


def test_stairs_that_all_count_would_be_found_out(ball):
    """Broken variant: half as much skin again as there is."""
    filled, away, _ = ball
    passed = cooled(network(filled, ((INSULATED, INSULATED),) * 3), filled, away > RADIUS_MM, FILM)
    more = inner(passed.sink).copy()
    more[away <= RADIUS_MM] *= 1.5
    sink = passed.sink.copy()
    inner(sink)[...] = more
    known = POWER_MW / (4 * np.pi * RADIUS_MM**2 * FILM)
    assert abs(surface_rise(replace(passed, sink=sink), ball) / known - 1) > 0.2
