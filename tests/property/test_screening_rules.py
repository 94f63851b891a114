"""A worse value or a wider interval never has a better verdict, and nothing unknown passes."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from trephine.core.sourced import Confidence, Sourced
from trephine.model.screening import GRAVEST_FIRST, Answer, Screening, Verdict
from trephine.safety.judgement import Figure, judge_figure
from trephine.safety.reading import read_rules
from trephine.safety.rules import LIMIT_NAMES, Rule

FEW = settings(max_examples=150, deadline=None, derandomize=True)
GRAVITY = {answer: len(GRAVEST_FIRST) - place for place, answer in enumerate(GRAVEST_FIRST)}
NUMBERS = st.floats(-1e3, 1e3)
WIDTHS = st.floats(0, 1e3)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a rule with any limits that may stand in a file."""
    names = draw(st.sets(st.sampled_from(LIMIT_NAMES), min_size=1))
    values = sorted(draw(st.lists(NUMBERS, min_size=len(names), max_size=len(names))))
    limits = {
        name: Sourced(value=value, unit="mm", source="assumed", confidence=Confidence.ASSUMED)
        for name, value in zip([n for n in LIMIT_NAMES if n in names], values, strict=True)
    }
    return Rule(id="depth", code="DEPTH", question="Q?", reason="R.", remedy="R.", unit="mm", **limits)


def gravity(rule: Rule, value: float, below: float, above: float) -> int:
    figure = Figure(value=value, low=value - below, high=value + above)
    return GRAVITY[judge_figure(rule, figure).verdict]


def inner_ends(rule: Rule) -> tuple[float, float]:
    """Return the ends of what passes."""
    lows = [limit.value for name, limit in rule.limits.items() if name.endswith("low")]
    highs = [limit.value for name, limit in rule.limits.items() if name.endswith("high")]
    return max(lows, default=-math.inf), min(highs, default=math.inf)


@FEW
@given(rule=rules(), value=NUMBERS, below=WIDTHS, above=WIDTHS, worse=WIDTHS)
def test_a_worse_value_never_has_a_better_verdict(rule, value, below, above, worse) -> None:
    low, high = inner_ends(rule)
    before = GRAVITY[judge_figure(rule, Figure(value=value)).verdict]
    for moved, is_outward in ((value + worse, value >= low), (value - worse, value <= high)):
        if is_outward:
            assert GRAVITY[judge_figure(rule, Figure(value=moved)).verdict] >= before
    # With an interval, outward means away from the only side that has limits.
    if math.isinf(low) or math.isinf(high):
        moved = value + worse if math.isinf(low) else value - worse
        assert gravity(rule, moved, below, above) >= gravity(rule, value, below, above)


@FEW
@given(rule=rules(), value=NUMBERS, below=WIDTHS, above=WIDTHS, more=WIDTHS)
def test_a_wider_interval_never_has_a_better_verdict(rule, value, below, above, more) -> None:
    narrow = gravity(rule, value, below, above)
    assert narrow >= GRAVITY[judge_figure(rule, Figure(value=value)).verdict]
    assert gravity(rule, value, below + more, above) >= narrow
    assert gravity(rule, value, below, above + more) >= narrow


@FEW
@given(rule=rules(), value=NUMBERS, below=WIDTHS, above=WIDTHS)
def test_only_what_lies_wholly_within_every_limit_passes(rule, value, below, above) -> None:
    low, high = inner_ends(rule)
    is_within = low <= value - below and value + above <= high
    assert (gravity(rule, value, below, above) == GRAVITY[Answer.PASS]) == is_within
    doubted = judge_figure(rule, Figure(value=value, is_trusted=False))
    assert doubted.verdict is Answer.UNKNOWN


VERDICT = Verdict(
    rule="r",
    code="R",
    question="Q?",
    verdict=Answer.PASS,
    source="assumed",
    confidence="assumed",
    reason="R.",
)


@FEW
@given(st.lists(st.sampled_from(Answer), max_size=8))
def test_the_whole_is_the_gravest_and_never_a_pass_with_an_unknown(answers) -> None:
    verdicts = tuple(VERDICT.model_copy(update={"verdict": answer}) for answer in answers)
    whole = Screening(device="d", rules_version="1", verdicts=verdicts).answer
    assert GRAVITY[whole] == max((GRAVITY[answer] for answer in answers), default=GRAVITY[Answer.PASS])
    assert whole is not Answer.PASS or set(answers) <= {Answer.PASS}


def test_every_packaged_limit_holds_at_and_on_both_sides() -> None:
    """At a limit is within it; the next number beyond it is not."""
    for rule in read_rules().rules:
        for name, limit in rule.limits.items():
            beyond = math.nextafter(limit.value, -math.inf if name.endswith("low") else math.inf)
            inside = math.nextafter(limit.value, math.inf if name.endswith("low") else -math.inf)
            past, at, within = (
                judge_figure(rule, Figure(value=value)) for value in (beyond, limit.value, inside)
            )
            assert past.verdict is Answer(name.split("_")[0]), (rule.id, name)
            assert past.limit == limit.value
            assert GRAVITY[at.verdict] < GRAVITY[past.verdict], (rule.id, name)
            assert at.verdict is within.verdict, (rule.id, name)
