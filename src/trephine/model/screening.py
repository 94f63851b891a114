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
        Interval of the value, where it is an estimate.
    limit
        The limit it was held against: the one that decided, or the nearest one for a pass.
    unit
        Unit of value, interval and limit.
    source
        Citation key of the limit in ``docs/references.bib``, or ``assumed``.
    confidence
        How the limit was come by.
    reason
        A sentence for a clinician.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    code: str
    question: str
    verdict: Answer
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    unit: str | None = None
    source: str
    confidence: Confidence
    reason: str


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    device: str
    rules_version: str
    verdicts: tuple[Verdict, ...]
