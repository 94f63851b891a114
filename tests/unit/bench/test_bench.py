from pathlib import Path

import pytest

from trephine.bench.row import Row
from trephine.bench.run import names, run
from trephine.bench.timing import medians_s
from trephine.core.errors import InputError

BENCHMARK = """
from __future__ import annotations

from dataclasses import dataclass

from trephine.bench.row import Row

@dataclass(kw_only=True)
class Kept:
    seconds: float

def rows(progress):
    peer = {"peer": 4.0, "peer_name": "p", "peer_version": "1"}
    yield Row(work="w", figure="time", unit="s", better="lower", ours=1.0, **peer)
"""


def test_a_benchmark_is_found_and_run(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(BENCHMARK)
    (tmp_path / "_shared.py").write_text("")
    assert names(tmp_path) == ["one"]
    result = run(tmp_path, "one")
    assert result.rows[0].ratio == 0.25
    assert '"ratio":0.25' in result.model_dump_json()
    assert result.machine.core_count >= 1


def test_an_unknown_benchmark_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(BENCHMARK)
    with pytest.raises(InputError, match=r"no benchmark 'two'; expected one of one"):
        run(tmp_path, "two")
    with pytest.raises(InputError, match="no such folder"):
        names(tmp_path / "gone")


def test_no_ratio_without_a_peer() -> None:
    row = Row(
        work="w",
        figure="f",
        unit="1",
        better="higher",
        ours=1.0,
        peer=None,
        peer_name=None,
        peer_version=None,
    )
    assert row.ratio is None


def test_doers_take_turns() -> None:
    turns: list[str] = []
    times = medians_s({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, repeats=2)
    assert turns == ["a", "b", "a", "b"]
    assert set(times) == {"a", "b"}
