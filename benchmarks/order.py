"""Anchors and order of 64 threads: our way and its proof beside CP-SAT on the same made-up plans.

``TREPHINE_BENCH_PEER_PYTHON`` names a Python that has ortools (see requirements-peers.txt); without one there
are no figures of a peer. ``TREPHINE_BENCH_PEER_S`` is how long it may work on each plan, 60 s when not set.
The peer starts from the nearest-next order.
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

import numpy as np

from trephine.bench.row import Row
from trephine.core.progress import Progress
from trephine.core.random import generator
from trephine.kernels.geometry.outlines import ring
from trephine.kernels.geometry.segments import crossing_pairs
from trephine.kernels.optimize.matching import matched
from trephine.kernels.optimize.order_bound import order_bound
from trephine.kernels.optimize.order_search import order_length, shortened
from trephine.kernels.optimize.ordering import kept, must_precede, nearest_next, travel_between_mm
from trephine.stages.placement.settings import OrderSettings

COUNT = 64
EFFORT = OrderSettings()
ANCHORS_MM = ring(8.0, COUNT)
SPACING_MM, BERTH_MM = 0.3, 0.1
RADII_MM = (1.9, 2.4, 3.0, 3.6)
"""From tightly packed about the middle to spread over the opening."""
SEEDS = range(25)
PEER_SEEDS = range(2)
PER_MM = 10_000
NOT_INSTALLED = "Peer not installed: name a Python that has ortools in TREPHINE_BENCH_PEER_PYTHON."


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One made-up plan, ordered by us."""

    travel: np.ndarray
    before: np.ndarray
    first: np.ndarray
    order: np.ndarray
    carried: float
    bound: float
    seconds: float
    crossings: int

    @property
    def way(self) -> float:
        """The whole way of the robot."""
        return order_length(self.order, self.travel) + self.carried


def places(seed: int, radius_mm: float) -> np.ndarray:
    """Draw entries by chance, denser in the middle, as far apart as the device asks."""
    rng = generator(seed, "bench.order")
    taken: list[np.ndarray] = []
    while len(taken) < COUNT:
        place = rng.normal(0, radius_mm / 2, 2) + (0.5, 0.3)
        if np.hypot(*place) < radius_mm + 0.6 and all(
            np.hypot(*(place - one)) >= SPACING_MM for one in taken
        ):
            taken.append(place)
    return np.array(taken)


def planned(seed: int, radius_mm: float) -> Plan:
    """Match, order and prove one plan, timed."""
    entry = places(seed, radius_mm)
    start_s = time.process_time()
    anchor = ANCHORS_MM[matched(ANCHORS_MM, entry)]
    before = must_precede(anchor, entry, berth_mm=BERTH_MM)
    travel = travel_between_mm(anchor, entry)
    first = nearest_next(travel, before)
    chain = kept(before, first)
    order = shortened(first, travel, chain, tries=EFFORT.tries, rng=generator(0, "placement.order"))
    carried = float(np.linalg.norm(entry - anchor, axis=1).sum())
    bound = order_bound(travel, chain, found=np.array(order_length(order, travel)), rounds=EFFORT.rounds)
    return Plan(
        travel=travel, before=before, first=first, order=order, carried=carried, bound=bound + carried,
        seconds=time.process_time() - start_s, crossings=len(crossing_pairs(anchor, entry)),
    )  # fmt: skip


def under_laid(plan: Plan) -> int:
    """Count entries that a thread laid earlier covers."""
    turn = np.argsort(plan.order)
    return int((plan.before & (turn[:, None] > turn[None, :])).any(axis=1).sum())


def peers(plans: list[Plan]) -> dict | None:
    """Let CP-SAT order the same plans; nothing when it is not installed."""
    python = os.environ.get("TREPHINE_BENCH_PEER_PYTHON")
    if not python:
        return None
    cases = [
        {
            "travel": np.rint(plan.travel * PER_MM).astype(int).tolist(),
            "before": np.argwhere(plan.before).tolist(),
            "order": plan.first.tolist(),
        }
        for plan in plans
    ]
    job = {"cases": cases, "limit_s": float(os.environ.get("TREPHINE_BENCH_PEER_S", "60"))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job))
        script = Path(__file__).parent / "peers" / "cpsat_order.py"
        done = subprocess.run([python, str(script), str(path)], stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def rows(progress: Progress) -> Iterator[Row]:
    """Measure crossings, order, proof and time, over all plans; the peer on a few of them."""
    cases = [(seed, radius) for radius in RADII_MM for seed in SEEDS]
    plans = {}
    for place, case in enumerate(cases):
        progress(place, len(cases) + 1, "ours")
        plans[case] = planned(*case)
    work = f"{COUNT} threads at {SPACING_MM * 1000:.0f} um on {len(plans)} made-up plans"
    alone = {"peer": None, "peer_name": None, "peer_version": None, "better": "lower"}
    made = list(plans.values())
    yield Row(
        work=work, figure="crossings, all plans", unit="1", ours=sum(p.crossings for p in made), **alone
    )
    yield Row(
        work=work, figure="insertions under a laid thread, all plans", unit="1",
        ours=sum(under_laid(p) for p in made),
        note=f"{sum(int(p.before.sum()) for p in made) / len(made):.0f} demands a plan", **alone,
    )  # fmt: skip
    yield Row(
        work=work, figure="largest proven gap of the way", unit="1",
        ours=max(1 - p.bound / p.way for p in made), **alone,
    )  # fmt: skip
    yield Row(
        work=work, figure="largest processor time, anchors, order and proof", unit="s",
        ours=max(p.seconds for p in made), repeat_count=len(made), **alone,
    )  # fmt: skip
    progress(len(cases), len(cases) + 1, "CP-SAT")
    yield from beside([plans[seed, radius] for radius in RADII_MM for seed in PEER_SEEDS])


def beside(few: list[Plan]) -> Iterator[Row]:
    """Compare a few plans with the peer's."""
    answer = peers(few)
    for figure, ours, name in (("way, mean", "way", "found"), ("proven least way, mean", "bound", "bound")):
        theirs = None
        if answer:
            theirs = [one[name] / PER_MM + p.carried for one, p in zip(answer["answers"], few, strict=True)]
        ratio = max(p.way / t for p, t in zip(few, theirs, strict=True)) if theirs else None
        yield Row(
            work=f"{len(few)} of these plans", figure=figure, unit="mm",
            better="lower" if name == "found" else "higher",
            ours=float(np.mean([getattr(p, ours) for p in few])),
            peer=float(np.mean(theirs)) if theirs else None, peer_name="CP-SAT" if theirs else None,
            peer_version=answer["version"] if answer else None, repeat_count=len(few),
            note=f"our way is at most {ratio:.5f} of the peer's {name} on any plan; the peer proved "
            f"{sum(one['is_optimal'] for one in answer['answers']):.0f} optimal, "
            f"{np.mean([one['time_s'] for one in answer['answers']]):.0f} s each on two cores"
            if ratio and answer else NOT_INSTALLED,
        )  # fmt: skip
