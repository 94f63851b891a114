# SPDX-License-Identifier: Apache-2.0
"""A person's files read into nouns, each judged against the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from trephine.core.errors import FormatError
from trephine.core.frames import BOLD, SCANNER
from trephine.formats.bids import ParticipantFiles, RunFiles
from trephine.formats.events import check_events_fit, hand_types, read_events, read_timing
from trephine.formats.live_view import read_live_view
from trephine.formats.nifti import read_series, read_volume
from trephine.formats.participants import read_participant
from trephine.formats.scans import read_scans
from trephine.model.activation import TaskRun
from trephine.model.live_view import LiveView
from trephine.model.participant import Participant
from trephine.model.scan import Scan
from trephine.model.volume import Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """Everything of one person that came from outside.

    Parameters
    ----------
    participant
        What the study says of the person.
    t1
        Planning T1 in ``scanner``.
    others
        Further scans, each in its own frame, in the order of ``ScanKind``.
    runs
        Task runs with at least one movement of the hand.
    live_view
        Microscope view; absent when the study has none.
    rest
        Runs at rest, without events.
    """

    participant: Participant
    t1: Volume
    others: tuple[Scan, ...]
    runs: tuple[TaskRun, ...]
    live_view: LiveView | None
    rest: tuple[TaskRun, ...] = ()


def read_inputs(files: ParticipantFiles, *, named: Collection[str] = ()) -> Inputs:
    """Read and check everything of one person.

    Parameters
    ----------
    files
        As ``bids.read_participant_files`` found them.
    named
        As for ``read_task_runs``.

    Returns
    -------
    Inputs
        The nouns.

    Raises
    ------
    FormatError
        At the first file that cannot be used; the message names it.
    StorageError
        If a file may not be read.
    """
    return Inputs(
        participant=read_participant(files.participants, files.label),
        t1=read_t1(files),
        others=read_scans(files.scans),
        runs=read_task_runs(files, named=named),
        live_view=None
        if files.live_view is None
        else read_live_view(files.live_view.image, files.live_view.sidecar),
        rest=read_rest_runs(files),
    )


def read_t1(files: ParticipantFiles) -> Volume:
    """Read the planning T1, in ``scanner``."""
    return read_volume(files.t1w, SCANNER)


def read_task_runs(files: ParticipantFiles, *, named: Collection[str] = ()) -> tuple[TaskRun, ...]:
    """Read the runs in which a hand moved.

    Parameters
    ----------
    files
        The person's files.
    named
        Trial types that the user says are movements of the hand, whatever their names.

    Returns
    -------
    tuple of TaskRun
        In the order of their names; runs without a movement of the hand are left aside.

    Raises
    ------
    FormatError
        If a run or its events cannot be used, or no run has a movement of the hand.
    """
    found: dict[Path, tuple[str, ...]] = {}
    runs = []
    for run in files.runs:
        events = read_events(run.events)
        found[run.events] = tuple(sorted({event.trial_type for event in events}))
        if hand_types(events, named):
            runs.append(_task_run(run))
    if runs:
        return tuple(runs)
    types = "; ".join(f"{path.name}: {', '.join(names)}" for path, names in found.items())
    raise FormatError.because(
        where=str(next(iter(found), files.study)),
        found=f"no movement of a hand among the trial types ({types})",
        expected="a trial type with a word such as right, left, both, hand, fist, finger or squeeze",
        remedy="Name the trial types by the hand that moved, or say in mapping.trial_types which is which.",
    )


def read_rest_runs(files: ParticipantFiles) -> tuple[TaskRun, ...]:
    """Read the runs in which the person rested, in the order of their names; they have no events.

    Raises
    ------
    FormatError
        If a run cannot be used.
    """
    return tuple(
        TaskRun(
            name=run.name, bold=read_series(run.bold, BOLD, read_timing(run.sidecars, run.bold)), events=()
        )
        for run in files.rest
    )


def _task_run(run: RunFiles) -> TaskRun:
    timing = read_timing(run.sidecars, run.bold)
    bold = read_series(run.bold, BOLD, timing)
    events = read_events(run.events)
    check_events_fit(
        run.events, events, volumes=bold.values.shape[3], repetition_time_s=bold.repetition_time_s
    )
    return TaskRun(name=run.name, bold=bold, events=events)
