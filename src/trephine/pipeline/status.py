# SPDX-License-Identifier: Apache-2.0
"""Where a case stands: every stage's state, findings, figures and approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trephine.case import audit, report_sidecar
from trephine.case.records.replan import is_of_surgery
from trephine.core.findings import Finding, is_blocked
from trephine.core.progress import Progress, silent
from trephine.model.summary import Headline
from trephine.pipeline.approval import Approval, approval_of
from trephine.pipeline.freshness import State, judge
from trephine.pipeline.step import Step, Steps, Workspace, with_upstream


@dataclass(frozen=True, kw_only=True)
class StageStatus:
    """Where one stage stands.

    Parameters
    ----------
    stage
        Its name.
    state, reason
        Fresh or not, and why.
    approval
        What a person last said of it.
    findings, headlines
        From its receipt; empty when it never finished.
    summary
        Path of its receipt, relative to the study; absent when it never finished.
    registrations
        What a person last said of each registration that the stage rests on, by name.
    """

    stage: str
    state: State
    reason: str
    approval: Approval
    findings: tuple[Finding, ...] = ()
    headlines: tuple[Headline, ...] = ()
    summary: str | None = None
    registrations: Mapping[str, Approval] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CaseStatus:
    """Where one participant's case stands.

    Parameters
    ----------
    subject
        With its prefix.
    stages
        In order.
    report
        Path of the report, relative to the study; absent when there is none.
    is_report_current
        Whether the report shows the present results and approvals.
    """

    subject: str
    stages: tuple[StageStatus, ...]
    report: str | None
    is_report_current: bool

    @property
    def is_complete(self) -> bool:
        """Whether every stage of the path is fresh; plans made again in surgery are none of it."""
        return all(stage.state == "fresh" for stage in self.stages if not is_of_surgery(stage.stage))

    @property
    def is_blocked(self) -> bool:
        """Whether a BLOCK finding stands."""
        return any(is_blocked(stage.findings) for stage in self.stages)


def status(
    workspace: Workspace, steps: Steps, *, with_settings: bool = False, progress: Progress = silent
) -> CaseStatus:
    """Judge every stage of one participant without changing anything.

    Parameters
    ----------
    workspace
        The participant.
    steps
        The path.
    with_settings
        Whether to judge by the workspace's settings; otherwise the settings each stage was made with are
        taken as meant.
    progress
        Told after each stage.

    Returns
    -------
    CaseStatus
        One entry a stage.

    Raises
    ------
    InputError
        If the study's files or the audit are refused.
    """
    entries = audit.read(workspace.case)
    stages: dict[str, StageStatus] = {}
    for done, step in enumerate(steps):
        progress(done, len(steps), step.name)
        stages[step.name] = _stage(step, workspace, steps, entries, with_settings=with_settings)
        upstream = [other.name for other in with_upstream(steps, step.name) if other is not step]
        stale = [name for name in upstream if stages[name].state != "fresh"]
        if stale and stages[step.name].state == "fresh":
            stages[step.name] = _made_stale(stages[step.name], stale[0])
    report = workspace.case.path("report")
    return CaseStatus(
        subject=workspace.case.subject,
        stages=tuple(stages.values()),
        report=report.relative_to(workspace.case.study).as_posix() if report.is_file() else None,
        is_report_current=report_sidecar.is_current(
            workspace.case, [step.name for step in steps if not is_of_surgery(step.name)]
        ),
    )


def _stage(
    step: Step, workspace: Workspace, steps: Steps, entries: tuple[audit.Entry, ...], *, with_settings: bool
) -> StageStatus:
    case = workspace.case
    fresh = judge(step, workspace, with_settings=with_settings)
    approval = approval_of(case, steps, step.name, entries)
    path = case.path("receipt", stage=step.name)
    receipt = fresh.receipt
    stage = StageStatus(
        stage=step.name,
        state=fresh.state,
        reason=fresh.reason,
        approval=approval,
        findings=receipt.findings if receipt else (),
        headlines=receipt.headlines if receipt else (),
        summary=path.relative_to(case.study).as_posix() if receipt else None,
        registrations={
            name: approval_of(case, steps, step.name, entries, registration=name)
            for name in (receipt.registrations if receipt else ())
        },
    )
    return stage if fresh.is_fresh else _voided(stage, f"{step.name} is stale: {fresh.reason}")


def _made_stale(stage: StageStatus, upstream: str) -> StageStatus:
    reason = f"upstream {upstream} is not fresh"
    return _voided(replace(stage, state="stale", reason=reason), reason)


def _voided(stage: StageStatus, reason: str) -> StageStatus:
    return replace(
        stage,
        approval=_void(stage.approval, reason),
        registrations={name: _void(said, reason) for name, said in stage.registrations.items()},
    )


def _void(said: Approval, reason: str) -> Approval:
    return said if said.state in ("none", "void") else replace(said, state="void", reason=reason)
