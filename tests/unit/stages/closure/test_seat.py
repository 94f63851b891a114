"""The seat on a spherical head, against figures worked out on spheres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.case.records import seat as seat_record
from trephine.case.store import Case, Writer
from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.model.interval import Interval
from trephine.model.sinus import DuralSinus
from trephine.model.skull import SkullThickness
from trephine.stages.closure.headlines import headlines
from trephine.stages.closure.scalp import taut_mm
from trephine.stages.closure.seat_run import run
from trephine.stages.closure.seat_settings import Settings

OUTER, FOOT, BODY, BONE, FLAP = 70.5, 65.0, 11.5, 12.0, 22.0
SETTINGS = Settings()


@pytest.fixture(scope="module")
def done(given):
    return run(given, settings=SETTINGS)


@pytest.fixture(scope="module")
def seat(done):
    return done.value.seat


def over_disc(function, inner: float, outer: float) -> float:
    """Integrate over a ring about the axis."""
    radius = np.linspace(inner, outer, 4001)
    values = function(radius) * 2 * np.pi * radius
    return float(np.sum((values[1:] + values[:-1]) / 2 * np.diff(radius)))


def outer_z(radius):
    return np.sqrt(OUTER**2 - radius**2) - FOOT


def dura_gap(radius, bone=7.0):
    """Bone along the axis, less the depth of the foot."""
    return bone / np.sqrt(1 - (radius / OUTER) ** 2) - outer_z(radius)


def codes(outcome) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in outcome.findings}


def test_bump_is_the_height_over_the_skull_beside_the_hole(seat) -> None:
    expected = 8.0 - outer_z(12.5)
    assert [point.bump_mm.value for point in seat.rim] == pytest.approx([expected] * 72, abs=0.15)
    assert seat.bump_mm.high - seat.bump_mm.value == pytest.approx(SETTINGS.outer_error_ct_mm)


def test_gap_to_the_bone_is_half_a_millimetre_all_round(seat) -> None:
    assert [point.gap_mm.value for point in seat.rim] == pytest.approx([0.5] * 72, abs=1e-6)
    assert seat.gap_mm.low == pytest.approx(0.2)


def test_foot_to_dura_is_bone_less_depth_with_the_bones_interval(seat) -> None:
    area = np.pi * BODY**2
    for bone, found in ((7.0, seat.under.dura_mean_mm.value), (6.0, seat.under.dura_mean_mm.low)):
        expected = over_disc(lambda r, bone=bone: dura_gap(r, bone), 0, BODY) / area
        assert found == pytest.approx(expected, abs=0.1)
    assert seat.under.dura_least_mm.value == pytest.approx(1.5, abs=0.15)
    assert seat.under.contact_fraction.value == 0
    assert seat.under.free_bump_mm.value == pytest.approx(2.5)


def test_foot_to_brain_is_three_millimetres_on_the_axis(seat) -> None:
    assert seat.under.brain_least_mm.value == pytest.approx(3.0, abs=0.25)
    error = np.hypot(SETTINGS.outer_error_ct_mm, SETTINGS.cortex_error_mm)
    assert seat.under.brain_least_mm.value - seat.under.brain_least_mm.low == pytest.approx(error)


def test_room_for_air_is_the_hole_less_the_body(seat) -> None:
    below = over_disc(dura_gap, 0, BODY)
    around = over_disc(lambda r: 7.0 / np.sqrt(1 - (r / OUTER) ** 2), BODY, BONE)
    assert seat.air.hole_ml.value == pytest.approx((below + around) / 1000, rel=0.06)
    assert seat.air.fluid_ml.value > 0.5  # a layer of 1.5 mm, and the sulcus


def test_scalp_is_stretched_as_a_string_over_the_corner(seat) -> None:
    straight = np.hypot(FLAP - BODY, 8.0 - outer_z(FLAP)) + BODY
    along_skull = OUTER * np.arcsin(FLAP / OUTER)
    expected = straight / along_skull - 1
    assert expected == pytest.approx(0.055, abs=0.001)
    assert seat.cover.stretch_fraction == pytest.approx(expected, abs=0.004)
    assert seat.cover.before_mm.value == pytest.approx(5.0, abs=0.2)
    assert seat.cover.after_mm.value == pytest.approx(
        seat.cover.before_mm.value / (1 + seat.cover.stretch_fraction)
    )


def test_a_string_spans_hollows_and_follows_hills() -> None:
    along = np.arange(5.0)
    assert taut_mm(along, np.array([0.0, -1, 0, -1, 0])) == pytest.approx([0] * 5)
    assert taut_mm(along, np.array([0.0, 3, 4, 3, 0])) == pytest.approx([0, 3, 4, 3, 0])


def test_slack_is_length_less_depth_and_way(seat) -> None:
    planned, moving, _, sunk = seat.slack
    assert planned.least_mm == pytest.approx(20 - 4 - np.hypot(12, 4))
    assert moving.least_mm == pytest.approx(planned.least_mm - 0.8)
    assert sunk.least_mm == pytest.approx(20 - 4 - np.hypot(12, 7) - 0.8)
    assert not any(case.short_threads for case in seat.slack)


def test_a_thread_too_short_is_named_in_the_case_that_pulls_it(given, thread_of) -> None:
    plan = thread_of(given.opening, far_mm=6.5)  # 20 - 4 - 15.04 = 0.96 to spare
    outcome = run(replace(given, plan=plan), settings=SETTINGS)
    assert [case.short_threads for case in outcome.value.seat.slack] == [(), (), (7,), (7,)]
    pulled = next(finding for finding in outcome.findings if finding.code == "THREADS_PULLED")
    assert "expected" in pulled.message


def test_even_screws_where_nothing_is_in_the_way(seat) -> None:
    assert [screw.holds for screw in seat.screws] == ["yes"] * 4
    assert [screw.bone_mm.low for screw in seat.screws] == pytest.approx([6.0] * 4)
    away = [np.linalg.norm(screw.place_mm) for screw in seat.screws]
    assert away == pytest.approx([OUTER] * 4, abs=0.2)
    for screw in seat.screws:
        assert np.dot(screw.inward, screw.place_mm) / OUTER == pytest.approx(-1, abs=0.05)
    angles = np.array([screw.angle_rad for screw in seat.screws])
    assert np.diff([*angles, angles[0] + 2 * np.pi]) == pytest.approx([np.pi / 2] * 4, abs=0.8)


def test_screws_keep_clear_of_a_sinus_and_of_the_incision(given, seat) -> None:
    first = np.array(seat.screws[0].place_mm)
    along = np.linspace(-3, 3, 7)[:, None] * np.array(seat.screws[0].inward)
    sinus = DuralSinus(
        name="made up", centre_mm=first + along, half_width_mm=np.full(7, 3.0), sd_mm=np.full(7, 0.5)
    )
    anatomy = replace(given.anatomy, sinuses=(sinus,))
    moved = run(replace(given, anatomy=anatomy), settings=SETTINGS).value.seat
    assert all(screw.holds == "yes" for screw in moved.screws)
    assert all(screw.sinus_mm >= SETTINGS.screw_sinus_mm for screw in moved.screws)
    assert min(np.linalg.norm(np.array(screw.place_mm) - first) for screw in moved.screws) > 4
    # The incision keeps 6 mm from the ring of screws; asked for 8, they must leave its arc, and cannot all.
    near = run(given, settings=Settings(screw_incision_mm=8.0))
    lost = [screw for screw in near.value.seat.screws if screw.holds == "no"]
    assert lost
    assert all(screw.reason == "too near the incision" for screw in lost)
    assert codes(near)["SCREW_WITHOUT_HOLD"] == Severity.WARN


@pytest.mark.parametrize(
    ("thickness", "error", "holds", "code"),
    [(5.0, 2.0, "not known", "SCREW_BONE_UNKNOWN"), (3.0, 0.5, "no", "SCREW_WITHOUT_HOLD")],
)
def test_a_screw_holds_by_the_lower_bound_alone(given, thickness, error, holds, code) -> None:
    corners = len(given.anatomy.outer_skull.points_mm)
    skull = SkullThickness.everywhere(corners, thickness, error, is_measured=True)
    outcome = run(replace(given, anatomy=replace(given.anatomy, skull=skull)), settings=SETTINGS)
    assert {screw.holds for screw in outcome.value.seat.screws} == {holds}
    assert code in codes(outcome)


def test_sure_bone_is_chosen_before_bone_that_looks_thicker(given, seat) -> None:
    corner = given.anatomy.outer_skull.points_mm
    is_sure = np.linalg.norm(corner - np.array(seat.screws[2].place_mm), axis=1) < 6
    skull = SkullThickness(
        thickness_mm=np.where(is_sure, 7.0, 9.0),
        low_mm=np.where(is_sure, 6.0, 3.0),
        high_mm=np.full(len(corner), 10.0),
        is_measured=True,
    )
    anatomy = replace(given.anatomy, skull=skull)
    one = run(replace(given, anatomy=anatomy), settings=Settings(screw_count=1)).value.seat
    assert [screw.holds for screw in one.screws] == ["yes"]


def test_thin_bone_presses_on_the_dura_and_says_how_far_to_raise(given) -> None:
    corners = len(given.anatomy.outer_skull.points_mm)
    skull = SkullThickness.everywhere(corners, 3.0, 0.5, is_measured=True)
    outcome = run(replace(given, anatomy=replace(given.anatomy, skull=skull)), settings=SETTINGS)
    assert codes(outcome)["IMPLANT_PRESSES_ON_DURA"] == Severity.WARN
    # 3 mm of bone over a foot 5.5 mm deep: 2.5 mm too deep, so a bump of 5 mm.
    assert outcome.value.seat.under.free_bump_mm.value == pytest.approx(5.0, abs=0.15)
    wide = SkullThickness.everywhere(corners, 6.0, 2.0, is_measured=False)
    doubtful = run(replace(given, anatomy=replace(given.anatomy, skull=wide)), settings=SETTINGS)
    assert codes(doubtful)["IMPLANT_PRESSES_ON_DURA"] == Severity.UNKNOWN


def test_bone_never_reaches_into_the_brain(given) -> None:
    corners = len(given.anatomy.outer_skull.points_mm)
    skull = SkullThickness(
        thickness_mm=np.full(corners, 7.0),
        low_mm=np.full(corners, 6.0),
        high_mm=np.full(corners, 20.0),
        is_measured=False,
    )
    seat = run(replace(given, anatomy=replace(given.anatomy, skull=skull)), settings=SETTINGS).value.seat
    error = np.hypot(SETTINGS.outer_error_ct_mm, SETTINGS.cortex_error_mm)
    assert seat.under.dura_least_mm.high == pytest.approx(3.0 + error, abs=0.3)


def test_a_foot_in_the_brain_blocks(given) -> None:
    deep = np.array(given.opening.scanner_from_implant)
    deep[:3, 3] *= 59.0 / 65.0
    opening = given.opening.model_copy(update={"scanner_from_implant": tuple(map(tuple, deep.tolist()))})
    assert codes(run(replace(given, opening=opening), settings=SETTINGS))["IMPLANT_PRESSES_ON_BRAIN"] == (
        Severity.BLOCK
    )


@pytest.mark.parametrize("share", [1.3, 0.6, -1.0])
def test_an_implant_outside_the_head_is_refused(given, share) -> None:
    far = np.array(given.opening.scanner_from_implant)
    far[:3, 3] *= share
    opening = given.opening.model_copy(update={"scanner_from_implant": tuple(map(tuple, far.tolist()))})
    with pytest.raises(InputError, match="closure"):
        run(replace(given, opening=opening), settings=SETTINGS)


def test_other_devices_and_plates_are_refused(given) -> None:
    for part in ("opening", "plan"):
        other = getattr(given, part).model_copy(update={"device": "other"})
        with pytest.raises(InputError, match=f"{part}, device"):
            run(replace(given, **{part: other}), settings=SETTINGS)
    plate = given.device.model_copy(update={"body": given.device.body.model_copy(update={"shape": "square"})})
    with pytest.raises(InputError, match=r"body\.shape"):
        run(replace(given, device=plate), settings=SETTINGS)


def test_what_is_not_known_is_said(given, done) -> None:
    found = codes(done)
    assert found["AIR_SETTLING_UNKNOWN"] == found["POWER_ESTIMATED"] == Severity.UNKNOWN
    assert found["BUMP_ABOVE_LIMIT"] == Severity.WARN  # 3.6 mm, give or take 0.5, where 3 is stated
    other = given.power.model_copy(update={"device": "other"})
    none = run(
        replace(given, power=other, plan=given.plan.model_copy(update={"threads": ()})), settings=SETTINGS
    )
    assert codes(none)["POWER_NOT_GIVEN"] == codes(none)["SLACK_UNKNOWN"] == Severity.UNKNOWN
    assert none.value.seat.power is None


def test_a_small_wide_interval_is_no_pass(given) -> None:
    thin = Settings(scalp_limit_mm=4.5)
    assert codes(run(given, settings=thin))["SCALP_COVER_THIN"] == Severity.UNKNOWN
    assert codes(run(given, settings=Settings(scalp_limit_mm=6.0)))["SCALP_COVER_THIN"] == Severity.WARN
    tight = Settings(drill_error_mm=0.6)
    assert codes(run(given, settings=tight))["BODY_TOUCHES_BONE"] == Severity.UNKNOWN


def test_the_mesh_is_closed_and_as_large_as_the_body(given, done) -> None:
    body = done.value.body
    a, b, c = (body.points_mm[body.faces[:, corner]] for corner in range(3))
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)
    screw = np.pi * 0.75**2 * 4.0
    assert volume == pytest.approx(np.pi * BODY**2 * 8.0 + 4 * screw, rel=0.01)
    edges = np.sort(np.concatenate([body.faces[:, [0, 1]], body.faces[:, [1, 2]], body.faces[:, [2, 0]]]))
    assert set(np.unique(edges, axis=0, return_counts=True)[1]) == {2}


def test_what_is_written_is_read_back(done, tmp_path) -> None:
    case = Case(study=tmp_path, subject="sub-01")
    writer = Writer(case=case, stage="closure", stage_version="1", settings_sha256="d" * 64, inputs={})
    seat_record.write(done.value, writer)
    assert {name for name in writer.outputs if not name.endswith(".sidecar.json")} == {
        f"closure/sub-01_desc-{name}"
        for name in ("seat_record.json", "screws_plan.mrk.json", "seatedimplant_mesh.stl")
    }
    seat = done.value.seat
    assert type(seat).model_validate_json(seat.model_dump_json()) == seat
    assert {line.name for line in headlines(done.value)} >= {"bump", "gap_to_dura", "slack_1", "power"}


def test_the_checklist_holds_the_persons_numbers(seat) -> None:
    words = " ".join(step.words for step in seat.checklist)
    for number in (seat.bump_mm.value, seat.slack[0].least_mm, seat.cover.after_mm.value):
        assert f"{number:.1f} m" in words


def test_an_interval_holds_its_figure() -> None:
    with pytest.raises(ValueError, match="does not lie"):
        Interval(value=2.0, low=0.0, high=1.0)
