"""The screening sheet: gravest first, with what to do, and a picture of every limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.model.screening import Answer, Screening
from trephine.report.drawing import Circle, Path
from trephine.report.figures.screening import figure
from trephine.report.palette import INK, PAPER
from trephine.report.screening_tables import not_asked, screening, whole
from trephine.report.verdict import verdict_of


def test_the_gravest_comes_first_with_what_to_do(contents) -> None:
    sheet = screening(contents)
    words = [row[0].split()[-1] for row in sheet.rows]
    assert words == ["Block", "Unknown", "Unknown", "Concern", "Pass"]
    doing = {row[1]: row[4] for row in sheet.rows}
    assert doing["Is the width right?"] == "It matters. Mend the width."
    assert doing["Is the depth right?"] == "\u2013"
    assert sheet.rows[0][3] == "blocks below 1; of concern below 2; of concern above 8 mm"


def test_the_whole_is_said_with_its_counts_and_what_was_not_asked(contents) -> None:
    assert whole(contents.screening) == "Block (1 block, 2 unknown, 1 concern, 1 pass, 1 rule not asked)"
    assert whole(contents.screening) in screening(contents).title
    assert not_asked(contents).rows == (("uses_tobacco", "Does the person use tobacco?", "none given"),)
    assert ("Screening", whole(contents.screening)) in verdict_of(contents).figures


def test_a_whole_with_an_unknown_is_no_pass_and_one_not_asked_is_a_concern(contents) -> None:
    passed = contents.screening.verdicts[:1]
    assert Screening(device="d", rules_version="1", verdicts=passed).answer is Answer.PASS
    doubted = passed + contents.screening.verdicts[1:2]
    assert Screening(device="d", rules_version="1", verdicts=doubted).answer is Answer.UNKNOWN
    left_out = contents.screening.model_copy(update={"verdicts": passed})
    assert left_out.answer is Answer.CONCERN
    assert not_asked(replace(contents, screening=left_out.model_copy(update={"not_asked": ()}))) is None


def test_every_figure_has_its_dot_within_the_sheet_and_estimates_are_open(contents) -> None:
    drawn = figure(contents.screening).drawings[0]
    dots = [shape for shape in drawn.shapes if isinstance(shape, Circle)]
    assert [dot.fill for dot in dots] == [INK, PAPER, INK, INK]
    words = [shape.words for shape in drawn.shapes if hasattr(shape, "words")]
    assert "0.5 mm: 0.5 beyond" in words
    assert "5 mm: 3 within (5.9 SD)" in words
    for shape in drawn.shapes:
        if isinstance(shape, Path):
            assert np.all((shape.points >= 0) & (shape.points <= [drawn.width, drawn.height]))


def test_the_dot_lies_on_its_side_of_the_limit(contents) -> None:
    block = contents.screening.verdicts[2]
    for value in (0.99, 1.01):
        moved = block.model_copy(update={"value": value})
        drawn = figure(Screening(device="d", rules_version="1", verdicts=(moved,))).drawings[0]
        dot = next(shape for shape in drawn.shapes if isinstance(shape, Circle))
        line = next(s for s in drawn.shapes if isinstance(s, Path) and s.width == 1.6 and s.fill is None)
        assert (dot.x > line.points[0, 0]) == (value > 1.0)


def test_nothing_measured_draws_nothing(contents) -> None:
    asked = contents.screening.model_copy(update={"verdicts": contents.screening.verdicts[1:2]})
    assert figure(asked) is None


@pytest.mark.parametrize(("value", "margin"), [(5.0, 3.0), (2.0, 0.0), (1.5, -0.5), (9.0, -1.0), (0.0, -1.0)])
def test_the_margin_is_negative_beyond_a_limit(contents, value, margin) -> None:
    assert contents.screening.verdicts[0].model_copy(update={"value": value}).margin == pytest.approx(margin)
