"""Decoding of recordings that nobody here made."""

from pathlib import Path

import pytest

from trephine.formats.recordings import read_recording
from trephine.stages.decoding.decode import decode
from trephine.stages.decoding.settings import Settings
from trephine.stages.decoding.train import train

pytestmark = pytest.mark.realdata
QUICK = Settings(kind="ridge", history_s=0.256, penalty_shares=(0.3,))


def test_the_turned_connector_is_found_and_no_other(data_dir: Path) -> None:
    folder = data_dir / "neural/indy"
    decoder = train([read_recording(folder / "indy_20160916_01.npz")], settings=QUICK).value
    told = {}
    for day in ("20160915_01", "20161005_06", "20161013_03", "20161024_03", "20160630_01"):
        outcome = decode(decoder, read_recording(folder / f"indy_{day}.npz"), settings=QUICK)
        told[day] = {one.code for one in outcome.findings} - {"CHANNELS_SILENT"}
        if day == "20161013_03":
            assert outcome.value.r2_share is not None
            assert outcome.value.r2_share > 0.2
    assert told == {
        "20160915_01": set(),
        "20161005_06": set(),
        "20161013_03": {"CHANNEL_ORDER_DIFFERS"},
        "20161024_03": set(),
        "20160630_01": {"CHANNELS_NOT_RECOGNISED"},
    }


def test_a_kernel_beats_a_line_on_the_same_day(data_dir: Path) -> None:
    day = read_recording(data_dir / "neural/indy/indy_20160916_01.npz")
    first = int(0.8 * len(day.counts))
    scores = {}
    for kind in ("ridge", "kernel"):
        settings = Settings(kind=kind, landmark_count=600, width_shares=(1.6,), penalty_shares=(0.3,))
        decoder = train([day], settings=settings, first_bins=[first]).value
        scores[kind] = decode(decoder, day, settings=settings).value.r2_share or 0.0
    assert scores["ridge"] > 0.5
    assert scores["kernel"] > scores["ridge"] + 0.08
