# SPDX-License-Identifier: Apache-2.0
"""A person's word on a stage or on one of its registrations, and whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.case import audit, lock
from trephine.case.records.replan import is_of_surgery, number_of
from trephine.case.store import Case
from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.model.summary import StageSummary
from trephine.pipeline.freshness import judge
from trephine.pipeline.run import receipts_of
from trephine.pipeline.step import Steps, Workspace, step_named, with_upstream

Word = Literal["none", "approved", "rejected", "void"]


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a person last said of a stage.

    Parameters
    ----------
    state
        ``void`` when what they said it of has changed since.
    who, time, note
        Who said it, when, and their words.
    reason
        Why it is void.
    """

    state: Word
    who: str | None = None
    time: str | None = None
    note: str | None = None
    reason: str | None = None


def approval_of(
    case: Case,
    steps: Steps,
    stage: str,
    entries: tuple[audit.Entry, ...],
    *,
    registration: str | None = None,
) -> Approval:
    """Work out whether the last approval or rejection of a stage, or of one registration, still holds.

    Parameters
    ----------
    case
        Whose stage.
    steps
        The path.
    stage
        Which stage.
    entries
        The verified audit.
    registration
        Which of the stage's registrations; the stage itself when absent.

    Returns
    -------
    Approval
        Void as soon as the receipt of the stage, or of any stage upstream of it, is another one. That a
        stage is stale now is judged by ``status``.
    """
    said = [
        entry
        for entry in entries
        if entry.stage == stage and entry.act != "run finished" and entry.registration == registration
    ]
    if not said:
        return Approval(state="none")
    last = said[-1]
    now = receipts_of(case, steps, stage)
    changed = [name for name in last.receipts if last.receipts[name] != now.get(name)]
    word: Word = "approved" if last.act == "approved" else "rejected"
    reason = f"{changed[0]} changed since" if changed else None
    if reason is None and word == "approved" and registration is None:
        waiting = waiting_for(case, steps, stage, entries)
        reason = f"{_named(waiting[0])} is not approved" if waiting else None
    return Approval(
        state="void" if reason else word,
        who=last.who,
        time=last.time,
        note=last.note,
        reason=reason,
    )


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A registration that no person has approved as it stands now."""

    stage: str
    registration: str


def waiting_for(
    case: Case, steps: Steps, stage: str, entries: tuple[audit.Entry, ...]
) -> tuple[Waiting, ...]:
    """List the registrations that a stage rests on, its own and those upstream, that are not approved.

    Parameters
    ----------
    case
        Whose stage.
    steps
        The path.
    stage
        Which stage.
    entries
        The verified audit.

    Returns
    -------
    tuple of Waiting
        In the order of the path; rejected and void ones are among them.
    """
    found = []
    for step in with_upstream(steps, stage):
        receipt = case.receipt(step.name)
        for name in receipt.registrations if receipt else ():
            said = approval_of(case, steps, step.name, entries, registration=name)
            if said.state != "approved":
                found.append(Waiting(stage=step.name, registration=name))
    return tuple(found)


def _named(waiting: Waiting) -> str:
    return f"registration {waiting.registration} of {waiting.stage}"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person says of a stage.

    Parameters
    ----------
    stage
        Which stage.
    who
        Their name.
    is_rejection
        Whether they say no.
    note
        Their words.
    registration
        Which of the stage's registrations they say it of; the stage itself when absent.
    """

    stage: str
    who: str
    is_rejection: bool = False
    note: str | None = None
    registration: str | None = None


def approve(workspace: Workspace, steps: Steps, said: Said) -> audit.Entry:
    """Write a person's word on a stage, or on one of its registrations, into the audit.

    Parameters
    ----------
    workspace
        The participant.
    steps
        The path.
    said
        Who says what.

    Returns
    -------
    Entry
        The line written.

    Raises
    ------
    InputError
        If the stage or one upstream of it is not fresh, the name is empty, the audit is broken, the stage has
        no such registration, or a BLOCK finding or a registration without approval stands against an approval
        of the stage.
    """
    step_named(steps, said.stage)
    if not said.who.strip():
        raise InputError.because(
            where="--as", found="an empty name", expected="the name of a person", remedy="Say who you are."
        )
    case = workspace.case
    with lock.hold(case.path("lock"), purpose="trephine approve"):
        _check_fresh(workspace, steps, said)
        if said.registration is not None:
            _check_registration(case, said.stage, said.registration)
        elif not said.is_rejection:
            _check_may_stand(case, steps, said.stage)
        note = audit.Note(
            act="rejected" if said.is_rejection else "approved",
            stage=said.stage,
            who=said.who.strip(),
            note=said.note,
            receipts=receipts_of(case, steps, said.stage),
            registration=said.registration,
        )
        return audit.append(case, note)


def _check_fresh(workspace: Workspace, steps: Steps, said: Said) -> None:
    case = workspace.case
    wanted = with_upstream(steps, said.stage)
    for step in wanted:
        fresh = judge(step, workspace, with_settings=False)
        if not fresh.is_fresh:
            raise InputError.because(
                where=f"{case.subject}, stage {step.name}",
                found=f"a {fresh.state} result ({fresh.reason})",
                expected="a fresh one",
                remedy=_run_first(case, [one.name for one in wanted], step.name),
            )


def _run_first(case: Case, wanted: list[str], name: str) -> str:
    """Say which command makes a result fresh; a plan made again in surgery is not a stage of a run."""
    if number_of(name) is not None:
        return f"Plan again: trephine replan {case.study} {case.subject} --image FRAME"
    if is_of_surgery(name):
        plan = name.replace("rehearsal", "replan")
        return f"Rehearse it again: trephine rehearse {case.study} {case.subject} {plan}"
    last = [one for one in wanted if not is_of_surgery(one)][-1]
    return f"Run it first: trephine run {case.study} {case.subject} --to {last}"


def _check_registration(case: Case, stage: str, name: str) -> None:
    receipt = case.receipt(stage)
    known = receipt.registrations if receipt else ()
    if name not in known:
        raise InputError.because(
            where=f"{case.subject}, stage {stage}",
            found=f"no registration {name!r} that is used",
            expected=f"one of {', '.join(known)}" if known else "a stage that rests on a registration",
            remedy="Name one of them; trephine status lists what waits for approval.",
        )


def _check_may_stand(case: Case, steps: Steps, stage: str) -> None:
    """Refuse to approve a stage that a finding blocks or that rests on a registration nobody approved."""
    for step in with_upstream(steps, stage):
        _check_not_blocked(case, case.receipt(step.name))
    waiting = waiting_for(case, steps, stage, audit.read(case))
    if waiting:
        first = waiting[0]
        raise InputError.because(
            where=f"{case.subject}, stage {stage}",
            found=f"waiting for approval: {', '.join(_named(item) for item in waiting)}",
            expected="every registration that the stage rests on to be approved",
            remedy="Look at its picture in the report, then: "
            f"trephine approve {case.study} {case.subject} {first.stage} "
            f"--registration {first.registration} --as NAME",
        )


def _check_not_blocked(case: Case, receipt: StageSummary | None) -> None:
    blocks = [f for f in receipt.findings if f.severity is Severity.BLOCK] if receipt else []
    if receipt and blocks:
        raise InputError.because(
            where=f"{case.subject}, stage {receipt.stage}",
            found=f"the blocking finding {blocks[0].code}: {blocks[0].message}",
            expected="none before an approval",
            remedy="Change settings or inputs and run again, or reject the stage with --reject.",
        )
