# SPDX-License-Identifier: Apache-2.0
"""What the trial types of an events file mean."""

from __future__ import annotations

import re

from trephine.core.errors import InputError
from trephine.model.activation import Event, TaskRun
from trephine.stages.mapping.settings import Condition, Settings

_WORDS: dict[Condition, frozenset[str]] = {
    "both": frozenset({"both", "bilateral", "bimanual", "bilat", "lr", "rl"}),
    "right": frozenset({"right", "rh", "r", "rt"}),
    "left": frozenset({"left", "lh", "l", "lt"}),
    "rest": frozenset({"rest", "baseline", "fixation", "fix", "relax", "off", "pause", "idle", "break"}),
}
_NOT_HAND = frozenset(
    {"foot", "feet", "toe", "toes", "leg", "ankle", "tongue", "lips", "mouth", "face", "jaw", "eye", "eyes"}
    | {"visual", "auditory", "shoulder", "elbow", "arm", "cue", "instruction"}
)
_IMAGINED = frozenset(
    {"imagine", "imagined", "imagines", "imagining", "imagination", "imagery", "mental", "mentally"}
    | {"observe", "observed", "observing", "observation", "watch", "watched", "watching"}
)
"""Not done and not attempted: such trials engage other cortex more than the hand area; assumed."""
_ATTEMPTED = frozenset({"attempt", "attempted", "attempting", "attempts", "try", "trying", "tried"})


def condition_of(trial_type: str, settings: Settings) -> Condition:
    """Tell what a trial type stands for.

    Parameters
    ----------
    trial_type
        As in the events file, such as ``hand_right`` or ``attempted_left``.
    settings
        May say it outright.

    Returns
    -------
    Condition
        ``other`` for movements that are not the hand's, for imagined and watched ones, and for names that say
        nothing known. An attempt counts as the movement: it is what a paralysed person can do.
    """
    if trial_type in settings.trial_types:
        return settings.trial_types[trial_type]
    words = _words_of(trial_type)
    if words & (_NOT_HAND | _IMAGINED):
        return "other"
    sides = {side for side in ("right", "left") if words & _WORDS[side]}
    if words & _WORDS["both"] or len(sides) == 2:
        return "both"
    if sides:
        return "right" if "right" in sides else "left"
    return "rest" if words & _WORDS["rest"] else "other"


def is_imagined(trial_type: str, settings: Settings) -> bool:
    """Tell whether a trial type names a movement only imagined or watched, going by its words."""
    return trial_type not in settings.trial_types and bool(_words_of(trial_type) & _IMAGINED)


def is_attempted(trial_type: str, settings: Settings) -> bool:
    """Tell whether a trial type names an attempt that counts as the movement of a hand."""
    is_hand = condition_of(trial_type, settings) in ("right", "left", "both")
    return is_hand and bool(_words_of(trial_type) & _ATTEMPTED)


def _words_of(trial_type: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", trial_type)
    return set(re.findall(r"[a-z]+", spaced.lower()))


def named_events(run: TaskRun, settings: Settings) -> tuple[Event, ...]:
    """Return a run's events with conditions for names, without rest, and only those that it covers.

    Movements of no known meaning keep their own names, after ``other.``, so that the model explains them.
    """
    end_s = run.bold.values.shape[-1] * run.bold.repetition_time_s
    named = []
    for event in run.events:
        condition = condition_of(event.trial_type, settings)
        if condition == "rest" or event.onset_s >= end_s:
            continue
        name = f"other.{event.trial_type}" if condition == "other" else condition
        named.append(Event(onset_s=event.onset_s, duration_s=event.duration_s, trial_type=name))
    return tuple(named)


def check_hand_is_shown(runs: tuple[TaskRun, ...], settings: Settings) -> None:
    """Refuse runs in which the hand asked for never moves on its own.

    Raises
    ------
    InputError
        Naming the trial types found and what they were taken for.
    """
    if not runs:
        raise InputError.because(
            where="task runs", found="none", expected="at least one BOLD run of a hand task",
            remedy="Add a run with its events file to the study.",
        )  # fmt: skip
    for run in runs:
        found = {event.trial_type: condition_of(event.trial_type, settings) for event in run.events}
        if settings.hand not in {event.trial_type for event in named_events(run, settings)}:
            listed = ", ".join(f"{name!r} (taken for {what})" for name, what in sorted(found.items()))
            raise InputError.because(
                where=f"{run.name}, events",
                found=f"trial types {listed or 'none'}",
                expected=f"one within the run for the {settings.hand} hand alone",
                remedy="Say in mapping.trial_types which trial type is which condition, or choose another "
                "hand in mapping.hand.",
            )
