# SPDX-License-Identifier: Apache-2.0
"""A physical or clinical constant with its unit, range, source and confidence."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, model_validator

ASSUMED = "assumed"


class Confidence(StrEnum):
    """How the number was come by."""

    READ = "read"
    """Read in the cited text."""
    SECOND_HAND = "second-hand"
    """Read in a text that quotes the source."""
    RECALLED = "recalled"
    """From memory of the literature, not checked."""
    DERIVED = "derived"
    """Arithmetic on other sourced figures, shown in the note."""
    ASSUMED = "assumed"
    """Chosen by us; reports list it as an assumption."""


class Sourced(BaseModel):
    """One number that a person may ask about.

    Parameters
    ----------
    value
        The number, in ``unit``.
    unit
        Unit as printed, such as ``mm`` or ``um``; ``1`` for a pure number.
    low, high
        Plausible range in ``unit``, where known.
    source
        Citation key in ``docs/references.bib``, or ``assumed``.
    confidence
        How the number was come by.
    note
        What a reader must know to use it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    source: str
    confidence: Confidence
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> Sourced:
        if self.low is not None and self.value < self.low:
            raise ValueError(
                f"value {self.value} {self.unit} is below its own range, which starts at {self.low}"
            )
        if self.high is not None and self.value > self.high:
            raise ValueError(
                f"value {self.value} {self.unit} is above its own range, which ends at {self.high}"
            )
        if (self.source == ASSUMED) != (self.confidence is Confidence.ASSUMED):
            raise ValueError("source 'assumed' and confidence 'assumed' go together")
        return self
