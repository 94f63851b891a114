"""Events and times of a run."""

import json

import pytest

from trephine.core.errors import FormatError
from trephine.formats.events import check_events_fit, hand_types, read_events, read_timing
from trephine.model.activation import Event


def events(*rows: tuple[float, float, str]) -> tuple[Event, ...]:
    return tuple(Event(onset_s=a, duration_s=b, trial_type=kind) for a, b, kind in rows)


def test_a_table_is_read_with_further_columns_and_a_byte_order_mark(tmp_path) -> None:
    path = tmp_path / "e.tsv"
    path.write_bytes(
        b"\xef\xbb\xbfonset\tduration\ttrial_type\tside\r\n0\t5.5\trest\tn/a\r\n5.5\t0\tright\tr\r\n"
    )
    assert read_events(path) == events((0.0, 5.5, "rest"), (5.5, 0.0, "right"))


@pytest.mark.parametrize("row", ["0\t-1\trest", "nan\t1\trest", "0\tn/a\trest", "0\t1", "0\t1\t"])
def test_a_bad_row_is_named_by_its_line(row, tmp_path) -> None:
    path = tmp_path / "e.tsv"
    path.write_text(f"onset\tduration\ttrial_type\n0\t1\trest\n{row}\n")
    with pytest.raises(FormatError, match=r"e\.tsv, line 3"):
        read_events(path)


def test_a_table_without_rows_and_one_with_a_column_twice_are_refused(tmp_path) -> None:
    path = tmp_path / "e.tsv"
    path.write_text("onset\tduration\ttrial_type\n")
    with pytest.raises(FormatError, match="without rows"):
        read_events(path)
    path.write_text("onset\tduration\tonset\ttrial_type\n0\t1\t0\trest\n")
    with pytest.raises(FormatError, match="each once"):
        read_events(path)


def test_the_last_event_may_be_cut_off_by_half() -> None:
    check_events_fit("e", events((0, 50, "right"), (50, 20, "rest")), volumes=30, repetition_time_s=2.0)
    with pytest.raises(FormatError, match="1 of 2 after the end"):
        check_events_fit("e", events((0, 50, "right"), (50, 21, "rest")), volumes=30, repetition_time_s=2.0)
    with pytest.raises(FormatError, match="after the end"):
        check_events_fit("e", events((0, 50, "right"), (60, 0, "rest")), volumes=30, repetition_time_s=2.0)


def test_events_that_cover_little_are_refused() -> None:
    with pytest.raises(FormatError, match="less than a fifth"):
        check_events_fit("e", events((0, 3, "right"), (4, 2, "left")), volumes=300, repetition_time_s=2.0)


def test_events_in_the_first_half_in_broken_seconds_are_accepted() -> None:
    check_events_fit("e", events((0.5, 14, "right"), (15, 14.2, "left")), volumes=30, repetition_time_s=2.0)


@pytest.mark.parametrize(
    ("direction", "axis", "first_s"), [("k", 2, 0.0), ("k-", 2, 0.9), ("j", 1, 0.0), ("i-", 0, 0.9)]
)
def test_slice_direction_is_heeded(direction, axis, first_s, tmp_path) -> None:
    path = tmp_path / "b.json"
    fields = {"RepetitionTime": 1.0, "SliceTiming": [0, 0.5, 0.9], "SliceEncodingDirection": direction}
    path.write_text(json.dumps(fields))
    timing = read_timing((path,), tmp_path / "b.nii.gz")
    assert (timing.slice_axis, timing.slice_time_s[0]) == (axis, first_s)


@pytest.mark.parametrize(
    "fields",
    [
        {"RepetitionTime": "2"},
        {"RepetitionTime": True},
        {"RepetitionTime": -2},
        {"RepetitionTime": 2, "SliceTiming": "ascending"},
        {"RepetitionTime": 2, "SliceTiming": [0, 2.0]},
        {"RepetitionTime": 2, "SliceTiming": [0, -1]},
        {"RepetitionTime": 2, "SliceEncodingDirection": "up"},
    ],
)
def test_impossible_times_are_refused(fields, tmp_path) -> None:
    path = tmp_path / "b.json"
    path.write_text(json.dumps(fields))
    with pytest.raises(FormatError, match=r"b\.json, .+: found .+; expected .+"):
        read_timing((path,), tmp_path / "b.nii.gz")


def test_a_hand_is_known_by_words_in_the_name() -> None:
    kinds = (
        "rest",
        "Right_Hand",
        "fist-left",
        "right_foot",
        "squeezeLeft",
        "LH",
        "brightness",
        "condition 1",
    )
    told = events(*((index, 1, kind) for index, kind in enumerate(kinds)))
    assert hand_types(told) == ("LH", "Right_Hand", "fist-left", "squeezeLeft")
    assert "condition 1" in hand_types(told, ("condition 1",))
