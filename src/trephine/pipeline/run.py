# SPDX-License-Identifier: Apache-2.0
"""Run what is stale, in order, and leave nothing half-written."""

from __future__ import annotations

import time
from dataclasses import dataclass

from trephine.case import audit, dataset, lock
from trephine.case.store import Case, Writer
from trephine.core.errors import CancelledError, TrephineError
from trephine.core.progress import Progress
from trephine.model.summary import StageSummary
from trephine.pipeline import settings as settings_of
from trephine.pipeline.freshness import inputs_of, judge
from trephine.pipeline.request import Event, Request, RunResult, StageResult, Tell
from trephine.pipeline.run_log import RunLog, finish_failed
from trephine.pipeline.settings import Sections
from trephine.pipeline.step import Step, Steps, Workspace, step_named, with_upstream


def run(case: Case, steps: Steps, sections: Sections, request: Request, *, tell: Tell) -> RunResult:
    """Run every stale stage of one participant.

    Parameters
    ----------
    case
        The participant.
    steps
        The path.
    sections
        Every setting.
    request
        Which part of the path.
    tell
        Told what happens.

    Returns
    -------
    RunResult
        One result a stage.

    Raises
    ------
    InputError
        If the study's files or the audit are refused.
    StorageError
        If the disk refuses, or another run goes on; results already there are intact.
    CancelledError
        If the user stops it; finished stages stay.
    """
    chosen = _chosen(steps, request)
    workspace = Workspace(case=case, sections=sections)
    if request.is_dry:
        return RunResult(run=None, stages=_rehearse(chosen, workspace, request, tell))
    with lock.hold(case.path("lock"), purpose="trephine run"):
        case.clean()
        audit.read(case)
        dataset.describe(case)
        log = RunLog(case, sections)
        try:
            going = _Run(steps=chosen, workspace=workspace, request=request, log=log, tell=tell)
            results = tuple(going.do(step) for step in chosen)
        except KeyboardInterrupt as error:
            log.finish("cancelled")
            raise CancelledError("Stopped. Finished stages stay; run again to go on.") from error
        except BaseException as error:
            finish_failed(log, error)
            raise
        log.finish("done")
    return RunResult(run=log.name_of_run, stages=results)


def _chosen(steps: Steps, request: Request) -> Steps:
    names = [step.name for step in steps]
    for name in (request.first, request.last):
        if name is not None:
            step_named(steps, name)
    return steps[: names.index(request.last) + 1] if request.last else steps


def _is_forced(step: Step, steps: Steps, request: Request) -> bool:
    names = [other.name for other in steps]
    return request.first in names and names.index(step.name) >= names.index(str(request.first))


def _rehearse(steps: Steps, workspace: Workspace, request: Request, tell: Tell) -> tuple[StageResult, ...]:
    results: list[StageResult] = []
    would_run: set[str] = set()
    for step in steps:
        fresh = judge(step, workspace)
        reason = fresh.reason
        if _is_forced(step, steps, request):
            reason = "asked for"
        elif fresh.is_fresh and would_run & set(step.upstream):
            reason = "an upstream stage would run; fresh if its results come out the same"
        elif fresh.is_fresh:
            tell(Event(stage=step.name, kind="fresh", label=reason))
            results.append(StageResult(stage=step.name, done="fresh", reason=reason))
            continue
        would_run.add(step.name)
        tell(Event(stage=step.name, kind="would run", label=reason))
        results.append(StageResult(stage=step.name, done="would run", reason=reason))
    return tuple(results)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One run on its way."""

    steps: Steps
    workspace: Workspace
    request: Request
    log: RunLog
    tell: Tell

    def do(self, step: Step) -> StageResult:
        """Leave a fresh stage alone, or run it."""
        fresh = judge(step, self.workspace)
        if fresh.receipt is not None and fresh.is_fresh and not _is_forced(step, self.steps, self.request):
            self.tell(Event(stage=step.name, kind="fresh", label=fresh.reason))
            self.log.stage(stage=step.name, done="fresh", reason=fresh.reason)
            return StageResult(
                stage=step.name, done="fresh", reason=fresh.reason, findings=fresh.receipt.findings
            )
        reason = "asked for" if fresh.is_fresh else fresh.reason
        self.tell(Event(stage=step.name, kind="started", label=reason))
        self.log.event(kind="started", stage=step.name, reason=reason)
        start = time.monotonic()
        summary = self._compute(step)
        duration_s = round(time.monotonic() - start, 3)
        self.log.stage(stage=step.name, done="finished", reason=reason, duration_s=duration_s)
        self.tell(Event(stage=step.name, kind="finished", label=f"in {duration_s:.1f} s"))
        return StageResult(
            stage=step.name,
            done="finished",
            reason=reason,
            findings=summary.findings,
            duration_s=duration_s,
        )

    def _announce(self, step: Step, receipt_sha256: str) -> None:
        """Write the receipt's hash into the audit just before the receipt itself.

        A run that dies in between leaves a receipt that the audit contradicts: the stage is stale then. The
        other order would leave a receipt without a line, which could not be told from a forged one.
        """
        case = self.workspace.case
        receipts = receipts_of(case, self.steps, step.name) | {step.name: receipt_sha256}
        run = self.log.name_of_run
        audit.append(case, audit.Note(act="run finished", stage=step.name, run=run, receipts=receipts))

    def _progress(self, step: Step) -> Progress:
        def progress(done: int, total: int, label: str) -> None:
            self.log.event(kind="progress", stage=step.name, done=done, total=total, label=label)
            self.tell(Event(stage=step.name, kind="progress", label=label, done=done, total=total))

        return progress

    def _compute(self, step: Step) -> StageSummary:
        """Run one stage and move its results in, the receipt last."""
        workspace = self.workspace
        inputs = inputs_of(step, workspace)
        try:
            outcome = step.work(workspace, self._progress(step))
        except TrephineError as error:
            error.add_note(f"in stage {step.name}")
            raise
        values = settings_of.plain(workspace.sections, step.sections)
        writer = Writer(
            case=workspace.case,
            stage=step.name,
            stage_version=step.version,
            settings_sha256=settings_of.digest(values),
            inputs=inputs,
            findings=tuple(dict.fromkeys(finding.code for finding in outcome.findings)),
        )
        step.write(outcome.value, writer)
        summary = StageSummary(
            stage=step.name,
            stage_version=step.version,
            settings=dict(values),
            settings_sha256=writer.settings_sha256,
            inputs=inputs,
            outputs=dict(sorted(writer.outputs.items())),
            headlines=step.headlines(outcome.value),
            findings=outcome.findings,
        )
        self._announce(step, writer.prepare(summary))
        writer.commit()
        workspace.forget(f"{step.name}.")
        return summary


def receipts_of(case: Case, steps: Steps, stage: str) -> dict[str, str]:
    """Hash the receipts of a stage and of everything upstream of it."""
    digests = {step.name: case.receipt_sha256(step.name) for step in with_upstream(steps, stage)}
    return {name: digest for name, digest in digests.items() if digest is not None}
