"""Thread sites with a proven bound, beside the usual heuristics and plain mixed-integer programming."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import scipy
from scipy.spatial.distance import pdist

from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.core.progress import Progress
from trephine.kernels.optimize.packing import Effort, Packing, fitting, packed

FOLDER = Path(__file__).parent
SEEDS = range(100)
PEER_SEEDS_OF_ONE_PATCH = range(100)
LONG_SEEDS = range(3)
"""Of annealing for as long as ours takes, where that is long."""
SHORT_S = 0.5
"""Annealing for each of a hundred seeds on one patch, where ours takes longer."""
WINDOW_STEPS = (18, 14, 12, 10)
LARGE_GAP_FRACTION = 0.01
NEAR_MM = 1e-9
PROVEN = f"HiGHS of SciPy {scipy.__version__}; processor time; gap is (bound - objective) / bound"


cases = sibling(__file__, "_placement_cases")
peers = sibling(__file__, "_placement_peers")
LONG = "annealing, tuned, our time"
Result = tuple[int, float]
"""Threads placed and their value."""


def ours(patch: cases.Patch, *, gap_fraction: float = 0.001) -> tuple[Packing, float]:
    """Place the threads of a patch; return the packing and the processor time it took."""
    start = time.process_time()
    made = packed(
        patch.sites_mm,
        patch.value,
        spacing_mm=cases.SPACING_MM,
        count=patch.count,
        effort=Effort(gap_fraction=gap_fraction),
    )
    return made, time.process_time() - start


def is_valid(patch: cases.Patch, made: Packing) -> bool:
    """Tell whether spacing and margin hold, both under exact distance."""
    sites = patch.sites_mm[made.chosen]
    is_spaced = len(sites) < 2 or pdist(sites).min() >= cases.SPACING_MM - NEAR_MM
    return bool(is_spaced and patch.exact_clearance_mm(made.chosen) >= patch.margin_mm - NEAR_MM)


def _alone(
    work: str, figure: str, value: float, unit: str = "1", note: str = "", better: str = "lower"
) -> Row:
    return Row(
        work=work, figure=figure, ours=value, unit=unit, better=better, note=note,
        peer=None, peer_name=None, peer_version=None,
    )  # fmt: skip


def _proof(patch: cases.Patch, made: Packing, spent_s: float) -> Iterator[Row]:
    """Give threads, gap, time and whether the distances hold."""
    work = f"{patch.count} threads at 300 um, {patch.name}, {len(patch.value)} sites"
    gap = (made.bound - made.objective) / made.bound if made.bound else 0.0
    count = f"at most {made.count_bound} proven possible"
    yield _alone(work, "threads placed", len(made.chosen), note=count, better="higher")
    yield _alone(work, "proven gap", gap, note=PROVEN)
    yield _alone(work, "processor time", spent_s, "s")
    yield _alone(work, "spacing and margin hold under exact distance", is_valid(patch, made), better="higher")


def _against(work: str, pairs: dict[str, list[tuple[Result, Result]]], note: str) -> Iterator[Row]:
    """Compare (threads, value) of ours and of each peer over the seeds."""
    for name, both in pairs.items():
        better = sum((mine[0], mine[1]) > (their[0], their[1] + 1e-9) for mine, their in both)
        even = sum(mine[0] == their[0] and abs(mine[1] - their[1]) <= 1e-9 for mine, their in both)
        yield Row(
            work=work, figure="objective", unit="1", better="higher", repeat_count=len(both),
            ours=float(np.median([mine[1] for mine, _ in both])),
            peer=float(np.median([their[1] for _, their in both])),
            peer_name=name, peer_version="this folder",
            note=f"{name}: ours better on {better}, even on {even} of {len(both)} seeds; {note}",
        )  # fmt: skip


def _heuristics(
    field: peers.Neighbours, limit_s: float, heat: float
) -> dict[str, Callable[[int], np.ndarray]]:
    return {
        "greedy": lambda seed: peers.greedy(field),
        "Poisson-disk, best of 200": lambda seed: peers.poisson_disk(field, seed),
        "hexagonal, best of 24": lambda seed: peers.hexagonal(field, seed),
        "annealing, tuned": lambda seed: peers.annealed(field, seed, limit_s=limit_s, heat=heat),
    }


def _one_patch(patch: cases.Patch, progress: Progress) -> Iterator[Row]:
    """Prove one patch, and hold the plan against a hundred seeds of each heuristic."""
    made, spent_s = ours(patch)
    yield from _proof(patch, made, spent_s)
    yield from _binding(patch, made)
    field = peers.Neighbours(patch.sites_mm, patch.value, cases.SPACING_MM, patch.count)
    short_s = min(spent_s, SHORT_S)
    heat = peers.tuned_heat(field, limit_s=short_s)
    mine = (len(made.chosen), made.objective)
    pairs: dict[str, list[tuple[Result, Result]]] = {}
    for seed in PEER_SEEDS_OF_ONE_PATCH:
        progress(seed, len(PEER_SEEDS_OF_ONE_PATCH), f"heuristics on {patch.name}")
        methods = _heuristics(field, short_s, heat)
        if seed in LONG_SEEDS and spent_s > SHORT_S:
            methods[LONG] = partial(peers.annealed, field, limit_s=spent_s, heat=heat)
        for name, method in methods.items():
            chosen = method(seed)
            pairs.setdefault(name, []).append((mine, (len(chosen), float(patch.value[chosen].sum()))))
    note = f"ours {spent_s:.1f} s, annealing {short_s:.1f} s where not for as long as ours"
    yield from _against(f"{patch.count} threads at 300 um, {patch.name}", pairs, note)


def _binding(patch: cases.Patch, made: Packing) -> Iterator[Row]:
    """Say how many threads would fit with one limit relaxed, where fewer do than are wanted."""
    if len(made.chosen) == patch.count:
        return
    eased = {
        "spacing a tenth smaller": (patch, 0.9 * cases.SPACING_MM),
        "half the margin": (cases.nearer(patch, patch.margin_mm / 2), cases.SPACING_MM),
        "no margin": (cases.nearer(patch, 0.0), cases.SPACING_MM),
    }
    for words, (some, spacing_mm) in eased.items():
        fit = fitting(
            some.sites_mm,
            spacing_mm=spacing_mm,
            count=patch.count,
            effort=Effort(spread_fraction=0.0, few_sites=0),
            cost=np.zeros(len(some.sites_mm)),
            budget=np.inf,
        )
        yield _alone(
            f"{patch.count} threads at 300 um, {patch.name}", f"threads that fit with {words}",
            max(fit[0], len(made.chosen)), better="higher", note=f"at most {fit[1]} proven possible",
        )  # fmt: skip


def made_up_rows(progress: Progress) -> Iterator[Row]:
    """Prove a hundred made-up patches, and hold each against the heuristics."""
    pairs: dict[str, list[tuple[Result, Result]]] = {}
    gaps, times, valid = [], [], 0
    for seed in SEEDS:
        progress(seed, len(SEEDS), "made-up patches")
        patch = cases.made_up(seed)
        made, spent_s = ours(patch)
        gaps.append((made.bound - made.objective) / made.bound)
        times.append(spent_s)
        valid += is_valid(patch, made)
        field = peers.Neighbours(patch.sites_mm, patch.value, cases.SPACING_MM, patch.count)
        for name, method in _heuristics(field, spent_s, peers.HEATS[1]).items():
            chosen = method(seed)
            theirs = (len(chosen), float(patch.value[chosen].sum()))
            pairs.setdefault(name, []).append(((len(made.chosen), made.objective), theirs))
    work = f"64 threads at 300 um on {len(SEEDS)} made-up 8 mm patches, 60 um grid"
    yield _alone(work, "largest proven gap", max(gaps), note=PROVEN)
    yield _alone(work, "median processor time", float(np.median(times)), "s", f"largest {max(times):.1f} s")
    yield _alone(work, "patches whose distances hold exactly", valid, better="higher")
    yield from _against(work, pairs, "as long as ours took on that patch")


def window_rows(progress: Progress) -> Iterator[Row]:
    """Prove the photograph on several grids; the finest is held against the heuristics."""
    for step in WINDOW_STEPS:
        progress(WINDOW_STEPS.index(step), len(WINDOW_STEPS), "photograph")
        patch = cases.window(step)
        if patch is None:
            return
        if step == WINDOW_STEPS[-1]:
            yield from _one_patch(patch, progress)
        else:
            yield from _proof(patch, *ours(patch))


def scale_rows(progress: Progress) -> Iterator[Row]:
    """Prove large arrays: a free field, and fields tight with vessels."""
    progress(0, 5, "free field")
    free = cases.loose(5)
    yield from _proof(free, *ours(free))
    for place, (count, share) in enumerate(((256, 0.5), (256, 0.65), (1024, 0.5), (1024, 0.65))):
        progress(place + 1, 5, f"{count} threads, {share:.0%} of hexagonal packing")
        patch = cases.tight(count, share)
        made, spent_s = ours(patch, gap_fraction=LARGE_GAP_FRACTION)
        yield from _proof(patch, made, spent_s)


def rows(progress: Progress) -> Iterator[Row]:
    """Measure proofs, times and the distance from the heuristics."""
    yield from _one_patch(cases.phantom(1), progress)
    yield from window_rows(progress)
    yield from made_up_rows(progress)
    yield from scale_rows(progress)
