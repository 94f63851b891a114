# SPDX-License-Identifier: Apache-2.0
"""What is noticed about a rehearsal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from trephine.core.findings import Finding, Severity
from trephine.model.insertion_log import InsertionLog
from trephine.model.thread_plan import ThreadPlan

_FEW_INSERTED_FRACTION = 0.9


def findings(log: InsertionLog, plan: ThreadPlan) -> tuple[Finding, ...]:
    """Judge a rehearsal."""
    return (
        Finding(
            code="INSERTION_SIMULATED",
            severity=Severity.NOTE,
            message="No robot was driven and no tissue touched: these figures follow from the stated errors.",
        ),
        *_threads(log),
        *_vessels(log, plan),
    )


def _threads(log: InsertionLog) -> Iterator[Finding]:
    """Say how many threads did not go in, and why the last try failed."""
    lost = log.threads_planned - log.threads_inserted
    if lost == 0:
        return
    ends = {one.thread: one.result for one in log.attempts}
    reasons = Counter(result for result in ends.values() if result != "inserted")
    share = log.threads_inserted / max(log.threads_planned, 1)
    yield Finding(
        code="THREADS_NOT_INSERTED",
        severity=Severity.WARN if share < _FEW_INSERTED_FRACTION else Severity.NOTE,
        message=f"{lost} of {log.threads_planned} threads were not inserted after every try: "
        + ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        + ".",
        value=share,
        limit=_FEW_INSERTED_FRACTION,
        unit="1",
        source="assumed",
    )


def _vessels(log: InsertionLog, plan: ThreadPlan) -> Iterator[Finding]:
    """Say what is known of vessels hit."""
    if log.vessel_hits is None:
        yield Finding(
            code="HITS_UNKNOWN",
            severity=Severity.UNKNOWN,
            message="No vessels are known, so hits cannot be counted. Plan again on the live image.",
        )
        return
    if log.vessel_hits:
        yield Finding(
            code="VESSEL_HIT_IN_REHEARSAL",
            severity=Severity.WARN,
            message="In the rehearsal a needle met a known vessel.",
            value=log.vessel_hits,
            limit=0,
            unit="1",
        )
    if plan.vessels_from == "angiogram":
        yield Finding(
            code="HITS_OF_LARGE_VESSELS_ONLY",
            severity=Severity.WARN,
            message="Hits are counted against the angiogram's vessels only, and as if they lay where the "
            "scan shows them.",
        )
