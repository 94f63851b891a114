"""What the study says of a person, and what imaging noticed, as verdicts of single rules."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from trephine.core.errors import ConfigError
from trephine.core.sourced import Confidence, Sourced
from trephine.model.participant import Participant
from trephine.model.screening import Answer
from trephine.safety.reading import read_rules
from trephine.stages import imaging
from trephine.stages.screening import noticed, person
from trephine.stages.screening.noticed import SIGNS

RULES = {rule.id: rule for rule in read_rules().rules}
LEFT = SimpleNamespace(hand="left")
ALL_SIGNS = frozenset(sign.finding for sign in SIGNS.values())


def judged(field, value):
    """Return the verdict of the rule that a field bears on."""
    parts = {"numbers": {}, "answers": {}, "words": {}}
    if value is not None:
        kind = {bool: "answers", str: "words", float: "numbers"}[type(value)]
        parts[kind][field] = value
    participant = Participant(label="01", **parts)
    rule = RULES["dominant_hand" if field == "handedness" else field]
    return person.judge_person(rule, participant, person.answers(participant, LEFT))


@pytest.mark.parametrize(
    ("field", "value", "answer"),
    [
        ("has_seizures", True, Answer.BLOCK),
        ("has_seizures", False, Answer.PASS),
        ("has_seizures", None, Answer.UNKNOWN),
        ("needs_mri", True, Answer.BLOCK),
        ("takes_anticoagulants", True, Answer.CONCERN),
        ("has_caregiver", False, Answer.BLOCK),
        ("has_caregiver", True, Answer.PASS),
        ("body_mass_index", 41.0, Answer.BLOCK),
        ("age", 12.0, Answer.BLOCK),
        ("age", 40.0, Answer.PASS),
        ("age", 70.0, Answer.CONCERN),
        ("months_stable", 6.0, Answer.CONCERN),
        ("months_stable", None, Answer.UNKNOWN),
        ("diagnosis", "als", Answer.PASS),
        ("diagnosis", "brainstem_stroke", Answer.CONCERN),
        ("diagnosis", None, Answer.UNKNOWN),
        ("injury_level", "below_C8", Answer.BLOCK),
        ("injury_level", "none", Answer.PASS),
        ("handedness", "left", Answer.PASS),
        ("handedness", "right", Answer.CONCERN),
        ("handedness", "ambidextrous", Answer.PASS),
        ("handedness", None, Answer.UNKNOWN),
    ],
)
def test_contraindications_are_heeded(field, value, answer) -> None:
    assert judged(field, value).verdict is answer


def test_limits_in_another_unit_are_refused() -> None:
    limit = Sourced(value=18.0, unit="month", source="assumed", confidence=Confidence.ASSUMED)
    rule = RULES["age"].model_copy(update={"unit": "month", "block_low": limit})
    with pytest.raises(ConfigError, match="found limits in month; expected limits in year"):
        person.judge_person(rule, Participant(label="01"), {})


def sign_verdict(rule, *codes, looked_for=ALL_SIGNS, angiogram="there is one"):
    known = noticed.answers(frozenset(codes), looked_for, angiogram)
    return person.judge_person(RULES[rule], Participant(label="01"), known)


@pytest.mark.parametrize("rule", SIGNS)
def test_a_sign_in_the_scans_counts_and_one_nobody_looks_for_is_unknown(rule) -> None:
    seen = sign_verdict(rule, SIGNS[rule].finding)
    assert seen.verdict is (Answer.CONCERN if rule == "brain_atrophy_suspected" else Answer.BLOCK)
    assert sign_verdict(rule, "ANYTHING_ELSE").verdict is Answer.PASS
    blind = sign_verdict(rule, looked_for=frozenset())
    assert blind.verdict is Answer.UNKNOWN
    assert "does not look for it" in blind.found
    assert blind.found in blind.reason
    assert sign_verdict(rule, SIGNS[rule].finding, looked_for=frozenset()).verdict is seen.verdict
    without = sign_verdict(rule, angiogram=None).verdict
    assert without is (Answer.UNKNOWN if SIGNS[rule].needs_angiogram else Answer.PASS)


def test_what_imaging_looks_for_is_what_its_code_can_find() -> None:
    """A sign that nothing looks for must be unknown, and one that is looked for must not be."""
    source = "".join(path.read_text() for path in Path(imaging.__file__).parent.glob("*.py"))
    can_find = {sign.finding for sign in SIGNS.values() if f'code="{sign.finding}"' in source}
    missed = {"BRAIN_ATROPHY_SUSPECTED", "CRANIOTOMY_SUSPECTED"}  # its absence is no no: see imaging-skull.md
    assert can_find - missed == imaging.LOOKS_FOR, "keep LOOKS_FOR in stages/imaging/__init__.py up to date"
