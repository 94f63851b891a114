"""Steady heat against what can be written down: slabs with jumps, spheres, points, a disc; books balanced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.errors import InputError, NumericalError
from trephine.kernels.heat import closed_forms, sweeps
from trephine.kernels.heat.gradients import solved
from trephine.kernels.heat.grid import BoxGrid, graded_edges_mm
from trephine.kernels.heat.hierarchy import hierarchy
from trephine.kernels.heat.medium import HELD, INSULATED, Stuff, medium, network, with_body
from trephine.kernels.heat.steady import BALANCE_FRACTION, balanced, spread_mw, steady_rise


def drain(flow_ml_per_min_kg, density):
    """Return what blood takes, mW/(mm3 K): its density and heat, times flow through the tissue's density."""
    return 1e-6 * 1049.75 * 3617 * flow_ml_per_min_kg * 1e-6 / 60 * density


GREY_K, GREY_W = 0.547, drain(763 + 2 / 3, 1044.5)
"""Grey matter: mW/(mm K) and mW/(mm3 K)."""
GREY = {"conductivity": GREY_K, "drain": GREY_W, "capacity": 1.0}
CLOSED = ((INSULATED, INSULATED),) * 3


def stuff(conductivity, drain, capacity):
    return Stuff(
        conductivity_mw_per_mm_k=conductivity, drain_mw_per_mm3_k=drain, capacity_mj_per_mm3_k=capacity
    )


# The eight layers of a head, scalp to white matter; 30-digit answers for a sheet of 1 W/m2 in the diploe.
THICK_MM = np.array([6, 2, 3, 2, 1, 2, 3, 30.0])
LAYER_K = np.array([0.37218, 0.32, 0.3125, 0.32, 0.44, 0.57333, 0.547, 0.481])
LAYER_W = drain(
    np.array([106.381, 10, 30, 10, 380, 0, 763 + 2 / 3, 212 + 1 / 3]),
    np.array([1109, 1908, 1178.3, 1908, 1174, 1007, 1044.5, 1041]),
)
AT_MM = np.array([0, 6, 8, 10, 11, 13, 14, 16, 19.0])
RISE_MK = np.array([
    4.6840591479, 7.3289539681, 9.2690694283, 11.4651313059, 9.4784613480, 5.7311229642, 4.5580170303,
    2.9997969711, 1.5308065280,
])  # fmt: skip
SKIN = 10e-3


def layered(step_mm, axis=0):
    """Return the head slab as a column of cells along one axis."""
    edges = [np.array([0.0, 1.0])] * 3
    edges[axis] = np.linspace(0, 49, round(49 / step_mm) + 1)
    grid = BoxGrid(edges_mm=tuple(edges))
    filled = medium(grid, conductivity=LAYER_K[0], drain=LAYER_W[0], capacity=1.0)
    low = 0.0
    for d, k, w in zip(THICK_MM, LAYER_K, LAYER_W, strict=True):
        filling = stuff(conductivity=k, drain=w, capacity=1.0)
        filled, _ = with_body(
            filled, lambda x, a=low, b=low + d: (x[:, axis] >= a) & (x[:, axis] < b), filling, samples=20
        )
        low += d
    films = list(CLOSED)
    films[axis] = (SKIN, HELD)
    return filled, tuple(films)


def rises_mk(filled, passed, axis=0):
    """Return the rise at the planes where the answer is known, for a sheet of 1 W/m2 at 10 mm, in mK."""
    edges = filled.grid.edges_mm[axis]
    source = np.zeros(filled.grid.shape)
    along = np.moveaxis(source, axis, 0)
    sheet = int(np.argmin(np.abs(edges - 10)))
    # A sheet on a face heats both neighbours as their half cells let it through.
    halves = np.moveaxis(filled.halves[axis], axis + 1, 1)[:, :, 0, 0] / (np.diff(edges) / 2)
    share = halves[1, sheet - 1] / (halves[1, sheet - 1] + halves[0, sheet])
    along[sheet - 1], along[sheet] = 1e-3 * share, 1e-3 * (1 - share)
    cells = np.moveaxis(solved(passed, hierarchy(passed), source).rise, axis, 0)[:, 0, 0]
    # Between a middle and a face the rise bends as the blood there takes heat.
    bend = np.sqrt(filled.drain.ravel() / (halves[0] * np.diff(edges) / 2)) * np.diff(edges) / 2 + 1e-9
    give, take = halves * bend / np.sinh(bend), halves * bend / np.tanh(bend)
    found = []
    for at in AT_MM:
        n = int(np.argmin(np.abs(edges - at)))
        if n == 0:
            found.append(cells[0] * give[0, 0] / (take[0, 0] + SKIN))
            continue
        heat = 1e-3 if n == sheet else 0.0
        flow = give[1, n - 1] * cells[n - 1] + give[0, n] * cells[n] + heat
        found.append(flow / (take[1, n - 1] + take[0, n]))
    return 1e3 * np.array(found)


def slab_error(step_mm, axis=0):
    filled, films = layered(step_mm, axis)
    return np.abs(rises_mk(filled, network(filled, films), axis) / RISE_MK - 1).max()


def local_conductivity(filled, films):
    """Broken variant: every cell multiplies the curvature by its own conductivity, as some programs do."""
    rate = filled.halves[0, 0].squeeze()
    step = filled.grid.widths_mm[0]
    count = len(rate)
    matrix = np.diag(filled.drain.squeeze() * step)
    for n in range(count):
        for m in (n - 1, n + 1):
            if 0 <= m < count:
                matrix[n, n] += rate[n] / step[n]
                matrix[n, m] -= rate[n] / step[n]
    matrix[0, 0] += 1 / (step[0] / 2 / rate[0] + 1 / SKIN)
    matrix[-1, -1] += 2 * rate[-1] / step[-1]
    return matrix


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layers_of_a_head_are_right_to_second_order_along_every_axis(axis):
    """A6: at most 1.2 % at 1 mm, 0.3 % at 0.5 mm, order 1.9 across jumps of conductivity."""
    coarse, middle, fine = (slab_error(step, axis) for step in (1.0, 0.5, 0.25))
    assert coarse <= 0.012
    assert middle <= 0.003
    assert np.log2(coarse / middle) >= 1.9
    assert np.log2(middle / fine) >= 1.9


def test_local_conductivity_would_be_found_out():
    """Broken variant of A6: half as much again at the grey matter, however fine the grid."""
    for step in (1.0, 0.25):
        filled, films = layered(step)
        sheet = round(10 / step)
        right = np.zeros(filled.grid.shape[0])
        right[sheet - 1 : sheet + 1] = 0.5e-3
        cells = np.linalg.solve(local_conductivity(filled, films), right)
        n = round(16 / step)
        assert 1e3 * (cells[n - 1] + cells[n]) / 2 > 1.3 * RISE_MK[7]


def test_the_written_down_slabs_are_the_published_ones():
    film, planes = SKIN, np.searchsorted(np.cumsum(np.append(0, [6, 2, 2, 1, 2, 1, 2, 3, 30])), AT_MM)
    thick = np.array([6, 2, 2, 1, 2, 1, 2, 3, 30.0])
    which = [0, 1, 2, 2, 3, 4, 5, 6, 7]
    found = closed_forms.slabs(1e-3, 3, thick, LAYER_K[which], LAYER_W[which], film)
    # The published table gives flows to some six digits, so the rises cannot agree to more.
    assert 1e3 * found[planes] == pytest.approx(RISE_MK, rel=1e-5)


def test_density_forgotten_would_be_found_out():
    """Broken variant: perfusion per minute and kilogram without the tissue's density."""
    filled, films = layered(1.0)
    broken = replace(filled, drain=filled.drain / 1000)
    assert np.abs(rises_mk(broken, network(broken, films)) / RISE_MK - 1).max() > 1


BRAINS_K = np.array([0.547, 0.481, 0.51325])
BRAINS_W = drain(np.array([763 + 2 / 3, 212 + 1 / 3, 558.606]), np.array([1044.5, 1041, 1045.5]))
"""Grey matter, white matter, and brain as a whole."""
NEAR_MM, FAR_MM = np.array([1, 2, 5.0]), np.array([1, 2, 5, 10.0])
KNOWN = {
    "sphere, flux": (
        lambda: closed_forms.sphere_flux(1, NEAR_MM, NEAR_MM, GREY_K, GREY_W),
        [0.111583426, 0.0452488516, 0.0115511433],
    ),
    "sphere, no blood": (lambda: closed_forms.sphere_flux(1, 1.0, 1.0, GREY_K, 1e-30), [0.14548]),
    "point": (
        lambda: closed_forms.point(1, FAR_MM, GREY_K, GREY_W),
        [0.107367883, 0.0396201373, 6.37075215e-3, 6.97458897e-4],
    ),
    "disc": (
        lambda: closed_forms.disc_centre(1, 11.5, BRAINS_K, BRAINS_W),
        [0.0140445316, 0.0252144, 0.0166773],
    ),
    "sphere, filled": (
        lambda: closed_forms.sphere_filled(1, 2.0, np.array([0, 2, 5.0]), GREY_K, GREY_W),
        [0.0735407, 0.0411020, 0.00660903],
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_closed_forms_give_the_known_figures(name):
    """A4, A5, A8, A9 to every digit that was published."""
    form, known = KNOWN[name]
    digits = [len(f"{each:.12g}".lstrip("0.").replace(".", "")) for each in np.atleast_1d(known)]
    unit = 10.0 ** (np.floor(np.log10(known)) + 1 - np.array(digits))
    assert (np.abs(form() - np.array(known)) <= 0.51 * unit).all()


def eighth(step_mm, reach_mm=18.0, fine_mm=4.0):
    """Return an eighth of a ball of grey matter: even cells to ``fine_mm``, growing outward."""
    edges = graded_edges_mm(0, reach_mm, fine=(0, fine_mm), fine_mm=step_mm, coarse_mm=2.0, growth_share=1.1)
    grid = BoxGrid(edges_mm=(edges, edges, edges))
    return medium(grid, conductivity=GREY_K, drain=GREY_W, capacity=1044.5 * 3695.8e-6)


FAR = GREY_K / float(closed_forms.reach_mm(GREY_K, GREY_W))
OPEN = ((INSULATED, FAR),) * 3


def distances_mm(grid):
    x, y, z = np.meshgrid(*grid.centres_mm, indexing="ij")
    return np.sqrt(x**2 + y**2 + z**2)


def sphere_error(step_mm, *, samples=8):
    filled = eighth(step_mm)
    _, share = with_body(
        filled, lambda x: np.linalg.norm(x, axis=1) <= 2,
        stuff(**GREY), samples=samples,
    )  # fmt: skip
    found = steady_rise(filled, OPEN, spread_mw(share, filled, 1 / 8)).rise
    exact = closed_forms.sphere_filled(1, 2.0, distances_mm(filled.grid), GREY_K, GREY_W)
    return np.abs(found - exact).max() / exact.max()


def test_a_warm_sphere_is_right_on_a_graded_grid():
    """A4: at most 0.3 % of the largest rise anywhere at 0.5 mm."""
    assert sphere_error(0.5) <= 3e-3


def test_power_is_spread_by_volume_and_sums_exactly():
    filled = eighth(0.5)
    _, share = with_body(filled, lambda x: np.linalg.norm(x, axis=1) <= 12, stuff(**GREY))
    source = spread_mw(share, filled, 25.0)
    assert source.sum() == pytest.approx(25.0, rel=1e-14)
    inside = share > 0
    dense = source[inside] / (share * filled.grid.volume_mm3())[inside]
    assert np.ptp(dense) < 1e-12 * dense.max()
    with pytest.raises(InputError, match="zero or more"):
        spread_mw(share, filled, -1.0)


def test_a_staircase_would_be_found_out():
    """Broken variant of A4: whole cells in or out, and their sum not set right."""
    filled = eighth(0.5)
    inside = distances_mm(filled.grid) <= 2
    source = np.where(inside, filled.grid.volume_mm3() / (4 / 3 * np.pi * 8), 0)
    found = steady_rise(filled, OPEN, source).rise
    exact = closed_forms.sphere_filled(1, 2.0, distances_mm(filled.grid), GREY_K, GREY_W)
    assert np.abs(found - exact).max() / exact.max() > 5e-3


def test_a_warm_disc_is_right():
    """A9: the N1's footprint on grey matter, at most 1 % in the middle."""
    flat = graded_edges_mm(0, 30, fine=(0, 13), fine_mm=0.5, coarse_mm=2)
    deep = graded_edges_mm(0, 18, fine=(0, 1), fine_mm=0.25, coarse_mm=2)
    filled = medium(BoxGrid(edges_mm=(flat, flat, deep)), **GREY)
    _, share = with_body(
        filled, lambda x: np.hypot(x[:, 0], x[:, 1]) <= 11.5,
        stuff(**GREY), samples=8,
    )  # fmt: skip
    top = share * (np.arange(share.shape[2]) == 0)
    source = spread_mw(top, filled, 1 / 4)
    found = steady_rise(filled, OPEN, source).rise[0, 0, 0]
    # The heat enters at the face, half a cell above the first middle.
    step = filled.grid.widths_mm[2][0]
    surface = found + 1 / (np.pi * 11.5**2) * step / 2 / GREY_K
    assert surface == pytest.approx(closed_forms.disc_centre(1, 11.5, GREY_K, GREY_W), rel=0.01)


def metal_case(conductivity):
    """Return a can of metal between perfused media under a film of air, on a graded grid."""
    edges = graded_edges_mm(-24, 24, fine=(-6, 6), fine_mm=1.2, coarse_mm=4, growth_share=1.4)
    filled = medium(BoxGrid(edges_mm=(edges, edges, edges)), conductivity=0.5, drain=3e-2, capacity=1.0)
    filled, _ = with_body(filled, lambda x: x[:, 2] > 0, stuff(conductivity=0.32, drain=1.2e-3, capacity=1.0))
    can, share = with_body(
        filled, lambda x: (np.hypot(x[:, 0], x[:, 1]) < 5.1) & (np.abs(x[:, 2]) < 2.2),
        stuff(conductivity=conductivity, drain=0.0, capacity=1.0),
    )  # fmt: skip
    films = ((INSULATED, INSULATED), (INSULATED, INSULATED), (INSULATED, 1e-2))
    return can, films, spread_mw(share, can, 25.0)


@pytest.mark.parametrize("conductivity", [0.026, 15.0, 4000.0])
def test_metal_and_air_are_solved_as_a_direct_solver_solves_them(conductivity):
    from scipy.sparse.linalg import spsolve

    can, films, source = metal_case(conductivity)
    passed = network(can, films)
    found = balanced(can, passed, source, solved(passed, hierarchy(passed), source))
    assert found.solution.iterations <= 16
    assert found.imbalance_fraction <= BALANCE_FRACTION
    cut = passed.matrix()
    direct = spsolve(cut.tocsc(), source.ravel()).reshape(source.shape)
    assert np.abs(found.rise - direct).max() <= 1e-6 * direct.max()


def test_the_books_are_checked():
    """A10: a rise that is off by more than a millionth is refused."""
    can, films, source = metal_case(15.0)
    passed = network(can, films)
    right = solved(passed, hierarchy(passed), source)
    with pytest.raises(NumericalError, match="not accounted for"):
        balanced(can, passed, source, replace(right, rise=right.rise * (1 + 2e-6)))


def test_a_box_that_no_heat_leaves_is_refused():
    edges = np.linspace(0, 8, 9)
    filled = medium(BoxGrid(edges_mm=(edges,) * 3), conductivity=0.5, drain=0.0, capacity=1.0)
    with pytest.raises(NumericalError, match="no heat can leave"):
        steady_rise(filled, CLOSED, np.ones(filled.grid.shape))


def test_slabs_of_work_leave_no_seam():
    """Sharing relaxation out among cores changes no bit."""
    rng = np.random.default_rng(0)
    shape = (34, 20, 20)
    faces = [rng.random(shape).astype(np.float32) for _ in range(3)]
    chess = np.zeros((2, 20), np.float32)
    chess[0, ::2], chess[1, 1::2] = 1, 1
    results = []
    for slabs in (1, 2, 4):
        u = np.zeros(shape, np.float32)
        sweeps.relax(
            u, rng.random(shape).astype(np.float32) * 0 + 1, *faces, faces[0] * 0 + 0.1, chess, 0, slabs
        )
        results.append(u)
    assert np.ptp(results[0]) > 0
    assert all((each == results[0]).all() for each in results)
