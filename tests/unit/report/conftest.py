"""One tiny person with every noun, drawn in small pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from trephine.core.findings import Finding, Severity
from trephine.core.frames import IMPLANT, MNI152, SCANNER, Affine, Frame
from trephine.core.sourced import Confidence
from trephine.formats.device_file import read_device, read_power, read_robot
from trephine.model import seat as seats
from trephine.model.activation import ContrastMap, HandMap
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.insertion_log import Attempt, ErrorSource, InsertionLog
from trephine.model.interval import Interval
from trephine.model.obstacles import Obstacles
from trephine.model.opening import Opening
from trephine.model.screening import Answer, Omission, Screening, Verdict
from trephine.model.skull import SkullThickness
from trephine.model.summary import Headline, StageSummary
from trephine.model.surface import Surface
from trephine.model.thread_plan import Thread, ThreadPlan
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp
from trephine.report.contents import STAGES, Approval, Contents
from trephine.report.figures import head, outside, patch
from trephine.stages.closure.power import budget

EDGE_MM = 4.0
TARGET = np.array([-30.0, -10.0, 60.0])


@pytest.fixture(autouse=True, scope="session")
def _small_pictures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(head, "HEAD_PIXELS", 120)
        patched.setattr(head, "SURGEON_PIXELS", 120)
        patched.setattr(patch, "GROUND_PIXELS", 150)
        patched.setattr(outside, "SCREWS_PIXELS", 100)
        yield


def _volume(values: np.ndarray, unit: str = "1") -> Volume:
    affine = np.diag([EDGE_MM] * 3 + [1.0])
    affine[:3, 3] = -EDGE_MM * (np.array(values.shape) - 1) / 2
    return Volume(values=values, grid=Grid(shape=values.shape, affine_mm=affine, frame=SCANNER), unit=unit)


def _warp(target: Frame, source: Frame) -> Warp:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.diag([90.0, 90, 90, 1]), frame=target)
    shift = np.eye(4)
    shift[0, 3] = 2.0 if target == MNI152 else -2.0
    affine = Affine(target=target, source=source, matrix=shift)
    return Warp(affine=affine, displacement_mm=np.zeros((2, 2, 2, 3)), grid=grid)


@pytest.fixture(scope="session")
def anatomy() -> Anatomy:
    """A head of concentric balls."""
    axis = (np.arange(48) - 23.5) * EDGE_MM
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[None, :, None] ** 2 + axis[None, None, :] ** 2)
    tissue = np.zeros(radius.shape, np.uint8)
    for limit_mm, label in ((88, Tissue.SCALP), (82, Tissue.SKULL), (74, Tissue.CSF), (70, Tissue.GREY)):
        tissue[radius < limit_mm] = label
    tissue[radius < 66] = Tissue.WHITE
    triangle = Surface(points_mm=np.eye(3), faces=np.array([[0, 1, 2]]), frame=SCANNER)
    return Anatomy(
        t1=_volume((tissue * 100).astype(np.float32), "arbitrary"),
        tissue=_volume(tissue, "label"),
        intracranial=_volume((radius < 74).astype(np.uint8), "label"),
        sulcal_depth_mm=_volume(np.where(radius < 70, 70 - radius, 0).astype(np.float32), "mm"),
        cortex=triangle,
        outer_skull=triangle,
        scalp=triangle,
        skull=SkullThickness.everywhere(3, 8.0, 2.0, is_measured=False),
        mni_from_scanner=_warp(MNI152, SCANNER),
        scanner_from_mni=_warp(SCANNER, MNI152),
        has_ct=False,
    )


@pytest.fixture(scope="session")
def hand_map(anatomy: Anatomy) -> HandMap:
    grid = anatomy.t1.grid
    place = grid.mm_of(np.indices(grid.shape).reshape(3, -1).T)
    z = (8 * np.exp(-((place - TARGET) ** 2).sum(axis=1) / 200)).reshape(grid.shape).astype(np.float32)
    contrast = ContrastMap(
        name="right",
        z=_volume(z),
        effect_percent=_volume(z * 0.2, "percent"),
        hemisphere="left",
        centroid_mm=TARGET,
        peak_mm=TARGET,
        peak_z=8.0,
        centroid_sd_mm=1.5,
        volume_mm3=900.0,
    )
    return HandMap(
        contrasts=(contrast,),
        hand="right",
        hemisphere="left",
        target_mm=TARGET,
        target_sd_mm=1.5,
        target_source="task",
        knob_mm=TARGET + 2,
        disagreement_mm=3.5,
        weight=_volume(np.clip(z / 8, 0, 1)),
    )


def _ring(pose: Affine, radius_mm: float, height_mm: float) -> tuple[tuple[float, float, float], ...]:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    points = np.column_stack([radius_mm * np.cos(angle), radius_mm * np.sin(angle), np.full(40, height_mm)])
    return tuple(tuple(row) for row in pose(points, frame=IMPLANT).tolist())


@pytest.fixture(scope="session")
def opening() -> Opening:
    out = TARGET / np.linalg.norm(TARGET)
    x = np.cross([0.0, 1.0, 0.0], out)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([x, np.cross(out, x), out], axis=1)
    matrix[:3, 3] = out * 75
    pose = Affine(target=SCANNER, source=IMPLANT, matrix=matrix)
    return Opening(
        device="N1",
        hemisphere="left",
        scanner_from_implant=tuple(tuple(row) for row in matrix.tolist()),
        craniectomy_mm=_ring(pose, 11.5, 7.0),
        durectomy_mm=_ring(pose, 8.0, -4.0),
        durectomy_radius_mm=8.0,
        bone_thickness_mean_mm=8.0,
        bone_thickness_min_mm=7.5,
        bone_thickness_max_mm=8.5,
        bone_low_mm=7.0,
        bone_high_mm=9.0,
        is_bone_measured=False,
        midline_distance_mm=20.0,
        target_offset_mm=1.0,
        skull_fit_rms_mm=0.4,
        tilt_rad=0.02,
    )


def _thread(opening: Opening, index: int) -> Thread:
    angle = index * 1.05
    flat = [[r * np.cos(angle), r * np.sin(angle), z] for r, z in ((9, 1.0), (5, -5.0), (5, -8.5))]
    anchor, entry, tip = (tuple(row) for row in opening.pose(np.array(flat), frame=IMPLANT).tolist())
    return Thread(
        number=index + 1,
        anchor=index,
        order=6 - index,
        anchor_mm=anchor,
        entry_mm=entry,
        tip_mm=tip,
        electrodes_mm=(tip,),
        clearance_um=150.0 + 40 * index,
        margin_um=120.0,
        value=0.5,
        hit_probability=0.001,
        length_needed_mm=12.0,
    )


@pytest.fixture(scope="session")
def plan(opening: Opening) -> ThreadPlan:
    return ThreadPlan(
        device="N1",
        vessels_from="angiogram",
        threads_asked=64,
        threads=tuple(_thread(opening, index) for index in range(6)),
        objective=5.0,
        bound=5.2,
        gap_fraction=0.04,
        solver_status="optimal",
        candidate_count=400,
        candidate_spacing_um=100.0,
        spacing_um=300.0,
        smallest_spacing_um=900.0,
        smallest_clearance_um=150.0,
        crossings=0,
        under_laid=0,
    )


@pytest.fixture(scope="session")
def obstacles(opening: Opening) -> Obstacles:
    at = (np.arange(80) - 39.5) * 0.2
    x, y = np.meshgrid(at, at)
    return Obstacles(
        scanner_from_implant=opening.pose,
        origin_mm=np.array([at[0], at[0]]),
        pixel_mm=0.2,
        vessel=np.abs(x) < 0.3,
        sulcus=np.abs(y - 3) < 0.4,
        outside=np.hypot(x, y) > 7.5,
        height_mm=np.where(np.hypot(x, y) < 7.8, -5.0, np.nan),
    )


@pytest.fixture(scope="session")
def log(plan: ThreadPlan) -> InsertionLog:
    def attempt(index: int, result: str) -> Attempt:
        thread = plan.threads[index % 6]
        reached = tuple(float(v) + 0.01 for v in thread.entry_mm)
        return Attempt(
            thread=thread.number,
            attempt=1 + index // 6,
            start_s=index * 60.0,
            duration_s=50.0,
            planned_entry_mm=thread.entry_mm,
            reached_entry_mm=reached,
            planned_tip_mm=thread.tip_mm,
            reached_tip_mm=thread.tip_mm,
            lateral_error_um=10.0 + index,
            depth_error_um=3.0 - index,
            clearance_um=100.0,
            result=result,
        )

    attempts = (attempt(0, "not picked"), *(attempt(index, "inserted") for index in range(1, 7)))
    return InsertionLog(
        robot="R1",
        seed=7,
        attempts=attempts,
        error_sources=(ErrorSource(name="stage", sd_um=5.0, source="assumed"),),
        threads_planned=6,
        threads_inserted=6,
        vessel_hits=0,
        total_time_s=420.0,
    )


FINDINGS = {
    "imaging": Finding(code="NO_CT", severity=Severity.UNKNOWN, message="There is no CT <of this person>."),
    "mapping": Finding(
        code="MOVED", severity=Severity.WARN, message="The person moved.", value=1.25, limit=1.0, unit="mm"
    ),
    "placement": Finding(
        code="THREAD_NEAR_VESSEL",
        severity=Severity.BLOCK,
        message="Thread 3 is too near.",
        value=40.0,
        limit=120.0,
        unit="um",
        source="kozai2010",
    ),
    "insertion": Finding(code="SIMULATED", severity=Severity.NOTE, message="All this is simulated."),
}


def _summary(stage: str) -> StageSummary:
    return StageSummary(
        stage=stage,
        stage_version="1",
        settings={stage: {"seed": 3}, "device": {"name": "n1"}},
        settings_sha256="a" * 64,
        inputs={"bids::sub-01/anat/sub-01_T1w.nii.gz": "b" * 64},
        outputs={},
        headlines=(Headline(name="x", value=1.5, unit="mm", low=1.0, high=2.0, label="A figure"),),
        findings=(FINDINGS[stage],) if stage in FINDINGS else (),
    )


def verdict(rule: str, answer: Answer, **more) -> Verdict:
    given = {
        "question": f"Is the {rule} right?",
        "source": "assumed",
        "confidence": Confidence.ASSUMED,
        "reason": "Not said.",
        "found": f"{rule} found.",
        "why": "It matters.",
        "remedy": f"Mend the {rule}.",
    }
    return Verdict(rule=rule, code=rule.upper(), verdict=answer, **(given | more))


def _screening() -> Screening:
    limits = {"block_low": 1.0, "concern_low": 2.0, "concern_high": 8.0}
    measured = {"unit": "mm", "limits": limits}
    return Screening(
        device="N1",
        rules_version="1",
        verdicts=(
            verdict("depth", Answer.PASS, value=5.0, low=4.0, high=6.0, limit=2.0, **measured),
            verdict("age", Answer.UNKNOWN),
            verdict("width", Answer.BLOCK, value=0.5, limit=1.0, **measured),
            verdict("bone", Answer.UNKNOWN, value=1.5, low=0.5, high=2.5, is_trusted=False, **measured),
            verdict("height", Answer.CONCERN, value=9.0, limit=8.0, **measured),
        ),
        not_asked=(Omission(rule="uses_tobacco", question="Does the person use tobacco?"),),
    )


def _screw(opening: Opening, number: int, holds: str, reason: str) -> seats.Screw:
    angle = number * np.pi / 2
    place = opening.pose(np.array([[16 * np.cos(angle), 16 * np.sin(angle), 5.0]]), frame=IMPLANT)[0]
    return seats.Screw(
        number=number,
        angle_rad=angle,
        place_mm=tuple(place.tolist()),
        inward=tuple((-opening.pose.matrix[:3, 2]).tolist()),
        bone_mm=Interval(value=5.0, low=3.5, high=6.5),
        incision_mm=6.0,
        sinus_mm=None,
        vessel_mm=None,
        holds=holds,
        reason=reason,
    )


def _profile(axis: str) -> seats.Profile:
    along = np.arange(-28, 28.5, 2.0)
    heights = {"scalp": 12, "outer": 6, "inner": -1, "inner_low": -2, "inner_high": 0, "cortex": -4}
    heights |= {"closed": 8, "skin": 14}
    flat = {f"{name}_mm": tuple(float(z) for _ in along) for name, z in heights.items()}
    return seats.Profile(axis=axis, along_mm=tuple(along.tolist()), **flat)


@pytest.fixture(scope="session")
def seat(opening: Opening) -> seats.Seat:
    some = Interval(value=1.0, low=0.5, high=1.5)
    left = {"sunk_mm": 0.0, "moved_mm": 0.0, "least_mm": 4.3, "mean_mm": 7.0, "short_threads": ()}
    return seats.Seat(
        device="N1",
        is_bone_measured=False,
        body_radius_mm=11.5,
        body_thickness_mm=8.0,
        bone_radius_mm=12.0,
        rim=(seats.RimPoint(angle_rad=0.0, bump_mm=some, gap_mm=some),),
        bump_mm=some,
        gap_mm=some,
        under=seats.Under(**dict.fromkeys(seats.Under.model_fields, some)),
        cover=seats.Cover(
            before_mm=some,
            after_mm=some,
            mean_after_mm=some,
            stretch_fraction=0.04,
            most_stretch_fraction=0.06,
        ),
        slack=(seats.SlackCase(name="as planned", source="plan", **left),),
        air=seats.AirPocket(
            hole_ml=some,
            fluid_ml=some,
            mean_height_mm=2.0,
            published_ml=some,
            settling=(seats.AirLeft(when="third week", people_fraction=0.263),),
        ),
        screw_length_mm=4.0,
        screws=(
            _screw(opening, 1, "yes", ""),
            _screw(opening, 2, "not known", "bone may be thinner"),
            _screw(opening, 3, "no", "too near the incision"),
        ),
        profiles=(_profile("x"), _profile("y")),
        checklist=(seats.ClosureStep(title="Seat the body", words="With 2.5 mm of bump."),),
        power=budget(read_power("n1_public_estimate")),
    )


def _void_approval() -> Approval:
    return Approval(
        act="approved",
        stage="opening",
        who="A. Reader",
        note="",
        time="2026-01-01T00:00:00+00:00",
        is_standing=False,
    )


@pytest.fixture(scope="session")
def contents(anatomy, hand_map, opening, plan, obstacles, log, seat) -> Contents:
    return Contents(
        subject="sub-01",
        summaries={stage: _summary(stage) for stage in STAGES},
        approvals=(_void_approval(),),
        anatomy=anatomy,
        hand_map=hand_map,
        screening=_screening(),
        opening=opening,
        plan=plan,
        obstacles=obstacles,
        log=log,
        seat=seat,
        device=read_device("n1"),
        robot=read_robot("r1"),
        power=read_power("n1_public_estimate"),
    )
