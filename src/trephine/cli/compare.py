# SPDX-License-Identifier: Apache-2.0
"""``trephine compare``: two plans side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import print_json, print_words, say, table

if TYPE_CHECKING:
    from trephine.model.plan_comparison import PlanComparison

_WHICH = "`case`, or a file: our plan (.json), 3D Slicer's markups (.mrk.json), ROSA's plan (.ros)."


def command(
    study: Study,
    subject: Subject,
    first: Annotated[str, typer.Argument(metavar="PLAN", help=_WHICH)],
    second: Annotated[str, typer.Argument(metavar="PLAN", help=_WHICH)],
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write the comparison as a page.")
    ] = None,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Put two plans side by side: what each gives, risks and takes."""
    from trephine.model.plan_comparison import compared
    from trephine.pipeline.other_plans import plan_named

    workspace = workspace_of(study, subject, file=settings, overrides=override)
    plans = []
    for name in (first, second):
        outcome = plan_named(workspace, name)
        plans.append(outcome.value)
        for finding in outcome.findings:
            say(f"{name}: {finding.severity} {finding.code}: {finding.message}")
    told = compared(plans[0], plans[1], (_short(first), _short(second)))
    if page is not None:
        from trephine.report.comparison import write

        write(page, told, subject=workspace.case.subject)
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        print_words(*_table(told), "", *told.words)
    return 0


def _short(name: str) -> str:
    return Path(name).name


def _table(told: PlanComparison) -> list[str]:
    rows = [["", told.names[0], told.names[1], "unit"]]
    rows += [
        [figure.label, *map(_number, figure.values), "" if figure.unit == "1" else figure.unit]
        for figure in told.figures
    ]
    return table(rows)


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.4g}"
