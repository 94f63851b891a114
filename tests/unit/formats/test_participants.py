"""participants.tsv: what is said, and what is left unsaid."""

import json

import pytest

from trephine.core.errors import FormatError
from trephine.formats.participant_columns import columns, described
from trephine.formats.participants import read_participant


def table(folder, header: str, *rows: str, sidecar: object = None):
    path = folder / "participants.tsv"
    path.write_text(
        "\n".join(["\t".join(line.split()) for line in (f"participant_id {header}", *rows)]) + "\n"
    )
    if sidecar is not None:
        path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


def test_not_said_is_neither_yes_nor_no(tmp_path) -> None:
    path = table(
        tmp_path,
        "age bmi needs_mri uses_tobacco handedness diagnosis",
        "sub-02 50 22 no no left als",
        "sub-01 n/a 31.5 Yes N/A R n/a",
    )
    person = read_participant(path, "01")
    assert person.numbers == {"body_mass_index": 31.5}
    assert person.answers == {"needs_mri": True}
    assert person.words == {"handedness": "right"}
    nobody = read_participant(None, "01")
    assert (nobody.numbers, nobody.answers, nobody.words) == ({}, {}, {})


def test_columns_that_nothing_asks_for_are_named(tmp_path) -> None:
    path = table(tmp_path, "sex need_mri has_tinnitus", "sub-01 F yes no")
    assert read_participant(path, "01").columns_not_read == ("sex", "need_mri", "has_tinnitus")
    person = read_participant(path, "01", asked={"has_tinnitus"})
    assert (person.answers, person.columns_not_read) == ({"has_tinnitus": False}, ("sex", "need_mri"))


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("body_mass_index", "abc", "sub-01, body_mass_index: found 'abc'"),
        ("body_mass_index", "1.8", "body_mass_index: found 1.8; expected a number from 8 to 120 kg/m2"),
        ("age", "nan", "age: found 'nan'"),
        ("age", "-1", "age: found -1"),
        ("months_since_onset", "1201", "from 0 to 1200 month"),
        ("has_implant", "maybe", "has_implant: found 'maybe'; expected yes, no or n/a"),
        ("takes_anticoagulants", "warfarin", "found 'warfarin'; expected yes, no or n/a"),
        ("injury_level", "C9", "injury_level: found 'C9'; expected C1, C2"),
        ("diagnosis", "stroke", "diagnosis: found 'stroke'; expected spinal_cord_injury, als"),
        ("handedness", "both", "expected right, left, ambidextrous or n/a"),
        (
            "bmi body_mass_index",
            "22 23",
            "found 23.0, where another column says 22.0; .*one value of body_mass",
        ),
        ("diagnosis injury_level", "spinal_cord_injury none", "injury_level none with diagnosis spinal"),
        ("diagnosis injury_level", "als C4", "injury_level C4 with diagnosis als"),
        ("months_since_onset months_stable", "12 13", "months_stable 13 above months_since_onset 12"),
    ],
)
def test_what_is_not_understood_is_refused(header, row, words, tmp_path) -> None:
    with pytest.raises(FormatError, match=words):
        read_participant(table(tmp_path, header, f"sub-01 {row}"), "01")


@pytest.mark.parametrize(
    ("rows", "words"), [(("sub-02 25",), "0 rows"), (("sub-01 25", "sub-01 26"), "2 rows")]
)
def test_every_person_has_one_row(rows, words, tmp_path) -> None:
    with pytest.raises(FormatError, match=words):
        read_participant(table(tmp_path, "age", *rows), "01")


@pytest.mark.parametrize(
    ("unit", "is_ours"), [("years", True), ("Year", True), ("months", False), (1, False)]
)
def test_another_unit_is_refused_and_never_converted(unit, is_ours, tmp_path) -> None:
    path = table(tmp_path, "age", "sub-01 34", sidecar={"age": {"Units": unit}})
    if is_ours:
        assert read_participant(path, "01").numbers == {"age": 34}
        return
    with pytest.raises(FormatError, match=r"Units in participants\.json: found .*expected year"):
        read_participant(path, "01")


def test_a_teams_own_codes_mean_what_its_levels_say(tmp_path) -> None:
    levels = {"has_implant": {"Levels": {"1": "No implant", "2": "Yes, an implant", "3": "perhaps"}}}
    said = {}
    for code in ("1", "2"):
        path = table(tmp_path, "has_implant", f"sub-01 {code}", sidecar=levels)
        said[code] = read_participant(path, "01").answers["has_implant"]
    assert said == {"1": False, "2": True}
    path = table(tmp_path, "has_implant", "sub-01 3", sidecar=levels)
    with pytest.raises(FormatError, match=r"which participants\.json calls 'perhaps'"):
        read_participant(path, "01")


def test_every_column_is_described_for_others() -> None:
    told = described()
    assert list(told) == list(columns())
    assert told["age"] == {"Description": "Age at screening.", "Units": "year"}
    assert list(told["needs_mri"]["Levels"]) == ["yes", "no"]
    assert all(entry["Description"].endswith((".", ").")) for entry in told.values())
    for name, column in columns().items():
        assert (column.kind == "number") == bool(column.unit) == (column.low < column.high), name
