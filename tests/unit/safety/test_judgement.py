"""One figure or answer against one rule, at and on both sides of every limit."""

import math

import pytest

from trephine.core.errors import InternalError
from trephine.core.sourced import Confidence, Sourced
from trephine.model.screening import Answer
from trephine.safety.judgement import Figure, judge_answer, judge_figure, judge_word
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


WORDS = ASKED.model_copy(
    update={"if_yes": None, "pass_words": ("a",), "concern_words": ("b",), "block_words": ("c_d",)}
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


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (1.5, 6.0, Answer.CONCERN),
        (3.0, 8.5, Answer.CONCERN),
        (1.0, 9.0, Answer.CONCERN),
        (0.99, 6.0, Answer.UNKNOWN),
        (3.0, 9.01, Answer.UNKNOWN),
        (-99.0, 99.0, Answer.UNKNOWN),
    ],
)
def test_an_interval_that_passes_a_limit_is_never_a_pass(low: float, high: float, answer: Answer) -> None:
    judged = judge_figure(RULE, Figure(value=5.0, low=low, high=high))
    assert judged.verdict is answer
    assert "the interval passes the limit of" in judged.found


def test_a_value_of_concern_whose_interval_may_block_is_unknown() -> None:
    assert judge_figure(RULE, Figure(value=8.5, low=8.0, high=9.5)).verdict is Answer.UNKNOWN
    assert judge_figure(RULE, Figure(value=9.5, low=5.0, high=14.0)).verdict is Answer.BLOCK


@pytest.mark.parametrize(
    "figure",
    [
        Figure(value=math.nan),
        Figure(value=math.inf),
        Figure(value=-math.inf),
        Figure(value=5.0, low=math.nan, high=6.0),
        Figure(value=5.0, high=math.nan),
        Figure(value=5.0, low=5.5, high=6.0),
        Figure(value=5.0, high=4.0),
    ],
)
def test_no_usable_number_is_unknown(figure: Figure) -> None:
    judged = judge_figure(RULE, figure)
    assert (judged.verdict, judged.value, judged.low, judged.high) == (Answer.UNKNOWN, None, None, None)
    assert "no usable number" in judged.found


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


def test_a_question_may_ask_for_yes() -> None:
    wanted = ASKED.model_copy(update={"if_yes": None, "if_no": "block"})
    said = [judge_answer(wanted, answer).verdict for answer in (True, False, None)]
    assert said == [Answer.PASS, Answer.BLOCK, Answer.UNKNOWN]


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("a", Answer.PASS),
        ("b", Answer.CONCERN),
        ("c_d", Answer.BLOCK),
        ("e", Answer.UNKNOWN),
        (None, Answer.UNKNOWN),
    ],
)
def test_words_are_looked_up_and_a_strange_one_is_unknown(word: str | None, answer: Answer) -> None:
    judged = judge_word(WORDS, word)
    assert (judged.verdict, judged.said) == (answer, word)
    assert ("does not say what follows" in judged.found) == (word == "e")


def test_a_rule_of_the_other_kind_is_our_fault() -> None:
    with pytest.raises(InternalError):
        judge_answer(RULE, True)
    with pytest.raises(InternalError):
        judge_word(ASKED, "yes")
    with pytest.raises(InternalError):
        judge_figure(ASKED, Figure(value=1.0))
