"""Devices and robots: what comes along, and what is said of a user's broken file."""

import tomllib
from importlib.resources import files

import pytest

from trephine.core.errors import ConfigError, FormatError
from trephine.core.sourced import Confidence
from trephine.formats.device_file import (
    device_bytes,
    device_names,
    read_device,
    read_robot,
    robot_bytes,
    robot_names,
)

N1 = (files("trephine") / "devices" / "n1.toml").read_text()


def test_what_comes_along() -> None:
    assert device_names() == ("n1", "utah", "white_paper_2019")
    assert robot_names() == ("r1",)
    assert read_robot("r1").name == "R1"
    assert device_bytes("n1").decode() == N1
    assert b"R1" in robot_bytes("r1")


def test_n1_says_what_the_public_statements_say() -> None:
    device = read_device("n1")
    threads = device.threads
    assert (threads.thread_count.value, threads.electrode_count.value) == (64, 16)
    span_mm = (threads.electrode_count.value - 1) * threads.electrode_pitch_um.value / 1000
    assert span_mm == 3.0
    depth_mm = threads.insertion_depth_mm.value
    assert depth_mm >= span_mm + threads.tip_to_first_electrode_um.value / 1000, "every electrode must enter"
    assert (device.body.thickness_mm.value, device.body.thickness_mm.high) == (8.0, 9.0)
    assert "not reconciled" in device.body.thickness_mm.note
    assert device.anchors.ring_radius_mm.value < device.body.width_mm.value / 2


@pytest.mark.parametrize("name", ["n1", "utah", "white_paper_2019"])
def test_what_is_assumed_says_so(name) -> None:
    device = read_device(name)
    for part in (device.body, device.threads, device.anchors):
        for field, value in part:
            if getattr(value, "confidence", None) in (Confidence.ASSUMED, Confidence.RECALLED):
                assert value.note, f"{field} needs a note"


def test_every_file_is_plain_toml_with_one_schema() -> None:
    for kind in ("devices", "robots"):
        for path in (files("trephine") / kind).iterdir():
            if path.name.endswith(".toml"):
                assert tomllib.loads(path.read_text())["schema_version"] == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[body]", "[body", "no TOML"),
        ('shape = "disc"', 'shape = "ball"', "body.shape"),
        ('shape = "disc"', 'shape = "disc"\ncolour = "red"', "body.colour"),
        ("value = 200.0", 'value = "wide"', "threads.electrode_pitch_um.value"),
        ("value = 200.0", "value = -200.0", "electrode_pitch_um = -200.0"),
        ("value = 200.0", "value = nan", "electrode_pitch_um = nan"),
        ("value = 64", "value = 64.5", "whole number"),
        ("value = 64", "value = 0", "whole number"),
        ('value = 200.0, unit = "um"', 'value = 0.2, unit = "mm"', "electrode_pitch_um in 'mm'"),
        (
            'value = 23.0, unit = "mm", source = "link2020"',
            'value = 23.0, unit = "mm"',
            "body.width_mm.source",
        ),
        ("value = 8.0, unit", "value = 80.0, unit", "above its own range"),
        ("value = 84.0", "value = 84.0, colour = 1", "threads.width_um"),
    ],
)
def test_a_broken_file_is_refused_with_its_field(old, new, words, tmp_path) -> None:
    assert old in N1
    path = tmp_path / "mine.toml"
    path.write_text(N1.replace(old, new, 1))
    with pytest.raises(FormatError, match=words) as caught:
        read_device(str(path))
    assert str(caught.value).startswith(f"{path}: found ")


def test_a_users_own_file_works_the_same_way(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(N1.replace('name = "N1"', 'name = "mine"'))
    assert read_device(str(path)).name == "mine"


def test_a_share_above_one_is_refused(tmp_path) -> None:
    text = (
        robot_bytes("r1")
        .decode()
        .replace("value = 0.05, ", "value = 5.0, ")
        .replace("high = 0.5", "high = 9.0")
    )
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match="more than all"):
        read_robot(str(path))


def test_an_unknown_name_and_a_missing_file_are_told_apart(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"'n2'; expected one of n1, utah"):
        read_device("n2")
    with pytest.raises(FormatError, match="no such file"):
        read_robot(str(tmp_path / "none.toml"))
