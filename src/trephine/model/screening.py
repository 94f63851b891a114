# SPDX-License-Identifier: Apache-2.0
"""May this person be implanted: every rule with its verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.core.sourced import Confidence


class Answer(StrEnum):
    """What one rule says.

    ``UNKNOWN`` means that what is needed to judge is missing; it is never a pass.
    """

    PASS = "pass"
    CONCERN = "concern"
    BLOCK = "block"
    UNKNOWN = "unknown"


GRAVEST_FIRST = (Answer.BLOCK, Answer.UNKNOWN, Answer.CONCERN, Answer.PASS)
"""An unknown may hide a block, so it stands above a concern."""


_SDS_OF_INTERVAL = 3.92
"""Standard deviations from end to end of an interval that holds a normal variable with 95 %."""


class Verdict(BaseModel):
    """One rule's verdict.

    Parameters
    ----------
    rule
        The rule's id in ``safety/screening.toml``.
    code
        Code of its finding.
    question
        What the rule asks, for people.
    verdict
        Its answer.
    value
        What was measured, in ``unit``; absent when not known, or when the rule asks for yes or no.
    low, high
        Interval that holds the value with 95 % probability, as far as its errors are known.
    is_trusted
        Whether the value may be judged by; a mere estimate is shown, and the verdict is unknown.
    said
        The answer to a question, ``yes``, ``no`` or a word; absent when not known, or for a figure.
    limit
        The limit it was held against: the one that decided, or the nearest one for a pass.
    limits
        Every limit of the rule by name (``block_low`` to ``block_high``), in ``unit``.
    unit
        Unit of value, interval and limit.
    source
        Citation key of the limit in ``docs/references.bib``, or ``assumed``.
    confidence
        How the limit was come by.
    reason
        Sentences for a clinician: what was found, and what follows where it is no pass.
    found
        The first of them alone.
    why, remedy
        Why the rule is asked, and what to do when it is not passed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    code: str
    question: str
    verdict: Answer
    value: float | None = None
    low: float | None = None
    high: float | None = None
    is_trusted: bool = True
    said: str | None = None
    limit: float | None = None
    limits: dict[str, float] = {}
    unit: str | None = None
    source: str
    confidence: Confidence
    reason: str
    found: str = ""
    why: str = ""
    remedy: str = ""

    @property
    def margin(self) -> float | None:
        """Distance of the value from its limits, in ``unit``: negative beyond the gravest that it passes."""
        if self.value is None or not self.limits:
            return None
        inside = {
            name: self.value - limit if name.endswith("low") else limit - self.value
            for name, limit in self.limits.items()
        }
        passed = [name for name in inside if inside[name] < 0]
        gravest = [name for name in passed if name.startswith("block")] or passed or list(inside)
        return min(inside[name] for name in gravest)

    @property
    def margin_sds(self) -> float | None:
        """The same in standard deviations of the value, where its interval is known."""
        if self.margin is None or self.low is None or self.high is None or self.high <= self.low:
            return None
        return self.margin / ((self.high - self.low) / _SDS_OF_INTERVAL)


class Omission(BaseModel):
    """A packaged rule that the team's rules do not ask.

    Parameters
    ----------
    rule, question
        Its id and what it would have asked.
    reason
        The team's; empty when none is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    question: str
    reason: str = ""


class Screening(BaseModel):
    """Every rule's verdict for one person.

    Parameters
    ----------
    schema_version
        Version of this layout.
    device
        Name of the device screened for.
    rules_version
        Version of the rules.
    verdicts
        One a rule, in the order of the rules.
    not_asked
        Packaged rules that were left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    device: str
    rules_version: str
    verdicts: tuple[Verdict, ...]
    not_asked: tuple[Omission, ...] = ()

    @property
    def answer(self) -> Answer:
        """The gravest verdict of all; with a packaged rule left out, a concern at best."""
        found = {verdict.verdict for verdict in self.verdicts} | {Answer.PASS}
        if self.not_asked:
            found.add(Answer.CONCERN)
        return next(answer for answer in GRAVEST_FIRST if answer in found)
