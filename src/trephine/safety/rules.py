# SPDX-License-Identifier: Apache-2.0
"""Screening rules and general limits: the typed form of ``screening.toml`` and ``limits.toml``."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trephine.core.sourced import ASSUMED, Confidence, Sourced

LIMIT_NAMES = ("block_low", "concern_low", "concern_high", "block_high")
"""A rule's limits in the order in which they must rise."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Basis(_Frozen):
    """Where a rule that asks a question comes from.

    Parameters
    ----------
    source, confidence, note
        As in ``Sourced``.
    """

    source: str
    confidence: Confidence
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.source == ASSUMED) != (self.confidence is Confidence.ASSUMED):
            raise ValueError("source 'assumed' and confidence 'assumed' go together")
        return self


class Rule(_Frozen):
    """One rule: a figure held against limits, a question of yes or no, or a question with a word for answer.

    Parameters
    ----------
    id
        What is measured or asked: words joined by underscores.
    code
        Code of its finding.
    question, reason, remedy
        What it asks, why, and what to do when it is not passed.
    unit
        Unit of the figure and its limits; absent for questions.
    block_low, concern_low, concern_high, block_high
        Below, or above, which a figure is of concern or blocks.
    if_yes, if_no
        Verdict when the answer is yes, or when it is no; one of the two, absent otherwise.
    pass_words, concern_words, block_words
        Verdict by word; a word in none of them is unknown.
    basis
        Source of a question.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]+$")
    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$")
    question: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    remedy: str = Field(min_length=1)
    unit: str | None = None
    block_low: Sourced | None = None
    concern_low: Sourced | None = None
    concern_high: Sourced | None = None
    block_high: Sourced | None = None
    if_yes: Literal["concern", "block"] | None = None
    if_no: Literal["concern", "block"] | None = None
    pass_words: tuple[str, ...] = ()
    concern_words: tuple[str, ...] = ()
    block_words: tuple[str, ...] = ()
    basis: Basis | None = None

    @property
    def kind(self) -> Literal["figure", "answer", "word"]:
        """What the rule asks for."""
        if self.unit is not None:
            return "figure"
        return "answer" if self.if_yes or self.if_no else "word"

    @property
    def limits(self) -> dict[str, Sourced]:
        """Limits that are set, by name, in rising order."""
        named = {name: getattr(self, name) for name in LIMIT_NAMES}
        return {name: limit for name, limit in named.items() if limit is not None}

    @model_validator(mode="after")
    def _check(self) -> Self:
        words = [*self.pass_words, *self.concern_words, *self.block_words]
        kinds = [self.unit is not None, self.if_yes is not None, self.if_no is not None, bool(words)]
        if sum(kinds) != 1 or (self.unit is None) != (self.basis is not None):
            raise ValueError("a rule has a unit and limits; or if_yes, if_no or words, and then a basis")
        if self.unit is None and self.limits:
            raise ValueError("a rule that asks a question has no limits")
        if len(set(words)) != len(words):
            raise ValueError("a word stands in two lists")
        values = [limit.value for limit in self.limits.values()]
        if any(limit.unit != self.unit for limit in self.limits.values()):
            raise ValueError(f"every limit must be in {self.unit}")
        if values != sorted(values) or not all(math.isfinite(value) for value in values):
            raise ValueError(f"limits must be finite and rise in the order {', '.join(LIMIT_NAMES)}")
        return self


class NotAsked(_Frozen):
    """A packaged rule that a team's rules leave out.

    Parameters
    ----------
    id
        Of the packaged rule.
    reason
        The team's; empty when none is given.
    """

    id: str
    reason: str = ""


class Rules(_Frozen):
    """Every screening rule.

    Parameters
    ----------
    schema_version
        Version of this layout.
    version
        Version of the rules themselves; results carry it.
    rules
        In the order in which they are shown.
    not_asked
        Packaged rules left out on purpose, with reasons.
    """

    schema_version: Literal[1] = 1
    version: str
    rules: tuple[Rule, ...] = Field(min_length=1)
    not_asked: tuple[NotAsked, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for names in ([rule.id for rule in self.rules], [rule.code for rule in self.rules]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two rules share an id or a code: {', '.join(twice)}")
        return self


class Limits(_Frozen):
    """Limits that any plan is held against.

    Parameters
    ----------
    schema_version
        Version of this layout.
    vessel_clearance_um
        From a thread's centre line to the wall of a major vessel on the surface.
    thread_spacing_um
        Between neighbouring threads on the cortex.
    cortex_motion_mm
        Amplitude of the exposed cortex that a robot must bear.
    tissue_rise_k
        Heating of tissue by an implant.
    """

    schema_version: Literal[1] = 1
    vessel_clearance_um: Sourced
    thread_spacing_um: Sourced
    cortex_motion_mm: Sourced
    tissue_rise_k: Sourced
