"""A plan made elsewhere: refused where it is not of this case, judged as ours are where it is."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.model.plan_comparison import compared
from trephine.model.trajectory import Trajectory
from trephine.safety.reading import read_limits
from trephine.stages.placement.foreign import Case, judge
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means


@pytest.fixture(scope="module")
def lines(placed):
    return [
        Trajectory(name=str(one.number), entry_mm=np.array(one.entry_mm), tip_mm=np.array(one.tip_mm))
        for one in placed.value.plan.threads
    ]


@pytest.fixture(scope="module")
def given(placed, pictured, n1, r1):
    case = Case(
        ground=placed.value.ground,
        obstacles=placed.value.obstacles,
        origin="live view",
        live_view=pictured[0],
    )
    return case, Means(device=n1, robot=r1, limits=read_limits(), settings=Settings())


def turned(lines, turn):
    return [
        Trajectory(name=one.name, entry_mm=one.entry_mm * turn, tip_mm=one.tip_mm * turn) for one in lines
    ]


def test_our_own_plan_is_judged_as_it_was(placed, lines, given):
    told = judge(lines, *given)
    own, again = placed.value.plan, told.value.plan
    expected = {"PLAN_MADE_ELSEWHERE", "LIVE_VIEW_PARTLY_BLIND", "LIVE_VIEW_COARSE"}
    assert {finding.code for finding in told.findings} <= expected
    assert (again.bound, again.gap_fraction) == (None, None)
    assert again.crossings == again.under_laid == 0
    assert again.objective == pytest.approx(own.objective)
    assert again.travel_mm == pytest.approx(own.travel_mm, rel=0.002)
    assert again.bleeding.mean == pytest.approx(own.bleeding.mean, rel=0.01)
    both = compared(own, again, ("ours", "read"))
    assert both.shared_sites == 64
    values = {figure.name: figure.values for figure in both.figures}
    assert values["threads"] == (64, 64)
    assert values["gap"][1] is None
    assert values["grey"][0] == pytest.approx(values["grey"][1])


def test_a_plan_in_another_frame_is_refused_and_the_turn_named(lines, given):
    with pytest.raises(InputError, match="LPS taken for RAS"):
        judge(turned(lines, np.array([-1.0, -1.0, 1.0])), *given)
    with pytest.raises(InputError, match="median"):
        judge(turned(lines, np.array([1.0, 1.0, 0.5])), *given)


def test_a_plan_of_too_many_threads_or_turned_upside_down_is_refused(lines, given):
    with pytest.raises(InputError, match="65 trajectories"):
        judge([*lines, lines[0]], *given)
    with pytest.raises(InputError, match="0 trajectories"):
        judge([], *given)
    upside = [Trajectory(name="7", entry_mm=lines[0].tip_mm, tip_mm=lines[0].entry_mm)]
    with pytest.raises(InputError, match="above its entry"):
        judge(upside, *given)


def test_threads_that_break_a_limit_are_named(lines, given):
    first, second = lines[0], lines[1]
    near = Trajectory(name="near", entry_mm=second.entry_mm + 0.05, tip_mm=second.tip_mm + 0.05)
    deep = Trajectory(
        name="deep", entry_mm=first.entry_mm, tip_mm=first.entry_mm + 2 * (first.tip_mm - first.entry_mm)
    )
    told = judge([deep, second, near], *given)
    words = [one.message for one in told.findings if one.code == "THREADS_BEYOND_OUR_LIMITS"]
    assert any("spacing: 2, 3 in" in line for line in words)
    assert any("depths: 1 in" in line for line in words)


def test_the_trade_is_said_in_words(placed):
    plan = placed.value.plan
    fewer = plan.model_copy(
        update={"threads": plan.threads[:32], "objective": plan.objective / 2, "vessels_from": "angiogram"}
    )
    told = compared(plan, fewer, ("A", "B"))
    text = " ".join(told.words)
    assert "B has 32 less threads (64 to 32, -50.0 %)" in text
    assert "32 of the 64 sites of A are also in B" in text
    assert "cannot be compared" in text
    assert {figure.name: figure.winner for figure in told.figures}["threads"] == "first"
    assert {figure.name: figure.winner for figure in told.figures}["way"] == ""
    assert not any(figure.winner for figure in compared(plan, plan, ("A", "B")).figures)
    same = " ".join(compared(plan, plan, ("A", "B")).words)
    assert "hardly any change of functional value" in same
