"""The decoding stage and its commands on made recordings with known answers."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from trephine.cli.main import call
from trephine.core.errors import ConfigError, InputError
from trephine.kernels.decoding.channel_order import connector_orders
from trephine.model.decoder import Decoder
from trephine.model.recording import Recording
from trephine.stages.decoding.decode import decode
from trephine.stages.decoding.settings import Settings
from trephine.stages.decoding.train import train

CHANNELS = 48
QUICK = {"states": 8, "rounds": 8, "history_s": 0.2, "landmark_count": 200}


def tuning(seed: int) -> np.ndarray:
    """Preferred directions that change smoothly along the connector, so that neighbours are alike."""
    rng = np.random.default_rng(seed)
    angle = np.cumsum(rng.normal(size=CHANNELS) * 0.9)
    return np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(0.3, 0.7, (CHANNELS, 1))


def made(seed: int, *, loadings: np.ndarray, bins: int = 2500, name: str = "day") -> Recording:
    """Draw counts whose logarithm follows velocity two bins later."""
    rng = np.random.default_rng(seed)
    velocity = np.zeros((bins + 2, 2))
    for t in range(1, bins + 2):
        velocity[t] = 0.9 * velocity[t - 1] + rng.normal(size=2) * 0.45
    rate = np.exp(0.5 + velocity[2:] @ loadings.T)
    counts = rng.poisson(np.minimum(rate, 40)).astype(np.uint16)
    position = lfilter([1.0], [1.0, -0.97], velocity[:-2], axis=0)
    return Recording(
        name=name, sha256="b" * 64, counts=counts, channels=tuple(range(CHANNELS)), bin_s=0.064,
        position=position, velocity=velocity[:-2] * 50 + 10, length_unit="mm",
    )  # fmt: skip


def trained(kind: str, **more: object) -> Decoder:
    settings = Settings(kind=kind, **{**QUICK, **more})
    return train([made(1, loadings=tuning(1))], settings=settings).value


def reordered(recording: Recording, order: np.ndarray) -> Recording:
    return Recording(**{**vars(recording), "counts": recording.counts[:, order]})


@pytest.mark.parametrize(
    ("kind", "least"), [("ridge", 0.7), ("kernel", 0.7), ("kalman", 0.6), ("latent", 0.6)]
)
def test_every_kind_decodes_a_later_day(kind: str, least: float) -> None:
    decoded = decode(trained(kind), made(2, loadings=tuning(1)), settings=Settings(**QUICK)).value
    assert decoded.r2_share is not None
    assert least < decoded.r2_share < 1


@pytest.mark.parametrize(
    ("kind", "learn"), [("ridge", "none"), ("kernel", "scale"), ("kalman", "scale"), ("latent", "latent")]
)
def test_nothing_later_and_no_label_is_used(kind: str, learn: str) -> None:
    decoder, day = trained(kind), made(2, loadings=tuning(1))
    last = int(0.9 * len(day.counts))
    counts = day.counts.copy()
    counts[last:] = 7
    other = Recording(**{**vars(day), "counts": counts, "velocity": -day.needed_velocity(), "position": None})
    one, two = (
        decode(decoder, each, settings=Settings(**QUICK), adaptation=learn).value.velocity
        for each in (day, other)
    )
    assert np.array_equal(one[:last], two[:last])
    assert not np.array_equal(one[last:], two[last:])


def test_training_uses_only_the_bins_it_is_given() -> None:
    day = made(1, loadings=tuning(1))
    velocity = day.needed_velocity().copy()
    velocity[2000:] = 0
    other = Recording(**{**vars(day), "velocity": velocity})
    one, two = (
        train([each], settings=Settings(kind="ridge", **QUICK), first_bins=[2000]).value
        for each in (day, other)
    )
    assert np.array_equal(one.arrays["weights"], two.arrays["weights"])


def test_new_tuning_is_learned_without_labels() -> None:
    new = np.where(np.arange(CHANNELS)[:, None] % 2 == 0, tuning(1), tuning(5))
    day = made(3, loadings=new)
    decoder = trained("latent")
    settings = Settings(**QUICK)
    scale = decode(decoder, day, settings=settings, adaptation="scale").value.r2_share
    latent = decode(decoder, day, settings=settings, adaptation="latent").value.r2_share
    assert latent > scale + 0.1


def test_a_turned_connector_is_found_and_another_array_is_not_trusted() -> None:
    settings = Settings(**QUICK)
    decoder, day = trained("ridge"), made(2, loadings=tuning(1))
    right = decode(decoder, day, settings=settings)
    assert right.findings == ()
    orders = connector_orders(CHANNELS)
    turns = [order for order in orders if (order[order] != np.arange(CHANNELS)).any()]
    assert turns, "orders that are not their own reverse"
    for order in [*orders[1::9], *turns[:2]]:
        turned = decode(decoder, reordered(day, np.argsort(order)), settings=settings)
        assert [one.code for one in turned.findings] == ["CHANNEL_ORDER_DIFFERS"]
        assert turned.value.r2_share == pytest.approx(right.value.r2_share)
    shuffled = reordered(day, np.random.default_rng(3).permutation(CHANNELS))
    lost = decode(decoder, shuffled, settings=settings)
    assert [one.code for one in lost.findings] == ["CHANNELS_NOT_RECOGNISED"]


def test_what_does_not_fit_is_refused() -> None:
    day = made(2, loadings=tuning(1), bins=300)
    with pytest.raises(InputError, match="bin_s"):
        decode(trained("ridge"), Recording(**{**vars(day), "bin_s": 0.05}), settings=Settings())
    with pytest.raises(ConfigError, match="kind ridge"):
        decode(trained("ridge"), day, settings=Settings(), adaptation="latent")
    with pytest.raises(InputError, match="day, channels"):
        train([day, Recording(**{**vars(day), "channels": day.channels[::-1]})], settings=Settings())
    with pytest.raises(InputError, match="no velocity"):
        train([Recording(**{**vars(day), "velocity": None})], settings=Settings())


def saved(path: Path, recording: Recording) -> Path:
    np.savez(
        path, unit_counts=recording.counts[:, :, None], channel=np.array(recording.channels),
        time_s=np.arange(len(recording.counts)) * 0.064,
        position_cm=recording.needed_position() / 10, velocity_cm_per_s=recording.needed_velocity() / 10,
    )  # fmt: skip
    return path


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = saved(tmp_path / "first.npz", made(1, loadings=tuning(1), bins=1200))
    second = saved(tmp_path / "second.npz", made(2, loadings=tuning(1), bins=1200))
    decoder, out = tmp_path / "decoder", tmp_path / "out"
    words = [
        "train",
        str(first),
        "-o",
        str(decoder),
        "--set",
        "decoding.states=8",
        "--set",
        "decoding.rounds=4",
    ]
    assert call([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["held_out_r2_share"]["first"] > 0.5
    words = ["decode", str(decoder), str(second), "-o", str(out), "--learn", "latent", "--json"]
    assert call(words) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["decoder"]["sha256"] == told["sha256"]
    assert summary["r2_share"] > 0.5
    assert "<svg" in (out / summary["page"]).read_text()
    rows = (out / summary["velocity"]).read_text().splitlines()
    assert len(rows) == summary["bins"] + 1
    assert call(["decode", str(decoder), str(tmp_path / "gone.npz"), "-o", str(out)]) == 3
    assert "no such file" in capsys.readouterr().err
