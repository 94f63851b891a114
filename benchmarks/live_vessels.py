"""Vessels of labelled photographs: ours, learnt and not, beside Sato and Frangi filters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from PIL import Image
from scipy import ndimage
from scipy.stats import rankdata
from skimage.filters import frangi, sato

from trephine.bench.data import needed_data
from trephine.bench.row import Row
from trephine.core.progress import Progress
from trephine.core.random import generator
from trephine.kernels.segmentation.pixel_network import Schedule
from trephine.kernels.segmentation.vessel_score import Cascade, learnt, learnt_score, unlearnt_score
from trephine.kernels.statistics.miss_distance import Asked, calibrated, wide_parts, within_reach
from trephine.phantom.vessel_pictures import labelled_picture

TAUGHT_ON = "DRIVE"
FOLDS = 4
STAGES, CONTEXT_FROM = 3, 0
SAMPLES = 30_000
STOP_PIXELS = 4
"""The camera's own stop darkens the outermost pixels of the field: judged, but not by their own light."""
WIDEST_PIXEL = 9.0
SIGMAS = (1, 2, 3, 4)
LEAST_WIDTHS_PIXEL = (3, 2)
"""Vessels sought in calibrating the score of fine pictures, and that of coarse ones."""
LOGITS = tuple(float(value) for value in np.arange(-6.0, 2.01, 0.5))
FILTER_SCORES = tuple(float(value) for value in np.round(np.arange(0.5, 3.01, 0.05), 2))
MADE_UP = 30
FRAME = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """A photograph of 0 to 1, its field of view, and a person's labels."""

    name: str
    rgb: np.ndarray
    field: np.ndarray
    vessel: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        return ndimage.binary_erosion(self.field, iterations=STOP_PIXELS)


def photographs(folder: Path) -> list[Labelled]:
    """Read a folder of ``images``, ``manual`` and ``mask`` whose names start with the same number."""
    found = []
    for path in sorted((folder / "images").iterdir()):
        number = path.name.split("_")[0]
        mask, manual = (
            np.asarray(Image.open(next((folder / part).glob(f"{number}_*"))).convert("L")) > 127
            for part in ("mask", "manual")
        )
        rgb = np.asarray(Image.open(path).convert("RGB")).astype(np.float32) / 255
        found.append(Labelled(name=path.stem, rgb=rgb, field=mask, vessel=manual))
    return found


def area(score: np.ndarray, truth: np.ndarray) -> float:
    """Return the area under the ROC curve."""
    rank, count = rankdata(score), int(truth.sum())
    return float((rank[truth].sum() - count * (count + 1) / 2) / (count * (len(truth) - count)))


def areas(scores: list[np.ndarray], pictures: list[Labelled]) -> tuple[float, float]:
    """Return the mean of the pictures' areas in the field of view, and that of all pixels together."""
    inside = [(score[one.field], one.vessel[one.field]) for score, one in zip(scores, pictures, strict=True)]
    whole = area(*(np.concatenate(part) for part in zip(*inside, strict=True)))
    return float(np.mean([area(*each) for each in inside])), whole


def taught(pictures: list[Labelled], name: str) -> list[Cascade]:
    """Teach two cascades, alike but for what is drawn: their mean errs less than either."""
    labelled = [(one.rgb, one.seen, one.vessel) for one in pictures]
    return [
        learnt(
            labelled, stages=STAGES, context_from=CONTEXT_FROM, samples=SAMPLES, schedule=Schedule(),
            rng=generator(1, f"bench.live_vessels.{name}{draw}"),
        )
        for draw in ("", " again")
    ]  # fmt: skip


def judged(cascades: list[Cascade], rgb: np.ndarray, seen: np.ndarray) -> np.ndarray:
    return np.mean([learnt_score(cascade, rgb, seen) for cascade in cascades], axis=0)


def taught_on_made_up() -> Cascade:
    made = []
    for number in range(MADE_UP):
        one = labelled_picture(1, number)
        everywhere = np.ones(one.vessel.shape, dtype=bool)
        made.append((one.rgb.astype(np.float32) / 255, everywhere, one.vessel))
    return learnt(
        made, stages=2, context_from=1, samples=SAMPLES, schedule=Schedule(),
        rng=generator(1, "bench.live_vessels.made up"),
    )  # fmt: skip


def unseen_scores(pictures: list[Labelled], progress: Progress) -> list[np.ndarray]:
    """Score every picture by networks taught on three quarters of the others."""
    scores: dict[int, np.ndarray] = {}
    for fold in range(FOLDS):
        progress(fold, FOLDS + 3, f"part {fold + 1} of {FOLDS}")
        cascades = taught(
            [one for place, one in enumerate(pictures) if place % FOLDS != fold], f"fold {fold}"
        )
        for place in range(fold, len(pictures), FOLDS):
            scores[place] = judged(cascades, pictures[place].rgb, pictures[place].seen)
    return [scores[place] for place in range(len(pictures))]


def peers(pictures: list[Labelled]) -> dict[str, tuple[float, float]]:
    found = {}
    for name, measure in (("sato", sato), ("frangi", frangi)):
        scores = [measure(one.rgb[..., 1], sigmas=SIGMAS, black_ridges=True) for one in pictures]
        found[name] = areas(scores, pictures)
    return found


def area_rows(
    work: str, ours: tuple[float, float], theirs: dict[str, tuple[float, float]], note: str
) -> Iterator[Row]:
    for name, peer in theirs.items():
        for figure, one, other in zip(("mean over pictures", "all pixels together"), ours, peer, strict=True):
            yield Row(
                work=work, figure=f"area under ROC, {figure}", unit="1", better="higher",
                ours=round(one, 4), peer=round(other, 4), peer_name=f"scikit-image {name}",
                peer_version=skimage.__version__, note=note,
            )  # fmt: skip


def recall_rows(
    pictures: list[Labelled], scores: list[np.ndarray], name: str, thresholds: tuple[float, ...], width: int
) -> Iterator[Row]:
    """Calibrate on all pictures but one and check on that one, for every picture."""
    asked = Asked(thresholds=thresholds)
    counts = []
    for one, score in zip(pictures, scores, strict=True):
        sought = wide_parts(one.vessel, width) & one.field
        tried = within_reach(score, one.field, sought, asked.thresholds, asked.reaches_pixel)
        counts.append((*tried, int(sought.sum()), int(one.field.sum())))
    reached, sought, free, seen, misses = 0.0, 0, 0.0, 0, []
    shares = []
    for place, (hit, left, wanted, pixels) in enumerate(counts):
        choice = calibrated(counts[:place] + counts[place + 1 :], asked)
        if choice is None:
            raise ValueError("nothing that was tried reaches what is asked")
        at = (asked.thresholds.index(choice.score), asked.reaches_pixel.index(choice.miss_pixel))
        shares.append(hit[at] / wanted)
        reached, sought = reached + hit[at], sought + wanted
        free, seen = free + left[at], seen + pixels
        misses.append(choice.miss_pixel)
    work = f"{TAUGHT_ON}, {name}: vessels {width} px wide or more within the stated distance"
    note = f"calibrated on 19, checked on the 20th; stated distance {min(misses):g} to {max(misses):g} px"
    for figure, value in (
        ("recall, pooled", reached / sought),
        ("recall, worst picture", min(shares)),
        ("share of the field left free", free / seen),
    ):
        yield Row(
            work=work, figure=figure, unit="1", better="higher", ours=round(value, 4),
            peer=None, peer_name=None, peer_version=None, note=note,
        )  # fmt: skip


def time_rows(picture: Labelled, cascades: list[Cascade]) -> Iterator[Row]:
    """Measure processor time, which other work on the machine hardly changes."""
    tiles = -(-FRAME // np.array(picture.field.shape))
    rgb = np.tile(picture.rgb, (*tiles, 1))[:FRAME, :FRAME]
    seen = np.tile(picture.seen, tiles)[:FRAME, :FRAME]
    start = time.process_time()
    sato(rgb[..., 1], sigmas=SIGMAS, black_ridges=True)
    theirs_s = time.process_time() - start
    for name, work in (
        (f"taught on {TAUGHT_ON}", lambda: judged(cascades, rgb, seen)),
        ("filters", lambda: unlearnt_score(rgb[..., 1], seen, WIDEST_PIXEL)),
    ):
        start = time.process_time()
        work()
        ours_s = time.process_time() - start
        yield Row(
            work=f"a frame of {FRAME} by {FRAME}, {name}", figure="processor time", unit="s", better="lower",
            ours=round(ours_s, 3), peer=round(theirs_s, 3), peer_name="scikit-image sato",
            peer_version=skimage.__version__,
            note=f"{ours_s / (FRAME**2 / 1e6):.3f} s a megapixel; all cores added",
        )  # fmt: skip


def rows(progress: Progress) -> Iterator[Row]:
    """Measure areas under ROC, calibrated recall and time."""
    folder = needed_data("vessels")
    pictures = photographs(needed_data(f"vessels/{TAUGHT_ON}"))
    theirs = peers(pictures)
    scores = unseen_scores(pictures, progress)
    work = f"{TAUGHT_ON}, {len(pictures)} photographs"
    yield from area_rows(
        f"{work}, cross-validated in {FOLDS} parts", areas(scores, pictures), theirs, "peers are not taught"
    )
    yield from recall_rows(pictures, scores, "networks", LOGITS, LEAST_WIDTHS_PIXEL[0])
    progress(FOLDS, FOLDS + 3, "without these photographs")
    stranger = taught_on_made_up()
    made_up = [learnt_score(stranger, one.rgb, one.seen) for one in pictures]
    note = f"taught on {MADE_UP} made-up pictures alone"
    yield from area_rows(f"{work}, never learnt from", areas(made_up, pictures), theirs, note)
    plain = [unlearnt_score(one.rgb[..., 1], one.seen, WIDEST_PIXEL) for one in pictures]
    yield from area_rows(f"{work}, filters", areas(plain, pictures), theirs, "no training on either side")
    for width in LEAST_WIDTHS_PIXEL:
        yield from recall_rows(pictures, plain, "filters", FILTER_SCORES, width)
    progress(FOLDS + 1, FOLDS + 3, "other cameras")
    cascades = taught(pictures, "all")
    for other in sorted(path for path in folder.iterdir() if (path / "manual").is_dir()):
        if other.name != TAUGHT_ON:
            strangers = photographs(other)
            ours = [judged(cascades, one.rgb, one.seen) for one in strangers]
            yield from area_rows(
                f"{other.name}, taught on {TAUGHT_ON}", areas(ours, strangers), peers(strangers), ""
            )
    progress(FOLDS + 2, FOLDS + 3, "time")
    yield from time_rows(pictures[0], cascades)
