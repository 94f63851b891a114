# SPDX-License-Identifier: Apache-2.0
"""``trephine replan``: exact sites on a picture taken in surgery, in seconds."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import Bar, print_json, print_words, say
from trephine.core.errors import (
    EXIT_BLOCKED,
    EXIT_DONE,
    ConfigError,
    InputError,
    NumericalError,
    StorageError,
)

if TYPE_CHECKING:
    from trephine.case.store import Case
    from trephine.pipeline.replan import Replanned
    from trephine.pipeline.replan_receipt import Request


def command(
    study: Study,
    subject: Subject,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="FRAME", help="Picture, PNG or TIFF.")
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option("--watch", metavar="FOLDER", help="Stay loaded; plan on each new picture saved here."),
    ] = None,
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
    from trephine.pipeline.replan_receipt import Request

    _check_one_source(image, watch)
    asked = Request(
        image=image or Path(),
        scale_um=scale,
        exclusions=exclude,
        locked=_numbers(lock),
        settings_file=settings,
        overrides=tuple(override or ()),
    )
    case = Case.of(study, subject)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _planned(case, asked, as_json) if watch is None else _watched(case, watch, asked, as_json)
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_one_source(image: Path | None, watch: Path | None) -> None:
    if (image is None) == (watch is None):
        raise ConfigError.because(
            where="--image and --watch",
            found="neither" if image is None else "both",
            expected="one of them",
            remedy="Name a picture with --image, or a folder that pictures come into with --watch.",
        )


def _planned(case: Case, asked: Request, as_json: bool) -> int:
    """Plan on one picture and tell of it."""
    from trephine.pipeline.replan import run

    start_s = time.monotonic()
    bar = Bar()
    try:
        done = run(case, asked, progress=lambda step, total, label: bar.step("replan", step, total, label))
    finally:
        bar.close()
    document = _document(case, done, time.monotonic() - start_s)
    if as_json:
        print_json(document)
    else:
        print_words(*_words(case, document))
    # The plan is ready and told of; only now time goes into how it looks.
    from trephine.report.replanned import write

    say(f"page: {write(case, int(done.stage.removeprefix('replan')))}")
    return int(document["exit_code"])


def _watched(case: Case, folder: Path, asked: Request, as_json: bool) -> int:
    """Plan on every new picture of a folder, until stopped; a refused picture is told and waited over."""
    from trephine.pipeline.replan import ready
    from trephine.pipeline.watch import new_frames

    ready(case)
    frames = new_frames(folder)
    say(f"watching {folder}: plans on each new picture; Ctrl-C ends it")
    for frame in frames:
        for older in frame.passed_over:
            say(f"{older.name}: passed over, {frame.path.name} is newer")
        try:
            _planned(case, replace(asked, image=frame.path), as_json)
        except (InputError, ConfigError, NumericalError, StorageError) as error:
            say(f"{frame.path.name}: {error}")
    return EXIT_DONE


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


def _document(case: Case, done: Replanned, duration_s: float) -> dict[str, Any]:
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
        "objective_kind": plan.objective_kind,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap_fraction": plan.gap_fraction,
        "smallest_clearance_um": plan.smallest_clearance_um,
        "page": str(case.path("replan_page", number=number)),
        "duration_s": round(duration_s, 3),
        "steps_s": dict(done.steps_s),
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
        f"{document['threads_asked']} threads, {document['objective_kind']} {document['objective']:.4g}, "
        f"proven at most {document['bound']:.4g} (gap {gap:.2g} %)",
        f"picture laid by: {place['laid_by']}, to {place['error_mm']:.2g} mm on the plan; the "
        f"margin from vessels holds {place['own_error_um']:.0f} um of its own",
    ]
    lines += [
        f"{finding['severity']:<8} {finding['code']}: {finding['message']}"
        for finding in document["findings"]
        if finding["severity"] != "note"
    ]
    lines.append(f"plan, {document['duration_s']:.1f} s after the request: {document['plan']}")
    if document["is_blocked"]:
        lines.append("A blocking finding stands: this plan must not be carried out as it is.")
    else:
        lines.append(
            f"It stands when a person approves it: trephine approve {case.study} {case.subject} "
            f"{document['stage']} --as NAME"
        )
    return lines
