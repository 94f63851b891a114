# SPDX-License-Identifier: Apache-2.0
"""The screening's figures for programs and people."""

from __future__ import annotations

from trephine.model.screening import Answer, Screening
from trephine.model.summary import Headline

_COUNTS = {
    Answer.PASS: "Rules passed",
    Answer.CONCERN: "Rules of concern",
    Answer.BLOCK: "Rules that block",
    Answer.UNKNOWN: "Rules that could not be judged",
}


def headlines(screening: Screening) -> tuple[Headline, ...]:
    """Return the verdict as a whole, the counts, and every figure that was measured.

    Parameters
    ----------
    screening
        Every verdict.

    Returns
    -------
    tuple of Headline
        ``verdict`` is the gravest of all: block, then unknown, then concern, then pass.
    """
    count = {answer: sum(v.verdict is answer for v in screening.verdicts) for answer in Answer}
    whole = Headline(name="verdict", value=screening.answer.value, unit="word", label="Screening as a whole")
    counts = [
        Headline(name=f"rules_{answer.value}", value=count[answer], unit="1", label=label)
        for answer, label in _COUNTS.items()
    ]
    figures = [
        Headline(name=v.rule, value=v.value, unit=v.unit, low=v.low, high=v.high, label=v.question)
        for v in screening.verdicts
        if v.value is not None and v.unit is not None
    ]
    return (whole, *counts, *figures)
