"""The power budget, against arithmetic; and profiles that contradict themselves."""

from __future__ import annotations

import json

import pytest

from trephine.cli.main import call
from trephine.core.errors import ConfigError, FormatError, InputError
from trephine.formats.device_file import power_bytes, power_names, read_power
from trephine.stages.closure.power import budget, mode_named

TEXT = power_bytes("n1_public_estimate").decode()


@pytest.fixture
def changed(tmp_path):
    """Read the packaged profile with a few words replaced."""

    def read(*pairs: tuple[str, str]):
        text = TEXT
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return read_power(str(path))

    return read


def test_a_tree_adds_up_to_its_total() -> None:
    for name in power_names():
        for mode in budget(read_power(name)).modes:
            for end in ("low", "value", "high"):
                total = sum(getattr(part.power_mw, end) for part in mode.parts)
                assert getattr(mode.total_mw, end) == pytest.approx(total)


def test_recording_by_hand() -> None:
    made = budget(read_power("n1_public_estimate"))
    recording = mode_named(made, "recording")
    # 5.3 + 19.4 + (0.3 + 12 nJ x 0.4 Mbit/s) + 0.1, over 0.85.
    assert recording.total_mw.value == pytest.approx(29.9 / 0.85)
    assert recording.total_mw.low == pytest.approx((5.3 + 10 + 0.05 + 6 * 0.1 + 0.02) / 0.95)
    assert recording.total_mw.high == pytest.approx((10 + 25 + 1 + 30 * 1.0 + 0.5) / 0.75)
    assert recording.battery_h.value == pytest.approx(180 / (29.9 / 0.85))
    # 2 phases x 4 nC x 3 V x 3200 Hz = 76.8 uW.
    parts = {part.name: part.power_mw.value for part in mode_named(made, "stimulating").parts}
    assert parts["stimulation"] == pytest.approx(0.0768)
    day = (8 * 29.9 + 8 * (2.47 + 0.3 + 0.1) + 8 * 0.1) / 0.85 / 24
    assert made.day_mean_mw.value == pytest.approx(day)
    assert made.charges_per_day.value == pytest.approx(day * 24 / 180)


def test_charging_ageing_and_link_by_hand() -> None:
    made = budget(read_power("n1_public_estimate"))
    assert made.charge_h.value == pytest.approx(180 / 95)
    assert made.charge_heat_mw.value == pytest.approx(100 / 0.7 - 95 + 0.1)
    five = next(age for age in made.ages if age.age_years == 5)
    lost = 0.7 * 5 + 9.0 * made.charges_per_day.value * 365.25 * 5 / 1000
    assert five.capacity_fraction.value == pytest.approx(1 - lost / 100)
    assert made.ages[0].battery_h == made.modes[0].battery_h
    raw = next(point for point in made.links if point.name == "all raw samples")
    assert raw.radio_mw.value == pytest.approx(0.3 + 12 * 204.8)
    assert not raw.is_possible


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("value = 19.4", "value = -19.4", "below its own range"),
        ("low = 10.0, high = 25.0", "low = -1.0, high = 25.0", "detection_mw"),
        ('value = 0.4, unit = "Mbit/s"', 'value = 0.4, unit = "bit/s"', r"modes\[1\].sent_mbit_per_s"),
        ('name = "recording"\n', "", r"modes.0.name"),
        ("value = 0.85", "value = 0.85, colour = 1", "regulator_efficiency_fraction"),
    ],
)
def test_a_broken_profile_is_refused_with_its_field(changed, old, new, words) -> None:
    with pytest.raises(FormatError, match=words):
        changed((old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('day_h = { value = 8.0, unit = "h"', 'day_h = { value = 9.0, unit = "h"', "25 hours"),
        (
            'sent_mbit_per_s = { value = 0.4, unit = "Mbit/s", low = 0.1, high = 1.0',
            'sent_mbit_per_s = { value = 4.0, unit = "Mbit/s", low = 0.1, high = 9.0',
            "4 Mbit/s with the radio on",
        ),
        ("is_radio_on = true", "is_radio_on = false", "0.4 Mbit/s with the radio off"),
        ("low = 0.75, high = 0.95", "low = 0.0, high = 0.95", "regulator_efficiency_fraction"),
        (
            'value = 200.0, unit = "mWh", low = 100.0',
            'value = 200.0, unit = "mWh", low = 0.0',
            "capacity_mwh",
        ),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(changed, old, new, words) -> None:
    with pytest.raises(InputError, match=words):
        budget(changed((old, new)))


def test_an_unknown_mode_or_profile_is_refused_with_the_names() -> None:
    made = budget(read_power("n1_public_estimate"))
    with pytest.raises(InputError, match="'dreaming'; expected one of recording, stimulating"):
        mode_named(made, "dreaming")
    with pytest.raises(ConfigError, match="n1_public_estimate"):
        read_power("n2")


def test_the_command_prints_one_mode_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["power", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [mode["name"] for mode in document["modes"]] == ["recording", "stimulating", "waiting", "sleeping"]
    assert call(["power", "n1_public_estimate", "--mode", "waiting"]) == 0
    said = capsys.readouterr().out
    assert "waiting" in said
    assert "stimulating  " not in said
    assert "an estimate" in said
    assert call(["power", "--mode", "dreaming"]) == 3
