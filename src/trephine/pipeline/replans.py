# SPDX-License-Identifier: Apache-2.0
"""Plans made again in surgery as steps, so that they are judged, shown and approved like every stage."""

from __future__ import annotations

from trephine.case.records import replan as record
from trephine.case.store import Case
from trephine.core.errors import InternalError
from trephine.core.findings import Outcome
from trephine.model.summary import Headline
from trephine.pipeline.replan_receipt import KINDS
from trephine.pipeline.step import Step, Steps, Workspace
from trephine.stages import placement as placement_stage


def with_replans(case: Case, steps: Steps) -> Steps:
    """Return the path, and after it every plan made again for a participant."""
    return (*steps, *(_step(record.stage_of(number)) for number in record.numbers(case)))


def _step(stage: str) -> Step:
    return Step(
        name=stage,
        version=placement_stage.VERSION,
        upstream=("placement",),
        sections=KINDS,
        inputs=lambda workspace: _given(workspace, stage),
        work=_never,
        write=lambda *_: None,
        headlines=_no_lines,
    )


def _given(workspace: Workspace, stage: str) -> dict[str, str]:
    """Return what came with the picture: it is kept among the results, whose hashes are compared."""
    receipt = workspace.case.receipt(stage)
    return {} if receipt is None else {k: v for k, v in receipt.inputs.items() if k != "placement"}


def _never(*_: object) -> Outcome[None]:
    raise InternalError.because(
        where="a plan made again",
        found="a request to run it as a stage",
        expected="trephine replan",
        remedy="This is a fault of trephine; please report it.",
    )


def _no_lines(_: object) -> tuple[Headline, ...]:
    return ()
