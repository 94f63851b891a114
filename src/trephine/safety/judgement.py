# SPDX-License-Identifier: Apache-2.0
"""One figure, answer or word against one rule."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trephine.core.errors import InternalError
from trephine.core.sourced import Sourced
from trephine.model.screening import Answer, Verdict
from trephine.safety.rules import Rule


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured for one rule.

    Parameters
    ----------
    value
        In the rule's unit; absent when not known.
    low, high
        Interval that holds it with 95 % probability, where its errors are known.
    remark
        A sentence on how it was come by, or why it is not known.
    is_trusted
        Whether it is good enough to judge by; a mere estimate is shown, and the verdict stays unknown.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    remark: str = ""
    is_trusted: bool = True

    @property
    def is_known(self) -> bool:
        """Whether there is a number, and its interval, if any, is one that holds it."""
        if self.value is None or not math.isfinite(self.value):
            return False
        # False also where an end is no number.
        return self.reach[0] <= self.value <= self.reach[1]

    @property
    def reach(self) -> tuple[float, float]:
        """Ends of the interval; the value itself where an end is not known."""
        value = math.nan if self.value is None else self.value
        return (value if self.low is None else self.low, value if self.high is None else self.high)


def judge_figure(rule: Rule, figure: Figure) -> Verdict:
    """Hold a figure against a rule's limits.

    Parameters
    ----------
    rule
        A rule with limits.
    figure
        What was measured.

    Returns
    -------
    Verdict
        With the limit that decided, or the nearest one.

    Raises
    ------
    InternalError
        If the rule has no limits.

    Notes
    -----
    The gravest that the interval allows, in this order: a value beyond a block limit blocks; an interval
    that reaches beyond one is unknown, for pass and block cannot be told apart; a value or an interval
    beyond a limit of concern is of concern; all else passes. So a worse value, or a wider interval, never
    has a better verdict. A figure that is no number, or is not to be trusted, is unknown.
    """
    if not rule.limits:
        raise InternalError(f"rule {rule.id} has no limits to hold a figure against")
    if figure.value is None or not figure.is_known:
        lost = "" if figure.value is None else "The measurement gave no usable number. "
        return _of_figure(rule, Answer.UNKNOWN, Figure(value=None), None, f"not known. {lost}{figure.remark}")
    said = _said(figure, rule.unit)
    nearest = _nearest(rule, figure.value)
    if not figure.is_trusted:
        return _of_figure(rule, Answer.UNKNOWN, figure, nearest, f"estimated as {said}. {figure.remark}")
    for prefix, by_interval in (("block", Answer.UNKNOWN), ("concern", Answer.CONCERN)):
        name = _passed(rule, prefix, figure.value, figure.value)
        if name:
            limit = rule.limits[name]
            side = "below" if name.endswith("low") else "above"
            text = f"{said}, {side} the limit of {limit.value:g}{_unit(limit)}. {figure.remark}"
            return _of_figure(rule, Answer(prefix), figure, limit, text)
        name = _passed(rule, prefix, *figure.reach)
        if name:
            limit = rule.limits[name]
            text = f"{said}; the interval passes the limit of {limit.value:g}{_unit(limit)}. {figure.remark}"
            return _of_figure(rule, by_interval, figure, limit, text)
    return _of_figure(rule, Answer.PASS, figure, nearest, f"{said}. {figure.remark}")


def judge_answer(rule: Rule, answer: bool | None) -> Verdict:
    """Hold a yes or no against a rule; nothing said is unknown, never a pass.

    Raises
    ------
    InternalError
        If the rule asks for something else.
    """
    if rule.kind != "answer":
        raise InternalError(f"rule {rule.id} asks for a {rule.kind}, not for yes or no")
    if answer is None:
        return _of_question(rule, Answer.UNKNOWN, None)
    bad = rule.if_yes if answer else rule.if_no
    return _of_question(rule, Answer(bad) if bad else Answer.PASS, "yes" if answer else "no")


def judge_word(rule: Rule, word: str | None) -> Verdict:
    """Hold a word against a rule; nothing said, or a word that the rule does not know, is unknown.

    Raises
    ------
    InternalError
        If the rule asks for something else.
    """
    if rule.kind != "word":
        raise InternalError(f"rule {rule.id} asks for a {rule.kind}, not for a word")
    lists = (
        (Answer.BLOCK, rule.block_words),
        (Answer.CONCERN, rule.concern_words),
        (Answer.PASS, rule.pass_words),
    )
    verdict = next((answer for answer, words in lists if word in words), Answer.UNKNOWN)
    return _of_question(rule, verdict, word)


def _passed(rule: Rule, prefix: str, low: float, high: float) -> str | None:
    """Name the limit of one gravity that an interval reaches beyond; the farther one when it is both."""
    below, above = rule.limits.get(f"{prefix}_low"), rule.limits.get(f"{prefix}_high")
    beyond = {
        f"{prefix}_low": -math.inf if below is None else below.value - low,
        f"{prefix}_high": -math.inf if above is None else high - above.value,
    }
    name = max(beyond, key=lambda each: beyond[each])
    return name if beyond[name] > 0 else None


def _nearest(rule: Rule, value: float) -> Sourced:
    return min(rule.limits.values(), key=lambda limit: abs(limit.value - value))


def _unit(limit: Sourced) -> str:
    return "" if limit.unit == "1" else f" {limit.unit}"


def _said(figure: Figure, unit: str | None) -> str:
    text = f"{figure.value:.3g} {unit}" if unit != "1" else f"{figure.value:.3g}"
    low, high = figure.reach
    return text if low == high else f"{text} (from {low:.3g} to {high:.3g})"


def _of_figure(rule: Rule, answer: Answer, figure: Figure, limit: Sourced | None, text: str) -> Verdict:
    basis = limit or next(iter(rule.limits.values()))
    found = _tidy(text)
    return Verdict(
        rule=rule.id,
        code=rule.code,
        question=rule.question,
        verdict=answer,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        is_trusted=figure.is_trusted,
        limit=None if limit is None else limit.value,
        limits={name: each.value for name, each in rule.limits.items()},
        unit=rule.unit,
        source=basis.source,
        confidence=basis.confidence,
        reason=_sentence(rule, answer, found),
        found=found,
        why=rule.reason,
        remedy=rule.remedy,
    )


def _of_question(rule: Rule, answer: Answer, said: str | None) -> Verdict:
    if rule.basis is None:
        raise InternalError(f"rule {rule.id} asks a question and has no basis")
    found = "not said in the study." if said is None else f"{said.replace('_', ' ')}."
    if said is not None and answer is Answer.UNKNOWN:
        found += " The rule does not say what follows from it."
    return Verdict(
        rule=rule.id,
        code=rule.code,
        question=rule.question,
        verdict=answer,
        said=said,
        source=rule.basis.source,
        confidence=rule.basis.confidence,
        reason=_sentence(rule, answer, found),
        found=found,
        why=rule.reason,
        remedy=rule.remedy,
    )


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _sentence(rule: Rule, answer: Answer, found: str) -> str:
    """Join what was found with why it matters and what to do, where it is no pass."""
    sentence = f"{rule.question} Found: {found}"
    return sentence if answer is Answer.PASS else f"{sentence} {rule.reason} {rule.remedy}"
