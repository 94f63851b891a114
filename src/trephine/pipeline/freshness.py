# SPDX-License-Identifier: Apache-2.0
"""Whether a stage's results still are what running it again would give, judged by content alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.case import audit
from trephine.core.errors import FormatError
from trephine.core.provenance import sha256_of_file, sha256_of_json
from trephine.model.summary import StageSummary
from trephine.pipeline import settings
from trephine.pipeline.step import Step, Workspace

State = Literal["missing", "fresh", "stale"]


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """A stage's state and why.

    Parameters
    ----------
    state
        ``missing`` was never finished, ``stale`` was made from something else than is there now.
    reason
        For people.
    receipt
        What the stage ended with; absent when it never finished or its receipt cannot be read.
    """

    state: State
    reason: str
    receipt: StageSummary | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether nothing needs to be done."""
        return self.state == "fresh"


def inputs_of(step: Step, workspace: Workspace) -> dict[str, str]:
    """Hash everything that a step reads: outside files, and the outputs of the stages upstream.

    Returns
    -------
    dict
        URI or stage name to SHA-256; an upstream stage without results is left out.
    """
    hashes = dict(step.inputs(workspace))
    for name in step.upstream:
        receipt = workspace.case.receipt(name)
        if receipt is not None:
            hashes[name] = sha256_of_json(receipt.outputs)
    return hashes


def judge(step: Step, workspace: Workspace, *, with_settings: bool = True) -> Freshness:
    """Tell whether a stage must be run.

    Parameters
    ----------
    step
        Which stage.
    workspace
        Its participant and settings.
    with_settings
        Whether other settings make it stale; otherwise those it was made with are taken as meant.

    Returns
    -------
    Freshness
        State and reason.
    """
    try:
        receipt = workspace.case.receipt(step.name)
    except FormatError as error:
        return Freshness(state="stale", reason=f"its receipt cannot be read ({error})")
    if receipt is None:
        return Freshness(state="missing", reason="never finished")
    reason = (
        _changed_receipt(step, workspace)
        or _changed_version(step, receipt)
        or (_changed_settings(step, receipt, workspace) if with_settings else None)
        or _changed_inputs(receipt, inputs_of(step, workspace))
        or _changed_outputs(receipt, workspace)
    )
    if reason:
        return Freshness(state="stale", reason=reason, receipt=receipt)
    agree = "inputs, settings, version and outputs agree with its receipt"
    return Freshness(state="fresh", reason=agree, receipt=receipt)


def _changed_receipt(step: Step, workspace: Workspace) -> str | None:
    """Compare the receipt with the hash that the audit noted when the stage finished."""
    finished = [
        entry
        for entry in audit.read(workspace.case)
        if entry.act == "run finished" and entry.stage == step.name
    ]
    if not finished or finished[-1].receipts.get(step.name) == workspace.case.receipt_sha256(step.name):
        return None
    return "its receipt is not the one that the audit noted"


def _changed_version(step: Step, receipt: StageSummary) -> str | None:
    if receipt.stage_version == step.version:
        return None
    return f"the method changed from version {receipt.stage_version} to {step.version}"


def _changed_settings(step: Step, receipt: StageSummary, workspace: Workspace) -> str | None:
    now = settings.plain(workspace.sections, step.sections)
    if settings.digest(now) == receipt.settings_sha256:
        return None
    before, after = _flat(receipt.settings), _flat(now)
    for name in sorted(set(before) | set(after)):
        if before.get(name) != after.get(name):
            return f"setting {name} changed from {before.get(name)} to {after.get(name)}"
    return "its settings changed"


def _flat(values: object, prefix: str = "") -> dict[str, object]:
    if not isinstance(values, dict):
        return {prefix: values}
    flat: dict[str, object] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _changed_inputs(receipt: StageSummary, now: dict[str, str]) -> str | None:
    for name in sorted(set(receipt.inputs) | set(now)):
        if name not in now:
            return f"input {name} is gone"
        if name not in receipt.inputs:
            return f"input {name} is new"
        if receipt.inputs[name] != now[name]:
            return f"input {name} changed"
    return None


def _changed_outputs(receipt: StageSummary, workspace: Workspace) -> str | None:
    for relative, digest in sorted(receipt.outputs.items()):
        path = workspace.case.folder / relative
        if not path.is_file():
            return f"its result {relative} is missing"
        if sha256_of_file(path) != digest:
            return f"its result {relative} was changed by something else"
    return None
