# SPDX-License-Identifier: Apache-2.0
"""Findings: what a stage noticed about a case, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Noun = TypeVar("Noun")


class Severity(StrEnum):
    """How much a finding matters.

    ``NOTE`` informs, ``WARN`` asks for a person's judgement, ``UNKNOWN`` says that what is needed to judge
    is missing, ``BLOCK`` forbids going on to surgery with this plan.
    """

    NOTE = "note"
    WARN = "warn"
    UNKNOWN = "unknown"
    BLOCK = "block"


class Finding(BaseModel):
    """One thing noticed, with its value beside its limit.

    Parameters
    ----------
    code
        Words in capitals, such as ``THREAD_NEAR_VESSEL``; each is a heading in
        ``docs/reference/findings.md``.
    severity
        How much it matters.
    message
        A sentence for a clinician.
    value, limit
        What was measured and what it was held against, both in ``unit``; absent where there is no number.
    unit
        Unit of both.
    source
        Citation key in ``docs/references.bib`` of the limit, or ``assumed``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$")
    severity: Severity
    message: str
    value: float | None = None
    limit: float | None = None
    unit: str | None = None
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[Noun]):
    """A stage's answer together with what it noticed.

    Parameters
    ----------
    value
        The noun made.
    findings
        What was noticed on the way, in order.
    """

    value: Noun
    findings: tuple[Finding, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether a BLOCK finding stands."""
        return is_blocked(self.findings)


def is_blocked(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding forbids going on."""
    return any(finding.severity is Severity.BLOCK for finding in findings)
