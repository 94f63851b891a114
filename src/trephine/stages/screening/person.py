# SPDX-License-Identifier: Apache-2.0
"""What the study says of the person, as figures, answers and words for the rules."""

from __future__ import annotations

from trephine.core.errors import ConfigError
from trephine.model.activation import HandMap
from trephine.model.participant import Participant
from trephine.model.screening import Verdict
from trephine.safety.judgement import Figure, judge_answer, judge_figure, judge_word
from trephine.safety.rules import Rule
from trephine.stages.screening.noticed import SIGNS

NUMBERS = {
    "age": "year",
    "body_mass_index": "kg/m2",
    "months_since_onset": "month",
    "months_stable": "month",
    "life_expectancy_months": "month",
}
"""Numbers that the study may state, with their units."""

_NOT_SAID = Figure(value=None, remark="Not said in the study.")


def answers(participant: Participant, hand_map: HandMap) -> dict[str, bool]:
    """Return every yes or no that is known: those of the study, and what follows from them.

    Parameters
    ----------
    participant
        What the study says.
    hand_map
        Says which hand is the target.

    Returns
    -------
    dict
        ``dominant_hand`` is whether the target is the area of the hand preferred; either one is, in a person
        who prefers neither.
    """
    known = dict(participant.answers)
    preferred = participant.words.get("handedness")
    if preferred is not None:
        known["dominant_hand"] = preferred in (hand_map.hand, "ambidextrous")
    return known


def judge_person(rule: Rule, participant: Participant, known: dict[str, bool]) -> Verdict:
    """Hold what the study says against a rule.

    Parameters
    ----------
    rule
        A question, or a figure that the study states.
    participant
        What it says.
    known
        Its answers and what follows from them.

    Returns
    -------
    Verdict
        Unknown for what is not said.

    Raises
    ------
    ConfigError
        If the rule's unit is not that of the column.
    """
    if rule.kind == "answer":
        verdict = judge_answer(rule, known.get(rule.id))
        return _not_seen(verdict) if rule.id in SIGNS and rule.id not in known else verdict
    if rule.kind == "word":
        return judge_word(rule, participant.words.get(rule.id))
    if rule.unit != NUMBERS[rule.id]:
        raise ConfigError.because(
            where=f"screening rule {rule.id!r}",
            found=f"limits in {rule.unit}",
            expected=f"limits in {NUMBERS[rule.id]}, as in participants.tsv",
            remedy="Convert the limits; nothing is converted here.",
        )
    value = participant.numbers.get(rule.id)
    return judge_figure(rule, _NOT_SAID if value is None else Figure(value=value))


def _not_seen(verdict: Verdict) -> Verdict:
    """Say of a sign in the scans that nobody could see it, where a question would be "not said"."""
    found = "not known: this version does not look for it or cannot rule it out, or a scan is missing."
    reason = verdict.reason.replace(verdict.found, found)
    return verdict.model_copy(update={"found": found, "reason": reason})
