"""One figure or answer against one rule, at and on both sides of every limit."""

import pytest

from trephine.core.errors import InternalError
from trephine.core.sourced import Confidence, Sourced
from trephine.model.screening import Answer
from trephine.safety.judgement import Figure, judge_answer, judge_figure
from trephine.safety.rules import Basis, Rule


def limit(value: float, source: str = "assumed") -> Sourced:
    confidence = Confidence.ASSUMED if source == "assumed" else Confidence.READ
    return Sourced(value=value, unit="mm", source=source, confidence=confidence)


RULE = Rule(
    id="depth",
    code="DEPTH_WRONG",
    question="Is it deep enough?",
    reason="It matters.",
    remedy="Do something.",
    unit="mm",
    block_low=limit(1.0),
    concern_low=limit(2.0),
    concern_high=limit(8.0),
    block_high=limit(9.0, "hou2016"),
)
ASKED = Rule(
    id="asked",
    code="ASKED",
    question="Is it so?",
    reason="It matters.",
    remedy="Ask.",
    if_yes="block",
    basis=Basis(source="canprime", confidence=Confidence.READ),
)


@pytest.mark.parametrize(
    ("value", "answer", "decided"),
    [
        (0.99, Answer.BLOCK, 1.0),
        (1.0, Answer.CONCERN, 2.0),
        (1.99, Answer.CONCERN, 2.0),
        (2.0, Answer.PASS, 2.0),
        (5.5, Answer.PASS, 8.0),
        (8.0, Answer.PASS, 8.0),
        (8.01, Answer.CONCERN, 8.0),
        (9.0, Answer.CONCERN, 8.0),
        (9.01, Answer.BLOCK, 9.0),
    ],
)
def test_limits_hold_on_both_sides(value: float, answer: Answer, decided: float) -> None:
    verdict = judge_figure(RULE, Figure(value=value))
    assert (verdict.verdict, verdict.limit, verdict.value) == (answer, decided, value)


def test_the_limit_that_decided_brings_its_source() -> None:
    verdict = judge_figure(RULE, Figure(value=12.0))
    assert (verdict.source, verdict.confidence, verdict.code) == ("hou2016", Confidence.READ, "DEPTH_WRONG")
    assert "above the limit of 9 mm" in verdict.reason
    assert verdict.reason.endswith("It matters. Do something.")


def test_what_is_not_known_is_unknown_and_never_a_pass() -> None:
    verdict = judge_figure(RULE, Figure(value=None, remark="No scan."))
    assert (verdict.verdict, verdict.value, verdict.limit) == (Answer.UNKNOWN, None, None)
    assert "not known. No scan." in verdict.reason


@pytest.mark.parametrize("value", [0.5, 5.0, 20.0])
def test_an_estimate_not_to_be_trusted_is_unknown_but_shown(value: float) -> None:
    verdict = judge_figure(RULE, Figure(value=value, low=value - 1, high=value + 1, is_trusted=False))
    assert (verdict.verdict, verdict.value, verdict.low) == (Answer.UNKNOWN, value, value - 1)
    assert "estimated as" in verdict.reason
    assert "from " in verdict.reason


@pytest.mark.parametrize(("low", "high"), [(1.5, 6.0), (3.0, 8.5), (0.5, 6.0), (3.0, 99.0)])
def test_an_interval_that_passes_a_limit_is_of_concern_and_does_not_block(low: float, high: float) -> None:
    assert judge_figure(RULE, Figure(value=5.0, low=low, high=high)).verdict is Answer.CONCERN


def test_an_interval_within_the_limits_passes() -> None:
    assert judge_figure(RULE, Figure(value=5.0, low=2.0, high=8.0)).verdict is Answer.PASS


@pytest.mark.parametrize(
    ("said", "answer"), [(True, Answer.BLOCK), (False, Answer.PASS), (None, Answer.UNKNOWN)]
)
def test_yes_no_and_not_said(said: bool | None, answer: Answer) -> None:
    verdict = judge_answer(ASKED, said)
    assert (verdict.verdict, verdict.source) == (answer, "canprime")
    if said is None:
        assert "not said" in verdict.reason


def test_a_yes_may_be_of_concern_only() -> None:
    assert judge_answer(ASKED.model_copy(update={"if_yes": "concern"}), True).verdict is Answer.CONCERN


def test_a_rule_of_the_other_kind_is_our_fault() -> None:
    with pytest.raises(InternalError):
        judge_answer(RULE, True)
    with pytest.raises(InternalError):
        judge_figure(ASKED, Figure(value=1.0))
