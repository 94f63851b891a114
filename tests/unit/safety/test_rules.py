"""The rules: every limit sourced, in one unit, rising; and what is said of a team's broken file."""

from importlib.resources import files
from pathlib import Path

import pytest

from trephine.core.errors import ConfigError
from trephine.core.sourced import Confidence
from trephine.safety.rules import LIMIT_NAMES, read_limits, read_rules

TEXT = (files("trephine") / "safety" / "screening.toml").read_text()
LIMITS = (files("trephine") / "safety" / "limits.toml").read_text()


def test_every_rule_has_a_limit_or_an_answer() -> None:
    for rule in read_rules().rules:
        assert rule.limits or rule.if_yes or rule.id == "implant_height", rule.id
        assert rule.question.endswith("?")
        assert rule.reason.endswith(".")
        assert rule.remedy.endswith(".")


def test_what_the_public_trial_excludes_blocks() -> None:
    rules = {rule.id: rule for rule in read_rules().rules}
    assert rules["body_mass_index"].block_high.value == 40
    assert rules["body_mass_index"].block_high.source == "canprime"
    for id_ in ("has_seizures", "needs_mri", "has_implant", "is_immunosuppressed", "uses_tobacco"):
        assert (rules[id_].if_yes, rules[id_].basis.source) == ("block", "canprime")


def test_nothing_recalled_or_second_hand_blocks() -> None:
    """Numbers that were not read in their source are defaults to be changed, never acceptance limits."""
    for rule in read_rules().rules:
        for name in ("block_low", "block_high"):
            limit = rule.limits.get(name)
            assert limit is None or limit.confidence not in (Confidence.RECALLED, Confidence.SECOND_HAND)


def test_limits_that_any_plan_is_held_against() -> None:
    limits = read_limits()
    assert limits.vessel_clearance_um.value >= 49, "kozai2010: more than 49 um"
    assert limits.tissue_rise_k.value <= 2.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema_version = 1", "schema_version = 2", "schema_version"),
        ('id = "has_seizures"', 'id = "age"', "share an id"),
        ('code = "HAS_SEIZURES"', 'code = "AGE_OUTSIDE_RANGE"', "share an id or a code"),
        ('unit = "kg/m2"\n', "", "either a unit and limits"),
        ('value = 40.0, unit = "kg/m2"', 'value = 40.0, unit = "lb/in2"', "must be in kg/m2"),
        ("value = 75.0", "value = 7.0", "rise in the order"),
        ("value = 75.0", "value = inf", "finite"),
        ('source = "canprime", confidence = "read", note = "exclusion', 'source = "assumed", confidence = '
         '"read", note = "exclusion', "go together"),
        ('if_yes = "block"', 'if_yes = "perhaps"', "if_yes"),
        ('if_yes = "block"', 'if_yes = "block"\nblock_low = { value = 1.0, unit = "1", source = "assumed", '
         'confidence = "assumed" }', "no limits"),
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
