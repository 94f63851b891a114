"""The opening from outside, its alternatives and its depths to drill, as the page shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.frames import IMPLANT
from trephine.model.opening import (
    Choice,
    DrillDepth,
    DuralFlap,
    ExpectedYield,
    Opening,
    ScalpIncision,
)
from trephine.report import opening_tables
from trephine.report.figures import choices, head, outside
from trephine.report.words import ABSENT

COUNT = 40


def arc(opening: Opening, radius_mm: float, height_mm: float) -> tuple[tuple[float, float, float], ...]:
    angle = np.linspace(0.6, 2 * np.pi - 0.6, COUNT)
    flat = np.column_stack([radius_mm * np.cos(angle), radius_mm * np.sin(angle), np.full(COUNT, height_mm)])
    return tuple(tuple(row) for row in opening.pose(flat, frame=IMPLANT).tolist())


def choice(opening: Opening, mean: float, words: str, *, is_recommended: bool) -> Choice:
    expected = ExpectedYield(
        mean=mean, low=mean - 8, high=mean + 4, threads_asked=64, fitting_fraction=1.0,
        short_probability=0.0, missed_probability=0.25, scenarios=32,
    )  # fmt: skip
    return Choice(
        name="best balance" if is_recommended else "flattest skull",
        is_recommended=is_recommended,
        scanner_from_implant=opening.scanner_from_implant,
        expected=expected,
        target_offset_mm=1.0,
        skull_fit_rms_mm=mean / 100,
        bone_thickness_mm=7.0,
        midline_distance_mm=20.0,
        tilt_rad=0.1,
        words=words,
    )


@pytest.fixture
def whole(opening) -> Opening:
    cut = arc(opening, 8.0, -4.0)
    depths = tuple(
        DrillDepth(angle_rad=2 * np.pi * k / COUNT, depth_mm=6.0, low_mm=4.5, high_mm=7.5)
        for k in range(COUNT)
    )
    return opening.model_copy(
        update={
            "choices": (
                choice(opening, 40.0, "Because.", is_recommended=True),
                choice(opening, 36.0, "Gains: 1. Pays: 2.", is_recommended=False),
            ),
            "drill_depths": depths,
            "flap": DuralFlap(
                cut_mm=cut, hinge_mm=(cut[0], cut[-1]), hinge_turn_rad=0.0, reason="Veins run there."
            ),
            "incision": ScalpIncision(
                line_mm=arc(opening, 21.0, 9.0), length_mm=90.0, gap_mm=10.0, base_turn_rad=0.0
            ),
            "poses_tried": 99,
        }
    )


def test_the_skull_from_outside_names_what_is_cut_and_why_the_hinge_lies_there(anatomy, hand_map, whole):
    scene = head.Scene(
        anatomy=anatomy, angiogram=None, hand_map=hand_map, opening=whole, plan=None, obstacles=None
    )
    figure = outside.figure(scene, head.fields_of(anatomy, None))
    drawn = [part.words for part in figure.drawings[0].shapes if hasattr(part, "words")]
    assert {"craniectomy", "hinge", "scalp incision", "0\u00b0", "90\u00b0", "10 mm"} <= set(drawn)
    assert "Veins run there." in figure.caption
    assert "No vessels are known" in figure.caption
    closed = outside.figure(
        replace(scene, opening=whole.model_copy(update={"flap": None, "incision": None})),
        head.fields_of(anatomy, None),
    )
    assert "closed dura" in closed.caption
    assert "incision dashed" not in closed.caption


def test_choices_are_drawn_and_told_side_by_side(contents, whole):
    for drawing in choices.figure(whole).drawings:
        assert {"1", "2"} <= {part.words for part in drawing.shapes if hasattr(part, "words")}
    table = opening_tables.choices(replace(contents, opening=whole))
    assert table.title == "Poses to choose from (2 of 99 tried)"
    assert table.rows[0][:3] == ("1, recommended", "best balance", "40.0 (32.0 to 44.0)")
    assert table.rows[1][0] == "2"
    assert table.rows[1][-1] == "Gains: 1. Pays: 2."
    assert "provisional" in table.note


def test_a_depth_to_drill_is_no_bare_number_without_a_ct(contents, whole):
    table = opening_tables.drill_depths(replace(contents, opening=whole))
    assert table.rows[0] == ("0", "4.5", ABSENT, "7.5")
    measured = whole.model_copy(update={"is_bone_measured": True})
    assert opening_tables.drill_depths(replace(contents, opening=measured)).rows[0][2] == "6.0"


def test_a_record_of_version_1_has_none_of_it(contents, opening):
    assert opening_tables.choices(replace(contents, opening=opening)) is None
    assert opening_tables.drill_depths(replace(contents, opening=opening)) is None
