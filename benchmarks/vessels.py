"""Vessels of labelled stacks and digital scans: ours beside scikit-image's tube filters at their best.

``TREPHINE_BENCH_PARTS`` names the parts to run, with commas; both when not set: ``filters``, and ``chance``:
how many voxels hold blood among those of a stated chance, in angiograms of digital persons (a minute each).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageSequence
from scipy import ndimage
from skimage.filters import frangi, sato

from trephine.bench.data import needed_data
from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.core.frames import ANGIO
from trephine.core.progress import Progress
from trephine.core.random import generator
from trephine.kernels.registration.images import Sampled
from trephine.kernels.segmentation.tubes import Sureness, find_tubes
from trephine.model.scan import ScanKind
from trephine.phantom.angiography import scan_angiography, scan_grid
from trephine.phantom.raster import blood_share
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.vessel_region import looked_at

CHANCE_SEEDS = (1, 2, 5)
CHANCES = (0.0, 0.05, 0.3, 0.6, 0.9, 0.99, 1.001)
HOLDS_BLOOD = 0.05
"""A voxel counts as a vessel's when blood fills this share of it."""
SHOWN_UM = 90.0
SURE = Sureness(least_probability=0.5, false_voxel=0.05, least_voxels=8, widest_mm=10.0)
STACK_EDGES = np.array([1.0, 0.5, 0.5])
"""Voxel edges given to the stacks: nobody states them; slices are taken to lie twice as far apart."""
DIGITAL_EDGES = np.array([0.6, 0.6, 0.6])
SIGMAS = (1, 2, 4)
THRESHOLDS = 40
STACKS = (
    ("burgess2014_lowerRes_hiSNR", "labels_v1"),
    ("burgess2014_noisySparseVessels", "labels_v1"),
    ("poon2015_BBB_Leakage", "manualLabels_v2"),
    ("poon2015_BBB_noLeakage", "manualLabel_v2"),
    ("poon2015_plaqueVessels", "label_underSegmented"),
    ("santos2015_mixedSizelowContrastVessels", "labelsMarc"),
)


def stack(path: Path) -> np.ndarray:
    """Read a multi-page picture, shape (slice, row, column)."""
    with Image.open(path) as pages:
        return np.stack([np.asarray(page) for page in ImageSequence.Iterator(pages)]).astype(np.float32)


def digital() -> tuple[np.ndarray, np.ndarray]:
    """Return a scan with tubes of 0.6 to 6 mm and its true voxels, half filled or more."""
    shape, edge_mm = (96, 96, 96), 0.6
    rng = generator(1, "bench.vessels")
    where = np.stack(np.meshgrid(*[np.arange(n) * edge_mm for n in shape], indexing="ij"), axis=-1)
    share = np.zeros(shape)
    for radius_mm in (0.3, 0.3, 0.4, 0.6, 0.6, 0.8, 1.2, 2.0, 3.0):
        axis = rng.standard_normal(3)
        axis /= np.linalg.norm(axis)
        offset = where - rng.uniform(12, 45, 3)
        away_mm = np.linalg.norm(offset - (offset @ axis)[..., None] * axis, axis=-1)
        full = np.clip(0.5 + (max(radius_mm, edge_mm / 2) - away_mm) / edge_mm, 0, 1)
        share = np.maximum(share, full * min(1.0, np.pi * (radius_mm / edge_mm) ** 2))
    image = ndimage.gaussian_filter(200 + 600 * share, 0.45) + 30 * rng.standard_normal(shape)
    return image.astype(np.float32), share >= 0.5


def scored(found: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Return recall, precision and Dice."""
    both = float((found & truth).sum())
    return both / truth.sum(), both / max(found.sum(), 1), 2 * both / (truth.sum() + found.sum())


def best(measure: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Score a filter at the threshold that gives it the best Dice against the labels themselves."""
    levels = np.unique(np.quantile(measure, np.linspace(0.3, 0.999, THRESHOLDS)))
    return max((scored(measure >= level, truth) for level in levels), key=lambda three: three[2])


def peers() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    return {
        "frangi": lambda image: frangi(image, sigmas=SIGMAS, black_ridges=False),
        "sato": lambda image: sato(image, sigmas=SIGMAS, black_ridges=False),
    }


def volumes(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    yield ("digital scan of tubes 0.6 to 6 mm wide, voxels 0.6 mm", *digital(), DIGITAL_EDGES)
    for name, label in STACKS:
        image = stack(folder / "denoised" / f"{name}_BM4D_denoised.tif")
        truth = stack(folder / "labels" / f"{name}_{label}.tif") > 0
        yield f"two-photon stack {name}", image, truth, STACK_EDGES


def angiogram_chance(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return chance and share of blood of every judged voxel in a digital person's angiogram."""
    body = sibling(__file__, "_skull_heads").body_of(seed)
    grid = scan_grid(body.person, ANGIO, 1.0).moved(body.person.scanner_from[ANGIO])
    values = scan_angiography(body.person, body.head, body.t1_signal(), body.vessels, grid)
    cranium_mm = body.head.filled(body.head.distance_mm["cranium"] * body.person.size_fraction, 60.0)
    wall_mm = Sampled(values=cranium_mm, affine_mm=body.head.grid.affine_mm)
    seen = looked_at(ScanKind.MRA, values.astype(np.float32), grid, wall_mm, Settings())
    tubes = find_tubes(seen.bright, seen.region, np.array(grid.voxel_mm), SURE)
    blood = blood_share(body.vessels, grid, SHOWN_UM)
    return tubes.probability[seen.region], blood[seen.region]


def chance_rows(progress: Progress) -> Iterator[Row]:
    """Hold the stated chance against the share that is true, by person."""
    for done, seed in enumerate(CHANCE_SEEDS):
        progress(done, len(CHANCE_SEEDS), f"chance, seed {seed}")
        chance, blood = angiogram_chance(seed)
        for low, high in pairwise(CHANCES):
            inside = (chance >= low) & (chance < high)
            if inside.any():
                yield Row(
                    work=f"angiogram of the digital person of seed {seed}, true inside of the skull",
                    figure=f"share of voxels with blood where the chance is {low:g} to {min(high, 1):g}",
                    unit="1",
                    better="higher",
                    ours=round(float((blood[inside] >= HOLDS_BLOOD).mean()), 4),
                    peer=round(float(chance[inside].mean()), 4),
                    peer_name="the stated chance",
                    peer_version="mean of these voxels",
                    repeat_count=int(inside.sum()),
                    note="1 is calibrated; below it the chance is too high; repeats are voxels",
                )


def rows(progress: Progress) -> Iterator[Row]:
    """Measure what was asked for."""
    parts = {"filters": filter_rows, "chance": chance_rows}
    for part in os.environ.get("TREPHINE_BENCH_PARTS", ",".join(parts)).split(","):
        yield from parts[part](progress)


def filter_rows(progress: Progress) -> Iterator[Row]:
    """Measure recall, precision and Dice."""
    total = 1 + len(STACKS)
    for done, (work, image, truth, edges) in enumerate(volumes(needed_data("vessels/twophoton"))):
        progress(done, total, work)
        tubes = find_tubes(image, np.ones(image.shape, dtype=bool), edges, SURE)
        ours = scored(np.asarray(tubes.label), truth)
        for name, measure in peers().items():
            theirs = best(measure(image), truth)
            for figure, one, other in zip(("recall", "precision", "Dice"), ours, theirs, strict=True):
                yield Row(
                    work=work,
                    figure=figure,
                    unit="1",
                    better="higher",
                    ours=round(one, 4),
                    peer=round(other, 4),
                    peer_name=f"scikit-image {name}",
                    peer_version=skimage.__version__,
                    note="the peer has its best threshold for Dice on these labels; ours knows none",
                )
