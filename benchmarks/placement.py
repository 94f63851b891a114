"""Packing of 64 threads between vessels: our proven plan beside the usual heuristics, on made-up patches."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import numpy as np
import scipy
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import cKDTree

from trephine.bench.row import Row
from trephine.bench.timing import medians_s
from trephine.core.progress import Progress
from trephine.core.random import generator
from trephine.kernels.optimize.packing import Effort, packed

SIDE_MM = 8.0
PIXEL_MM = 0.02
GRID_MM = 0.06
MARGIN_MM = 0.058
SPACING_MM = 0.3
COUNT = 64
MOVES = 60_000
SEEDS = range(5)


def patch(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return candidate sites, shape (site, 2), mm, and their value; vessels cover about half of the patch."""
    rng = generator(seed, "bench.placement")
    n = round(SIDE_MM / PIXEL_MM)
    vessel = np.zeros((n, n), dtype=bool)
    for scale, share in ((24, 0.10), (10, 0.12), (5, 0.14)):
        field = gaussian_filter(rng.standard_normal((n, n)), scale, mode="wrap")
        vessel |= np.abs(field) < np.quantile(np.abs(field), share)
    clearance = distance_transform_edt(~vessel) * PIXEL_MM
    step = round(GRID_MM / PIXEL_MM)
    rows, columns = np.mgrid[step:n:step, step:n:step]
    free = clearance[rows, columns] >= MARGIN_MM
    sites = np.stack([columns[free], rows[free]], axis=1) * PIXEL_MM
    centre = SIDE_MM * rng.uniform(0.35, 0.65, 2)
    return sites, np.exp(-((sites - centre) ** 2).sum(axis=1) / (2 * 2.0**2))


def taken(sites: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Take sites in order, each that keeps its distance from those taken, up to the count."""
    chosen: list[int] = []
    for site in order:
        if len(chosen) == COUNT:
            break
        if not chosen or ((sites[chosen] - sites[site]) ** 2).sum(axis=1).min() >= SPACING_MM**2 - 1e-12:
            chosen.append(int(site))
    return np.array(chosen)


def greedy(sites: np.ndarray, value: np.ndarray, seed: int) -> np.ndarray:
    """Take the best sites first."""
    return taken(sites, np.argsort(-value, kind="stable"))


def poisson_disk(sites: np.ndarray, value: np.ndarray, seed: int) -> np.ndarray:
    """Keep the best of 200 random orders."""
    rng = generator(seed, "bench.placement.poisson")
    tries = [taken(sites, rng.permutation(len(sites))) for _ in range(200)]
    return max(tries, key=lambda chosen: value[chosen].sum())


def hexagonal(sites: np.ndarray, value: np.ndarray, seed: int) -> np.ndarray:
    """Keep the best hexagonal lattice over turns and shifts, each node moved to its nearest free site."""
    best: np.ndarray = np.zeros(0, dtype=int)
    for turn in np.linspace(0, np.pi / 3, 6, endpoint=False):
        for shift in np.linspace(0, SPACING_MM, 4, endpoint=False):
            u = np.array([np.cos(turn), np.sin(turn)]) * SPACING_MM
            v = np.array([np.cos(turn + np.pi / 3), np.sin(turn + np.pi / 3)]) * SPACING_MM
            a, b = np.mgrid[-40:40, -40:40]
            nodes = a.reshape(-1, 1) * u + b.reshape(-1, 1) * v + SIDE_MM / 2 + shift
            nodes = nodes[((nodes > 0) & (nodes < SIDE_MM)).all(axis=1)]
            gap = ((nodes[:, None] - sites[None]) ** 2).sum(axis=2)
            near = gap.argmin(axis=1)[gap.min(axis=1) < (SPACING_MM / 2) ** 2]
            chosen = taken(sites, near[np.argsort(-value[near], kind="stable")])
            best = max(best, chosen, key=lambda one: value[one].sum())
    return best


def annealed(sites: np.ndarray, value: np.ndarray, seed: int) -> np.ndarray:
    """Improve the greedy answer by moving single threads, mostly nearby, also for the worse while hot."""
    rng = generator(seed, "bench.placement.annealing")
    tree = cKDTree(sites)
    now = greedy(sites, value, seed)
    total = best_total = float(value[now].sum())
    best = now.copy()
    for step in range(MOVES):
        heat = 0.01 * (1 - step / MOVES)
        place = int(rng.integers(len(now)))
        near = tree.query_ball_point(sites[now[place]], SPACING_MM)
        site = int(near[rng.integers(len(near))]) if rng.random() < 0.8 else int(rng.integers(len(sites)))
        gap = ((sites[now] - sites[site]) ** 2).sum(axis=1)
        gap[place] = np.inf
        gain = float(value[site] - value[now[place]])
        if gap.min() >= SPACING_MM**2 - 1e-12 and (gain >= 0 or rng.random() < np.exp(gain / (heat + 1e-9))):
            now[place] = site
            total += gain
            if total > best_total:
                best, best_total = now.copy(), total
    return best


PEERS = {
    "greedy": greedy,
    "Poisson-disk, best of 200": poisson_disk,
    "hexagonal, best of 24": hexagonal,
    "annealing, 60,000 moves": annealed,
}


def rows(progress: Progress) -> Iterator[Row]:
    """Measure objective, gap and time over the seeds."""
    patches = {seed: patch(seed) for seed in SEEDS}
    plans = {
        seed: packed(*patches[seed], spacing_mm=SPACING_MM, count=COUNT, effort=Effort()) for seed in SEEDS
    }
    ours = {seed: plans[seed].objective for seed in SEEDS}
    work = f"{COUNT} threads at {SPACING_MM * 1000:.0f} um on {len(SEEDS)} made-up {SIDE_MM:g} mm patches"
    version = {"peer_version": "this file", "better": "higher", "unit": "1"}
    for place, (name, method) in enumerate(PEERS.items()):
        progress(place, len(PEERS) + 1, name)
        theirs = {seed: float(patches[seed][1][method(*patches[seed], seed)].sum()) for seed in SEEDS}
        yield Row(
            work=work, figure="objective", ours=median(ours.values()), peer=median(theirs.values()),
            peer_name=name, repeat_count=len(SEEDS),
            note=f"ours better on {sum(ours[s] > theirs[s] for s in SEEDS)} of {len(SEEDS)} seeds", **version,
        )  # fmt: skip
    progress(len(PEERS), len(PEERS) + 1, "time")
    sites, value = patches[0]
    times = medians_s(
        {
            "ours": lambda: packed(sites, value, spacing_mm=SPACING_MM, count=COUNT, effort=Effort()),
            "peer": lambda: annealed(sites, value, 0),
        },
        repeats=3,
    )
    yield Row(
        work=f"the same, first patch, {len(sites)} sites", figure="time", unit="s", better="lower",
        ours=times["ours"], peer=times["peer"], peer_name="annealing, 60,000 moves",
        peer_version=f"this file, NumPy {np.__version__}", repeat_count=3,
    )  # fmt: skip
    yield Row(
        work=work, figure="largest proven gap", unit="1", better="lower",
        peer=None, peer_name=None, peer_version=None,
        ours=max((p.bound - p.objective) / p.bound for p in plans.values()),
        note=f"no peer states a bound; HiGHS of SciPy {scipy.__version__}",
    )  # fmt: skip
