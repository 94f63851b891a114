# SPDX-License-Identifier: Apache-2.0
"""The first thing a reader sees: how far the plan has come, and what stands against it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trephine.core.findings import Severity
from trephine.report.contents import Contents
from trephine.report.screening_tables import whole
from trephine.report.words import by_severity, count_of, number

_PLAN_STAGE = "placement"
_MOST_LISTED = 5
_LONG_ENOUGH = 70
"""Characters after which a message is not carried on by its next sentence."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict in words.

    Parameters
    ----------
    headline
        One line.
    sentences
        What follows from it.
    blocks, unknowns
        What stands against surgery with this plan, and the first of what could not be judged, in short.
    more
        How many more unknowns there are, in words; empty when all are listed.
    figures
        A few figures: (what, number with unit).
    """

    headline: str
    sentences: tuple[str, ...]
    blocks: tuple[str, ...]
    unknowns: tuple[str, ...]
    more: str
    figures: tuple[tuple[str, str], ...]


def verdict_of(contents: Contents) -> Verdict:
    """Put a case into words; counts what stages found and judges nothing anew."""
    findings = [finding for summary in contents.summaries.values() for finding in summary.findings]
    groups = by_severity(findings)
    blocks, unknowns = groups[Severity.BLOCK], groups[Severity.UNKNOWN]
    counts = [count_of(len(blocks), "block")] if blocks else ["no blocks"]
    counts.append(
        count_of(len(unknowns), "thing unknown", "things unknown") if unknowns else "nothing unknown"
    )
    if groups[Severity.WARN]:
        counts.append(count_of(len(groups[Severity.WARN]), "warning"))
    return Verdict(
        headline=f"{_state(contents)} \u2013 {', '.join(counts)}",
        sentences=tuple(_sentences(contents, len(blocks), len(unknowns))),
        blocks=tuple(shortened(finding.message) for finding in blocks),
        unknowns=tuple(shortened(finding.message) for finding in unknowns[:_MOST_LISTED]),
        more=_more(len(unknowns) - _MOST_LISTED),
        figures=tuple(_figures(contents)),
    )


def _state(contents: Contents) -> str:
    if not _is_complete(contents):
        return "Plan not complete"
    return "Provisional plan complete" if is_provisional(contents) else "Plan complete"


def is_provisional(contents: Contents) -> bool:
    """Tell whether threads were placed without a live view of the exposed cortex."""
    plan = contents.plan
    return plan is not None and bool(plan.threads) and plan.vessels_from != "live view"


def _is_complete(contents: Contents) -> bool:
    return not contents.missing and not contents.outdated and bool(contents.plan and contents.plan.threads)


def _sentences(contents: Contents, blocks: int, unknowns: int) -> list[str]:
    said = []
    if contents.missing:
        said.append(f"Not done yet: {', '.join(contents.missing)}.")
    if contents.outdated:
        said.append(
            f"Made from results that have changed since: {', '.join(contents.outdated)}. Run these stages "
            "again."
        )
    if _PLAN_STAGE in contents.summaries and not (contents.plan and contents.plan.threads):
        said.append("No thread could be placed.")
    if is_provisional(contents):
        said.append(
            "Thread sites are provisional: there is no live view of the exposed cortex, and scans alone "
            "cannot place a thread."
        )
    if blocks:
        verb = "forbids" if blocks == 1 else "forbid"
        said.append(f"{count_of(blocks, 'finding')} {verb} surgery with this plan.")
    if unknowns:
        said.append("What is unknown was not judged: it is not a pass.")
    if contents.waiting:
        names = ", ".join(f"{name} ({stage})" for stage, name in contents.waiting)
        said.append(f"Waiting for approval: the registration of {names}. No stage can be approved before.")
    approved = [a for a in contents.approvals if a.act == "approved" and a.is_standing and not a.registration]
    stages = sorted({a.stage for a in approved})
    said.append(
        f"Approved by a person: {', '.join(stages)}." if stages else "No stage has a standing approval."
    )
    return said


def _figures(contents: Contents) -> list[tuple[str, str]]:
    """Pick the figures a surgeon asks for first."""
    figures = []
    hand, opening, plan, log = contents.hand_map, contents.opening, contents.plan, contents.log
    if hand:
        side = "right" if hand.hemisphere == "right" else "left"
        source = "from the task" if hand.target_source == "task" else "from anatomy alone"
        figures.append(("Target", f"{hand.hand} hand, {side} hemisphere, {source}"))
    if contents.screening:
        figures.append(("Screening", whole(contents.screening)))
    if opening:
        figures.append(("From the midline", f"{number(opening.midline_distance_mm, 1)} mm"))
    if plan:
        figures.append(("Threads placed", f"{len(plan.threads)} of {plan.threads_asked}"))
        clearance = plan.smallest_clearance_um
        words = f"{number(clearance, 0)} \u00b5m" if clearance is not None else "nothing to avoid is known"
        figures.append(("Smallest clearance", words))
        figures.append(("Vessels known from", plan.vessels_from))
    if log:
        figures.append(("Inserted, simulated", f"{log.threads_inserted} of {log.threads_planned}"))
    return figures


def _more(count: int) -> str:
    return f"and {count_of(count, 'more', 'more')} that could not be judged" if count > 0 else ""


def shortened(message: str) -> str:
    """Return the first sentences of a message: enough to know what it is about."""
    kept = ""
    for sentence in re.split(r"(?<=[.?!;])\s+", message):
        if kept and len(kept) + len(sentence) > _LONG_ENOUGH:
            break
        kept = f"{kept} {sentence}".strip()
    return kept
