"""The opening on a spherical head: over the target, clear of the midline, bone as built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.formats.device_file import read_device
from trephine.model.sinus import DuralSinus
from trephine.model.skull import SkullThickness
from trephine.model.vessels import VesselTree
from trephine.model.volume import Volume
from trephine.stages.opening.headlines import headlines
from trephine.stages.opening.run import run
from trephine.stages.opening.settings import Settings

OUTER_MM = 62 + 1.5 + 7
COARSE = Settings(search_radius_mm=6.0, search_step_mm=4.0)


def codes(outcome):
    return {finding.code for finding in outcome.findings}


def test_axis_passes_through_the_target(opened, head):
    assert opened.target_offset_mm < 2
    assert opened.hemisphere == "left"
    axis = opened.pose.matrix[:3, 2]
    radial = np.mean(opened.craniectomy_mm, axis=0)
    assert axis @ radial / np.linalg.norm(radial) > np.cos(0.1)


def test_pose_is_rigid_with_x_forward_and_to_the_middle(opened):
    turn = opened.pose.matrix[:3, :3]
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert turn[0, 0] > 0
    assert turn[1, 0] > 0


def test_outlines_lie_on_skull_and_brain(opened):
    bone, dura = np.array(opened.craniectomy_mm), np.array(opened.durectomy_mm)
    assert len(bone) == len(dura) == 72
    # Half a voxel: the surfaces come from 1 mm voxels.
    np.testing.assert_allclose(np.linalg.norm(bone, axis=1), OUTER_MM, atol=0.5)
    np.testing.assert_allclose(np.linalg.norm(dura, axis=1), 62, atol=0.6)
    inverse = opened.pose.inverse()
    radius = np.linalg.norm(inverse(bone, frame="scanner")[:, :2], axis=1)
    np.testing.assert_allclose(radius, 12.0, atol=1e-9)


def test_bone_thickness_is_as_built(opened):
    assert opened.bone_thickness_mean_mm == pytest.approx(7, abs=0.6)
    assert opened.bone_thickness_min_mm <= opened.bone_thickness_mean_mm <= opened.bone_thickness_max_mm


def test_midline_distance_is_exact_on_a_head_that_is_the_template(opened):
    x = np.array(opened.craniectomy_mm)[:, 0]
    assert opened.midline_distance_mm == pytest.approx(np.abs(x).min(), abs=1.0)


def test_thick_bone_is_no_finding_without_ct_or_angiogram(smooth_head, n1):
    outcome = run(smooth_head.anatomy, smooth_head.hand_map, None, n1, settings=COARSE)
    assert "VESSEL_UNDER_OPENING" not in codes(outcome)
    assert "BONE_THINNER_THAN_IMPLANT" not in codes(outcome)


def test_thin_bone_is_found(smooth_head, n1):
    body = n1.body.model_copy(
        update={"thickness_mm": n1.body.thickness_mm.model_copy(update={"value": 12.0, "high": 20.0})}
    )
    thick = n1.model_copy(update={"body": body})
    outcome = run(smooth_head.anatomy, smooth_head.hand_map, None, thick, settings=COARSE)
    assert "BONE_THINNER_THAN_IMPLANT" in codes(outcome)


@pytest.mark.parametrize(
    ("error_mm", "is_measured", "code"),
    [
        (3.0, False, "BONE_THICKNESS_UNKNOWN"),  # 4 to 10 mm where 5.5 are needed
        (1.0, False, None),  # 6 to 8 mm: enough, however thick
        (3.0, True, None),  # a CT shows 7 mm
    ],
)
def test_without_a_ct_the_interval_judges_the_bone(smooth_head, n1, error_mm, is_measured, code):
    corners = len(smooth_head.anatomy.outer_skull.points_mm)
    skull = SkullThickness.everywhere(corners, 7.0, error_mm, is_measured=is_measured)
    outcome = run(replace(smooth_head.anatomy, skull=skull), smooth_head.hand_map, None, n1, settings=COARSE)
    assert {one for one in codes(outcome) if one.startswith("BONE")} == ({code} if code else set())
    line = next(one for one in headlines(outcome.value) if one.name == "bone_thickness")
    assert (line.value is None) is not is_measured
    assert line.low == pytest.approx(7.0 - error_mm, abs=1e-6)


def test_a_target_at_the_midline_blocks_or_moves_away(smooth_head, n1):
    near = replace(smooth_head.hand_map, target_mm=np.array([-9.0, -8.0, 58.5]))
    outcome = run(
        smooth_head.anatomy, near, None, n1, settings=Settings(search_radius_mm=8.0, search_step_mm=4)
    )
    finding = next(f for f in outcome.findings if f.code == "OPENING_NEAR_MIDLINE")
    assert finding.severity is Severity.BLOCK
    far = run(smooth_head.anatomy, near, None, n1, settings=Settings(search_radius_mm=25.0, search_step_mm=4))
    assert far.value.opening.midline_distance_mm > outcome.value.opening.midline_distance_mm
    assert "TARGET_OFF_AXIS" in codes(far)


def test_a_vessel_under_the_bone_is_found_and_one_elsewhere_is_not(head, angiogram, n1):
    outcome = run(head.anatomy, head.hand_map, angiogram, n1, settings=COARSE)
    found = next(f for f in outcome.findings if f.code == "VESSEL_UNDER_OPENING")
    assert 1 <= found.value <= 3
    corner = np.zeros_like(angiogram.vessels.values)
    corner[:3, :3, :3] = 1
    away = Volume(values=corner, grid=angiogram.vessels.grid, unit="label")
    outcome = run(head.anatomy, head.hand_map, replace(angiogram, vessels=away), n1, settings=COARSE)
    assert "VESSEL_UNDER_OPENING" not in codes(outcome)


def test_a_square_plate_is_refused(head):
    with pytest.raises(InputError, match=r"expected disc"):
        run(head.anatomy, head.hand_map, None, read_device("utah"), settings=COARSE)


def test_headlines_name_frames_and_units(planned):
    made = {one.name: one for one in headlines(planned)}
    assert made["craniectomy_centre"].frame == "scanner"
    assert made["bone_thickness"].unit == "mm"


def sinus(x_mm: float, sd_mm: float = 2.0) -> DuralSinus:
    """A line from front to back under the inner table of the ball, ``x_mm`` beside the middle."""
    y = np.linspace(-50.0, 50.0, 60)
    centre = np.column_stack([np.full(60, x_mm), y, np.sqrt(61.5**2 - x_mm**2 - y**2)])
    return DuralSinus(
        name="superior sagittal", centre_mm=centre, half_width_mm=np.full(60, 2.5), sd_mm=np.full(60, sd_mm)
    )


def opened_beside(head, device, zone, **settings):
    chosen = Settings(search_step_mm=4.0, **{"search_radius_mm": 6.0, **settings})
    return run(replace(head.anatomy, sinuses=(zone,)), head.hand_map, None, device, settings=chosen)


def test_a_sinus_far_from_the_opening_changes_nothing_and_its_distance_is_told(smooth_head, n1):
    without = run(smooth_head.anatomy, smooth_head.hand_map, None, n1, settings=COARSE)
    assert without.value.opening.sinus_clearance_mm is None
    outcome = opened_beside(smooth_head, n1, sinus(0.0))
    assert outcome.value.opening.scanner_from_implant == without.value.opening.scanner_from_implant
    assert "OPENING_NEAR_SINUS" not in codes(outcome)
    # The bone's inner edge nearest the sinus, less half its width and two deviations.
    inner = np.array(outcome.value.opening.craniectomy_mm) * (63.5 / OUTER_MM)
    far = np.linalg.norm(inner[:, None] - sinus(0.0).centre_mm, axis=2).min()
    assert outcome.value.opening.sinus_clearance_mm == pytest.approx(far - 2.5 - 4.0, abs=1.2)
    doubtful = opened_beside(smooth_head, n1, sinus(0.0, sd_mm=4.0))
    assert doubtful.value.opening.sinus_clearance_mm == pytest.approx(
        outcome.value.opening.sinus_clearance_mm - 4.0
    )


def test_a_sinus_under_the_opening_blocks_and_pushes_it_away(smooth_head, n1):
    warned = opened_beside(smooth_head, n1, sinus(-20.0))
    finding = next(f for f in warned.findings if f.code == "OPENING_NEAR_SINUS")
    assert finding.severity is Severity.WARN
    assert 0 <= finding.value < 5
    careless = opened_beside(smooth_head, n1, sinus(-20.0), weight_clearance=0.0)
    assert finding.value > careless.value.opening.sinus_clearance_mm + 1
    outcome = opened_beside(smooth_head, n1, sinus(-30.0))
    finding = next(f for f in outcome.findings if f.code == "OPENING_NEAR_SINUS")
    assert finding.severity is Severity.BLOCK
    assert finding.value == outcome.value.opening.sinus_clearance_mm < 0
    free = opened_beside(smooth_head, n1, sinus(-30.0), search_radius_mm=25.0)
    assert free.value.opening.sinus_clearance_mm > outcome.value.opening.sinus_clearance_mm


def test_a_vessel_as_wide_as_a_sinus_in_the_angiogram_counts_as_one(smooth_head, angiogram, n1):
    line = sinus(-20.0).centre_mm
    tree = VesselTree(
        points_mm=line,
        radius_mm=np.full(60, 2.5),
        branch=np.zeros(60, dtype=np.int64),
        edges=np.array([[0, 1]]),
        scan=np.zeros(1, dtype=np.int64),
        loop_count=0,
    )
    seen = run(smooth_head.anatomy, smooth_head.hand_map, replace(angiogram, tree=tree), n1, settings=COARSE)
    expected = opened_beside(smooth_head, n1, sinus(-20.0, sd_mm=0.5))
    assert seen.value.opening.sinus_clearance_mm == pytest.approx(
        expected.value.opening.sinus_clearance_mm, abs=1.5
    )
    thin = replace(angiogram, tree=replace(tree, radius_mm=np.full(60, 1.5)))
    outcome = run(smooth_head.anatomy, smooth_head.hand_map, thin, n1, settings=COARSE)
    assert outcome.value.opening.sinus_clearance_mm is None
