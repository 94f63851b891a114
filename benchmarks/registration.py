"""Rigid registration: real scans from 20 random headers beside SimpleITK, and who is taken for whom.

TREPHINE_BENCH_PARTS names the parts to run, with commas; all when not set:

- ``starts``: real scans of one head from 20 random headers, beside SimpleITK;
- ``same``: digital scans of the right head, whose pose is known: does the stated error hold;
- ``strangers``: digital scans of another head: who is refused;
- ``people``: every real person's scans on every other real person's T1.

Persons of ``same`` and ``strangers`` are worked on at once, one on each core.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from scipy.ndimage import binary_dilation
from scipy.spatial.transform import Rotation

from trephine.bench.data import needed_data
from trephine.bench.row import Row
from trephine.bench.siblings import sibling
from trephine.core.frames import BOLD, SCANNER
from trephine.core.progress import Progress
from trephine.core.random import generator
from trephine.formats.bids import read_participant_files
from trephine.formats.inputs import read_t1, read_task_runs
from trephine.formats.nifti import read_volume
from trephine.formats.template import read_template
from trephine.kernels.registration.affine import matrix_of
from trephine.kernels.registration.images import Sampled, itk_image
from trephine.kernels.registration.rigid import RigidSettings, register_rigid
from trephine.kernels.signal.foreground import foreground
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging.head import prepare_head
from trephine.stages.imaging.other_scans import Reference, place
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.template_fit import fit_affine, prepare

STARTS = 20
TURN_DEG, SHIFT_MM = 30.0, 30.0
AGREE_MM = 1.0
CASE_SEEDS = (101, 102, 103, 104, 105, 106)
"""Six digital persons; a stranger's scan is that of the person before."""
DOUBTFUL = ("SCAN_MAY_BE_OF_ANOTHER_HEAD", "BOLD_REGISTRATION_DOUBTFUL")
BLOCKED = ("SCAN_OF_ANOTHER_HEAD", "BOLD_REGISTRATION_FAILED")
PEER_NOTE = "the peer: centres of mass laid on each other, three levels, one start"
Fit = Callable[[Volume], np.ndarray]


def reference(t1: Volume) -> Reference:
    head, template = prepare_head(t1), prepare(read_template())
    return Reference.of(head, template, fit_affine(template, head.coarse, head.coarse_mask))


def headers(count: int = STARTS) -> list[np.ndarray]:
    """Random rigid maps up to 30 degrees and 30 mm about a head's middle."""
    rng = generator(1, "bench.registration.headers")
    made = []
    for _ in range(count):
        axis, way = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
        move = np.eye(4)
        move[:3, :3] = Rotation.from_rotvec(axis * np.radians(rng.uniform(0, TURN_DEG))).as_matrix()
        move[:3, 3] = way * rng.uniform(0, SHIFT_MM)
        made.append(move)
    return made


def turned(volume: Volume, move: np.ndarray, centre_mm: np.ndarray) -> tuple[Volume, np.ndarray]:
    """The same voxels under a wrong header, and the map from the right header's frame to the wrong one's."""
    about = np.array(move)
    about[:3, 3] += centre_mm - move[:3, :3] @ centre_mm
    grid = volume.grid
    wrong = Grid(shape=grid.shape, affine_mm=about @ grid.affine_mm, frame=grid.frame)
    return Volume(values=volume.values, grid=wrong, unit=volume.unit), about


def agreeing(fit: Fit, volume: Volume, points: np.ndarray, count: int = STARTS) -> tuple[int, float]:
    """How many starts end within 1 mm of the pose that most agree with, and the median seconds."""
    centre = volume.grid.mm_of((np.array(volume.grid.shape)[None] - 1) / 2)[0]
    ends, spent = [], []
    for move in headers(count):
        wrong, about = turned(volume, move, centre)
        start = time.perf_counter()
        pose = fit(wrong) @ about
        spent.append(time.perf_counter() - start)
        ends.append(points @ pose[:3, :3].T + pose[:3, 3])
    apart = np.array([[np.linalg.norm(a - b, axis=1).mean() for b in ends] for a in ends])
    return int((apart <= AGREE_MM).sum(axis=1).max()), float(np.median(spent))


def plain(fixed: Sampled) -> Fit:
    """The peer: three levels of mutual information on a tenth of the voxels, centres of mass laid together.

    The header's turn is kept, as the peer's own examples do; only the shift is taken from the images.
    """

    def fit(volume: Volume) -> np.ndarray:
        method = sitk.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(50)
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(0.1, 1)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsGradientDescent(1.0, 100, 1e-6, 10)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetShrinkFactorsPerLevel([4, 2, 1])
        method.SetSmoothingSigmasPerLevel([2, 1, 0])
        target = itk_image(fixed)
        moving = itk_image(
            Sampled(values=np.asarray(volume.values, np.float32), affine_mm=volume.grid.affine_mm)
        )
        start = sitk.CenteredTransformInitializer(
            target, moving, sitk.Euler3DTransform(), sitk.CenteredTransformInitializerFilter.MOMENTS
        )
        method.SetInitialTransform(start, inPlace=False)
        found = method.Execute(target, moving)
        return np.linalg.inv(matrix_of(found))

    return fit


def hand_bold() -> tuple[Fit, Sampled, Volume, np.ndarray]:
    """Our search, its target, the mean volume, and points of the brain."""
    files = read_participant_files(needed_data("imaging/bids-hand"), "01")
    run = read_task_runs(files)[0]
    ground = reference(read_t1(files))
    mean = run.bold.values.mean(axis=3)
    mask = foreground(mean)
    inside = binary_dilation(ground.brain, iterations=2)
    target = Sampled(values=np.where(inside, ground.t1.values, 0.0), affine_mm=ground.t1.affine_mm)

    def fit(volume: Volume) -> np.ndarray:
        source = Sampled(values=np.where(mask, volume.values, 0.0), affine_mm=volume.grid.affine_mm)
        rim = binary_dilation(mask, iterations=2)
        search = RigidSettings(with_halves=False)
        return np.array(register_rigid(source, rim, target, inside, search).target_from_source)

    grid = Grid(shape=mean.shape, affine_mm=run.bold.grid.affine_mm, frame=BOLD)
    return fit, target, Volume(values=mean.astype(np.float32), grid=grid, unit="arbitrary"), ground.points_mm


def chris_pd() -> tuple[Fit, Sampled, Volume, np.ndarray]:
    folder = needed_data("imaging/chris")
    ground = reference(read_volume(folder / "chris_t1.nii.gz", SCANNER))
    scan = read_volume(folder / "chris_PD.nii.gz", ScanKind.PDW.frame)

    def fit(volume: Volume) -> np.ndarray:
        placed = place(Scan(kind=ScanKind.PDW, volume=volume), ground, Settings())
        return np.array(placed.registration.scanner_from_moving.matrix)

    return fit, ground.t1, scan, ground.points_mm


def rows(progress: Progress) -> Iterator[Row]:
    """Agreement and time on real scans; then whether the stated errors hold and who is refused."""
    made = {"starts": start_rows, "same": same_rows, "strangers": stranger_rows, "people": people_rows}
    for part in os.environ.get("TREPHINE_BENCH_PARTS", ",".join(made)).split(","):
        yield from made[part](progress)


def _digital(part: str, progress: Progress) -> list:
    made = sibling(__file__, "_registration_cases")
    count = len(made.KINDS) * made.ROUNDS[part] * len(CASE_SEEDS)
    done: list = []
    for case in made.at_once(part, CASE_SEEDS):
        done.append(case)
        progress(len(done), count, f"{part}: {case.kind}")
    return done


def same_rows(progress: Progress) -> Iterator[Row]:
    """Digital scans of the right head under wrong headers: do the bounds hold, and who is refused?"""
    same = _digital("same", progress)
    used = [c for c in same if c.is_used]
    figures = (
        (
            "true mean error below its 95 % bound",
            "higher",
            _share(c.mean_mm <= c.mean_bound_mm for c in used),
        ),
        (
            "true largest error below its 95 % bound",
            "higher",
            _share(c.largest_mm <= c.largest_bound_mm for c in used),
        ),
        ("median of bound over true mean error", "lower", _middle(c.mean_bound_mm / c.mean_mm for c in used)),
        ("median true mean error, mm", "lower", _middle(c.mean_mm for c in used)),
    )
    answers = (
        ("same person, not used", "lower", len(same) - len(used)),
        ("same person, blocked as another head", "lower", _with(BLOCKED, same)),
        ("same person, doubtful", "lower", _with(DOUBTFUL, same)),
        ("median CPU time of a registration, s", "lower", _middle(c.spent_s for c in same)),
    )
    work = "digital T2w, PDw, SWI, CT, MRA of the right head"
    yield from _alone(work, figures, len(used))
    yield from _alone(work, answers, len(same))
    for kind in dict.fromkeys(c.kind for c in used):
        own = [c for c in used if c.kind == kind]
        each = (
            ("median true mean error, mm", "lower", _middle(c.mean_mm for c in own)),
            ("median bound, mm", "lower", _middle(c.mean_bound_mm for c in own)),
        )
        yield from _alone(f"digital {kind} of the right head", each, len(own))


def stranger_rows(progress: Progress) -> Iterator[Row]:
    """Digital scans of another head: who is refused?"""
    others = _digital("strangers", progress)
    yield from _alone("digital T2w, PDw, SWI, CT, MRA of another head", _refusals(others), len(others))


def people_rows(progress: Progress) -> Iterator[Row]:
    """Real scans of one person on another's T1: each pair's answer, and how many are refused."""
    pairs = []
    for pair in sibling(__file__, "_registration_people").pairs(progress):
        pairs.append(pair)
        work = f"real {pair.shown} on the T1 of {pair.planned}: {pair.answer}"
        yield from _alone(work, [(name, "lower", value) for name, value in pair.figures.items()], 1)
    scans = [pair for pair in pairs if not pair.is_same]
    yield from _alone("real scans of another head", _refusals(scans), len(scans))


def _refusals(others: list) -> list[tuple[str, str, float]]:
    accepted = [c for c in others if c.is_used]
    return [
        ("stranger, not used", "higher", len(others) - len(accepted)),
        ("stranger, blocked", "higher", _with(BLOCKED, others)),
        ("stranger, used but doubtful", "lower", _with(DOUBTFUL, accepted)),
        ("stranger, used without a word", "lower", len(accepted) - _with(DOUBTFUL, accepted)),
    ]


def _alone(work: str, figures: Iterable[tuple[str, str, float]], count: int) -> Iterator[Row]:
    """Make rows of figures that have no peer."""
    for figure, better, value in figures:
        yield Row(
            work=work, figure=figure, unit="1", better=better, ours=float(value), peer=None, peer_name=None,
            peer_version=None, repeat_count=count,
        )  # fmt: skip


def _share(held: Iterable[bool]) -> float:
    return float(np.mean(list(held)))


def _middle(values: Iterable[float]) -> float:
    return float(np.median(list(values)))


def _with(codes: tuple[str, ...], cases: list) -> int:
    return sum(bool(set(codes) & set(case.codes)) for case in cases)


def start_rows(progress: Progress) -> Iterator[Row]:
    """Agreement and time of both, on a real proton-density scan and a real BOLD mean."""
    works = {"T1-PD of imaging/chris": chris_pd, "BOLD-T1 of imaging/bids-hand": hand_bold}
    for done, (name, made) in enumerate(works.items()):
        progress(done, len(works), name)
        fit, target, volume, points = made()
        ours, peer = agreeing(fit, volume, points), agreeing(plain(target), volume, points)
        work = f"{name}, {STARTS} random headers up to {TURN_DEG:g} degrees and {SHIFT_MM:g} mm"
        who = {"work": work, "peer_name": "SimpleITK", "peer_version": sitk.Version.VersionString()}
        yield Row(
            figure=f"starts that agree within {AGREE_MM:g} mm",
            unit="1",
            better="higher",
            ours=ours[0],
            peer=peer[0],
            repeat_count=STARTS,
            note=PEER_NOTE,
            **who,
        )
        yield Row(
            figure="time of one registration",
            unit="s",
            better="lower",
            ours=ours[1],
            peer=peer[1],
            repeat_count=STARTS,
            note="ours: 12 starts and, for PD, the check by blocks; the peer: one start",
            **who,
        )
