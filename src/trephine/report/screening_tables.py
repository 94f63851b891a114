# SPDX-License-Identifier: Apache-2.0
"""The screening sheet: every rule, gravest verdict first, with what to do."""

from __future__ import annotations

from trephine.model.screening import GRAVEST_FIRST, Answer, Screening, Verdict
from trephine.report.contents import Contents
from trephine.report.figures.screening import in_order
from trephine.report.table import Table
from trephine.report.words import ABSENT, ANSWERS, count_of, number, unit

_SIDES = {"low": "below", "high": "above"}
_VERBS = {"block": "blocks", "concern": "of concern"}

_NOTE = (
    "The whole is the gravest of all: block, then unknown, then concern. A rule passes only when what it "
    "asks is known. A pass is not advice to operate. Judged by (name, date, signature): " + "." * 60
)


def screening(contents: Contents) -> Table | None:
    """List every rule by gravity: what was asked and found, its limits, what to do, and the source."""
    if contents.screening is None:
        return None
    judged = contents.screening
    rows = tuple(
        (
            " ".join(ANSWERS[verdict.verdict]),
            verdict.question,
            verdict.found or verdict.reason,
            _limits(verdict),
            ABSENT if verdict.verdict is Answer.PASS else f"{verdict.why} {verdict.remedy}".strip() or ABSENT,
            _cited(verdict),
        )
        for verdict in in_order(judged.verdicts)
    )
    return Table(
        key="screening",
        title=f"Screening sheet: {whole(judged)}",
        columns=(
            ("Verdict", "severity"),
            ("Question", "text"),
            ("Found", "text"),
            ("Limits", "text"),
            ("Why, and what to do", "text"),
            ("Source", "code"),
        ),
        rows=rows,
        note=f"{contents.subject}, for {judged.device}, by rules version {judged.rules_version}. {_NOTE}",
    )


def not_asked(contents: Contents) -> Table | None:
    """List the packaged rules that the team's rules leave out."""
    if contents.screening is None or not contents.screening.not_asked:
        return None
    return Table(
        key="not-asked",
        title=f"Not asked ({len(contents.screening.not_asked)})",
        columns=(("Rule", "code"), ("What it would have asked", "text"), ("The team\u2019s reason", "text")),
        rows=tuple(
            (item.rule, item.question, item.reason or "none given") for item in contents.screening.not_asked
        ),
    )


def whole(judged: Screening) -> str:
    """Say the answer as a whole and the counts behind it."""
    counts = [
        f"{sum(v.verdict is answer for v in judged.verdicts)} {ANSWERS[answer][1].lower()}"
        for answer in GRAVEST_FIRST
    ]
    left_out = f", {count_of(len(judged.not_asked), 'rule')} not asked" if judged.not_asked else ""
    return f"{ANSWERS[judged.answer][1]} ({', '.join(counts)}{left_out})"


def _limits(verdict: Verdict) -> str:
    parts = []
    for name, limit in verdict.limits.items():
        gravity, side = name.split("_")
        parts.append(f"{_VERBS[gravity]} {_SIDES[side]} {number(limit)}")
    return f"{'; '.join(parts)} {unit(verdict.unit)}".strip() if parts else ABSENT


def _cited(verdict: Verdict) -> str:
    return (
        verdict.source if verdict.source == verdict.confidence else f"{verdict.source} ({verdict.confidence})"
    )
