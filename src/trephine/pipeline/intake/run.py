# SPDX-License-Identifier: Apache-2.0
"""Import scans: sort, refuse, convert, take faces away, and write."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from trephine import __version__
from trephine.case.disk import json_bytes
from trephine.core.errors import InputError
from trephine.core.progress import Progress, silent
from trephine.formats.bids import checked_label
from trephine.formats.dicom.kind import Kind
from trephine.formats.dicom.person import Person
from trephine.formats.dicom.search import find_pictures, unpacked
from trephine.formats.nifti import image_bytes
from trephine.formats.text import read_table
from trephine.pipeline.intake.faces import without_faces
from trephine.pipeline.intake.from_dicom import plan_dicom, the_person
from trephine.pipeline.intake.from_nifti import nifti_files, plan_nifti
from trephine.pipeline.intake.request import Imported, Line, Request
from trephine.pipeline.intake.scan import Planned, Scan
from trephine.pipeline.intake.study import check_free, commit
from trephine.pipeline.intake.table import table_bytes

_EVENT_COLUMNS = ("onset", "duration", "trial_type")


class SeriesRefusedError(InputError):
    """One or more series cannot be imported; the table says which.

    Attributes
    ----------
    lines
        The table.
    """

    lines: tuple[Line, ...] = ()


def run(request: Request, *, progress: Progress = silent) -> Imported:
    """Bring one person's scans into a study.

    Parameters
    ----------
    request
        What is asked.
    progress
        Told before each step.

    Returns
    -------
    Imported
        The table of series and what was written.

    Raises
    ------
    InputError
        If a wanted series is incomplete, damaged or misplaced, or its face cannot be found; then nothing is
        written.
    StorageError
        If the disk refuses; the study is then as it was.
    """
    label = checked_label(request.label)
    check_free(request.study, label, replaces=request.replaces)
    with tempfile.TemporaryDirectory(prefix="trephine-import-") as scratch:
        folder = unpacked(request.source, Path(scratch) / "unpacked")
        found = find_pictures(folder, progress=progress)
        person: Person | None = None
        if found.pictures:
            person = the_person(found.pictures, request)
            planned = plan_dicom(person, request)
        else:
            planned = plan_nifti(_some(nifti_files(folder, label), request), request)
        planned = named(planned, label)
        aside = (len(found.others), len(found.without_picture)) if found.pictures else (0, 0)
        _check(planned, request)
        lines = tuple(one.line for one in planned)
        if request.is_dry:
            return Imported(lines=lines, files_aside=aside)
        wanted = [one for one in planned if one.is_wanted]
        scans = _loaded(wanted, Path(scratch), progress)
        scans, faces = without_faces(wanted, scans, keeps_face=request.keeps_face, progress=progress)
        lines = _told(lines, wanted, scans, faces)
        progress(len(wanted), len(wanted), "writing")
        files = _files(wanted, scans, faces, request)
        written, kept = commit(
            request.study,
            label,
            files,
            table_bytes(lines),
            _cells(person, request),
            replaces=request.replaces,
        )
    return Imported(lines=lines, files_aside=aside, written=written, kept_aside=kept)


def named(planned: list[Planned], label: str) -> list[Planned]:
    """Give every wanted series its BIDS name; several of one kind are told apart by run."""
    wanted = [_bids_key(one) for one in planned if one.is_wanted]
    total, seen = Counter(wanted), Counter[tuple[str, ...]]()
    result = []
    for one in planned:
        if not one.is_wanted:
            result.append(one)
            continue
        key = _bids_key(one)
        seen[key] += 1
        folder, task, entities, suffix = key
        run_part = f"run-{seen[key]}" if total[key] > 1 or one.kind is Kind.BOLD else ""
        order = (task, run_part) if one.kind is Kind.BOLD else (entities, run_part)
        parts = [f"sub-{label}", *(part for part in order if part), suffix]
        name = f"sub-{label}/{folder}/{'_'.join(parts)}.nii.gz"
        result.append(replace(one, line=replace(one.line, name=name)))
    return result


def _bids_key(one: Planned) -> tuple[str, ...]:
    folder, entities, suffix = one.kind.place
    task = f"task-{one.task}" if one.kind is Kind.BOLD and one.task else ""
    return (folder, task, entities, suffix)


def _some(paths: list[Path], request: Request) -> list[Path]:
    if paths:
        return paths
    raise InputError.because(
        where=str(request.source),
        found="neither DICOM nor NIfTI files",
        expected="scans of one person",
        remedy="Name the folder that holds them.",
    )


def _check(planned: list[Planned], request: Request) -> None:
    """Refuse as a whole: a study from which a scan is missing unsaid is worse than none."""
    numbers = {one.line.number for one in planned}
    strange = sorted((set(request.wishes) | set(request.skipped)) - numbers)
    problems = [f"there is no series {number}" for number in strange]
    for one in planned:
        if one.refusal:
            problems.append(f"series {one.line.number}: {one.refusal}")
        elif one.is_wanted and one.kind is Kind.BOLD and not (one.task or "").isalnum():
            problems.append(f"series {one.line.number} is a BOLD run: say its task, such as --task hand")
    if problems:
        error = SeriesRefusedError(
            "\n".join(problems)
            + "\nNothing was imported. Mend these series, or leave them out with --skip NUMBER."
        )
        error.lines = tuple(one.line for one in planned)
        raise error
    if not any(one.is_wanted for one in planned):
        error = SeriesRefusedError(
            f"{request.source}: found {len(planned)} series, none of a kind that planning uses; expected at "
            "least one. Say what a series is with --series NUMBER=KIND."
        )
        error.lines = tuple(one.line for one in planned)
        raise error


def _loaded(wanted: list[Planned], scratch: Path, progress: Progress) -> list[Scan]:
    scans = []
    for index, one in enumerate(wanted):
        progress(index, len(wanted), f"converting {Path(one.line.name).name}")
        if one.load is None:
            continue
        try:
            scans.append(one.load(scratch / f"series-{one.line.number}"))
        except InputError as error:
            error.add_note(f"in series {one.line.number}; leave it out with --skip {one.line.number}")
            raise
    return scans


def _told(
    lines: tuple[Line, ...], wanted: list[Planned], scans: list[Scan], faces: list[str]
) -> tuple[Line, ...]:
    """Add to the table what came up while images were made."""
    more = {
        one.line.number: (scan.findings, face) for one, scan, face in zip(wanted, scans, faces, strict=True)
    }
    return tuple(
        replace(line, findings=(*line.findings, *more[line.number][0]), face=more[line.number][1])
        if line.number in more
        else line
        for line in lines
    )


def _files(wanted: list[Planned], scans: list[Scan], faces: list[str], request: Request) -> dict[str, bytes]:
    """Return every file of the person by its name in the study."""
    files: dict[str, bytes] = {}
    for one, scan, face in zip(wanted, scans, faces, strict=True):
        name = one.line.name
        sidecar = dict(scan.sidecar)
        if one.kind is Kind.BOLD:
            sidecar["TaskName"] = one.task
        sidecar |= {
            "ConversionSoftware": "trephine import",
            "ConversionSoftwareVersion": __version__,
            "Face": face,
        }
        step_s = sidecar.get("RepetitionTime") if scan.values.ndim == 4 else None
        files[name] = image_bytes(scan.values, scan.affine_mm, repetition_time_s=step_s)
        files[name.replace(".nii.gz", ".json")] = json_bytes(sidecar)
        events = request.events or one.events_of
        if one.kind is Kind.BOLD and events is not None and not (one.task or "").lower().startswith("rest"):
            files[name.replace("_bold.nii.gz", "_events.tsv")] = _events(events)
    return files


def _events(path: Path) -> bytes:
    """Keep the three columns that planning reads: others may hold anything."""
    rows = read_table(path, _EVENT_COLUMNS)
    lines = ["\t".join(_EVENT_COLUMNS), *("\t".join(row[name] for name in _EVENT_COLUMNS) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _cells(person: Person | None, request: Request) -> dict[str, str]:
    cells = {}
    if person is not None and person.age_years is not None:
        cells["age"] = f"{person.age_years:.0f}"
    if person is not None and person.sex is not None and request.tells_sex:
        cells["sex"] = person.sex
    return cells
