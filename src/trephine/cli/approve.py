# SPDX-License-Identifier: Apache-2.0
"""``trephine approve``: a person's word on a stage or on one of its registrations."""

from __future__ import annotations

from typing import Annotated

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Study, Subject
from trephine.cli.output import print_json, print_words


def command(
    study: Study,
    subject: Subject,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="Stage, such as placement or replan1.")],
    who: Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so.")],
    registration: Annotated[
        str | None,
        typer.Option("--registration", metavar="SCAN", help="One registration of the stage, such as ct."),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Say no instead.")] = False,
    note: Annotated[str | None, typer.Option("--note", help="Your words.")] = None,
    as_json: AsJson = False,
) -> int:
    """Approve or reject a stage or one registration; void as soon as it, or anything upstream, changes."""
    from trephine.pipeline.approval import Said, approve
    from trephine.pipeline.replans import with_replans
    from trephine.pipeline.steps import STEPS

    workspace = workspace_of(study, subject)
    said = Said(stage=stage, who=who, is_rejection=reject, note=note, registration=registration)
    entry = approve(workspace, with_replans(workspace.case, STEPS), said)
    if as_json:
        print_json(entry.model_dump(mode="json"))
    else:
        what = entry.stage + (f", registration {entry.registration}," if entry.registration else "")
        print_words(f"{what} {entry.act} by {entry.who}, audit line {entry.number}")
    return 0
