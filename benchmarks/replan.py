"""Planning again on a picture taken in surgery: from a picture on disk to a plan on disk ready for approval.

Frames of 2048 x 2048 pixels of a digital participant's cortex, turned, shifted and lit anew, are planned on
by ``trephine replan`` in a process of its own (cold) and by ``trephine replan --watch`` (loaded). The stated
pose knows neither turn nor shift. The peer is what one writes in an afternoon: scikit-image's Sato filter on
the same frame, a threshold, a distance map, and the best free site again and again, with the true pose given.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.case.store import Case
from trephine.core.arrays import AnyArray
from trephine.core.progress import Progress

frames = sibling(__file__, "_replan_frames")

MOVES = (
    frames.Move(name="a17", pixel_um=17.0, turn_rad=0.09, shift_mm=(0.6, -0.4), seed=11),
    frames.Move(name="b17", pixel_um=17.0, turn_rad=-0.05, shift_mm=(-1.1, 0.5), seed=12),
    frames.Move(name="c17", pixel_um=17.0, turn_rad=0.02, shift_mm=(0.2, 1.3), seed=13),
    frames.Move(name="a8", pixel_um=8.5, turn_rad=0.09, shift_mm=(0.3, -0.4), seed=14),
    frames.Move(name="b8", pixel_um=8.5, turn_rad=-0.07, shift_mm=(-0.5, 0.2), seed=15),
    frames.Move(name="c8", pixel_um=8.5, turn_rad=0.03, shift_mm=(0.1, 0.6), seed=16),
)
"""At 17 um a frame is 35 mm wide and the opening fills a part of it; at 8.5 um it fills nearly all."""
BUDGET_S = 3.0
MARGIN_MM, SPACING_MM, THREADS = 0.116, 0.3, 64
ROBUST_SHARE = 5.991
"""Of a shift of two equal axes: its square over the variance is within this in 95 %."""
SATO_UM = (20.0, 32.0, 51.0, 82.0, 131.0, 210.0, 336.0, 537.0)
WAIT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Done:
    """One frame planned on, and how it lies against the truth."""

    move: frames.Move
    wall_s: float
    document: dict[str, Any]
    error_mm: float
    worst_mm: float
    on_vessel: int
    least_um: float

    @property
    def is_inside(self) -> bool:
        """Whether the middle of the opening lies within the 95 % that the stated error allows."""
        return self.error_mm**2 <= ROBUST_SHARE * self.document["place"]["error_mm"] ** 2


def command(case: Case, *words: str) -> list[str]:
    """Return the words of a replan in a process of its own."""
    return [
        sys.executable,
        "-m",
        "trephine.cli.main",
        "replan",
        str(case.study),
        case.subject,
        "--json",
        *words,
    ]


def cold(case: Case, image: Path) -> tuple[float, dict[str, Any]]:
    """Run the whole command once, and time it until its receipt, the last of the plan, is on disk."""
    receipt, start_s = case.path("receipt", stage="replan1"), time.perf_counter()
    with subprocess.Popen(
        command(case, "--image", str(image)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as going:
        while not receipt.is_file() and going.poll() is None:
            time.sleep(0.002)
        wall_s = time.perf_counter() - start_s
        said, _ = going.communicate()
    document = json.loads(said)
    if not receipt.is_file():
        raise RuntimeError(f"no plan was written: {document}")
    return wall_s, document


def loaded(case: Case, folder: Path, images: list[Path]) -> list[float]:
    """Let one process wait for pictures, save them one after another, and time until the receipt is there."""
    with subprocess.Popen(
        command(case, "--watch", str(folder)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as waiting:
        for line in waiting.stderr or ():
            if line.startswith("watching"):
                break
        spent_s = []
        for number, image in enumerate(images, start=1):
            receipt = case.path("receipt", stage=f"replan{number}")
            shutil.copy(image.with_suffix(".json"), folder)
            shutil.copy(image, folder / f".{image.name}")
            start_s = time.perf_counter()
            (folder / f".{image.name}").rename(folder / image.name)
            while not receipt.is_file() and time.perf_counter() - start_s < WAIT_S:
                time.sleep(0.002)
            spent_s.append(time.perf_counter() - start_s)
        waiting.send_signal(signal.SIGINT)
        waiting.communicate()
    return spent_s


def judged(move: frames.Move, wall_s: float, document: dict[str, Any], clearance_um: AnyArray) -> Done:
    """Compare the found place with the true one over the opening, and entries with true vessels."""
    found, true = np.array(document["place"]["scanner_from_image"]), frames.pose(move)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rim = frames.RADIUS_MM * np.column_stack([np.cos(angle), np.sin(angle)])
    spots = np.concatenate([np.zeros((1, 2)), rim])
    image = (spots - true[:2, 3]) @ np.linalg.inv(true[:2, :2]).T
    off = np.linalg.norm(image @ found[:2, :2].T + found[:2, 3] - spots, axis=1)
    place = json.loads(Path(document["plan"].replace("threads_plan", "picture_place")).read_text())
    sites = np.array([(one["column_index"], one["row_index"]) for one in place["sites"]])
    on, least = met(move, sites, clearance_um)
    return Done(
        move=move, wall_s=wall_s, document=document, error_mm=float(off[0]), worst_mm=float(off.max()),
        on_vessel=on, least_um=least,
    )  # fmt: skip


def met(move: frames.Move, column_row: AnyArray, clearance_um: AnyArray) -> tuple[int, float]:
    """Count entries that lie on a true vessel, and measure the least distance to one."""
    column, row = np.rint(move.to_photo(column_row)).astype(int).T
    near = clearance_um[row, column]
    return int((near <= 0).sum()), float(near.min())


def peer(path: Path, move: frames.Move) -> tuple[float, int, AnyArray]:
    """Plan by Sato's filter and greed; return time, threads placed and their pixels."""
    from skimage.filters import sato, threshold_otsu

    start_s = time.perf_counter()
    with Image.open(path) as picture:
        green = np.asarray(picture, dtype=np.float32)[..., 1] / 255
    ridges = sato(green, sigmas=[width / 4 / move.pixel_um for width in SATO_UM], black_ridges=True)
    vessel = ridges > threshold_otsu(ridges)
    free = ndimage.distance_transform_edt(~vessel) * move.pixel_um / 1000 > MARGIN_MM
    step = max(round(60.0 / move.pixel_um), 1)
    rows, columns = np.nonzero(free[::step, ::step])
    spots = np.column_stack([columns, rows]) * step
    true = frames.pose(move)
    xy = spots * move.pixel_um / 1000 @ true[:2, :2].T + true[:2, 3]
    radius = np.hypot(*xy.T)
    order = np.argsort(radius, kind="stable")
    chosen: list[int] = []
    for index in order[radius[order] < frames.RADIUS_MM]:
        if all(np.hypot(*(xy[index] - xy[other])) >= SPACING_MM for other in chosen):
            chosen.append(index)
        if len(chosen) == THREADS:
            break
    return time.perf_counter() - start_s, len(chosen), spots[chosen]


def rows(progress: Progress) -> Iterator[Row]:
    """Measure time cold and loaded, every step, the registration against the truth, and true vessels met."""
    total = 2 + 2 * len(MOVES)
    progress(0, total, "digital participant")
    wide = frames.photo(3)
    clearance_um = signed_um(wide.vessel)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        images = {move.name: frames.save(folder, move, frames.taken(wide, move)) for move in MOVES}
        progress(1, total, "first plan")
        case = frames.case_with_plan(folder / "study", frames.taken(wide, frames.FIRST))
        done, others = [], []
        for step, move in enumerate(MOVES):
            progress(2 + step, total, f"frame {move.name}, cold")
            shutil.rmtree(folder / "copy", ignore_errors=True)
            shutil.copytree(case.study, folder / "copy")
            own = Case.of(folder / "copy", "01")
            done.append(judged(move, *cold(own, images[move.name]), clearance_um))
            progress(2 + len(MOVES) + step, total, f"frame {move.name}, Sato and greed")
            others.append(peer(images[move.name], move))
        (folder / "in").mkdir()
        warm_s = loaded(case, folder / "in", [images[move.name] for move in MOVES])
    progress(total, total, "done")
    load = f"load {os.getloadavg()[0]:.1f} at the end; the bar is {BUDGET_S:g} s on two free cores"
    for pixel_um in (17.0, 8.5):
        yield from at_scale(pixel_um, done, others, warm_s, load)
    yield from against_truth(done, others, clearance_um)


def at_scale(
    pixel_um: float, done: list[Done], others: list[Any], warm_s: list[float], load: str
) -> Iterator[Row]:
    """Tell the times of the frames of one scale."""
    mine = [index for index, one in enumerate(done) if one.move.pixel_um == pixel_um]
    threads = [done[index].document["threads_placed"] for index in mine]
    work = f"2048 x 2048 frames at {pixel_um:g} um, {min(threads)} to {max(threads)} threads"
    by = {
        "peer": median(others[index][0] for index in mine), "peer_name": "Sato and greed, loaded",
        "peer_version": metadata.version("scikit-image"),
    }  # fmt: skip
    none = {"peer": None, "peer_name": None, "peer_version": None}
    more = {"work": work, "unit": "s", "better": "lower", "repeat_count": len(mine)}
    yield Row(
        figure="loaded (--watch): picture saved to plan ready for approval, on disk",
        ours=median(warm_s[index] for index in mine), note=load, **by, **more,
    )  # fmt: skip
    yield Row(
        figure="cold: command given to plan ready for approval, on disk",
        ours=median(done[index].wall_s for index in mine), **by, **more,
    )  # fmt: skip
    steps = done[mine[0]].document["steps_s"]
    start = median(done[index].wall_s - sum(done[index].document["steps_s"].values()) for index in mine)
    yield Row(figure="cold, step: starting the program", ours=start, **none, **more)
    for name in steps:
        spent = median(done[index].document["steps_s"].get(name, 0.0) for index in mine)
        yield Row(figure=f"cold, step: {name}", ours=spent, **none, **more)


def against_truth(done: list[Done], others: list[Any], clearance_um: AnyArray) -> Iterator[Row]:
    """Tell the errors of registration, and entries on vessels that truly are there."""
    work = f"{len(done)} frames turned up to 5 degrees and shifted up to 1.3 mm from their stated pose"
    none = {"peer": None, "peer_name": None, "peer_version": None}
    more = {"work": work, "repeat_count": len(done)}
    of = {one.move.name: one.document["place"] for one in done}
    said = {name: f"{place['laid_by']}, {1000 * place['error_mm']:.0f} um" for name, place in of.items()}
    for figure, values in (
        ("registration, true error in the middle", [1000 * one.error_mm for one in done]),
        ("registration, true error at the worst of the rim", [1000 * one.worst_mm for one in done]),
        ("registration, stated error of one axis", [1000 * place["error_mm"] for place in of.values()]),
    ):
        note = f"{figure}: {[round(value) for value in values]} um; {said}"
        yield Row(figure=figure, unit="um", better="lower", ours=median(values), note=note, **none, **more)
    yield Row(
        figure="frames whose true error lies within the stated 95 %", unit="1", better="higher",
        ours=sum(one.is_inside for one in done) / len(done), peer=0.95, peer_name="nominal",
        peer_version="", **more,
    )  # fmt: skip
    theirs = [met(one.move, other[2], clearance_um) for one, other in zip(done, others, strict=True)]
    by = {"peer_name": "Sato and greed", "peer_version": metadata.version("scikit-image")}
    yield Row(
        figure="entries on a true vessel, a frame", unit="1", better="lower",
        ours=float(np.mean([one.on_vessel for one in done])), peer=float(np.mean([on for on, _ in theirs])),
        note=f"least distance to a true vessel, um: ours {[round(one.least_um) for one in done]}, "
        f"theirs {[round(least) for _, least in theirs]}; threads placed: "
        f"ours {[one.document['threads_placed'] for one in done]}, theirs {[other[1] for other in others]}",
        **by, **more,
    )  # fmt: skip


def signed_um(vessel: AnyArray) -> AnyArray:
    """Return the distance to the nearest true vessel, 0 on one."""
    return ndimage.distance_transform_edt(~vessel) * frames.SCENE_UM
