"""The opening in the case: JSON, markups in LPS, a mesh; and records of version 1."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trephine.case.records import opening as record
from trephine.case.store import Case
from trephine.core.errors import FormatError
from trephine.core.frames import SCANNER
from trephine.formats.markups import read_markups
from trephine.formats.stl import read_stl
from trephine.model.opening import DrillDepth, DuralFlap, Opening, OpeningResult, ScalpIncision
from trephine.model.surface import Surface

THIRD = 1 / 3
RING = ((10 + THIRD, 0.0, 1.0), (11.0, -7.0, 1.0), (10.0, 1.0, 1.0))
OPENING = Opening(
    device="n1",
    hemisphere="left",
    scanner_from_implant=((1.0, 0, 0, 0), (0, 1.0, 0, 0), (0, 0, 1.0, THIRD), (0, 0, 0, 1.0)),
    craniectomy_mm=RING,
    durectomy_mm=RING,
    durectomy_radius_mm=11.0,
    bone_thickness_mean_mm=6.0,
    bone_thickness_min_mm=5.0,
    bone_thickness_max_mm=7.0,
    bone_low_mm=5.5,
    bone_high_mm=6.5,
    is_bone_measured=True,
    midline_distance_mm=20.0,
    target_offset_mm=0.5,
    skull_fit_rms_mm=0.4,
    tilt_rad=0.1,
    drill_depths=(DrillDepth(angle_rad=0.0, depth_mm=6.0, low_mm=5.0, high_mm=7.0),),
    flap=DuralFlap(cut_mm=RING, hinge_mm=RING[:2], hinge_turn_rad=0.0, reason="rule"),
    incision=ScalpIncision(line_mm=RING, length_mm=9.0, gap_mm=10.0, base_turn_rad=0.0),
)
CORNERS = np.array([[30.0, 0, 0], [31, 0, 0], [30, 1, 0], [30, 0, THIRD]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
RESULT = OpeningResult(opening=OPENING, template=Surface(points_mm=CORNERS, faces=FACES, frame=SCANNER))


@pytest.fixture
def written(case: Case, through) -> Case:
    through(RESULT, record.write)
    return case


def test_an_opening_comes_back_equal(written: Case) -> None:
    assert record.read(written) == OPENING


def test_outlines_come_back_within_a_nanometre_and_lie_in_lps(written: Case) -> None:
    drawn = {markup.name: markup for markup in read_markups(written.path("opening_markups"))}
    np.testing.assert_allclose(drawn["craniectomy"].positions_mm, RING, atol=1e-6)
    assert drawn["craniectomy"].kind == "closed curve"
    assert drawn["scalp incision"].kind == drawn["dura cut"].kind == "curve"
    np.testing.assert_allclose(drawn["dura hinge"].positions_mm, RING[:2], atol=1e-6)
    inward, outward = drawn["implant axis"].positions_mm
    np.testing.assert_allclose(outward - inward, (0, 0, 60.0), atol=1e-6)
    stored = json.loads(written.read_bytes("opening_markups"))["markups"][0]
    assert stored["coordinateSystem"] == "LPS"
    assert stored["controlPoints"][1]["position"] == [-11.0, 7.0, 1.0]


def test_the_template_comes_back_within_a_nanometre(written: Case) -> None:
    back = read_stl(written.path("drill_template")).points_mm
    np.testing.assert_allclose(back[np.lexsort(back.T)], CORNERS[np.lexsort(CORNERS.T)], atol=1e-6)


def test_a_closed_dura_has_no_cut_to_draw() -> None:
    names = {markup.name for markup in record.outlines(OPENING.model_copy(update={"flap": None}))}
    assert names == {"craniectomy", "window for threads", "implant axis", "scalp incision"}


def test_a_record_of_version_1_is_read_and_knows_no_more_than_it_did() -> None:
    old = OPENING.model_dump(mode="json")
    for name in (
        "choices",
        "drill_depths",
        "flap",
        "incision",
        "roll_from",
        "cable_needed_mm",
        "poses_tried",
    ):
        del old[name]
    back = Opening.model_validate({**old, "schema_version": 1})
    assert (back.choices, back.drill_depths, back.flap, back.incision) == ((), (), None, None)
    assert back.expected is None


def test_a_result_edited_by_hand_is_refused_when_read(written: Case) -> None:
    path = written.path("opening")
    path.write_text(path.read_text().replace("11.0", "12.0"))
    with pytest.raises(FormatError, match=r"desc-opening_plan.json: found .* expected SHA-256"):
        record.read(written)
