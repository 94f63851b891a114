# SPDX-License-Identifier: Apache-2.0
"""A person's files in a BIDS study: found, named right, and one of each where one is due.

Only names and places are judged here; ``inputs`` reads what is inside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trephine.core.errors import FormatError, InputError
from trephine.formats.bids_names import NAME, at_most_one, entities_of, files_in, files_with
from trephine.formats.bids_scans import ScanFile, find_scans
from trephine.formats.text import read_json_object
from trephine.model.scan import ScanKind

_LABEL = re.compile(r"^[A-Za-z0-9]+$")
_PHOTO_ENDINGS = (".png", ".tif", ".tiff")
_FOLDERS = ("anat", "swi", "func", "ct", "micr")


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """One BOLD run.

    Parameters
    ----------
    name
        BIDS entities that tell the run apart, such as ``task-hand_run-1``.
    bold
        The series.
    sidecars
        JSON files that describe it, nearest first; fields of a nearer file win.
    events
        What the person did.
    """

    name: str
    bold: Path
    sidecars: tuple[Path, ...]
    events: Path


@dataclass(frozen=True, kw_only=True)
class RestFiles:
    """One BOLD run at rest: its name, series and sidecars, as in ``RunFiles``."""

    name: str
    bold: Path
    sidecars: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class LiveViewFiles:
    """A picture of the exposed cortex, and its scale and pose."""

    image: Path
    sidecar: Path


@dataclass(frozen=True, kw_only=True)
class ParticipantFiles:
    """Everything of one person that the path from scans to plan reads.

    Parameters
    ----------
    study
        Root of the BIDS study.
    label
        The ``sub-`` label without its prefix.
    t1w
        Planning T1.
    scans
        Further scans of the head, at most one of each kind, in the order of ``ScanKind``.
    runs
        Task runs, by name.
    live_view
        Microscope view, absent when the study has none.
    participants
        The study's table of persons, absent when it has none.
    unused
        Runs and images left aside, each with the reason.
    rest
        Runs at rest, by name.
    """

    study: Path
    label: str
    t1w: Path
    scans: tuple[ScanFile, ...]
    runs: tuple[RunFiles, ...]
    live_view: LiveViewFiles | None
    participants: Path | None
    unused: tuple[str, ...] = ()
    rest: tuple[RestFiles, ...] = ()

    def all_paths(self) -> tuple[Path, ...]:
        """Return every file that is read, each once, sorted by name."""
        single = (self.t1w, *(scan.path for scan in self.scans), self.participants)
        paths = {path for path in single if path is not None}
        for run in self.runs:
            paths |= {run.bold, run.events, *run.sidecars}
        for still in self.rest:
            paths |= {still.bold, *still.sidecars}
        if self.live_view is not None:
            paths |= {self.live_view.image, self.live_view.sidecar}
        return tuple(sorted(paths))


def participant_labels(study: Path) -> tuple[str, ...]:
    """List the labels of a study's persons, without ``sub-``, sorted.

    Raises
    ------
    FormatError
        If the folder is no BIDS study, or has no person.
    """
    _check_description(study)
    labels = sorted(path.name.removeprefix("sub-") for path in study.glob("sub-*") if path.is_dir())
    if not labels:
        raise FormatError.because(
            where=str(study),
            found="no folder whose name begins with sub-",
            expected="at least one person, such as sub-01",
            remedy="Put each person's scans into a folder sub-<label>.",
        )
    return tuple(checked_label(label) for label in labels)


def checked_label(text: str) -> str:
    """Return a person's label without ``sub-``; refuse what BIDS does not allow.

    Raises
    ------
    InputError
        If anything but letters and digits is in it.
    """
    label = text.removeprefix("sub-")
    if not _LABEL.match(label):
        raise InputError.because(
            where="participant label",
            found=repr(text),
            expected="letters and digits only, such as 01 or sub-01",
            remedy="Rename the person's folder and files.",
        )
    return label


def read_participant_files(
    study: Path, label: str, *, t1w: str | None = None, chosen: Mapping[ScanKind, str] | None = None
) -> ParticipantFiles:
    """Find one person's files and check their names.

    Parameters
    ----------
    study
        Root of the BIDS study.
    label
        With or without ``sub-``.
    t1w
        File name of the planning T1, needed when there are several.
    chosen
        File name of the scan to use of a kind, needed when there are several of it.

    Returns
    -------
    ParticipantFiles
        Paths that exist.

    Raises
    ------
    FormatError
        If the study or person is missing, a file belongs to another person, the T1 or the task run is
        missing or ambiguous, a kind of scan is ambiguous, or a file lacks its sidecar or events.
    """
    name = checked_label(label)
    _check_description(study)
    folder = study / f"sub-{name}"
    if not folder.is_dir():
        raise FormatError.because(
            where=str(study),
            found=f"no folder sub-{name}; persons here: {', '.join(participant_labels(study))}",
            expected=f"a folder sub-{name}",
            remedy="Name one of the study's persons.",
        )
    _check_owner(folder)
    runs, rest = _bold_runs(study, folder)
    planning = _planning_t1(folder, t1w)
    scans, other_images = find_scans(folder, planning, chosen or {})
    participants = study / "participants.tsv"
    return ParticipantFiles(
        study=study,
        label=name,
        t1w=planning,
        scans=scans,
        runs=runs,
        live_view=_live_view(folder),
        participants=participants if participants.is_file() else None,
        unused=other_images,
        rest=rest,
    )


def _check_description(study: Path) -> None:
    """Check that the folder says of itself that it is a BIDS study of raw data."""
    path = study / "dataset_description.json"
    if not path.is_file():
        raise FormatError.because(
            where=str(study),
            found="no dataset_description.json" if study.is_dir() else "no such folder",
            expected="the root folder of a BIDS study, which holds that file",
            remedy="Name the study's root, or make the file with: trephine init STUDY.",
        )
    fields = read_json_object(path)
    if not isinstance(fields.get("Name"), str) or not isinstance(fields.get("BIDSVersion"), str):
        raise FormatError.because(
            where=str(path),
            found=f"the fields {', '.join(sorted(fields)) or 'none'}",
            expected="texts under Name and BIDSVersion",
            remedy='Add them, for example "BIDSVersion": "1.10.0".',
        )
    if fields.get("DatasetType", "raw") != "raw":
        raise FormatError.because(
            where=f"{path}, DatasetType",
            found=repr(fields["DatasetType"]),
            expected="'raw'",
            remedy="Name the study with the scans themselves, not results made from them.",
        )


def _check_owner(folder: Path) -> None:
    """Refuse a folder in which a file carries another person's label."""
    for kind in _FOLDERS:
        for path in files_in(folder, kind):
            if path.name.startswith(".") or path.name.startswith(f"{folder.name}_"):
                continue
            raise FormatError.because(
                where=str(path),
                found=f"a file in the folder of {folder.name} whose name does not begin with {folder.name}_",
                expected=f"files of {folder.name} only",
                remedy="Move the file to the person whom it belongs to, or correct its name; "
                "find out first whose scan it is.",
            )


def _planning_t1(folder: Path, chosen: str | None) -> Path:
    every = files_with(folder, "anat", "T1w")
    if chosen is not None:
        found = [path for path in every if path.name == chosen]
    else:
        found = [path for path in every if "ce" not in entities_of(path)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(path.name for path in found)
    if not found:
        raise FormatError.because(
            where=str(folder / "anat"),
            found="no T1-weighted image"
            + (f" named {chosen}" if chosen else " without contrast agent" if every else ""),
            expected=f"{folder.name}_T1w.nii.gz",
            remedy="Put the planning T1 there; no plan can be made without it.",
        )
    raise FormatError.because(
        where=str(folder / "anat"),
        found=f"{len(found)} T1-weighted images: {names}",
        expected="one planning T1",
        remedy=f"Choose one by its file name (--set input.t1w={found[0].name}), or move the others out.",
    )


def _bold_runs(study: Path, folder: Path) -> tuple[tuple[RunFiles, ...], tuple[RestFiles, ...]]:
    """Find task runs with events and sidecar, and runs at rest."""
    runs, rest = [], []
    for path in files_with(folder, "func", "bold"):
        entities = entities_of(path)
        if "task" not in entities:
            raise FormatError.because(
                where=str(path),
                found="a BOLD file without task- in its name",
                expected=f"a name such as {folder.name}_task-hand_bold.nii.gz",
                remedy="Say in the name what the person did.",
            )
        sidecars = _inherited(study, folder, path, "bold", ".json")
        name = "_".join(f"{key}-{value}" for key, value in entities.items() if key != "sub")
        if entities["task"].lower().startswith("rest"):
            rest.append(RestFiles(name=name, bold=path, sidecars=sidecars))
            continue
        events = _inherited(study, folder, path, "events", ".tsv")
        if not events:
            raise FormatError.because(
                where=str(path),
                found="a BOLD run without events",
                expected=path.name.split("_bold.")[0] + "_events.tsv beside it",
                remedy="Add the events (onset, duration, trial_type); name a run without task task-rest.",
            )
        runs.append(RunFiles(name=name, bold=path, sidecars=sidecars, events=events[0]))
    if not runs:
        raise FormatError.because(
            where=str(folder / "func"),
            found="no BOLD run with a task"
            + (f" (at rest: {', '.join(r.name for r in rest)})" if rest else ""),
            expected=f"at least one, such as {folder.name}_task-hand_bold.nii.gz",
            remedy="Add a run in which the person moved, or tried to move, a hand.",
        )
    _check_twins([*(run.bold for run in runs), *(run.bold for run in rest)])
    return tuple(sorted(runs, key=lambda run: run.name)), tuple(sorted(rest, key=lambda run: run.name))


def _check_twins(paths: list[Path]) -> None:
    """Refuse the same run stored compressed and uncompressed: nobody knows which one counts."""
    stems: dict[str, Path] = {}
    for path in paths:
        stem = path.name.removesuffix(".gz")
        if stem in stems:
            raise FormatError.because(
                where=str(path.parent),
                found=f"both {stems[stem].name} and {path.name}",
                expected="one of the two",
                remedy="Keep the one that is right.",
            )
        stems[stem] = path


def _inherited(study: Path, folder: Path, path: Path, suffix: str, ending: str) -> tuple[Path, ...]:
    """Find files that describe ``path``, nearest first: BIDS lets them stand in any folder above it."""
    entities = entities_of(path)
    found = []
    for level in (path.parent, *(parent for parent in path.parents if parent in (folder, study))):
        here = [
            other
            for other in sorted(level.glob(f"*{suffix}{ending}"))
            if re.search(rf"(^|_){suffix}{re.escape(ending)}$", other.name)
            and (other.name == suffix + ending or NAME.match(other.name))
            and entities_of(other).items() <= entities.items()
        ]
        found += sorted(here, key=lambda other: -len(entities_of(other)))
    return tuple(dict.fromkeys(found))


def _live_view(folder: Path) -> LiveViewFiles | None:
    image = at_most_one(files_with(folder, "micr", "photo", _PHOTO_ENDINGS), folder, "live view")
    if image is None:
        return None
    sidecar = image.with_suffix(".json")
    if not sidecar.is_file():
        raise FormatError.because(
            where=str(image),
            found="a live view without its sidecar",
            expected=f"{sidecar.name} beside it, with PixelSize and ScannerFromImage",
            remedy="Add the sidecar; without scale and pose the picture cannot be planned on.",
        )
    return LiveViewFiles(image=image, sidecar=sidecar)
