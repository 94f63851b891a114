"""What is cut, on a ball: flap, incision, drill depths, template."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.model.skull import SkullThickness
from trephine.model.volume import Volume
from trephine.stages.opening.incision import behind_hairline_mm
from trephine.stages.opening.run import run
from trephine.stages.opening.settings import Settings

OUTER_MM = 62 + 1.5 + 7
BONE_RADIUS_MM = 12.0
COARSE = Settings(search_radius_mm=6.0, search_step_mm=4.0)


def in_implant(opening, points):
    return opening.pose.inverse()(np.array(points), frame="scanner")


def codes(outcome):
    return {finding.code for finding in outcome.findings}


def signed_volume_mm3(surface):
    points = surface.points_mm - surface.points_mm.mean(axis=0)
    a, b, c = (points[surface.faces[:, k]] for k in range(3))
    return float((np.cross(a, b) * c).sum()) / 6


def test_the_template_is_closed_faces_outward_and_sits_on_the_skull(planned):
    mesh, opening = planned.template, planned.opening
    faces = mesh.faces.astype(np.int64)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {(a, b) for a, b in edges.tolist()}
    assert len(there) == len(edges)  # no edge is used twice in one direction
    assert {(b, a) for a, b in there} == there  # and every edge joins two faces
    ring_mm2 = np.pi * (20.0**2 - BONE_RADIUS_MM**2)
    assert 6 * ring_mm2 < signed_volume_mm3(mesh) < 14 * ring_mm2
    half = len(mesh.points_mm) // 2
    below = np.linalg.norm(mesh.points_mm[:half], axis=1)
    np.testing.assert_allclose(below, OUTER_MM, atol=0.6)
    place = in_implant(opening, mesh.points_mm)
    assert np.hypot(place[:, 0], place[:, 1]).min() == pytest.approx(BONE_RADIUS_MM)
    assert np.ptp(place[half:, 2]) == pytest.approx(0, abs=1e-9)
    tongue = place[np.argmax(np.hypot(place[:, 0], place[:, 1]))]
    assert tongue[1] == pytest.approx(25.0, abs=0.2)


def test_the_hinge_lies_to_the_midline_and_the_window_ends_there(opened):
    cut, hinge = in_implant(opened, opened.flap.cut_mm), in_implant(opened, opened.flap.hinge_mm)
    np.testing.assert_allclose(np.hypot(cut[:, 0], cut[:, 1]), 7.0, atol=1e-9)
    np.testing.assert_allclose(hinge, cut[[0, -1]])
    middle = opened.pose.directions(np.array([[*hinge.mean(axis=0)[:2], 0.0]]))[0]
    assert middle[0] > 0.8 * np.linalg.norm(middle)  # the left side's midline lies to the right
    assert opened.flap.vessel_cut_mm is None
    window = in_implant(opened, opened.durectomy_mm)[:, :2]
    across = window @ (hinge.mean(axis=0)[:2] / np.linalg.norm(hinge.mean(axis=0)[:2]))
    assert across.max() == pytest.approx(7.0 * np.cos(np.pi / 6))


def test_the_hinge_turns_where_that_spares_vessels(head, angiogram, opened, n1):
    grid = head.anatomy.tissue.grid
    hinge = np.mean(opened.flap.hinge_mm, axis=0)
    axis = opened.pose.matrix[:3, 2]
    cut = np.array(opened.flap.cut_mm)[:8]  # beside one end of the hinge
    place = grid.mm_of(np.indices(grid.shape).reshape(3, -1).T.astype(float))
    near = np.min([np.linalg.norm(place - each, axis=1) for each in cut], axis=0) < 1.0
    values = near.reshape(grid.shape).astype(np.uint8)
    vessel = replace(angiogram, vessels=Volume(values=values, grid=angiogram.vessels.grid, unit="label"))
    chosen = Settings(search_radius_mm=6.0, search_step_mm=3.0)
    outcome = run(head.anatomy, head.hand_map, vessel, n1, settings=chosen)
    flap = outcome.value.opening.flap
    assert abs(flap.hinge_turn_rad) > 0.2
    assert "instead of" in flap.reason
    assert hinge @ axis > 0


def test_a_closed_dura_leaves_the_whole_circle_and_says_so(smooth_head, n1):
    chosen = COARSE.model_copy(update={"dura": "left closed"})
    outcome = run(smooth_head.anatomy, smooth_head.hand_map, None, n1, settings=chosen)
    opening = outcome.value.opening
    assert opening.flap is None
    assert "DURA_LEFT_CLOSED" in codes(outcome)
    place = in_implant(opening, opening.durectomy_mm)
    np.testing.assert_allclose(np.hypot(place[:, 0], place[:, 1]), 7.0)


def test_the_incision_never_crosses_the_implant_and_opens_away_from_the_midline(opened):
    line = in_implant(opened, opened.incision.line_mm)
    away = np.hypot(line[:, 0], line[:, 1])
    assert away.min() == pytest.approx(BONE_RADIUS_MM + 10.0)
    assert opened.incision.gap_mm == pytest.approx(10.0)
    np.testing.assert_allclose(np.linalg.norm(opened.incision.line_mm, axis=1), OUTER_MM + 5, atol=1.2)
    gap = opened.pose.directions(np.array([[*(-line.mean(axis=0)[:2]), 0.0]]))[0]
    assert gap[0] < -0.8 * np.linalg.norm(gap)


def test_the_hair_line_is_judged_only_where_it_is_given(smooth_head, n1):
    given = (smooth_head.anatomy, smooth_head.hand_map, None, n1)
    assert "HAIRLINE_NOT_GIVEN" in codes(run(*given, settings=COARSE))
    across = np.array(run(*given, settings=COARSE).value.opening.incision.line_mm)[30]
    front = tuple((float(x), float(across[1] + 60), 20.0) for x in range(-40, 41, 4))
    clear = run(*given, settings=COARSE.model_copy(update={"hairline_mm": front}))
    assert not {"HAIRLINE_NOT_GIVEN", "INCISION_NEAR_HAIRLINE"} & codes(clear)
    assert clear.value.opening.incision.hairline_clearance_mm > 10
    over = tuple((float(x), float(across[1]), float(across[2])) for x in range(-60, 1, 4))
    crossed = run(*given, settings=COARSE.model_copy(update={"hairline_mm": over}))
    assert "INCISION_NEAR_HAIRLINE" in codes(crossed)


def test_behind_the_hair_line_is_back_and_up():
    line = Settings(hairline_mm=((0.0, 80.0, 40.0),))
    assert behind_hairline_mm(np.array([[0.0, 70.0, 50.0]]), line) == pytest.approx(np.sqrt(200))
    assert behind_hairline_mm(np.array([[0.0, 85.0, 30.0]]), line) < 0


def test_a_cable_turns_the_implant_and_is_held_against_its_length(smooth_head, n1):
    end = (-60.0, -30.0, 0.0)
    given = (smooth_head.anatomy, smooth_head.hand_map, None, n1)
    chosen = COARSE.model_copy(update={"cable_end_mm": end, "cable_length_mm": 30.0})
    outcome = run(*given, settings=chosen)
    opening = outcome.value.opening
    towards = in_implant(opening, [end])[0]
    assert towards[1] == pytest.approx(0, abs=1e-6)
    assert towards[0] > 0
    assert opening.roll_from == "cable"
    assert opening.cable_needed_mm == pytest.approx(np.linalg.norm(towards) - 11.5)
    assert "CABLE_TOO_SHORT" in codes(outcome)
    unknown = run(*given, settings=chosen.model_copy(update={"cable_length_mm": None}))
    assert "CABLE_LENGTH_NOT_GIVEN" in codes(unknown)


def test_drill_depths_are_the_bone_with_its_interval(smooth_head, n1):
    corners = len(smooth_head.anatomy.outer_skull.points_mm)
    skull = SkullThickness.everywhere(corners, 7.0, 2.0, is_measured=False)
    outcome = run(replace(smooth_head.anatomy, skull=skull), smooth_head.hand_map, None, n1, settings=COARSE)
    depths = outcome.value.opening.drill_depths
    assert len(depths) == 72
    # A ball 12 mm off the axis is cut slantwise, so the way is a little longer than the bone is thick.
    assert np.mean([each.depth_mm for each in depths]) == pytest.approx(7.1, abs=0.7)
    assert all(each.low_mm <= each.depth_mm <= each.high_mm for each in depths)
    assert np.mean([each.low_mm for each in depths]) == pytest.approx(5.1, abs=0.2)
    assert np.mean([each.high_mm for each in depths]) == pytest.approx(9.2, abs=0.4)
