"""Settings survive being written to a run's log and read again."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from trephine.pipeline.settings import digest, plain, resolve, toml_text


class Inner(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    word: str = ""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    length_mm: float = 1.0
    count: int = 2
    is_on: bool = False
    name: str = "x"
    maybe: str | None = None
    several: tuple[float, ...] = ()
    inner: Inner = Inner()


KINDS = {"one": Section, "two": Section}
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
_SECTIONS = st.builds(
    Section,
    length_mm=_FINITE,
    count=st.integers(-(2**63), 2**63 - 1),
    is_on=st.booleans(),
    name=_WORDS,
    maybe=st.none() | _WORDS,
    several=st.lists(_FINITE, max_size=3).map(tuple),
    inner=st.builds(Inner, word=_WORDS),
)


@given(one=_SECTIONS, two=_SECTIONS)
def test_written_settings_read_back_equal(one: Section, two: Section) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "settings.toml"
        file.write_bytes(toml_text({"one": one, "two": two}).encode())
        assert dict(resolve(KINDS, file=file)) == {"one": one, "two": two}


@given(value=_FINITE)
def test_a_number_given_as_text_is_that_number(value: float) -> None:
    section = resolve(KINDS, overrides=[f"one.length_mm={value!r}"])["one"]
    assert isinstance(section, Section)
    assert section.length_mm == value


@given(one=_SECTIONS, two=_SECTIONS)
def test_the_hash_tells_settings_apart(one: Section, two: Section) -> None:
    same = one.model_dump_json() == two.model_dump_json()
    assert (digest(plain({"one": one}, ["one"])) == digest(plain({"one": two}, ["one"]))) is same
