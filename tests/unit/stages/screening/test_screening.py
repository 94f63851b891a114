"""Screening of a head of nested spheres, whose thicknesses are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from skimage.measure import marching_cubes

from trephine.core.errors import ConfigError, NumericalError
from trephine.core.findings import Severity
from trephine.core.frames import MNI152, SCANNER, Affine
from trephine.formats.device_file import read_device
from trephine.formats.participant_columns import columns
from trephine.model.activation import ContrastMap, HandMap, RunQuality
from trephine.model.anatomy import Anatomy, Angiogram, Tissue
from trephine.model.participant import Participant
from trephine.model.screening import Answer
from trephine.model.sinus import DuralSinus
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp
from trephine.safety.reading import read_rules
from trephine.stages.screening.headlines import headlines
from trephine.stages.screening.layers import layers_over
from trephine.stages.screening.noticed import SIGNS
from trephine.stages.screening.run import Evidence, run
from trephine.stages.screening.settings import Settings

BRAIN_MM, SKULL_MM, SCALP_MM = 65.0, 8.0, 5.0
COUNT, HALF = 168, 83.5
GRID = Grid(
    shape=(COUNT, COUNT, COUNT),
    affine_mm=np.array([[1.0, 0, 0, -HALF], [0, 1, 0, -HALF], [0, 0, 1, -HALF], [0, 0, 0, 1]]),
    frame=SCANNER,
)
HEALTHY = Participant(
    label="01",
    numbers={
        "age": 40,
        "body_mass_index": 24,
        "months_since_onset": 60,
        "months_stable": 48,
        "life_expectancy_months": 240,
    },
    answers={
        name: name in ("can_consent", "can_communicate", "has_caregiver")
        for name, column in columns().items()
        if column.kind == "answer"
    },
    words={"diagnosis": "spinal_cord_injury", "injury_level": "C5", "handedness": "left"},
)
TARGET_MM = np.array([30.0, -10.0, 57.0])
RULES = read_rules()
N1 = read_device("n1")


def volume(values, unit="arbitrary") -> Volume:
    return Volume(values=values, grid=GRID, unit=unit)


def warp(target, source, stretch=1.0) -> Warp:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.diag([200.0, 200, 200, 1]), frame=target)
    matrix = np.diag([stretch, stretch, stretch, 1])
    return Warp(
        affine=Affine(target=target, source=source, matrix=matrix),
        displacement_mm=np.zeros((2, 2, 2, 3)),
        grid=grid,
    )


def head(skull_mm=SKULL_MM, scalp_mm=SCALP_MM, noise=5.0, has_ct=True, stretch=1.0) -> Anatomy:
    axis = np.arange(COUNT) - HALF
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2).astype(np.float32)
    outer = BRAIN_MM + skull_mm
    tissue = np.zeros(GRID.shape, np.uint8)
    edges = ((outer + scalp_mm, Tissue.SCALP), (outer, Tissue.SKULL), (BRAIN_MM, Tissue.CSF))
    for edge, label in (*edges, (BRAIN_MM - 1, Tissue.GREY), (BRAIN_MM - 4, Tissue.WHITE)):
        tissue[radius < edge] = label
    t1 = np.array([0, 80, 20, 30, 100, 150], np.float32)[tissue]
    t1 += np.random.default_rng(0).normal(0, noise, t1.shape).astype(np.float32)
    points, faces, _, _ = marching_cubes(-radius, -outer, step_size=2)
    skull = Surface(points_mm=points - HALF, faces=faces[:, ::-1], frame=SCANNER)
    zeros = np.zeros(GRID.shape, np.float32)
    return Anatomy(
        t1=volume(t1),
        tissue=volume(tissue, "label"),
        intracranial=volume((radius < BRAIN_MM).astype(np.uint8), "label"),
        sulcal_depth_mm=volume(zeros, "mm"),
        cortex=skull,
        outer_skull=skull,
        scalp=skull,
        skull=SkullThickness.everywhere(len(skull.points_mm), skull_mm, 1.0, is_measured=has_ct),
        mni_from_scanner=warp(MNI152, SCANNER, stretch),
        scanner_from_mni=warp(SCANNER, MNI152, 1 / stretch),
        has_ct=has_ct,
    )


def quality(name="task-hand_run-1", **changed) -> RunQuality:
    usual = {
        "volumes": 100,
        "outlier_volumes": 2,
        "max_displacement_mm": 0.6,
        "mean_displacement_mm": 0.1,
        "registration_error_mm": 0.4,
        "header_offset_mm": 0.0,
        "is_registration_trusted": True,
        "is_slice_timing_corrected": True,
    }
    return RunQuality(name=name, **(usual | changed))


TWO_RUNS = (quality(), quality("task-hand_run-2"))


def hand(
    peak_z=8.0,
    target_mm=TARGET_MM,
    source="task",
    disagreement_mm=4.0,
    sd_mm=1.0,
    run_shift_mm=1.5,
    nuisance_shift_mm=1.0,
    runs=TWO_RUNS,
) -> HandMap:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.eye(4), frame=SCANNER)
    small = Volume(values=np.zeros((2, 2, 2), np.float32), grid=grid, unit="1")
    shown = ContrastMap(
        name="left",
        z=small,
        effect_percent=small,
        hemisphere="right",
        peak_z=peak_z,
        run_shift_mm=run_shift_mm,
        nuisance_shift_mm=nuisance_shift_mm,
    )
    other = ContrastMap(name="right", z=small, effect_percent=small, hemisphere="left", peak_z=30.0)
    return HandMap(
        contrasts=(other, shown),
        hand="left",
        hemisphere="right",
        target_mm=target_mm,
        target_sd_mm=sd_mm,
        target_source=source,
        knob_mm=TARGET_MM,
        disagreement_mm=disagreement_mm,
        weight=small,
        runs=runs,
    )


@pytest.fixture(scope="module")
def sphere() -> Anatomy:
    return head()


VESSELS = Angiogram(
    vessels=volume(np.zeros(GRID.shape, np.uint8), "label"),
    smallest_diameter_mm=0.6,
    registration_error_mm=0.3,
)


ALL_SIGNS = frozenset(sign.finding for sign in SIGNS.values())


def screened(
    anatomy,
    *,
    participant=HEALTHY,
    hand_map=None,
    vessels=VESSELS,
    rules=RULES,
    device=N1,
    registrations=(),
    noticed=(),
    looked_for=ALL_SIGNS,
):
    evidence = Evidence(
        participant=participant,
        anatomy=anatomy,
        hand_map=hand_map or hand(),
        angiogram=vessels,
        registrations=registrations,
        noticed=frozenset(noticed),
        looked_for=looked_for,
    )
    return run(evidence, device, rules, settings=Settings())


def said(**changed) -> Participant:
    """Return the healthy person with other numbers, answers or words; ``None`` leaves one unsaid."""
    parts = {name: dict(getattr(HEALTHY, name)) for name in ("numbers", "answers", "words")}
    for name, value in changed.items():
        part = next(part for part in parts.values() if name in part)
        part.pop(name)
        if value is not None:
            part[name] = value
    return Participant(label="01", **parts)


def verdict(outcome, rule: str):
    return next(v for v in outcome.value.verdicts if v.rule == rule)


@pytest.mark.parametrize(("skull_mm", "scalp_mm"), [(7.5, 5.0), (3.0, 8.0)])
def test_thickness_over_the_target_is_that_of_the_spheres(skull_mm, scalp_mm) -> None:
    layers = layers_over(head(skull_mm, scalp_mm), TARGET_MM, 11.5, Settings())
    # Labels sit on 1 mm voxels and one direction serves the whole disc: 0.3 mm covers both.
    assert layers.skull.median_mm == pytest.approx(skull_mm, abs=0.3)
    assert layers.scalp.median_mm == pytest.approx(scalp_mm, abs=0.3)
    assert layers.skull.low_mm <= layers.skull.median_mm <= layers.skull.high_mm
    assert (layers.skull.low_mm, layers.skull.high_mm) == pytest.approx((skull_mm - 1, skull_mm + 1))


def test_bone_is_the_imaging_stage_s_own_not_the_labels(sphere) -> None:
    tissue = sphere.tissue.values.copy()
    tissue[tissue == Tissue.SKULL] = Tissue.SCALP
    layers = layers_over(replace(sphere, tissue=volume(tissue, "label")), TARGET_MM, 11.5, Settings())
    assert layers.skull.median_mm == pytest.approx(SKULL_MM)


def test_variation_over_the_area_widens_the_bone_s_interval(sphere) -> None:
    over = np.linalg.norm(sphere.outer_skull.points_mm - TARGET_MM, axis=1) < 12
    thickness = np.where(over, 2.0, SKULL_MM)
    skull = SkullThickness(
        thickness_mm=thickness, low_mm=thickness - 0.1, high_mm=thickness + 0.1, is_measured=True
    )
    layers = layers_over(replace(sphere, skull=skull), TARGET_MM, 25.0, Settings())
    assert layers.skull.low_mm == pytest.approx(2.0)
    assert layers.skull.high_mm == pytest.approx(SKULL_MM + 0.1)


def test_a_limit_within_the_interval_of_a_t1_only_skull_is_never_passed() -> None:
    for skull_mm in (6.0, 7.5, 12.0):
        anatomy = head(skull_mm, has_ct=False)
        unsure = SkullThickness.everywhere(
            len(anatomy.outer_skull.points_mm), skull_mm, 4.0, is_measured=False
        )
        found = verdict(screened(replace(anatomy, skull=unsure)), "skull_thickness")
        assert found.verdict is not Answer.PASS


def test_no_skull_surface_over_the_target_is_said(sphere) -> None:
    nowhere = Surface(points_mm=np.zeros((3, 3)), faces=np.array([[0, 1, 2]]), frame=SCANNER)
    none = SkullThickness.everywhere(3, 7.0, 1.0, is_measured=True)
    with pytest.raises(NumericalError, match="outer skull over the hand area"):
        layers_over(replace(sphere, outer_skull=nowhere, skull=none), TARGET_MM, 11.5, Settings())


def test_a_healthy_person_with_every_scan_passes_all(sphere) -> None:
    outcome = screened(sphere)
    assert {v.rule: v.verdict for v in outcome.value.verdicts if v.verdict is not Answer.PASS} == {}
    assert outcome.findings == ()
    assert len(outcome.value.verdicts) == len(RULES.rules)


def test_nothing_said_is_unknown_for_every_contraindication(sphere) -> None:
    outcome = screened(sphere, participant=Participant(label="01"))
    unknown = {v.rule for v in outcome.value.verdicts if v.verdict is Answer.UNKNOWN}
    assert unknown == set(columns()) - {"handedness"} | {"dominant_hand"}
    assert {finding.severity for finding in outcome.findings} == {Severity.UNKNOWN}
    assert len(outcome.findings) == len(unknown)
    assert outcome.value.answer is Answer.UNKNOWN


def test_without_ct_bone_is_an_estimate_with_an_interval_and_unknown() -> None:
    outcome = screened(head(has_ct=False))
    for rule in ("skull_thickness", "implant_height"):
        judged = verdict(outcome, rule)
        assert judged.verdict is Answer.UNKNOWN
        assert judged.low < judged.value < judged.high
        assert "no CT" in judged.reason
    assert verdict(outcome, "scalp_thickness").low < SCALP_MM < verdict(outcome, "scalp_thickness").high


def test_thin_bone_blocks_and_lets_the_implant_stand_out() -> None:
    outcome = screened(head(skull_mm=2.0))
    assert verdict(outcome, "skull_thickness").verdict is Answer.BLOCK
    height = verdict(outcome, "implant_height")
    assert height.verdict is Answer.CONCERN
    assert height.value == pytest.approx(8.0 - 2.0, abs=0.3)
    assert height.high == pytest.approx(9.0 - 1.0, abs=0.5), "the thicker figure of the maker counts too"
    assert (height.limit, height.source) == (2.5, "link2020")


def test_a_thin_implant_does_not_stand_out() -> None:
    thin = N1.body.thickness_mm.model_copy(update={"value": 4.0, "low": None, "high": None})
    device = N1.model_copy(update={"body": N1.body.model_copy(update={"thickness_mm": thin})})
    assert verdict(screened(head(skull_mm=3.0), device=device), "implant_height").verdict is Answer.PASS


def test_without_angiography_vessels_are_unknown(sphere) -> None:
    judged = verdict(screened(sphere, vessels=None), "vessels_known")
    assert (judged.verdict, judged.value) == (Answer.UNKNOWN, None)
    coarse = replace(VESSELS, smallest_diameter_mm=1.4)
    assert verdict(screened(sphere, vessels=coarse), "vessels_known").verdict is Answer.CONCERN


def test_noise_drowns_the_contrast() -> None:
    clear, noisy, drowned = (verdict(screened(head(noise=n)), "t1_contrast") for n in (5.0, 30.0, 80.0))
    assert clear.value == pytest.approx(50 / 5.0, rel=0.1)
    assert noisy.value == pytest.approx(50 / 30.0, rel=0.1)
    assert [v.verdict for v in (clear, noisy, drowned)] == [Answer.PASS, Answer.CONCERN, Answer.BLOCK]


@pytest.mark.parametrize(
    ("changed", "rule", "answer"),
    [
        ({"peak_z": 6.9}, "hand_response", Answer.CONCERN),
        ({"peak_z": 2.0}, "hand_response", Answer.BLOCK),
        ({"peak_z": 4.9}, "hand_response", Answer.UNKNOWN),
        ({"peak_z": 5.5}, "hand_response", Answer.CONCERN),
        ({"run_shift_mm": 5.0}, "hand_retest", Answer.CONCERN),
        ({"run_shift_mm": None, "runs": (quality(),)}, "hand_retest", Answer.UNKNOWN),
        ({"nuisance_shift_mm": 11.0}, "hand_nuisance", Answer.BLOCK),
        ({"runs": (quality(mean_displacement_mm=0.7),)}, "head_motion", Answer.CONCERN),
        ({"runs": (quality(), quality(outlier_volumes=51))}, "task_outliers", Answer.BLOCK),
        ({"runs": ()}, "head_motion", Answer.UNKNOWN),
        ({"runs": (quality(registration_error_mm=2.5),)}, "registration_error", Answer.CONCERN),
        ({"runs": (quality(is_registration_trusted=False),)}, "registration_error", Answer.UNKNOWN),
        ({"sd_mm": 4.0}, "hand_uncertainty", Answer.CONCERN),
        ({"sd_mm": 9.0}, "hand_uncertainty", Answer.BLOCK),
        ({"disagreement_mm": 12.0}, "hand_agreement", Answer.CONCERN),
        ({"disagreement_mm": 21.0}, "hand_agreement", Answer.BLOCK),
    ],
)
def test_the_hand_area_is_judged(changed, rule, answer, sphere) -> None:
    assert verdict(screened(sphere, hand_map=hand(**changed)), rule).verdict is answer


def test_a_task_that_shows_nothing_blocks(sphere) -> None:
    silent = hand(peak_z=None, source="knob", disagreement_mm=None, sd_mm=7.0)
    outcome = screened(sphere, hand_map=silent)
    assert verdict(outcome, "hand_response").verdict is Answer.BLOCK
    assert verdict(outcome, "hand_agreement").verdict is Answer.UNKNOWN
    assert outcome.findings[0].code == "HAND_NOT_CLEAR"
    assert outcome.findings[0].severity is Severity.BLOCK


def test_the_other_hemispheres_peak_does_not_count(sphere) -> None:
    assert verdict(screened(sphere, hand_map=hand(peak_z=6.0)), "hand_response").value == 6.0


@pytest.mark.parametrize("side", [1, -1])
def test_midline_distance_is_in_the_persons_own_mm(side) -> None:
    outcome = screened(head(stretch=1.25), hand_map=hand(target_mm=TARGET_MM * (side, 1, 1)))
    assert verdict(outcome, "hand_from_midline").value == pytest.approx(30.0)


def test_a_sinus_nearer_than_the_midplane_counts_and_its_doubt_widens_the_interval(sphere) -> None:
    def beside(x_mm: float):
        line = np.column_stack([np.full(41, x_mm), np.linspace(-60.0, 60.0, 41), np.full(41, 60.0)])
        wide, doubt = np.full(41, 2.5), np.full(41, 4.0)
        zone = DuralSinus(name="superior sagittal", centre_mm=line, half_width_mm=wide, sd_mm=doubt)
        near = verdict(screened(replace(sphere, sinuses=(zone,))), "hand_from_midline")
        return near.value, near.low

    plain = verdict(screened(sphere), "hand_from_midline")
    side = np.sign(TARGET_MM[0])
    value, low = beside(5.0 * side)
    assert value == pytest.approx(plain.value - 5.0, abs=0.01)
    assert value - low > plain.value - plain.low + 2.0
    # A sinus on the other side is no reason to come nearer than the midplane allows.
    assert beside(-5.0 * side)[0] == pytest.approx(plain.value)


def test_near_the_midline_blocks(sphere) -> None:
    near = hand(target_mm=np.array([10.0, -10, 63]))
    assert verdict(screened(sphere, hand_map=near), "hand_from_midline").verdict is Answer.BLOCK


def test_a_rule_that_nobody_measures_is_refused(sphere) -> None:
    strange = RULES.rules[0].model_copy(update={"id": "shoe_size"})
    with pytest.raises(ConfigError, match=r"'shoe_size'.*expected one of age, body_mass_index"):
        screened(sphere, rules=RULES.model_copy(update={"rules": (strange,)}))


def test_findings_come_gravest_first_with_value_limit_and_source(sphere) -> None:
    person = said(takes_anticoagulants=True, has_seizures=True, age=None)
    outcome = screened(sphere, participant=person, hand_map=hand(disagreement_mm=12.0))
    severities = [finding.severity for finding in outcome.findings]
    assert severities == [Severity.BLOCK, Severity.UNKNOWN, Severity.WARN, Severity.WARN]
    apart = next(f for f in outcome.findings if f.code == "HAND_METHODS_DISAGREE")
    assert (apart.value, apart.limit, apart.unit, apart.source) == (12.0, 10.0, "mm", "assumed")


def test_headlines_name_the_gravest_and_count_all(sphere) -> None:
    person = said(has_seizures=None)
    figures = {h.name: h for h in headlines(screened(sphere, participant=person).value)}
    assert figures["verdict"].value == "unknown"
    assert figures["rules_pass"].value == len(RULES.rules) - 1
    assert figures["skull_thickness"].low < figures["skull_thickness"].value
    assert all(math.isfinite(h.value) for h in figures.values() if isinstance(h.value, float))


def test_the_same_person_gives_the_same_words(sphere) -> None:
    assert screened(sphere).value.model_dump_json() == screened(sphere).value.model_dump_json()
