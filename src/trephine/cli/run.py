# SPDX-License-Identifier: Apache-2.0
"""``trephine run``: from scans to a plan, a rehearsal and a report."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import Bar, print_json, print_words
from trephine.core.errors import EXIT_BLOCKED, EXIT_DONE

if TYPE_CHECKING:
    from trephine.pipeline.request import Event, Request, RunResult
    from trephine.pipeline.step import Workspace


def command(
    study: Study,
    subject: Subject,
    first: Annotated[
        str | None, typer.Option("--from", help="Run this stage and all later ones anew.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Stop after this stage.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be run.")] = False,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Run every stage that is missing or stale, then write the report."""
    from trephine.pipeline.request import Request

    workspace = workspace_of(study, subject, file=settings, overrides=override)
    result = execute(workspace, Request(first=first, last=last, is_dry=dry_run))
    report = write_report(workspace) if _is_complete(result) else None
    document = _document(workspace, result, report)
    if as_json:
        print_json(document)
    else:
        print_words(*_words(document))
    return int(document["exit_code"])


def execute(workspace: Workspace, request: Request) -> RunResult:
    """Run the path with progress on stderr; a polite end (SIGTERM) counts as Ctrl-C."""
    from trephine.pipeline import inputs
    from trephine.pipeline.freshness import judge
    from trephine.pipeline.run import run
    from trephine.pipeline.steps import STEPS

    if not request.is_dry and not all(judge(step, workspace).is_fresh for step in STEPS):
        inputs.check(workspace)
    bar = Bar()

    def tell(event: Event) -> None:
        if event.kind == "progress":
            bar.step(event.stage, event.done, event.total, event.label)
        else:
            bar.line(f"{event.stage} {event.kind}: {event.label}")

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(workspace.case, STEPS, workspace.sections, request, tell=tell)
    finally:
        signal.signal(signal.SIGTERM, before)
        bar.close()


def write_report(workspace: Workspace) -> Path:
    """Write the report with progress on stderr, unless the one there shows the same results."""
    from trephine.case import report_sidecar
    from trephine.pipeline.steps import STEPS
    from trephine.report import write

    case = workspace.case
    stages = [step.name for step in STEPS]
    if report_sidecar.is_current(case, stages):
        return case.path("report")
    bar = Bar()
    path = write(case, progress=lambda done, total, label: bar.step("report", done, total, label))
    bar.close()
    report_sidecar.write(case, stages)
    return path


def _is_complete(result: RunResult) -> bool:
    """Whether the run ended with a fresh result of every stage; a partial path has no report."""
    from trephine.pipeline.steps import STEPS

    return result.run is not None and len(result.stages) == len(STEPS)


def _document(workspace: Workspace, result: RunResult, report: Path | None) -> dict[str, Any]:
    from trephine.core.findings import is_blocked

    blocked = any(is_blocked(stage.findings) for stage in result.stages)
    return {
        "schema_version": 1,
        "study": str(workspace.case.study),
        "subject": workspace.case.subject,
        "run": result.run,
        "stages": [
            {
                "stage": stage.stage,
                "done": stage.done,
                "reason": stage.reason,
                "duration_s": stage.duration_s,
                "findings": [finding.model_dump(mode="json") for finding in stage.findings],
            }
            for stage in result.stages
        ],
        "settings": {name: section.model_dump(mode="json") for name, section in workspace.sections.items()},
        "report": str(report) if report else None,
        "is_blocked": blocked,
        "exit_code": EXIT_BLOCKED if blocked else EXIT_DONE,
    }


def _words(document: dict[str, Any]) -> list[str]:
    lines = [f"{stage['stage']:<10} {stage['done']}" for stage in document["stages"]]
    for stage in document["stages"]:
        lines += [
            f"{finding['severity']:<8} {finding['code']}: {finding['message']}"
            for finding in stage["findings"]
            if finding["severity"] != "note"
        ]
    if document["report"]:
        lines.append(f"report: {document['report']}")
    if document["is_blocked"]:
        lines.append("A blocking finding stands: this plan must not be carried out as it is.")
    return lines
