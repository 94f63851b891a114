from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from trephine.core.errors import ConfigError
from trephine.pipeline.settings import resolve


class Placement(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    clearance_um: float = Field(default=80.0, gt=0)
    count: int = 64
    word: str | None = None


KINDS = {"placement": Placement}


def _placement(**given) -> Placement:
    section = resolve(KINDS, **given)["placement"]
    assert isinstance(section, Placement)
    return section


def test_defaults_then_file_then_single_values(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[placement]\nclearance_um = 70\ncount = 3\n")
    assert _placement().clearance_um == 80.0
    assert _placement(file=file) == Placement(clearance_um=70.0, count=3)
    assert _placement(file=file, overrides=["placement.clearance_um=60"]) == Placement(
        clearance_um=60.0, count=3
    )


def test_a_value_that_is_no_toml_is_a_word() -> None:
    assert _placement(overrides=["placement.word=hello there"]).word == "hello there"
    assert _placement(overrides=['placement.word="a=b"']).word == "a=b"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("placment.clearance_um=60", r"section 'placment'.*Did you mean 'placement'\?"),
        ("placement.clearence_um=60", r"setting 'clearence_um'.*Did you mean 'clearance_um'\?"),
        ("placement.qqq=60", r"setting 'qqq'; expected one of clearance_um, count, word.*Choose"),
        ("placement.clearance_um=-1", r"setting placement.clearance_um: found -1; expected greater than 0"),
        ("placement.count=many", r"placement.count: found 'many'; expected a valid integer"),
        ("placement", "no setting and value"),
        ("placement=3", "no setting and value"),
        ("placement.=3", "no setting and value"),
        ("=3", "no setting and value"),
        ("placement.clearance_um.x=1", r"setting placement.clearance_um"),
    ],
)
def test_a_wrong_setting_is_refused_with_words_to_act_on(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _placement(overrides=[override])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[placement\n", "no TOML"),
        ("placement = 3\n", "the single value 3"),
        ("[other]\n", "section 'other'"),
        ("[placement]\nother = 3\n", "setting 'other'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        _placement(file=file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        _placement(file=tmp_path / "none.toml")
