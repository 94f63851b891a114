# SPDX-License-Identifier: Apache-2.0
"""``trephine import-plan``: read a plan made elsewhere and judge it on the case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import print_json, print_words
from trephine.core.errors import EXIT_BLOCKED, EXIT_DONE


def command(
    study: Study,
    subject: Subject,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Slicer's markups (.mrk.json) or ROSA (.ros).")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write it as a plan of ours (.json).")
    ] = None,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Check a plan made elsewhere against the case; the case's own plan stays as it is."""
    from trephine.case.disk import json_bytes, write_atomically
    from trephine.core.findings import is_blocked
    from trephine.pipeline.other_plans import plan_named

    workspace = workspace_of(study, subject, file=settings, overrides=override)
    outcome = plan_named(workspace, file)
    plan = outcome.value
    if out is not None:
        write_atomically(out, json_bytes(plan))
    code = EXIT_BLOCKED if is_blocked(outcome.findings) else EXIT_DONE
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "plan": plan.model_dump(mode="json"),
                "findings": [finding.model_dump(mode="json") for finding in outcome.findings],
                "exit_code": code,
            }
        )
    else:
        print_words(
            f"{len(plan.threads)} threads for {plan.device}, value {plan.objective:.4g}",
            *(f"{one.severity} {one.code}: {one.message}" for one in outcome.findings),
        )
    return code
