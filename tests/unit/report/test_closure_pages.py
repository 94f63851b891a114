"""What the report says and draws of closure."""

from __future__ import annotations

from dataclasses import replace

from trephine.core.progress import silent
from trephine.report import closure_tables
from trephine.report.draw import figures
from trephine.report.drawing import Text
from trephine.report.figures import seat as seat_figure


def _cells(table) -> str:
    return " | ".join(cell for row in table.rows for cell in row)


def test_every_screw_says_whether_it_holds_and_why(contents) -> None:
    table = closure_tables.screws(contents)
    assert [row[-2:] for row in table.rows] == [
        ("yes", ""),
        ("not known", "bone may be thinner"),
        ("no", "too near the incision"),
    ]
    assert table.rows[0][2] == "3.5 to 6.5"  # no middle without a CT
    measured = replace(contents, seat=contents.seat.model_copy(update={"is_bone_measured": True}))
    assert closure_tables.screws(measured).rows[0][2] == "5.0 (3.5 to 6.5)"


def test_the_tree_stands_by_mode_and_says_that_it_is_an_estimate(contents) -> None:
    table = closure_tables.power(contents)
    assert [name for name, _ in table.columns[1:]] == ["Recording", "Stimulating", "Waiting", "Sleeping"]
    total = next(row for row in table.rows if row[0] == "all")
    assert total[1] == "35.2 (16.8 to 88.7)"
    assert "an estimate" in table.note
    assert "no" in [row[-1] for row in closure_tables.link(contents).rows]
    assert closure_tables.battery(contents).rows[0][1] == "100"


def test_without_a_profile_or_a_seat_nothing_is_told(contents) -> None:
    none = replace(contents, seat=contents.seat.model_copy(update={"power": None}))
    for maker in (closure_tables.power, closure_tables.battery, closure_tables.link):
        assert maker(none) is None
    gone = replace(contents, seat=None)
    for maker in (closure_tables.checklist, closure_tables.screws, closure_tables.slack, closure_tables.air):
        assert maker(gone) is None
    assert not {"seat-cut", "seat-screws"} & set(figures(gone, silent))


def test_steps_slack_and_air_carry_their_numbers(contents) -> None:
    assert "With 2.5 mm of bump." in _cells(closure_tables.checklist(contents))
    assert "4.3" in _cells(closure_tables.slack(contents))
    assert closure_tables.air(contents).rows == (("third week", "26"),)


def test_the_section_carries_its_measures(contents) -> None:
    figure = seat_figure.figure(contents.seat, contents.opening, contents.plan)
    words = [shape.words for shape in figure.drawings[0].shapes if isinstance(shape, Text)]
    assert words.count("2.0 mm") == 2  # body 8 mm high over a skull at 6
    assert "scalp 6.0 mm" in words
    assert "to the cortex 4.0 mm" in words
    assert "Without a CT" in figure.caption


def test_screws_are_drawn_where_they_are_and_numbered(contents) -> None:
    drawing = figures(contents, silent)["seat-screws"].drawings[0]
    words = [shape.words for shape in drawing.shapes if isinstance(shape, Text)]
    assert {"1", "2", "3"} <= set(words)
    assert words.count("3.5 to 6.5 mm") == 3
