from __future__ import annotations

import io

from trephine.cli.output import Bar, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_every_step_is_one_plain_line() -> None:
    stream = io.StringIO()
    bar = Bar(stream)
    bar.step("imaging", 3, 10, "registering")
    bar.step("imaging", 3, 10, "registering")
    bar.step("imaging", 4, 10, "segmenting")
    bar.line("imaging finished: in 3.0 s")
    bar.close()
    assert stream.getvalue().splitlines() == [
        "imaging 3/10 registering",
        "imaging 4/10 segmenting",
        "imaging finished: in 3.0 s",
    ]


def test_on_a_terminal_one_line_redraws_itself_and_is_cleared() -> None:
    stream = Terminal()
    bar = Bar(stream)
    bar.step("imaging", 5, 10, "registering")
    bar.step("imaging", 10, 10, "done")
    bar.line("next")
    drawn = stream.getvalue()
    assert "█" * 12 + "·" * 12 in drawn
    assert "█" * 24 in drawn
    assert drawn.endswith("\r\x1b[Knext\n")
    assert drawn.count("\n") == 1


def test_a_table_aligns_its_columns() -> None:
    assert table([["a", "bb"], ["ccc", "d"]]) == ["a    bb", "ccc  d"]
    assert table([]) == []
