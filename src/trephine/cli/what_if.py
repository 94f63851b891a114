# SPDX-License-Identifier: Apache-2.0
"""``trephine what-if``: yield against risk against time, under other limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import Bar, print_json, print_words, table
from trephine.core.errors import ConfigError

if TYPE_CHECKING:
    from trephine.model.what_if import Knob, WhatIf, WhatIfPoint


def command(
    study: Study,
    subject: Subject,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="LIMIT=V,...",
            help="Values of one limit: hit_limit, bleed_limit (chances), threads, spacing (um). Repeatable; "
            "all four by default.",
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write tables and pictures as a page.")
    ] = None,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Show what the plan would give, risk and take under other limits, each point with its proven bound."""
    from trephine.pipeline.what_if import swept

    workspace = workspace_of(study, subject, file=settings, overrides=override)
    wanted = _wanted(vary) if vary else None
    bar = Bar()
    try:
        told = swept(
            workspace, wanted, progress=lambda step, total, label: bar.step("what-if", step, total, label)
        )
    finally:
        bar.close()
    if page is not None:
        from trephine.report.what_if import write

        write(page, told, subject=workspace.case.subject)
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        print_words(*_words(told))
    return 0


def _wanted(vary: list[str]) -> dict[Knob, tuple[float, ...]]:
    from trephine.model.what_if import Knob

    wanted: dict[Knob, tuple[float, ...]] = {}
    for text in vary:
        name, _, values = text.partition("=")
        knob = next((one for one in get_args(Knob) if one == name.strip()), None)
        try:
            numbers = tuple(float(value) for value in values.split(","))
        except ValueError:
            numbers = ()
        if knob is None or not numbers:
            raise ConfigError.because(
                where=f"--vary {text}",
                found="no limit with numbers",
                expected=f"one of {', '.join(get_args(Knob))}, = and numbers with commas",
                remedy="For example: --vary hit_limit=0.0005,0.001,0.002",
            )
        wanted[knob] = numbers
    return wanted


def _words(told: WhatIf) -> list[str]:
    lines: list[str] = []
    for knob in dict.fromkeys(point.knob for point in told.points):
        points = [point for point in told.points if point.knob == knob]
        head = [knob, "threads", "at most", told.objective_kind, "bound", "map", "kept", "hits", "95 %"]
        lines += ["", *table([[*head, "any hit", "min"], *map(_row, points)])]
    if told.vessels_from != "live view":
        lines += ["", f"Vessels are known from {told.vessels_from}: these risks are too small."]
    return [*lines, "", "* as in the plan that stands; each row is a whole plan with its proven bound."]


def _row(point: WhatIfPoint) -> list[str]:
    told = point.bleeding
    hits = [f"{told.mean:.3g}", f"{told.low}-{told.high}", f"{told.any_probability:.2g}"] if told else []
    return [
        f"{point.limit:g}{'' if point.unit == '1' else ' ' + point.unit}{'*' if point.is_standing else ''}",
        str(point.threads_placed),
        str(point.threads_bound),
        f"{point.objective:.4g}",
        f"{point.bound:.4g}",
        f"{point.covered_fraction:.3f}",
        f"{point.kept_fraction:.3f}",
        *(hits or ["not known", "", "not known"]),
        f"{point.work_time_s / 60:.1f}",
    ]
