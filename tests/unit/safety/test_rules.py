"""The rules: every limit sourced, in one unit, rising; and what is said of a team's broken file."""

from importlib.resources import files
from pathlib import Path

import pytest

from trephine.core.errors import ConfigError
from trephine.core.sourced import Confidence
from trephine.formats.participant_columns import columns
from trephine.safety.reading import changed_rules, read_limits, read_rules
from trephine.safety.rules import LIMIT_NAMES

TEXT = (files("trephine") / "safety" / "screening.toml").read_text()
LIMITS = (files("trephine") / "safety" / "limits.toml").read_text()


def test_every_rule_has_a_limit_or_an_answer() -> None:
    for rule in read_rules().rules:
        assert rule.limits or rule.kind != "figure" or rule.id == "implant_height", rule.id
        assert rule.question.endswith("?")
        assert rule.reason.endswith(".")
        assert rule.remedy.endswith(".")


def test_what_the_public_trial_excludes_blocks() -> None:
    rules = {rule.id: rule for rule in read_rules().rules}
    assert rules["body_mass_index"].block_high.value == 40
    assert rules["body_mass_index"].block_high.source == "canprime"
    for id_ in ("needs_mri", "has_implant", "is_immunosuppressed", "uses_tobacco"):
        assert (rules[id_].if_yes, rules[id_].basis.source) == ("block", "canprime")


def test_what_other_public_trials_exclude_blocks() -> None:
    rules = {rule.id: rule for rule in read_rules().rules}
    for id_ in ("has_seizures", "has_shunt", "has_infection", "has_scalp_lesion", "is_pregnant"):
        assert (rules[id_].if_yes, rules[id_].basis.source) == ("block", "caltech2013")
    assert (rules["has_caregiver"].if_no, rules["months_since_onset"].block_low.value) == ("block", 12.0)


def test_every_column_of_the_table_is_asked_for() -> None:
    asked = {rule.id for rule in read_rules().rules}
    assert set(columns()) - asked == {"handedness"}, "which is asked for as dominant_hand"


def test_nothing_recalled_or_second_hand_blocks() -> None:
    """Numbers that were not read in their source are defaults to be changed, never acceptance limits."""
    for rule in read_rules().rules:
        for name in ("block_low", "block_high"):
            limit = rule.limits.get(name)
            assert limit is None or limit.confidence not in (Confidence.RECALLED, Confidence.SECOND_HAND)
        if rule.basis is not None and "block" in (rule.if_yes, rule.if_no):
            assert rule.basis.confidence not in (Confidence.RECALLED, Confidence.SECOND_HAND)


def test_limits_that_any_plan_is_held_against() -> None:
    limits = read_limits()
    assert limits.vessel_clearance_um.value >= 49, "kozai2010: more than 49 um"
    assert limits.tissue_rise_k.value <= 2.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema_version = 1", "schema_version = 2", "line 11: schema_version"),
        ('id = "has_seizures"', 'id = "age"', "two rules share an id or a code: age"),
        ('code = "HAS_SEIZURES"', 'code = "AGE_OUTSIDE_RANGE"', "two rules share an id or a code: AGE"),
        ('unit = "kg/m2"\n', "", r"rule body_mass_index, line \d+: .*a rule has a unit and limits"),
        ('value = 40.0, unit = "kg/m2"', 'value = 40.0, unit = "lb/in2"', "must be in kg/m2"),
        ("value = 65.0", "value = 7.0", r"rule age, line 14: .*rise in the order"),
        ("value = 65.0", "value = inf", "finite"),
        ("value = 65.0", "value = nan", "finite"),
        ('source = "canprime", confidence = "read", note = "exclusion', 'source = "assumed", confidence = '
         '"read", note = "exclusion', "basis: Value error, .*go together"),
        ('if_yes = "block"', 'if_yes = "perhaps"', r"rule needs_mri, line \d+: if_yes: "),
        ('if_yes = "block"', 'if_yes = "block"\nif_no = "block"', "or if_yes, if_no or words"),
        ('if_yes = "block"', 'if_yes = "block"\nblock_low = { value = 1.0, unit = "1", source = "assumed", '
         'confidence = "assumed" }', "no limits"),
        ('block_words = ["other"]', 'block_words = ["als"]', "rule diagnosis.* two lists"),
        ('reason = "Children', 'why = "Children', "rule age, line 14: reason: Field required"),
        ("[[rules]]", "[[rules]", "TOML"),
    ],
)  # fmt: skip
def test_a_teams_broken_file_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    assert old in TEXT
    path = tmp_path / "ours.toml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ConfigError, match=words) as caught:
        read_rules(path)
    assert str(caught.value).startswith(f"{path}: found ")


def test_a_teams_own_limits_are_read(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(TEXT.replace("value = 40.0", "value = 35.0"))
    assert next(r for r in read_rules(path).rules if r.id == "body_mass_index").block_high.value == 35.0
    with pytest.raises(ConfigError, match=r"none\.toml"):
        read_rules(tmp_path / "none.toml")
    path.write_text(LIMITS.replace("tissue_rise_k", "tissue_rise_c"))
    with pytest.raises(ConfigError, match="tissue_rise_k"):
        read_limits(path)


def test_limits_are_listed_in_rising_order() -> None:
    for rule in read_rules().rules:
        assert list(rule.limits) == [name for name in LIMIT_NAMES if name in rule.limits]


def test_a_packaged_rule_is_never_missing_in_silence(tmp_path: Path) -> None:
    head, *rules = TEXT.split("[[rules]]")
    left_out = ('id = "has_shunt"', 'id = "uses_tobacco"')
    kept = "[[rules]]".join([head, *(rule for rule in rules if not any(name in rule for name in left_out))])
    path = tmp_path / "ours.toml"
    path.write_text(kept + '\n[[not_asked]]\nid = "uses_tobacco"\nreason = "Section 5.2."\n')
    missing = [(entry.id, entry.reason) for entry in read_rules(path).not_asked]
    assert missing == [
        ("has_shunt", ""),
        ("uses_tobacco", "Section 5.2."),
    ]
    assert read_rules().not_asked == ()
    path.write_text(kept + '\n[[not_asked]]\nid = "needs_mri"\n')
    with pytest.raises(ConfigError, match="not_asked: found needs_mri; expected ids of packaged rules"):
        read_rules(path)


def test_rules_that_judge_otherwise_are_named(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        TEXT.replace("value = 40.0", "value = 45.0").replace('if_yes = "concern"', 'if_yes = "block"', 1)
    )
    assert [rule.id for rule in changed_rules(read_rules(path))] == [
        "body_mass_index",
        "takes_anticoagulants",
    ]
    path.write_text(TEXT.replace("Children's skulls still grow", "Ours"))
    assert changed_rules(read_rules(path)) == ()


def test_no_rule_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('schema_version = 1\nversion = "1"\nrules = []\n')
    with pytest.raises(ConfigError, match="line 3: rules: "):
        read_rules(path)
