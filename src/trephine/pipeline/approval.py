# SPDX-License-Identifier: Apache-2.0
"""A person's word on a stage, and whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.case import audit, lock
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


def approval_of(case: Case, steps: Steps, stage: str, entries: tuple[audit.Entry, ...]) -> Approval:
    """Work out whether a stage's last approval or rejection still holds.

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
    Approval
        Void as soon as the receipt of the stage, or of any stage upstream of it, is another one. That a
        stage is stale now is judged by ``status``.
    """
    said = [entry for entry in entries if entry.stage == stage and entry.act != "run finished"]
    if not said:
        return Approval(state="none")
    last = said[-1]
    now = receipts_of(case, steps, stage)
    changed = [name for name in last.receipts if last.receipts[name] != now.get(name)]
    word: Word = "approved" if last.act == "approved" else "rejected"
    return Approval(
        state="void" if changed else word,
        who=last.who,
        time=last.time,
        note=last.note,
        reason=f"{changed[0]} changed since" if changed else None,
    )


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
    """

    stage: str
    who: str
    is_rejection: bool = False
    note: str | None = None


def approve(workspace: Workspace, steps: Steps, said: Said) -> audit.Entry:
    """Write a person's word on a stage into the audit.

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
        If the stage or one upstream of it is not fresh, the name is empty, the audit is broken, or a BLOCK
        finding stands against an approval.
    """
    step_named(steps, said.stage)
    if not said.who.strip():
        raise InputError.because(
            where="--as", found="an empty name", expected="the name of a person", remedy="Say who you are."
        )
    case = workspace.case
    with lock.hold(case.path("lock"), purpose="trephine approve"):
        for step in with_upstream(steps, said.stage):
            fresh = judge(step, workspace, with_settings=False)
            if not fresh.is_fresh:
                raise InputError.because(
                    where=f"{case.subject}, stage {step.name}",
                    found=f"a {fresh.state} result ({fresh.reason})",
                    expected="a fresh one",
                    remedy=f"Run it first: trephine run {case.study} {case.subject} --to {said.stage}",
                )
            if not said.is_rejection:
                _check_not_blocked(case, fresh.receipt)
        note = audit.Note(
            act="rejected" if said.is_rejection else "approved",
            stage=said.stage,
            who=said.who.strip(),
            note=said.note,
            receipts=receipts_of(case, steps, said.stage),
        )
        return audit.append(case, note)


def _check_not_blocked(case: Case, receipt: StageSummary | None) -> None:
    blocks = [f for f in receipt.findings if f.severity is Severity.BLOCK] if receipt else []
    if receipt and blocks:
        raise InputError.because(
            where=f"{case.subject}, stage {receipt.stage}",
            found=f"the blocking finding {blocks[0].code}: {blocks[0].message}",
            expected="none before an approval",
            remedy="Change settings or inputs and run again, or reject the stage with --reject.",
        )
