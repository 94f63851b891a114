"""Heat around a metal can in a layered head: our multigrid beside pyamg's, memory traffic, the reduced model.

``TREPHINE_BENCH_PEER_PYTHON`` names a Python that has pyamg (see requirements-peers.txt); without one
there are no figures of a peer. ``TREPHINE_BENCH_SIZES`` lists the sizes whose steps are counted,
``64,128,256`` when not set.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numba
import numpy as np

from trephine.bench.row import Row
from trephine.core.progress import Progress
from trephine.kernels.heat.compiled import compiled_parallel
from trephine.kernels.heat.gradients import LARGEST_RESIDUAL, Solution, solved
from trephine.kernels.heat.grid import BoxGrid, graded_edges_mm
from trephine.kernels.heat.hierarchy import hierarchy
from trephine.kernels.heat.medium import INSULATED, Medium, medium, network
from trephine.kernels.heat.network import Network
from trephine.kernels.heat.reduced import ReducedHeat, reduced
from trephine.kernels.heat.steady import balanced, spread_mw
from trephine.kernels.heat.transient import transient_rise

SIZES = tuple(int(each) for each in os.environ.get("TREPHINE_BENCH_SIZES", "64,128,256").split(","))
BAR_SIZE = 128
REPEATS = 5
POWER_MW = 25.0
SIDE_MM = 64.0
# From below: brain, fluid, bone, scalp; top of each in mm above the middle, W/(m K), mW/(mm3 K), mJ/(mm3 K).
LAYERS = ((6, 0.51, 3.7e-2, 3.8), (8, 0.573, 0.0, 4.1), (15, 0.32, 1.2e-3, 2.5), (32, 0.372, 7.5e-3, 3.8))
SKIN = 1e-2
METAL, EXTREME = 15.0, 3000.0
"""W/(m K): titanium's order; and 10^4 times the bone's."""
BYTES_A_STEP = 228
"""Least traffic of one step of ours for each cell, every array of a pass counted once: relaxation 56,
defect 25, correction 9, clearing 4, coarser grids 15, products 12, direction 20, operator 36, step 52."""
NOT_INSTALLED = "Peer not installed: name a Python that has pyamg in TREPHINE_BENCH_PEER_PYTHON."
ALONE = {"peer": None, "peer_name": None, "peer_version": None, "better": "lower"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One system."""

    filled: Medium
    passed: Network
    source: np.ndarray


def case(size: int, metal: float = METAL, *, is_graded: bool = False) -> Case:
    """Put a can of metal, heated inside, into the layers."""
    edges = np.linspace(-SIDE_MM / 2, SIDE_MM / 2, size + 1)
    if is_graded:
        edges = graded_edges_mm(
            -60, 60, fine=(-16, 16), fine_mm=32 / (0.75 * size), coarse_mm=4, growth_share=1.15
        )
    grid = BoxGrid(edges_mm=(edges, edges, edges))
    x, y, z = np.meshgrid(*grid.centres_mm, indexing="ij", sparse=True)
    which = np.minimum(np.searchsorted([top for top, *_ in LAYERS], z), len(LAYERS) - 1)
    can = (np.hypot(x, y) < 11.5) & (z > 8) & (z < 16)
    inside = (np.hypot(x, y) < 10.5) & (z > 9) & (z < 15)
    values = [np.take([layer[n] for layer in LAYERS], which) * np.ones(grid.shape) for n in (1, 2, 3)]
    for array, in_metal in zip(values, (metal, 0.0, 2.4), strict=True):
        array[can] = in_metal
    filled = medium(grid, conductivity=values[0], drain=values[1], capacity=values[2])
    films = ((INSULATED, INSULATED), (INSULATED, INSULATED), (INSULATED, SKIN))
    source = spread_mw(inside * np.ones(grid.shape), filled, POWER_MW)
    return Case(filled=filled, passed=network(filled, films), source=source)


def timed(one: Case) -> tuple[Solution, float, float]:
    """Return the solution, and the medians of the set-up and of the solving."""
    setups, solves = [], []
    for _ in range(REPEATS):
        start_s = time.perf_counter()
        prepared = hierarchy(one.passed)
        ready_s = time.perf_counter()
        found = solved(one.passed, prepared, one.source)
        solves.append(time.perf_counter() - ready_s)
        setups.append(ready_s - start_s)
    return found, median(setups), median(solves)


@compiled_parallel
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    for i in numba.prange(a.size):
        a[i] = b[i] + 3.0 * c[i]


def bytes_per_s() -> float:
    """Measure the memory's best rate with the STREAM triad, on as many cores as the solver uses."""
    a, b, c = (np.ones(40_000_000) for _ in range(3))
    _triad(a, b, c)
    times = []
    for _ in range(9):
        start_s = time.perf_counter()
        _triad(a, b, c)
        times.append(time.perf_counter() - start_s)
    return 24 * a.size / min(times)


def peer(one: Case) -> dict | None:
    """Let pyamg solve the same system; nothing when it is not installed."""
    python = os.environ.get("TREPHINE_BENCH_PEER_PYTHON")
    if not python:
        return None
    matrix = one.passed.matrix()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "system.npz"
        np.savez(
            path, data=matrix.data, indices=matrix.indices.astype(np.int32),
            indptr=matrix.indptr.astype(np.int32), right=one.source.ravel(), residual=LARGEST_RESIDUAL,
        )  # fmt: skip
        script = Path(__file__).parent / "peers" / "pyamg_heat.py"
        done = subprocess.run([python, str(script), str(path)], stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def rows(progress: Progress) -> Iterator[Row]:
    """Measure the steady solver, then the reduced model."""
    solved(case(64).passed, hierarchy(case(64).passed), case(64).source)  # compiled before anything is timed
    progress(0, 5, "steady, beside the peer")
    yield from beside()
    progress(1, 5, "extreme contrast, graded grid")
    yield from hard()
    for place, size in enumerate(SIZES):
        progress(2 + place, 3 + len(SIZES), f"steps at {size}")
        one = case(size)
        found = solved(one.passed, hierarchy(one.passed), one.source)
        told = balanced(one.filled, one.passed, one.source, found)
        yield Row(
            work=f"can in layers, {size}^3 cells", figure="steps to a residual of 1e-8", unit="1",
            ours=found.iterations, note=f"heat not accounted for: {told.imbalance_fraction:.0e}", **ALONE,
        )  # fmt: skip
    progress(4, 5, "reduced model")
    yield from modes()


def beside() -> Iterator[Row]:
    """Time the bar's size beside pyamg and beside the memory."""
    one = case(BAR_SIZE)
    found, setup_s, solve_s = timed(one)
    theirs = peer(one)
    work = f"can in layers, {BAR_SIZE}^3 cells, conductivities {METAL / 0.32:.0f} apart, residual 1e-8"
    beaten = NOT_INSTALLED
    if theirs:
        apart = abs(theirs["largest"] / found.rise.max() - 1)
        beaten = (
            f"pyamg: set-up {theirs['setup_s']:.1f} s, {theirs['iterations']} steps, its faster way; "
            f"the largest rises differ by {apart:.0e}"
        )
    yield Row(
        work=work, figure="time, set-up and solving", unit="s", better="lower", ours=setup_s + solve_s,
        peer=theirs["setup_s"] + theirs["solve_s"] if theirs else None,
        peer_name=f"pyamg {theirs['name']}" if theirs else None,
        peer_version=theirs["version"] if theirs else None, repeat_count=REPEATS, note=beaten,
    )  # fmt: skip
    rate = bytes_per_s()
    floor_s = found.iterations * found.rise.size * BYTES_A_STEP / rate
    yield Row(
        work=work, figure="time of solving over that of its memory traffic", unit="1", ours=solve_s / floor_s,
        repeat_count=REPEATS,
        note=f"triad {rate / 1e9:.1f} GB/s on {numba.get_num_threads()} cores; floor {floor_s:.3f} s, "
        f"set-up {setup_s:.3f} s, solving {solve_s:.3f} s", **ALONE,
    )  # fmt: skip


def hard() -> Iterator[Row]:
    """Time what is harder than the bar."""
    for name, one in (
        (f"{BAR_SIZE}^3 cells, conductivities 10^4 apart", case(BAR_SIZE, EXTREME)),
        ("graded grid, 0.33 to 4 mm", case(BAR_SIZE, is_graded=True)),
        ("graded grid, conductivities 10^4 apart", case(BAR_SIZE, EXTREME, is_graded=True)),
    ):
        found, setup_s, solve_s = timed(one)
        told = f"{name}: {found.iterations} steps, {found.rise.size / 1e6:.1f} million cells"
        yield Row(
            work=f"can in layers, {name}", figure="time, set-up and solving", unit="s",
            ours=setup_s + solve_s, repeat_count=REPEATS, note=told, **ALONE,
        )  # fmt: skip


def modes() -> Iterator[Row]:
    """Build the reduced model at 64^3, answer for a day, and hold it against the whole grid."""
    one = case(64)
    mass = one.filled.capacity * one.filled.grid.volume_mm3()
    places = np.array([[32, 32, k] for k in range(30, 60, 3)])
    start_s = time.perf_counter()
    model = reduced(one.passed, mass, one.source / POWER_MW, places=places)
    built_s = time.perf_counter() - start_s
    day = np.tile(np.repeat([POWER_MW, 0.0], [3600, 3600 * 7]), 3)
    model.rises(day[:10], 1.0)
    times = []
    for _ in range(9):
        start_s = time.perf_counter()
        model.rises(day, 1.0)
        times.append(time.perf_counter() - start_s)
    step_s = np.repeat([0.1, 0.2, 0.4, 0.5], [20, 20, 35, 120])
    whole = transient_rise(
        one.passed, mass, one.source, share=np.ones(len(step_s)), step_s=step_s, probes=places
    )
    late = whole.times_s >= 20
    ours = np.stack([_response(model, t) for t in whole.times_s[late]]) * POWER_MW
    work = "reduced model of the can, 64^3 cells, 16 vectors, 10 places"
    yield Row(work=work, figure="time to build", unit="s", ours=built_s, **ALONE)
    yield Row(
        work=work, figure="time for 24 h at 1 s", unit="ms", ours=1e3 * median(times), repeat_count=9, **ALONE
    )
    apart = np.abs(ours - whole.probes[late]).max() / np.abs(model.steady * POWER_MW).max()
    yield Row(
        work=work, figure="largest difference from the whole grid, 20 to 80 s", unit="1", ours=float(apart),
        note="difference as a share of the largest steady rise; two vectors fewer change "
        f"{model.truncation_fraction:.0e}", **ALONE,
    )  # fmt: skip


def _response(model: ReducedHeat, time_s: float) -> np.ndarray:
    """Return the rise of each place for a milliwatt since ``time_s``."""
    return model.rises(np.ones(1), float(time_s))[0]
