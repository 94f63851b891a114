"""Digital scans of known pose under wrong headers: does the stated error hold, and who is refused?

``python _registration_cases.py same SEED`` (or ``strangers SEED``) prints one JSON object a line, so that
several persons can be worked on at once in processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from trephine.core.random import generator
from trephine.formats.template import read_template
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Grid, Volume
from trephine.phantom.contrasts import KINDS as STILL_KINDS
from trephine.phantom.contrasts import contrast_of
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.hull import build_hull
from trephine.phantom.mri import resample, scan_t1, t1_signal
from trephine.phantom.person import draw_person
from trephine.phantom.raster import blood_share
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import build_head
from trephine.phantom.vessels import grow_large_vessels
from trephine.stages.imaging.head import prepare_head
from trephine.stages.imaging.other_scans import Reference, place
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.template_fit import PreparedTemplate, fit_affine, prepare

STEP_MM = 2.0
KINDS = (*STILL_KINDS, ScanKind.MRA)
VOXELS_MM = ((1.2, 1.2, 2.0), (1.0, 1.0, 3.0), (2.0, 2.0, 2.0), (1.5, 1.5, 4.0))
HEIGHTS_MM = (90.0, 130.0, 180.0)
NOISE = (0.03, 0.08)
"""Against white matter; of CT, times 400 HU."""
TURN_DEG, SHIFT_MM = 30.0, 30.0
LIES_DEG, LIES_MM = 12.0, 10.0
ROUNDS = {"same": 2, "strangers": 1}
"""How often each kind of scan is made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A digital head as a planning T1, and its noise-free contrasts on the T1's grid."""

    reference: Reference
    grid: Grid
    contrasts: dict[ScanKind, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One scan that was registered, with what is true of it: errors and their stated 95 % bounds, in mm."""

    kind: str
    is_same: bool
    height_mm: float
    noise: float
    is_used: bool
    codes: tuple[str, ...]
    mean_mm: float
    largest_mm: float
    mean_bound_mm: float | None
    largest_bound_mm: float | None
    residual_mm: float | None
    spent_s: float


def body(seed: int, template: PreparedTemplate) -> Body:
    """Make a digital head at 2 mm."""
    person = draw_person(seed, STEP_MM)
    traits, size = person.traits, person.size_fraction
    brain = load_template_brain(traits.sulcus_gain_fraction)
    fluid_mm = traits.csf_mm / size
    fields = build_head_fields(
        brain, skull_mm=traits.skull_mm / size, scalp_mm=traits.scalp_mm / size, csf_mm=fluid_mm
    )
    head = build_head(person, brain, fields)
    signal = t1_signal(person, head, np.zeros(head.grid.shape, np.float32))
    values = scan_t1(person, signal, head.grid).astype(np.float32)
    seen = prepare_head(Volume(values=values, grid=head.grid, unit="arbitrary"))
    affine = fit_affine(template, seen.coarse, seen.coarse_mask)
    contrasts = {kind: contrast_of(person, head, kind) for kind in STILL_KINDS}
    vessels = grow_large_vessels(person, build_hull(brain, fields, fluid_mm))
    share = blood_share(vessels, head.grid, 90.0)
    contrasts[ScanKind.MRA] = 1.1 * np.sqrt(np.clip(signal, 0, 0.9)) * (1 - share) + 4.2 * share
    return Body(
        reference=Reference.of(seen, template, affine),
        grid=head.grid,
        contrasts=contrasts,
    )


def rigid(rng: np.random.Generator, turn_deg: float, shift_mm: float, centre_mm: np.ndarray) -> np.ndarray:
    """Return a random rigid map about a centre."""
    axis, way = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    move = np.eye(4)
    move[:3, :3] = Rotation.from_rotvec(axis * np.radians(turn_deg * rng.uniform())).as_matrix()
    move[:3, 3] = centre_mm - move[:3, :3] @ centre_mm + way * shift_mm * rng.uniform()
    return move


def case(
    rng: np.random.Generator, shown: Body, kind: ScanKind, reference: Reference, *, is_same: bool
) -> Case:
    """Scan one head with a wrong header and lay the scan on a planning T1, its own or another's."""
    centre = reference.points_mm.mean(axis=0)
    edge_mm = np.array(VOXELS_MM[rng.integers(len(VOXELS_MM))])
    height_mm, noise = float(rng.choice(HEIGHTS_MM)), float(rng.choice(NOISE))
    shape = np.round(np.array((200.0, 230.0, height_mm)) / edge_mm).astype(int)
    upright = np.diag([*edge_mm, 1.0])
    upright[:3, 3] = centre + (0, 0, 10) - edge_mm * (shape - 1) / 2
    truth = rigid(rng, LIES_DEG, LIES_MM, centre) @ upright
    size = (int(shape[0]), int(shape[1]), int(shape[2]))
    true_grid = Grid(shape=size, affine_mm=truth, frame=kind.frame)
    thick = ndimage.gaussian_filter(shown.contrasts[kind], edge_mm / STEP_MM * 0.35)
    values = with_noise(
        rng, resample(thick, shown.grid, true_grid, -1000.0 if kind.is_hounsfield else 0.0), kind, noise
    )
    header = rigid(rng, TURN_DEG, SHIFT_MM, centre)
    grid = Grid(shape=size, affine_mm=header @ truth, frame=kind.frame)
    volume = Volume(values=values, grid=grid, unit="HU" if kind.is_hounsfield else "arbitrary")
    start = time.process_time()
    placed = place(Scan(kind=kind, volume=volume), reference, Settings())
    spent_s = time.process_time() - start
    end = placed.registration.scanner_from_moving.matrix @ header
    apart = np.linalg.norm(reference.points_mm @ end[:3, :3].T + end[:3, 3] - reference.points_mm, axis=1)
    found = placed.registration
    return Case(
        kind=str(kind),
        is_same=is_same,
        height_mm=height_mm,
        noise=noise,
        is_used=found.is_trusted,
        codes=tuple(finding.code for finding in placed.findings),
        mean_mm=float(apart.mean()),
        largest_mm=float(apart.max()),
        mean_bound_mm=found.mean_error_95_mm,
        largest_bound_mm=found.largest_error_95_mm,
        residual_mm=found.residual_mm,
        spent_s=spent_s,
    )


def with_noise(rng: np.random.Generator, image: np.ndarray, kind: ScanKind, noise: float) -> np.ndarray:
    """Add bell-shaped noise to a CT; coil shading and Rician noise to anything else."""
    if kind.is_hounsfield:
        return (image + 400.0 * noise * rng.normal(size=image.shape)).astype(np.float32)
    rough = ndimage.gaussian_filter(rng.normal(size=(8, 8, 8)), 1.5) * 8
    shading = np.exp(0.15 * ndimage.zoom(rough, np.array(image.shape) / 8, order=1))
    first, second = rng.normal(size=(2, *image.shape)) * noise
    return np.asarray(300.0 * np.hypot(image * shading + first, second), dtype=np.float32)


def cases_of(seed: int, rounds: int, *, is_same: bool) -> Iterator[Case]:
    """Every kind of scan of a person, or of the person before, so many times on the person's T1."""
    template = prepare(read_template())
    own = body(seed, template)
    shown = own if is_same else body(seed - 1, template)
    rng = generator(seed, f"bench.registration.{'same' if is_same else 'strangers'}")
    for kind in KINDS * rounds:
        yield case(rng, shown, kind, own.reference, is_same=is_same)


def at_once(part: str, seeds: tuple[int, ...]) -> Iterator[Case]:
    """Work on as many persons at once as this process may use cores."""
    cores = len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(max_workers=min(cores, len(seeds))) as pool:
        for done in pool.map(lambda seed: _apart(part, seed), seeds):
            yield from done


def _apart(part: str, seed: int) -> list[Case]:
    """Work on one person in a process of its own."""
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, Path(__file__), part, str(seed)],
        env=os.environ | one_thread,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [Case(**json.loads(line)) for line in done.stdout.splitlines()]


def main() -> None:
    """Print every case of one person."""
    part, seed = sys.argv[1], int(sys.argv[2])
    for found in cases_of(seed, ROUNDS[part], is_same=part == "same"):
        sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main()
