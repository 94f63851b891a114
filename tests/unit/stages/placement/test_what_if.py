"""One limit after another changed: every point a whole plan with its bound."""

from __future__ import annotations

import pytest

from trephine.cli import what_if as command
from trephine.core.errors import ConfigError
from trephine.report.what_if import write
from trephine.safety.reading import read_limits
from trephine.stages.placement.settings import Settings, SolverSettings
from trephine.stages.placement.solve import Means
from trephine.stages.placement.what_if import what_if

QUICK = Settings(pixel_mm=0.04, candidate_pixels=3, solver=SolverSettings(windows=0), thread_limit=16)


@pytest.fixture(scope="module")
def told(placed, pictured, n1, r1):
    result = placed.value
    means = Means(device=n1, robot=r1, limits=read_limits(), settings=QUICK)
    wanted = {"threads": (16.0, 8.0), "hit_limit": (1e-5,), "spacing": (600.0,)}
    return what_if((result.ground, result.obstacles, "live view"), pictured[0], means, wanted=wanted)


def test_each_limit_moves_yield_and_risk_the_right_way(told):
    by = {(one.knob, one.limit): one for one in told.points}
    assert [one.limit for one in told.points] == [8, 16, 1e-5, 600]
    few, more = by["threads", 8], by["threads", 16]
    assert (few.threads_placed, more.threads_placed) == (8, 16)
    assert few.value < more.value < 2 * few.value + 1e-9
    assert few.work_time_s < more.work_time_s
    strict = by["hit_limit", 1e-5]
    assert strict.margin_um > more.margin_um + 20
    assert strict.bound <= more.bound + 1e-9
    assert strict.bleeding.mean < more.bleeding.mean
    wide = by["spacing", 600]
    assert wide.covered_fraction > more.covered_fraction
    assert wide.objective < more.objective
    assert all(one.objective <= one.bound + 1e-9 for one in told.points)
    assert [one.is_standing for one in told.points] == [False, True, False, False]


@pytest.mark.parametrize(("knob", "value"), [("threads", 65.0), ("hit_limit", 0.0), ("spacing", -1.0)])
def test_a_limit_that_cannot_be_is_refused(knob, value, placed, pictured, n1, r1):
    means = Means(device=n1, robot=r1, limits=read_limits(), settings=QUICK)
    maps = (placed.value.ground, placed.value.obstacles, "live view")
    with pytest.raises(ConfigError, match=knob):
        what_if(maps, pictured[0], means, wanted={knob: (value,)})


@pytest.mark.parametrize("text", ["speed=1", "threads", "threads=a,b"])
def test_words_that_name_no_limit_are_refused(text):
    with pytest.raises(ConfigError, match="--vary"):
        command._wanted([text])


def test_table_and_page_show_every_point(told, tmp_path):
    words = "\n".join(command._words(told))
    assert words.count("\n") >= len(told.points) + 3 * 2
    write(tmp_path / "page.html", told, subject="sub-01")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert page.count("<tr><td>") == len(told.points)
    assert "600" in page
