# SPDX-License-Identifier: Apache-2.0
"""Plans made again in surgery as steps, so that they are judged, shown and approved like every stage."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from trephine.case.records import replan as record
from trephine.case.store import Case
from trephine.core.errors import InternalError
from trephine.core.findings import Outcome
from trephine.model.summary import Headline
from trephine.pipeline.rehearsal import KINDS as REHEARSAL_KINDS
from trephine.pipeline.replan_receipt import KINDS
from trephine.pipeline.step import Step, Steps, Workspace
from trephine.stages import insertion as insertion_stage
from trephine.stages import placement as placement_stage


def with_replans(case: Case, steps: Steps) -> Steps:
    """Return the path, and after it every plan made again for a participant."""
    numbers = record.numbers(case)
    rehearsed = [number for number in numbers if case.receipt(record.rehearsal_of(number)) is not None]
    return (*steps, *map(_plan, numbers), *map(_rehearsal, rehearsed))


def _plan(number: int) -> Step:
    return _step(record.stage_of(number), placement_stage.VERSION, "placement", KINDS)


def _rehearsal(number: int) -> Step:
    name = record.rehearsal_of(number)
    return _step(name, insertion_stage.VERSION, record.stage_of(number), REHEARSAL_KINDS)


def _step(stage: str, version: str, upstream: str, sections: Mapping[str, type[BaseModel]]) -> Step:
    return Step(
        name=stage,
        version=version,
        upstream=(upstream,),
        sections=sections,
        inputs=lambda workspace: _given(workspace, stage),
        work=_never,
        write=lambda *_: None,
        headlines=_no_lines,
    )


def _given(workspace: Workspace, stage: str) -> dict[str, str]:
    """Return what came with the picture: it is kept among the results, whose hashes are compared."""
    receipt = workspace.case.receipt(stage)
    return {} if receipt is None else {k: v for k, v in receipt.inputs.items() if ":" in k}


def _never(*_: object) -> Outcome[None]:
    raise InternalError.because(
        where="a plan made again",
        found="a request to run it as a stage",
        expected="trephine replan",
        remedy="This is a fault of trephine; please report it.",
    )


def _no_lines(_: object) -> tuple[Headline, ...]:
    return ()
