# SPDX-License-Identifier: Apache-2.0
"""Hold one person against every screening rule."""

from __future__ import annotations

from trephine.core.errors import ConfigError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.participant import Participant
from trephine.model.screening import Answer, Screening, Verdict
from trephine.safety.judgement import Figure, judge_answer, judge_figure
from trephine.safety.rules import Rule, Rules
from trephine.stages.screening import figures
from trephine.stages.screening.checks import findings
from trephine.stages.screening.layers import layers_over
from trephine.stages.screening.settings import Settings

_STEPS = 3


def run(
    participant: Participant,
    anatomy: Anatomy,
    hand_map: HandMap,
    angiogram: Angiogram | None,
    device: Device,
    rules: Rules,
    *,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[Screening]:
    """Judge by every rule whether this person may be implanted.

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
        Every verdict, and one finding for every rule that is not passed.

    Raises
    ------
    ConfigError
        If a rule asks for a figure that this stage does not know.
    NumericalError
        If there is hardly any skull surface over the hand area.
    """
    progress(0, _STEPS, "measuring skull and scalp")
    layers = layers_over(anatomy, hand_map.target_mm, device.body.width_mm.value / 2, settings)
    known = figures.layer_figures(layers, device, settings, has_ct=anatomy.has_ct)
    progress(1, _STEPS, "measuring image quality")
    known |= figures.image_figures(anatomy)
    progress(2, _STEPS, "holding rules against the figures")
    known |= figures.hand_figures(hand_map, anatomy) | figures.vessel_figures(angiogram)
    known |= figures.person_figures(participant)
    answers = figures.person_answers(participant)
    verdicts = tuple(
        _unshown_blocked(_verdict(_completed(rule, device), known, answers), hand_map) for rule in rules.rules
    )
    screening = Screening(device=device.name, rules_version=rules.version, verdicts=verdicts)
    progress(_STEPS, _STEPS, "done")
    return Outcome(value=screening, findings=findings(screening))


def _completed(rule: Rule, device: Device) -> Rule:
    """Give the rule on the implant's height the device's own limit, unless the rules set one."""
    if rule.id != "implant_height" or rule.limits:
        return rule
    return rule.model_copy(update={"concern_high": device.body.bump_mm})


def _verdict(rule: Rule, known: dict[str, Figure], answers: dict[str, bool | None]) -> Verdict:
    if rule.if_yes is not None and rule.id in answers:
        return judge_answer(rule, answers[rule.id])
    if rule.if_yes is None and rule.id in known:
        return judge_figure(rule, known[rule.id])
    raise ConfigError.because(
        where=f"screening rule {rule.id!r}",
        found="a rule that asks for something this stage does not measure",
        expected=f"one of {', '.join(sorted((*known, *answers)))}",
        remedy="Correct its id, or remove the rule.",
    )


def _unshown_blocked(verdict: Verdict, hand_map: HandMap) -> Verdict:
    """Block when the task was done and shows nothing: that is an answer, not a gap in what is known."""
    if verdict.rule != "hand_response" or hand_map.target_source == "task":
        return verdict
    return verdict.model_copy(update={"verdict": Answer.BLOCK})
