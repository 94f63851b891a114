# SPDX-License-Identifier: Apache-2.0
"""Verdicts into findings: one for every rule that is not passed, and what was left out or not read."""

from __future__ import annotations

from trephine.core.findings import Finding, Severity
from trephine.model.participant import Participant
from trephine.model.screening import Answer, Omission, Screening
from trephine.safety.reading import changed_rules, read_rules
from trephine.safety.rules import Rules

_SEVERITY = {Answer.CONCERN: Severity.WARN, Answer.BLOCK: Severity.BLOCK, Answer.UNKNOWN: Severity.UNKNOWN}


def findings(screening: Screening) -> tuple[Finding, ...]:
    """Return one finding for every rule that is not passed, gravest first.

    Parameters
    ----------
    screening
        Every verdict.

    Returns
    -------
    tuple of Finding
        The order of the rules is kept within one severity.
    """
    order = (Answer.BLOCK, Answer.UNKNOWN, Answer.CONCERN)
    return tuple(
        Finding(
            code=verdict.code,
            severity=_SEVERITY[answer],
            message=verdict.reason,
            value=verdict.value,
            limit=verdict.limit,
            unit=verdict.unit,
            source=verdict.source,
        )
        for answer in order
        for verdict in screening.verdicts
        if verdict.verdict is answer
    )


def omissions(rules: Rules) -> tuple[Omission, ...]:
    """Return the packaged rules that are not asked, with what they would have asked."""
    questions = {rule.id: rule.question for rule in read_rules().rules}
    return tuple(
        Omission(rule=entry.id, question=questions[entry.id], reason=entry.reason)
        for entry in rules.not_asked
    )


def about_rules(screening: Screening, rules: Rules) -> tuple[Finding, ...]:
    """Say which packaged rules were left out, and which are held against other limits."""
    found = []
    if screening.not_asked:
        listed = "; ".join(
            f"{item.rule} ({item.reason or 'no reason is given'})" for item in screening.not_asked
        )
        found.append(
            Finding(
                code="SCREENING_RULES_NOT_ASKED",
                severity=Severity.WARN,
                message=f"The team's rules leave out {len(screening.not_asked)} packaged rules: {listed}.",
                value=len(screening.not_asked),
                unit="1",
            )
        )
    changed = changed_rules(rules)
    if changed:
        found.append(
            Finding(
                code="SCREENING_RULES_CHANGED",
                severity=Severity.NOTE,
                message="The team's rules judge otherwise than the packaged ones: "
                f"{', '.join(rule.id for rule in changed)}.",
                value=len(changed),
                unit="1",
            )
        )
    return tuple(found)


def about_columns(participant: Participant) -> tuple[Finding, ...]:
    """Say which columns of the table nothing asked for: a misspelt name would be among them."""
    if not participant.columns_not_read:
        return ()
    return (
        Finding(
            code="PARTICIPANT_COLUMNS_NOT_READ",
            severity=Severity.NOTE,
            message="Columns of participants.tsv that no rule asks for: "
            f"{', '.join(participant.columns_not_read)}. Check their spelling.",
        ),
    )
