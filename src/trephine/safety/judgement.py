# SPDX-License-Identifier: Apache-2.0
"""One figure or answer against one rule."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.core.errors import InternalError
from trephine.core.sourced import ASSUMED, Confidence, Sourced
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
        Interval it lies in, where it is an estimate.
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


def judge_figure(rule: Rule, figure: Figure) -> Verdict:
    """Hold a figure against a rule's limits.

    Parameters
    ----------
    rule
        A rule with limits.
    figure
        What was measured. Its interval counts too: a value within the limits whose interval is not is of
        concern, for a limit passed cannot be excluded.

    Returns
    -------
    Verdict
        With the limit that decided, or the nearest one.

    Raises
    ------
    InternalError
        If the rule has no limits.
    """
    if not rule.limits:
        raise InternalError(f"rule {rule.id} has no limits to hold a figure against")
    if figure.value is None:
        return _verdict(rule, Answer.UNKNOWN, figure, None, f"not known. {figure.remark}")
    name = _broken(rule, figure.value)
    limit = rule.limits[name] if name else _nearest(rule, figure.value)
    said = _said(figure, rule.unit)
    if not figure.is_trusted:
        return _verdict(rule, Answer.UNKNOWN, figure, limit, f"estimated as {said}. {figure.remark}")
    if name:
        answer = Answer.BLOCK if name.startswith("block") else Answer.CONCERN
        side = "below" if name.endswith("low") else "above"
        text = f"{said}, {side} the limit of {limit.value:g} {limit.unit}. {figure.remark}"
        return _verdict(rule, answer, figure, limit, text)
    for bound in (figure.low, figure.high):
        at_bound = None if bound is None else _broken(rule, bound)
        if at_bound:
            limit = rule.limits[at_bound]
            text = f"{said}; the interval passes the limit of {limit.value:g} {limit.unit}. {figure.remark}"
            return _verdict(rule, Answer.CONCERN, figure, limit, text)
    return _verdict(rule, Answer.PASS, figure, limit, f"{said}. {figure.remark}")


def judge_answer(rule: Rule, answer: bool | None) -> Verdict:
    """Hold a yes or no against a rule; nothing said is unknown, never a pass.

    Raises
    ------
    InternalError
        If the rule asks for a figure.
    """
    if rule.if_yes is None or rule.basis is None:
        raise InternalError(f"rule {rule.id} asks for a figure, not for yes or no")
    if answer is None:
        verdict, text = Answer.UNKNOWN, "not said in the study."
    elif answer:
        verdict, text = Answer(rule.if_yes), "yes."
    else:
        verdict, text = Answer.PASS, "no."
    return Verdict(
        rule=rule.id,
        code=rule.code,
        question=rule.question,
        verdict=verdict,
        source=rule.basis.source,
        confidence=rule.basis.confidence,
        reason=_sentence(rule, verdict, text),
    )


def _broken(rule: Rule, value: float) -> str | None:
    """Name the gravest limit that a value passes."""
    for name in ("block_low", "block_high", "concern_low", "concern_high"):
        limit = rule.limits.get(name)
        if limit is None:
            continue
        if (value < limit.value) if name.endswith("low") else (value > limit.value):
            return name
    return None


def _nearest(rule: Rule, value: float) -> Sourced:
    return min(rule.limits.values(), key=lambda limit: abs(limit.value - value))


def _said(figure: Figure, unit: str | None) -> str:
    text = f"{figure.value:.3g} {unit}" if unit != "1" else f"{figure.value:.3g}"
    if figure.low is not None and figure.high is not None:
        text += f" (from {figure.low:.3g} to {figure.high:.3g})"
    return text


def _verdict(rule: Rule, answer: Answer, figure: Figure, limit: Sourced | None, text: str) -> Verdict:
    sources = list(rule.limits.values())
    basis = limit or sources[0]
    return Verdict(
        rule=rule.id,
        code=rule.code,
        question=rule.question,
        verdict=answer,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        limit=None if limit is None else limit.value,
        unit=rule.unit,
        source=basis.source if basis else ASSUMED,
        confidence=basis.confidence if basis else Confidence.ASSUMED,
        reason=_sentence(rule, answer, text),
    )


def _sentence(rule: Rule, answer: Answer, text: str) -> str:
    """Join what was found with why it matters and what to do, where it is no pass."""
    found = " ".join(text.split())
    sentence = f"{rule.question} Found: {found}"
    return sentence if answer is Answer.PASS else f"{sentence} {rule.reason} {rule.remedy}"
