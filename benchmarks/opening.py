"""Where to open: our search beside packing threads at every pose, on a digital participant."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from scipy.stats import spearmanr

from trephine.bench.row import Row
from trephine.case.records import anatomy, angiogram, hand_map
from trephine.case.store import Case
from trephine.core.progress import Progress, silent
from trephine.core.random import generator
from trephine.formats.device_file import read_device
from trephine.kernels.geometry.outlines import disc_grid
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.stages.opening.choices import chosen
from trephine.stages.opening.pose_search import Poses, Search, poses
from trephine.stages.opening.run import bone_needed_mm, prepared
from trephine.stages.opening.settings import Settings

SPACING_MM, PIXEL_MM, GRID_MM = 0.3, 0.02, 0.1
SITE_REACH_MM = 0.7
"""A site takes the value of a corner of the crown this near, across the axis."""
SEARCHED, JUDGED = 16, 16
"""Scenarios the exhaustive search packs at every pose, and others by which the winners are judged."""
EVERY_MM = 3.0
FREE_SHARES = (0.15, 0.35)
"""Of the cortex, between vessels and their margins: what dense synthetic patches left."""
DONE = (0, 4)


@dataclass(frozen=True)
class Person:
    """What the opening is planned from."""

    anatomy: Anatomy
    hand_map: HandMap
    angiogram: Angiogram | None


def digital_person(folder: Path) -> Person:
    """Make a digital participant and take it to its hand map."""
    trephine = [sys.executable, "-m", "trephine.cli.main"]
    subprocess.run([*trephine, "phantom", folder / "study", "--seed", "1"], check=True, capture_output=True)
    ran = subprocess.run(
        [*trephine, "run", folder / "study", "sub-01", "--to", "mapping"], check=False, capture_output=True
    )
    if ran.returncode not in DONE:
        raise RuntimeError(f"the path ended with exit code {ran.returncode}: {ran.stderr[-2000:]!r}")
    case = Case.of(folder / "study", "01")
    return Person(anatomy.read(case), hand_map.read(case), angiogram.read(case))


@cache
def free_patch(seed: int, radius_mm: float, share: float) -> np.ndarray:
    """Return where no vessel lies on a patch, in pixels; lines of three widths cover the rest."""
    rng = generator(seed, "bench.opening.vessels")
    count = 2 * round(radius_mm / PIXEL_MM) + 1
    fields = [
        gaussian_filter(rng.standard_normal((count, count)), scale, mode="wrap") for scale in (24, 10, 5)
    ]
    nearest = np.min([np.abs(field) / field.std() for field in fields], axis=0)
    return nearest > np.quantile(nearest, 1 - share)


def spaced_out(xy: np.ndarray, value: np.ndarray, count: int) -> list[int]:
    """Take sites, the best first, each that keeps its distance from those taken."""
    tree, free, taken = cKDTree(xy), np.ones(len(xy), dtype=bool), []
    for site in np.argsort(-value, kind="stable"):
        if len(taken) == count:
            break
        if free[site]:
            taken.append(int(site))
            free[tree.query_ball_point(xy[site], SPACING_MM - 1e-9)] = False
    return taken


def packed_yield(search: Search, found: Poses, index: int, scenarios: range) -> float:
    """Pack threads at one pose, greedily between made-up vessels, and return the mean value."""
    radius = search.opened.radius_mm
    xy = disc_grid(radius, GRID_MM)
    pixel = np.rint((xy + radius) / PIXEL_MM).astype(int)
    axis, side = found.axis[index], found.medial[index]
    frame = np.column_stack([side, np.cross(axis, side)])
    total = 0.0
    for row in scenarios:
        free = free_patch(row, radius, FREE_SHARES[0] + np.ptp(FREE_SHARES) * (row % 4) / 3)
        moved = search.crown.place_mm - found.centre_mm[index] + search.drawn.cortex_shift_mm[row]
        facing = (search.crown.normal @ axis > 0.76) & search.crown.is_clear[row]
        away, corner = cKDTree(moved[facing] @ frame).query(xy)
        keep = (away < SITE_REACH_MM) & free[tuple(pixel.T)] & (xy[:, 0] <= search.opened.hinge_mm)
        value = search.crown.value[row][facing][corner[keep]]
        total += float(value[spaced_out(xy[keep], value, search.opened.thread_count)].sum())
    return total / len(scenarios)


def rows(progress: Progress) -> Iterator[Row]:
    """Measure yield, time and how well the fast yield follows the packing."""
    with tempfile.TemporaryDirectory() as folder:
        progress(0, 3, "making a digital participant")
        person = digital_person(Path(folder))
    yield from measured(person, "digital participant, seed 1, 1 mm", progress)


def measured(person: Person, work: str, progress: Progress = silent) -> Iterator[Row]:
    """Hold our search against packing at every pose of a coarser grid."""
    given = (person.anatomy, person.hand_map, person.angiogram, read_device("n1"))
    settings, wide = Settings(), Settings(search_step_mm=EVERY_MM, scenario_count=SEARCHED + JUDGED, seed=1)
    progress(1, 3, "our search")
    start = time.process_time()
    search = prepared(*given, settings)
    found = poses(search, settings)
    best = chosen(found, bone_needed_mm(given[3]), settings)
    ours_s = time.process_time() - start
    progress(2, 3, "packing at every pose")
    start = time.process_time()
    other = prepared(*given, wide)
    coarse = poses(other, wide)
    packed = np.array(
        [packed_yield(other, coarse, index, range(SEARCHED)) for index in range(len(coarse.fit_rms_mm))]
    )
    theirs_s = time.process_time() - start
    judged = range(SEARCHED, SEARCHED + JUDGED)
    most = int(np.argmax(found.value.mean(axis=1)))
    winner = packed_yield(other, coarse, int(np.argmax(packed)), judged)
    name = f"packing at {len(packed)} poses, {EVERY_MM:g} mm apart, {SEARCHED} scenarios"
    plain = {"work": work, "peer_name": name, "peer_version": "this file"}
    note = f"both judged by packing on {JUDGED} other scenarios; ours tried {len(found.fit_rms_mm)} poses"
    for figure, index in (("yield, our best", most), ("yield, our recommended", best.index[0])):
        mine = packed_yield(other, found, index, judged)
        yield Row(figure=figure, unit="1", better="higher", ours=mine, peer=winner, note=note, **plain)
    yield Row(figure="processor time", unit="s", better="lower", ours=ours_s, peer=theirs_s, **plain)
    fast = coarse.value[:, :SEARCHED].mean(axis=1)
    nobody = {"work": work, "peer": None, "peer_name": None, "peer_version": None, "unit": "1"}
    yield Row(
        figure="rank correlation of fast yield and packing", better="higher",
        ours=float(spearmanr(fast, packed).statistic), **nobody,
    )  # fmt: skip
    yield Row(
        figure="fast yield over packing, median",
        better="higher",
        ours=float(np.median(fast / packed)),
        **nobody,
    )
    over = int(sum(found.sinus_mm[index] < 0 for index in best.index))
    yield Row(figure="choices with a sinus zone under the bone", better="lower", ours=over, **nobody)
