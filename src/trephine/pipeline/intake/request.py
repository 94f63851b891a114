# SPDX-License-Identifier: Apache-2.0
"""What is asked of an import, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from trephine.core.findings import Finding
from trephine.formats.dicom.kind import Kind


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user says a series is.

    Parameters
    ----------
    kind
        Its kind.
    task
        Of a BOLD run; absent elsewhere.
    """

    kind: Kind
    task: str | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """An import.

    Parameters
    ----------
    source
        Folder or archive with scans.
    study
        Study to bring them to; made where it is not there.
    label
        Of the person, without ``sub-``.
    wishes
        By line of the table.
    skipped
        Lines of the table to leave out.
    person
        Which of several persons, counted from 1.
    task, events
        Name of the task of BOLD runs, and what the person did.
    keeps_face, tells_sex, replaces, is_dry
        As the options of the command line.
    """

    source: Path
    study: Path
    label: str
    wishes: dict[int, Wish] = field(default_factory=dict)
    skipped: frozenset[int] = frozenset()
    person: int | None = None
    task: str | None = None
    events: Path | None = None
    keeps_face: bool = False
    tells_sex: bool = False
    replaces: bool = False
    is_dry: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table of series: nothing in it can tell who was scanned.

    Parameters
    ----------
    number
        Counts the lines.
    scanner_number
        The scanner's own number of the series.
    words
        Words of imaging in its description.
    slices, volumes
        Slices, and how often they were repeated.
    voxel_mm
        As they lie in the files; where steps differ, the smallest and largest.
    kind
        What it is taken for.
    reason
        Why.
    fate
        ``import``, ``left aside`` or ``refused``.
    name
        In the study; empty where it is not imported.
    face
        What was done to the face.
    findings
        What was noticed.
    """

    number: int
    scanner_number: str
    words: str
    slices: int
    volumes: int
    voxel_mm: str
    kind: Kind
    reason: str
    fate: str
    name: str = ""
    face: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did.

    Parameters
    ----------
    lines
        Every series.
    files_aside
        How many files were no DICOM, and how many held no picture.
    written
        Files of the study, relative to it; empty after a dry run.
    kept_aside
        Where an earlier import of this person was moved to.
    """

    lines: tuple[Line, ...]
    files_aside: tuple[int, int]
    written: tuple[str, ...] = ()
    kept_aside: str | None = None
