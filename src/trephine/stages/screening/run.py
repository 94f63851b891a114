# SPDX-License-Identifier: Apache-2.0
"""Hold one person against every screening rule."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.core.errors import ConfigError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.participant import Participant
from trephine.model.registration import Registration
from trephine.model.screening import Answer, Screening, Verdict
from trephine.safety.judgement import Figure, judge_figure
from trephine.safety.rules import Rule, Rules
from trephine.stages.screening import figures, noticed, person
from trephine.stages.screening.checks import about_columns, about_rules, findings, omissions
from trephine.stages.screening.layers import layers_over
from trephine.stages.screening.settings import Settings

_STEPS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Everything known of one person that the rules are held against.

    Parameters
    ----------
    participant
        What the study says of the person; what it leaves unsaid stays unknown.
    anatomy
        Tissues and surfaces in ``scanner``.
    hand_map
        The hand area in ``scanner``.
    angiogram
        Vessels; absent when no angiography was made.
    registrations
        How every other scan was laid on the planning T1.
    noticed, looked_for
        Codes of the imaging stage's findings, and of those that it can make of abnormal anatomy.
    """

    participant: Participant
    anatomy: Anatomy
    hand_map: HandMap
    angiogram: Angiogram | None
    registrations: tuple[Registration, ...] = ()
    noticed: frozenset[str] = frozenset()
    looked_for: frozenset[str] = frozenset()


def run(
    evidence: Evidence,
    device: Device,
    rules: Rules,
    *,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[Screening]:
    """Judge by every rule whether this person may be implanted.

    Parameters
    ----------
    evidence
        What is known of the person.
    device
        The implant whose size is held against the bone.
    rules
        With their limits.
    settings
        How figures are measured.
    progress
        Told of each of three parts.

    Returns
    -------
    Outcome
        Every verdict, and one finding for every rule that is not passed; also what was not asked, changed or
        not read.

    Raises
    ------
    ConfigError
        If a rule asks for a figure or word that nothing here gives.
    NumericalError
        If there is hardly any skull surface over the hand area.
    """
    progress(0, _STEPS, "measuring skull and scalp")
    anatomy, hand_map = evidence.anatomy, evidence.hand_map
    layers = layers_over(anatomy, hand_map.target_mm, device.body.width_mm.value / 2, settings)
    known = figures.layer_figures(layers, device, settings, has_ct=anatomy.has_ct)
    progress(1, _STEPS, "measuring image quality")
    known |= figures.image_figures(anatomy, layers)
    progress(2, _STEPS, "holding rules against the figures")
    known |= figures.hand_figures(hand_map, anatomy, settings) | figures.vessel_figures(evidence.angiogram)
    known |= figures.repeat_figures(hand_map) | figures.motion_figures(hand_map)
    known |= figures.registration_figures(evidence.registrations, hand_map)
    said = person.answers(evidence.participant, hand_map)
    said |= noticed.answers(evidence.noticed, evidence.looked_for, evidence.angiogram)
    verdicts = []
    for rule in rules.rules:
        if rule.id in known and rule.kind == "figure":
            verdict = judge_figure(_completed(rule, device), known[rule.id])
        else:
            _check_asked(rule, known)
            verdict = person.judge_person(rule, evidence.participant, said)
        verdicts.append(_unshown_blocked(verdict, hand_map))
    screening = Screening(
        device=device.name,
        rules_version=rules.version,
        verdicts=tuple(verdicts),
        not_asked=omissions(rules),
    )
    progress(_STEPS, _STEPS, "done")
    found = findings(screening) + about_rules(screening, rules) + about_columns(evidence.participant)
    return Outcome(value=screening, findings=found)


def _completed(rule: Rule, device: Device) -> Rule:
    """Give the rule on the implant's height the device's own limit, unless the rules set one."""
    if rule.id != "implant_height" or rule.limits:
        return rule
    return rule.model_copy(update={"concern_high": device.body.bump_mm})


def _check_asked(rule: Rule, known: dict[str, Figure]) -> None:
    """Refuse a rule for a figure or a word that nobody gives; any question of yes or no may be asked."""
    words = ("diagnosis", "injury_level", "handedness")
    expected = {"figure": (*known, *person.NUMBERS), "word": words, "answer": (rule.id,)}[rule.kind]
    if rule.id in expected:
        return
    raise ConfigError.because(
        where=f"screening rule {rule.id!r}",
        found="a rule that asks for something this stage does not measure",
        expected=f"one of {', '.join(sorted(expected))}",
        remedy="Correct its id, or remove the rule.",
    )


def _unshown_blocked(verdict: Verdict, hand_map: HandMap) -> Verdict:
    """Block when the task was done and shows nothing: that is an answer, not a gap in what is known."""
    if verdict.rule != "hand_response" or hand_map.target_source == "task":
        return verdict
    return verdict.model_copy(update={"verdict": Answer.BLOCK})
