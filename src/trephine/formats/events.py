# SPDX-License-Identifier: Apache-2.0
"""What a person did in a BOLD run: the events table and the sidecar's times, judged against the run."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from trephine.core.errors import FormatError
from trephine.formats.nifti_timing import Timing
from trephine.formats.text import NOT_AVAILABLE, number_of, read_json_object, read_table
from trephine.model.activation import Event

HAND_WORDS = frozenset(
    {"right", "rh", "r", "rt", "left", "lh", "l", "lt", "both", "bilateral", "bimanual", "hand", "hands"}
    | {"fist", "finger", "fingers", "squeeze", "squeezing", "grasp", "grip", "clench", "tap", "tapping"}
)
"""A trial type with one of these words is taken for a movement of the hand,"""
OTHER_WORDS = frozenset(
    {"foot", "feet", "toe", "toes", "leg", "ankle", "tongue", "lips", "mouth", "face", "jaw", "eye", "eyes"}
    | {"visual", "auditory", "shoulder", "elbow", "arm", "cue", "instruction"}
    | {"imagine", "imagined", "imagines", "imagining", "imagination", "imagery", "mental", "mentally"}
    | {"observe", "observed", "observing", "observation", "watch", "watched", "watching"}
)
"""unless it has one of these too."""
_SHORTEST_TR_S = 0.1
_LONGEST_TR_S = 20.0
_LEAST_COVERAGE_FRACTION = 0.2
_SLICE_AXES = {"i": 0, "j": 1, "k": 2}


def read_timing(sidecars: tuple[Path, ...], bold: Path) -> Timing:
    """Read repetition and slice times from a run's sidecars.

    Parameters
    ----------
    sidecars
        Nearest first; a field of a nearer file wins.
    bold
        The run, named in messages.

    Returns
    -------
    Timing
        In seconds, in the file's order of slices.

    Raises
    ------
    FormatError
        If RepetitionTime is missing, no number or in milliseconds, or a slice time lies outside of it.
    """
    fields: dict[str, Any] = {}
    for path in reversed(sidecars):
        fields |= read_json_object(path)
    where = str(sidecars[0]) if sidecars else str(bold)
    repetition_s = _repetition_time_s(fields, where)
    direction = str(fields.get("SliceEncodingDirection", "k"))
    if direction.removesuffix("-") not in _SLICE_AXES:
        raise FormatError.because(
            where=f"{where}, SliceEncodingDirection",
            found=repr(direction),
            expected="i, j or k, with or without a minus sign",
            remedy="Correct the sidecar.",
        )
    times = _slice_times_s(fields.get("SliceTiming", []), repetition_s, where)
    if direction.endswith("-"):  # BIDS: the first time then belongs to the slice of the highest index
        times = times[::-1]
    axis = _SLICE_AXES[direction.removesuffix("-")]
    return Timing(repetition_time_s=repetition_s, slice_time_s=times, slice_axis=axis)


def _repetition_time_s(fields: dict[str, Any], where: str) -> float:
    value = fields.get("RepetitionTime")
    if value is None:
        raise FormatError.because(
            where=f"{where}, RepetitionTime",
            found="nothing",
            expected="the time from one volume to the next, in seconds",
            remedy="Add RepetitionTime to the sidecar, from the scanner's protocol.",
        )
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and _SHORTEST_TR_S <= value <= _LONGEST_TR_S:
        return float(value)
    is_ms = is_number and _SHORTEST_TR_S <= value / 1000.0 <= _LONGEST_TR_S
    raise FormatError.because(
        where=f"{where}, RepetitionTime",
        found=f"{value!r}" + (" (it seems to be in milliseconds)" if is_ms else ""),
        expected=f"a number of seconds from {_SHORTEST_TR_S} to {_LONGEST_TR_S:.0f}",
        remedy=f"Write {value / 1000.0:g}." if is_ms else "Correct the sidecar from the scanner's protocol.",
    )


def _slice_times_s(values: Any, repetition_s: float, where: str) -> tuple[float, ...]:  # noqa: ANN401 - any JSON
    is_numbers = isinstance(values, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    )
    if is_numbers and all(0.0 <= v < repetition_s for v in values):
        return tuple(float(v) for v in values)
    found = "something else than a list of numbers"
    if is_numbers:
        found = f"times from {min(values):g} to {max(values):g}"
        if min(values) >= 0 and max(values) < 1000.0 * repetition_s:
            found += " (they seem to be in milliseconds)"
    raise FormatError.because(
        where=f"{where}, SliceTiming",
        found=found,
        expected=f"seconds from 0 to less than the repetition time of {repetition_s:g} s",
        remedy="Correct the sidecar, or remove SliceTiming to go on without correction for slice times.",
    )


def read_events(path: Path) -> tuple[Event, ...]:
    """Read an events table.

    Parameters
    ----------
    path
        A ``_events.tsv`` file with onset and duration in seconds, and trial_type.

    Returns
    -------
    tuple of Event
        In the order of the file, which is the order of onsets.

    Raises
    ------
    FormatError
        If a column is missing, a cell is no number or negative, a type is not said, or onsets go back.
    """
    events: list[Event] = []
    for number, row in enumerate(read_table(path, ("onset", "duration", "trial_type")), start=2):
        where = f"{path}, line {number}"
        onset_s = _not_negative(row["onset"], f"{where}, onset")
        duration_s = _not_negative(row["duration"], f"{where}, duration")
        if row["trial_type"] in NOT_AVAILABLE:
            raise FormatError.because(
                where=f"{where}, trial_type",
                found=repr(row["trial_type"]),
                expected="what the person did, such as right or rest",
                remedy="Name the trial type, or remove the row.",
            )
        if events and onset_s < events[-1].onset_s:
            raise FormatError.because(
                where=f"{where}, onset",
                found=f"{onset_s:g} s after a row with {events[-1].onset_s:g} s",
                expected="rows in the order of their onsets",
                remedy="Sort the rows by onset; if onsets start anew within the file, it holds two runs.",
            )
        events.append(Event(onset_s=onset_s, duration_s=duration_s, trial_type=row["trial_type"]))
    return tuple(events)


def _not_negative(cell: str, where: str) -> float:
    value = number_of(cell, where, "seconds after the first volume")
    if value >= 0:
        return value
    raise FormatError.because(
        where=where,
        found=f"{value:g} s",
        expected="0 s or more",
        remedy="Count time from the start of the first volume kept, and remove what came before it.",
    )


def check_events_fit(
    path: Path, events: tuple[Event, ...], *, volumes: int, repetition_time_s: float
) -> None:
    """Check that a run is as long as its events say.

    An event may be cut off by the run's end if at least half of it was scanned.

    Parameters
    ----------
    path
        The events table, named in messages.
    events
        As read.
    volumes, repetition_time_s
        Length of the run.

    Raises
    ------
    FormatError
        If events lie after the end, or cover so little that they must be in another unit.
    """
    run_s = volumes * repetition_time_s
    last_s = max(event.onset_s + event.duration_s for event in events)
    late = [e for e in events if e.onset_s + e.duration_s / 2 > run_s or e.onset_s >= run_s]
    guess = _unit_guess(events, last_s, volumes, repetition_time_s)
    is_short = last_s < _LEAST_COVERAGE_FRACTION * run_s
    if not late and not is_short and not guess:
        return
    raise FormatError.because(
        where=str(path),
        found=f"events up to {last_s:g} s"
        + (f", {len(late)} of {len(events)} after the end" if late else ""),
        expected=f"events within the run of {run_s:g} s ({volumes} volumes, {repetition_time_s:g} s each), "
        "in seconds",
        remedy=guess or _other_remedy(is_short=is_short),
    )


def _other_remedy(*, is_short: bool) -> str:
    if is_short:
        return "They cover less than a fifth of the run: check their unit, and that they belong to this run."
    return "Check that they belong to this run and that the run was copied whole."


def _unit_guess(events: tuple[Event, ...], last_s: float, volumes: int, repetition_time_s: float) -> str:
    """Say which other unit would make the events fit, or nothing."""
    run_s = volumes * repetition_time_s
    if last_s > 2 * run_s and 0.3 <= last_s / 1000.0 / run_s <= 1.1:
        return "They look like milliseconds: divide onset and duration by 1000."
    if 0.8 <= last_s * 60.0 / run_s <= 1.1 and last_s < 0.5 * run_s:
        return "They look like minutes: multiply onset and duration by 60."
    whole = all(e.onset_s % 1 == 0 and e.duration_s % 1 == 0 for e in events)
    is_other = abs(repetition_time_s - 1.0) > 0.3
    if whole and is_other and 0.9 <= last_s / volumes <= 1.0:
        return (
            f"They look like numbers of volumes: multiply onset and duration by {repetition_time_s:g}. "
            "If they are seconds, cut the run after the last event."
        )
    return ""


def hand_types(events: Iterable[Event], named: Collection[str] = ()) -> tuple[str, ...]:
    """Return the trial types that stand for a movement of the hand, sorted.

    Parameters
    ----------
    events
        As read.
    named
        Trial types of which the user says so, whatever their names.

    Returns
    -------
    tuple of str
        Those named, and those whose words say so: ``right_hand`` and ``squeezeLeft``, not ``right_foot``.
    """
    types = {event.trial_type for event in events}
    return tuple(sorted(name for name in types if name in named or _says_hand(name)))


def _says_hand(trial_type: str) -> bool:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", trial_type)
    words = set(re.findall(r"[a-z]+", spaced.lower()))
    return bool(words & HAND_WORDS) and not words & OTHER_WORDS
