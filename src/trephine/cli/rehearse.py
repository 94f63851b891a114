# SPDX-License-Identifier: Apache-2.0
"""``trephine rehearse``: insert a plan made again in surgery, simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import Bar, print_json, print_words
from trephine.core.errors import EXIT_BLOCKED, EXIT_DONE, ConfigError

if TYPE_CHECKING:
    from trephine.pipeline.rehearsal import Rehearsed


def command(
    study: Study,
    subject: Subject,
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan made again, such as replan2.")],
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Rehearse a plan made again in surgery on a moving brain; no real robot is driven."""
    from trephine.case.records.replan import number_of
    from trephine.case.store import Case
    from trephine.pipeline.rehearsal import rehearse

    number = number_of(plan)
    if number is None:
        raise ConfigError.because(
            where=f"PLAN {plan}",
            found="no plan made again in surgery",
            expected="replan1, replan2, ...",
            remedy="trephine status lists them; the plan of the scans is rehearsed by trephine run.",
        )
    bar = Bar()
    try:
        done = rehearse(
            Case.of(study, subject),
            number,
            file=settings,
            overrides=tuple(override or ()),
            progress=lambda step, total, label: bar.step("rehearse", step, total, label),
        )
    finally:
        bar.close()
    document = _document(done)
    if as_json:
        print_json(document)
    else:
        print_words(*_words(document))
    return int(document["exit_code"])


def _document(done: Rehearsed) -> dict[str, Any]:
    from trephine.core.findings import is_blocked

    blocked = is_blocked(done.summary.findings)
    return {
        "schema_version": 1,
        "stage": done.summary.stage,
        "threads_planned": done.log.threads_planned,
        "threads_inserted": done.log.threads_inserted,
        "vessel_hits": done.log.vessel_hits,
        "total_time_s": done.log.total_time_s,
        "expected": [one.model_dump(mode="json") for one in done.log.expected],
        "findings": [finding.model_dump(mode="json") for finding in done.summary.findings],
        "is_blocked": blocked,
        "exit_code": EXIT_BLOCKED if blocked else EXIT_DONE,
    }


def _words(document: dict[str, Any]) -> list[str]:
    hits = document["vessel_hits"]
    lines = [
        f"{document['stage']} (simulated): {document['threads_inserted']} of {document['threads_planned']} "
        f"threads inserted in {document['total_time_s'] / 60:.0f} min, "
        + ("hits of vessels not known" if hits is None else f"{hits} hits of known vessels")
    ]
    lines += [
        f"expected {one['name']}: {one['mean']:.4g} ({one['low']:.4g} to {one['high']:.4g}) {one['unit']}"
        for one in document["expected"]
    ]
    return lines + [
        f"{finding['severity']:<8} {finding['code']}: {finding['message']}"
        for finding in document["findings"]
        if finding["severity"] != "note"
    ]
