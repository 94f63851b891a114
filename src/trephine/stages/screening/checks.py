# SPDX-License-Identifier: Apache-2.0
"""Verdicts into findings: one for every rule that is not passed."""

from __future__ import annotations

from trephine.core.findings import Finding, Severity
from trephine.model.screening import Answer, Screening

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
    order = (Answer.BLOCK, Answer.CONCERN, Answer.UNKNOWN)
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
