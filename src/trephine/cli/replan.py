# SPDX-License-Identifier: Apache-2.0
"""``trephine replan``: exact sites on a picture taken in surgery, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import Bar, print_json, print_words
from trephine.core.errors import EXIT_BLOCKED, EXIT_DONE, ConfigError

if TYPE_CHECKING:
    from trephine.case.store import Case
    from trephine.pipeline.replan import Replanned


def command(
    study: Study,
    subject: Subject,
    image: Annotated[Path, typer.Option("--image", metavar="FRAME", help="Picture, PNG or TIFF.")],
    scale: Annotated[
        float | None,
        typer.Option("--scale", metavar="UM_PER_PIXEL", help="Edge of a pixel; else from the sidecar."),
    ] = None,
    exclude: Annotated[
        Path | None, typer.Option("--exclude", metavar="FILE", help="JSON with zones without threads.")
    ] = None,
    lock: Annotated[
        str | None, typer.Option("--lock", metavar="N,...", help="Threads of the earlier plan that stay.")
    ] = None,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Lay a picture of the exposed cortex on the plan and place the threads again on what it shows."""
    from trephine.case.store import Case
    from trephine.pipeline.replan import Request, run

    case = Case.of(study, subject)
    request = Request(
        image=image,
        scale_um=scale,
        exclusions=exclude,
        locked=_numbers(lock),
        settings_file=settings,
        overrides=tuple(override or ()),
    )
    bar = Bar()
    try:
        done = run(case, request, progress=lambda step, total, label: bar.step("replan", step, total, label))
    finally:
        bar.close()
    document = _document(case, done)
    if as_json:
        print_json(document)
    else:
        print_words(*_words(case, document))
    return int(document["exit_code"])


def _numbers(text: str | None) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")] if text else []
    if all(word.isdecimal() for word in words):
        return tuple(int(word) for word in words)
    raise ConfigError.because(
        where=f"--lock {text}",
        found="something else than numbers with commas",
        expected="numbers of threads, such as 3,7",
        remedy="Look the numbers up in the plan that stands.",
    )


def _document(case: Case, done: Replanned) -> dict[str, Any]:
    from trephine.core.findings import is_blocked

    summary, plan, place = done.summary, done.made.placement.plan, done.made.place
    blocked = is_blocked(summary.findings)
    number = done.stage.removeprefix("replan")
    return {
        "schema_version": 1,
        "study": str(case.study),
        "subject": case.subject,
        "stage": done.stage,
        "follows": done.follows,
        "plan": str(case.path("replan_plan", number=number)),
        "threads_asked": plan.threads_asked,
        "threads_placed": len(plan.threads),
        "objective": plan.objective,
        "bound": plan.bound,
        "gap_fraction": plan.gap_fraction,
        "smallest_clearance_um": plan.smallest_clearance_um,
        "place": place.model_dump(mode="json", exclude={"sites"}),
        "findings": [finding.model_dump(mode="json") for finding in summary.findings],
        "inputs": summary.inputs,
        "settings": summary.settings,
        "is_blocked": blocked,
        "exit_code": EXIT_BLOCKED if blocked else EXIT_DONE,
    }


def _words(case: Case, document: dict[str, Any]) -> list[str]:
    place, gap = document["place"], 100 * document["gap_fraction"]
    lines = [
        f"{document['stage']} follows {document['follows']}: {document['threads_placed']} of "
        f"{document['threads_asked']} threads, value {document['objective']:.4g}, proven at most "
        f"{document['bound']:.4g} (gap {gap:.2g} %)",
        f"picture laid by: {place['laid_by']}, to {place['error_mm']:.2g} mm on the plan; the "
        f"margin from vessels holds {place['own_error_um']:.0f} um of its own",
    ]
    lines += [
        f"{finding['severity']:<8} {finding['code']}: {finding['message']}"
        for finding in document["findings"]
        if finding["severity"] != "note"
    ]
    lines.append(f"plan: {document['plan']}")
    if document["is_blocked"]:
        lines.append("A blocking finding stands: this plan must not be carried out as it is.")
    else:
        lines.append(
            f"It stands when a person approves it: trephine approve {case.study} {case.subject} "
            f"{document['stage']} --as NAME"
        )
    return lines
