# SPDX-License-Identifier: Apache-2.0
"""``trephine status``: where a case stands."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import print_json, print_words, table

if TYPE_CHECKING:
    from trephine.pipeline.status import CaseStatus, StageStatus


def command(
    study: Study,
    subject: Subject,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Say of every stage whether it is fresh, what was found, and whether its approval holds."""
    from trephine.pipeline.replans import with_replans
    from trephine.pipeline.status import status
    from trephine.pipeline.steps import STEPS

    workspace = workspace_of(study, subject, file=settings, overrides=override)
    is_judged_by_settings = settings is not None or bool(override)
    case = status(workspace, with_replans(workspace.case, STEPS), with_settings=is_judged_by_settings)
    if as_json:
        print_json(document(case))
    else:
        print_words(*_words(case))
    return 0


def document(case: CaseStatus) -> dict[str, Any]:
    """Return a case's status as JSON values."""
    return {
        "schema_version": 1,
        "subject": case.subject,
        "is_complete": case.is_complete,
        "is_blocked": case.is_blocked,
        "report": case.report,
        "is_report_current": case.is_report_current,
        "stages": [_stage(stage) for stage in case.stages],
    }


def _stage(stage: StageStatus) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "state": stage.state,
        "reason": stage.reason,
        "summary": stage.summary,
        "approval": asdict(stage.approval),
        "registrations": {name: asdict(said) for name, said in stage.registrations.items()},
        "headlines": [headline.model_dump(mode="json") for headline in stage.headlines],
        "findings": [finding.model_dump(mode="json") for finding in stage.findings],
    }


def _words(case: CaseStatus) -> list[str]:
    rows = [["stage", "state", "approval", "findings", "why"]]
    for stage in case.stages:
        counts = [f"{n} {word}" for word in ("block", "warn", "unknown") if (n := _count(stage, word))]
        approval = stage.approval.state + (f" by {stage.approval.who}" if stage.approval.who else "")
        reason = "" if stage.state == "fresh" else stage.reason
        rows.append([stage.stage, stage.state, approval, ", ".join(counts) or "none", reason])
        for name, said in stage.registrations.items():
            word = said.state if said.state in ("approved", "rejected") else "waiting for approval"
            by = f" by {said.who}" if said.state in ("approved", "rejected") else ""
            rows.append([f"  registration {name}", "", word + by, "", said.reason or ""])
    outdated = "" if case.is_report_current or not case.report else " (older than the results or approvals)"
    return [*table(rows), f"report: {case.report or 'none yet'}{outdated}"]


def _count(stage: StageStatus, severity: str) -> int:
    return sum(finding.severity == severity for finding in stage.findings)
