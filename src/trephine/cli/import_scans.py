# SPDX-License-Identifier: Apache-2.0
"""``trephine import``: bring scans into a study, without identity and without faces."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trephine.cli.options import AsJson
from trephine.cli.output import Bar, print_json, print_words, table

if TYPE_CHECKING:
    from trephine.pipeline.intake.request import Imported, Line, Request, Wish


def command(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="Folder or archive of DICOM or NIfTI files, or a BIDS study."),
    ],
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="BIDS study to bring the scans to.")],
    subject: Annotated[str, typer.Option("--subject", help="Label for the person, such as 01.")],
    series: Annotated[
        list[str] | None,
        typer.Option(
            "--series", metavar="NO=KIND", help="What a line of the table is, such as 3=T1w or 5=bold:hand."
        ),
    ] = None,
    skip: Annotated[list[int] | None, typer.Option("--skip", metavar="NO", help="Leave a line out.")] = None,
    person: Annotated[
        int | None, typer.Option("--person", help="Which of several persons to import.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Task of BOLD runs, such as hand.")] = None,
    events: Annotated[
        Path | None, typer.Option("--events", help="What the person did in them (TSV).")
    ] = None,
    keep_face: Annotated[bool, typer.Option("--keep-face", help="Do not take faces away.")] = False,
    sex: Annotated[bool, typer.Option("--sex", help="Tell the sex in participants.tsv.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Move an earlier import aside.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the table of series.")] = False,
    as_json: AsJson = False,
) -> int:
    """Import DICOM or NIfTI scans of one person into a BIDS study."""
    from trephine.pipeline.intake.request import Request

    request = Request(
        source=source,
        study=study,
        label=subject.removeprefix("sub-"),
        wishes=dict(_wish(text) for text in series or ()),
        skipped=frozenset(skip or ()),
        person=person,
        task=task,
        events=events,
        keeps_face=keep_face,
        tells_sex=sex,
        replaces=replace,
        is_dry=dry_run,
    )
    result = _run(request, as_json=as_json)
    if as_json:
        print_json(_document(result))
    else:
        print_words(*_words(result, request))
    return 0


def _run(request: Request, *, as_json: bool) -> Imported:
    """Run with progress on stderr; the table is printed even where a series is refused."""
    from trephine.pipeline.intake.run import SeriesRefusedError, run

    bar = Bar()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run(request, progress=lambda done, total, label: bar.step("import", done, total, label))
    except SeriesRefusedError as error:
        bar.close()
        if not as_json:
            print_words(*_table(error.lines))
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        bar.close()


def _wish(text: str) -> tuple[int, Wish]:
    from trephine.formats.dicom.kind import Kind
    from trephine.pipeline.intake.request import Wish

    kinds = {kind.value.lower(): kind for kind in Kind if kind is not Kind.UNKNOWN}
    found = re.fullmatch(r"(\d+)=([A-Za-z0-9]+)(?::([A-Za-z0-9]+))?", text)
    if found is None or found[2].lower() not in kinds:
        raise typer.BadParameter(
            f"{text!r}; expected a line's number and one of "
            f"{', '.join(kind.value for kind in kinds.values())}, such as 3=T1w or 5=bold:hand",
            param_hint="--series",
        )
    return int(found[1]), Wish(kind=kinds[found[2].lower()], task=found[3])


def _table(lines: tuple[Line, ...]) -> list[str]:
    from trephine.pipeline.intake.table import COLUMNS, cells

    shown = [index for index, name in enumerate(COLUMNS) if name not in ("name", "face", "findings", "why")]
    rows = [tuple(COLUMNS[index] for index in shown) + ("why",)]
    why = COLUMNS.index("why")
    for line in lines:
        row = cells(line)
        rows.append(tuple(row[index] for index in shown) + (row[why],))
    return table(rows)


def _words(result: Imported, request: Request) -> list[str]:
    lines = _table(result.lines)
    others, empty = result.files_aside
    if others or empty:
        lines.append(f"left aside: {others} files that are no DICOM, {empty} DICOM files without a picture")
    for line in result.lines:
        lines += [
            f"{finding.severity:<8} series {line.number} {finding.code}: {finding.message}"
            for finding in line.findings
        ]
    if request.is_dry:
        return [*lines, "Nothing was written (--dry-run)."]
    lines += [f"wrote    {line.name} (face: {line.face})" for line in result.lines if line.name]
    if result.kept_aside:
        lines.append(f"kept     the earlier import as {result.kept_aside}")
    return lines


def _document(result: Imported) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "series": [
            {
                "no": line.number,
                "scanner_no": line.scanner_number,
                "slices": line.slices,
                "volumes": line.volumes,
                "voxel_mm": line.voxel_mm,
                "words": line.words,
                "kind": line.kind.value,
                "fate": line.fate,
                "why": line.reason,
                "name": line.name,
                "face": line.face,
                "findings": [finding.model_dump(mode="json") for finding in line.findings],
            }
            for line in result.lines
        ],
        "files_not_dicom": result.files_aside[0],
        "files_without_picture": result.files_aside[1],
        "written": list(result.written),
        "kept_aside": result.kept_aside,
    }
