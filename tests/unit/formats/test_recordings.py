"""Recordings: what is read, and what is refused with words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from trephine.core.errors import FormatError, InputError
from trephine.formats.recordings import CONTDATA_BIN_S, read_recording

BINS = 200


def parts() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {
        "unit_counts": rng.integers(0, 4, (BINS, 3, 2)).astype(np.uint8),
        "channel": np.array([1, 2, 5]),
        "time_s": 100 + 0.064 * np.arange(BINS),
        "position_cm": rng.normal(size=(BINS, 2)).astype(np.float32),
        "velocity_cm_per_s": rng.normal(size=(BINS, 2)).astype(np.float32),
    }


def written(folder: Path, **changed: Any) -> Path:
    arrays = {name: value for name, value in (parts() | changed).items() if value is not None}
    np.savez(folder / "day.npz", **arrays)
    return folder / "day.npz"


def test_units_are_summed_and_centimetres_become_millimetres(tmp_path: Path) -> None:
    told = parts()
    recording = read_recording(written(tmp_path))
    assert (recording.counts == told["unit_counts"].sum(2)).all()
    assert recording.channels == (1, 2, 5)
    assert recording.bin_s == pytest.approx(0.064)
    assert np.allclose(recording.needed_velocity(), told["velocity_cm_per_s"] * 10.0)
    assert np.allclose(recording.needed_position(), told["position_cm"] * 10.0)
    assert not recording.counts.flags.writeable


def test_movement_may_be_absent_until_it_is_needed(tmp_path: Path) -> None:
    recording = read_recording(written(tmp_path, velocity_cm_per_s=None))
    assert recording.velocity is None
    with pytest.raises(InputError, match="no velocity"):
        recording.needed_velocity()


def nan_at(name: str, row: int) -> np.ndarray:
    values = parts()[name].copy()
    values[row, 1] = np.nan
    return values


def with_gap() -> np.ndarray:
    times = parts()["time_s"].copy()
    times[120:] += 0.064
    return times


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"velocity_cm_per_s": nan_at("velocity_cm_per_s", 7)}, "1 values of velocity_cm_per_s .* bin 7"),
        ({"position_cm": parts()["position_cm"][:-1]}, r"position_cm of shape \(199, 2\)"),
        ({"time_s": with_gap()}, "a step of 0.128 s after bin 119"),
        ({"time_s": parts()["time_s"][::-1]}, "even times that grow"),
        ({"time_s": parts()["time_s"][:-1]}, "199 times"),
        ({"channel": np.array([1, 2])}, "2 channel numbers"),
        ({"channel": np.array([1, 2, 2])}, "3 different ones"),
        ({"unit_counts": None}, "no unit_counts"),
        ({"unit_counts": parts()["unit_counts"].sum(2)}, "3 dimensions"),
        ({"unit_counts": parts()["unit_counts"] * 0.5}, "Give spike counts, not rates"),
        ({"unit_counts": parts()["unit_counts"][:50]}, "at least 100 bins"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        read_recording(written(tmp_path, **changed))


@pytest.mark.parametrize("kept", [0, 10, 300, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FormatError, match="Copy the file anew"):
        read_recording(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("1,2")
    with pytest.raises(FormatError, match=r"a recording \(.npz or .mat\)"):
        read_recording(path)


def test_the_matlab_layout(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(BINS, 4)), rng.integers(0, 5, (BINS, 7)).astype(np.uint8)
    scipy.io.savemat(tmp_path / "day.mat", {"X": x, "Y": y})
    recording = read_recording(tmp_path / "day.mat")
    assert (recording.counts == y).all()
    assert np.array_equal(recording.needed_velocity(), x[:, 2:])
    assert (recording.bin_s, recording.length_unit) == (CONTDATA_BIN_S, "not stated")
    scipy.io.savemat(tmp_path / "day.mat", {"X": x[:-1], "Y": y})
    with pytest.raises(FormatError, match=r"X of shape \(199, 4\)"):
        read_recording(tmp_path / "day.mat")
    (tmp_path / "day.mat").write_bytes((tmp_path / "day.mat").read_bytes()[:400])
    with pytest.raises(FormatError, match="Copy the file anew"):
        read_recording(tmp_path / "day.mat")
