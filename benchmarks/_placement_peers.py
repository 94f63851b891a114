"""The usual heuristics for placing threads, each fairly written."""

from __future__ import annotations

import time

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.random import generator

NEARLY = 1 - 1e-9
MOVES_BETWEEN_LOOKS = 2000
HEATS = (0.003, 0.01, 0.03)
"""Starting temperatures tried, as shares of the highest value: annealing is tuned on every instance."""
COLD_FRACTION = 0.01


class Neighbours:
    """Sites with, for each, the sites nearer than the spacing."""

    def __init__(self, sites_mm: np.ndarray, value: np.ndarray, spacing_mm: float, count: int) -> None:
        self.sites_mm, self.value, self.spacing_mm, self.count = sites_mm, value, spacing_mm, count
        self.tree = cKDTree(sites_mm)
        near = self.tree.query_ball_point(sites_mm, spacing_mm * NEARLY)
        self.near = [np.array(one) for one in near]
        self.best_first = np.argsort(-value, kind="stable")

    def taken(self, order: np.ndarray) -> np.ndarray:
        """Take sites in order, each that keeps its distance from those taken, up to the count."""
        free = np.ones(len(self.value), dtype=bool)
        chosen: list[int] = []
        for site in order:
            if len(chosen) == self.count:
                break
            if free[site]:
                chosen.append(int(site))
                free[self.near[site]] = False
        return np.array(chosen, dtype=int)

    def better(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return the packing of more threads; of as many, the one of higher value."""
        return max(one, other, key=lambda chosen: (len(chosen), self.value[chosen].sum()))


def greedy(field: Neighbours) -> np.ndarray:
    """Take the best sites first."""
    return field.taken(field.best_first)


def poisson_disk(field: Neighbours, seed: int) -> np.ndarray:
    """Keep the best of 200 random orders."""
    rng = generator(seed, "bench.placement.poisson")
    best = np.zeros(0, dtype=int)
    for _ in range(200):
        best = field.better(field.taken(rng.permutation(len(field.value))), best)
    return best


def hexagonal(field: Neighbours, seed: int) -> np.ndarray:
    """Keep the best of 24 turned and shifted hexagonal grids, each node moved to its nearest free site."""
    rng = generator(seed, "bench.placement.hexagonal")
    best = np.zeros(0, dtype=int)
    middle, extent = field.sites_mm.mean(axis=0), np.ptp(field.sites_mm, axis=0).max()
    steps = np.arange(-np.ceil(extent / field.spacing_mm), np.ceil(extent / field.spacing_mm) + 1)
    for turn in rng.uniform(0, np.pi / 3, 24):
        u = np.array([np.cos(turn), np.sin(turn)]) * field.spacing_mm
        v = np.array([np.cos(turn + np.pi / 3), np.sin(turn + np.pi / 3)]) * field.spacing_mm
        nodes = (steps[:, None, None] * u + steps[None, :, None] * v).reshape(-1, 2) + middle
        gap, near = field.tree.query(nodes + rng.uniform(0, field.spacing_mm, 2))
        near = np.unique(near[gap < field.spacing_mm / 2])
        best = field.better(field.taken(near[np.argsort(-field.value[near], kind="stable")]), best)
    return best


def annealed(field: Neighbours, seed: int, *, limit_s: float, heat: float) -> np.ndarray:
    """Improve the greedy answer by moving single threads, also for the worse while hot, until time is up.

    Parameters
    ----------
    field
        The sites.
    seed
        Of the moves.
    limit_s
        Processor time to spend.
    heat
        First temperature, as a share of the highest value; it falls evenly in its logarithm.
    """
    rng = generator(seed, "bench.placement.annealing")
    near, value = field.near, field.value.tolist()
    now = greedy(field).tolist()
    blocks = np.zeros(len(value), dtype=np.int64)
    for site in now:
        blocks[near[site]] += 1
    total = best_total = sum(value[site] for site in now)
    best, start = list(now), time.process_time()
    first = heat * max(value)
    wide = [np.array(one) for one in field.tree.query_ball_point(field.sites_mm, 1.5 * field.spacing_mm)]
    share = 0.0
    while share < 1:
        share = (time.process_time() - start) / limit_s
        temperature = first * COLD_FRACTION ** min(share, 1)
        places = rng.integers(0, len(now), MOVES_BETWEEN_LOOKS).tolist()
        afar = rng.integers(0, len(value), MOVES_BETWEEN_LOOKS).tolist()
        draw = rng.random((3, MOVES_BETWEEN_LOOKS)).tolist()
        for place, far, stay, pick, luck in zip(places, afar, *draw, strict=True):
            old = now[place]
            site = int(wide[old][int(pick * len(wide[old]))]) if stay < 0.8 else far
            gain = value[site] - value[old]
            if blocks[site] == 0 and len(now) < field.count:
                now.append(site)
                blocks[near[site]] += 1
                total += value[site]
            elif (gain >= 0 or luck < np.exp(gain / temperature)) and blocks[site] == (old in near[site]):
                now[place] = site
                blocks[near[old]] -= 1
                blocks[near[site]] += 1
                total += gain
            if (len(now), total) > (len(best), best_total + 1e-12):
                best, best_total = list(now), total
    return np.array(best)


def tuned_heat(field: Neighbours, *, limit_s: float) -> float:
    """Return the first temperature that serves best on one trial seed."""
    trials = {heat: annealed(field, 10**6, limit_s=limit_s, heat=heat) for heat in HEATS}
    return max(trials, key=lambda heat: (len(trials[heat]), field.value[trials[heat]].sum()))
