# SPDX-License-Identifier: Apache-2.0
"""Recordings of spike counts and movement: NumPy archives, and MATLAB files in the layout of ``contdata``.

An archive (.npz) holds ``unit_counts`` (bin, channel, unit), ``channel``, ``time_s``, and, where movement was
measured, ``position_cm`` and ``velocity_cm_per_s`` (bin, 2). A MATLAB file holds ``Y``, counts (bin,
channel), and ``X``, position and velocity (bin, 4), in bins of 50 ms that the file does not state.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import scipy.io

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.core.provenance import sha256_of_bytes
from trephine.formats.content import read_bytes
from trephine.model.recording import Recording

CONTDATA_BIN_S = 0.05
"""Bin of the MATLAB layout, from the description that comes with it; the file does not say."""
_MM_PER_CM = 10.0
_UNEVEN_FRACTION = 0.01
"""Largest departure of one bin's length from the median: beyond it a bin is missing or the clock jumped."""
_LEAST_BINS = 100
_MOST_COUNT = np.iinfo(np.uint16).max


def read_recording(path: Path) -> Recording:
    """Read one recording.

    Parameters
    ----------
    path
        ``.npz`` or ``.mat``.

    Returns
    -------
    Recording
        Counts summed over the units of a channel, since units are not the same on different days.

    Raises
    ------
    FormatError
        If the file is damaged or holds other things, sizes do not agree, a number is not finite, counts are
        no counts, or times are not even.
    """
    data = read_bytes(path)
    if path.suffix.lower() == ".npz":
        return _of_archive(path, data)
    if path.suffix.lower() == ".mat":
        return _of_matlab(path, data)
    raise _refusal(path, f"a file named {path.name}", "a recording (.npz or .mat)", "Give one of these.")


def _of_archive(path: Path, data: bytes) -> Recording:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        EOFError,
        KeyError,
        OSError,
        NotImplementedError,
    ) as error:
        raise _damaged(path, error) from error
    units = _needed(path, arrays, "unit_counts", dimensions=3)
    counts = _counts(path, units.reshape(len(units), -1)).reshape(units.shape).sum(2)
    channels = _needed(path, arrays, "channel", dimensions=1)
    if len(channels) != counts.shape[1] or len(set(channels.tolist())) != len(channels):
        raise _refusal(
            path,
            f"{len(channels)} channel numbers",
            f"{counts.shape[1]} different ones",
            "Write one a channel.",
        )
    bin_s = _even(path, _needed(path, arrays, "time_s", dimensions=1), len(counts))
    return Recording(
        name=path.stem,
        sha256=sha256_of_bytes(data),
        counts=counts,
        channels=tuple(int(number) for number in channels),
        bin_s=bin_s,
        position=_movement(path, arrays, "position_cm", len(counts), _MM_PER_CM),
        velocity=_movement(path, arrays, "velocity_cm_per_s", len(counts), _MM_PER_CM),
        length_unit="mm",
    )


def _of_matlab(path: Path, data: bytes) -> Recording:
    try:
        arrays = scipy.io.loadmat(io.BytesIO(data))
    except Exception as error:
        raise _damaged(path, error) from error
    counts = _counts(path, _needed(path, arrays, "Y", dimensions=2))
    x = _needed(path, arrays, "X", dimensions=2)
    if x.shape != (len(counts), 4):
        raise _refusal(
            path, f"X of shape {x.shape}", f"shape ({len(counts)}, 4)", "X holds x, y and their velocities."
        )
    return Recording(
        name=path.stem,
        sha256=sha256_of_bytes(data),
        counts=counts,
        channels=tuple(range(1, counts.shape[1] + 1)),
        bin_s=CONTDATA_BIN_S,
        position=_finite(path, "X", x[:, :2]),
        velocity=_finite(path, "X", x[:, 2:]),
        length_unit="not stated",
    )


def _needed(path: Path, arrays: Mapping[str, AnyArray], name: str, *, dimensions: int) -> AnyArray:
    if name not in arrays:
        raise _refusal(path, f"no {name}", f"an array {name}", "Export the recording with it.")
    array = np.asarray(arrays[name])
    if array.ndim != dimensions or array.dtype.kind not in "biuf":
        raise _refusal(
            path,
            f"{name} of shape {array.shape} and type {array.dtype}",
            f"numbers with {dimensions} dimensions",
            "Export it again.",
        )
    return array


def _counts(path: Path, counts: AnyArray) -> AnyArray:
    """Check that counts are whole, not negative and enough, shape (bin, channel)."""
    if len(counts) < _LEAST_BINS or counts.shape[1] == 0:
        raise _refusal(
            path, f"counts of shape {counts.shape}", f"at least {_LEAST_BINS} bins", "Record longer."
        )
    values = _finite(path, "counts", counts)
    if values.min() < 0 or values.max() > _MOST_COUNT or (values != np.rint(values)).any():
        raise _refusal(
            path,
            f"counts from {values.min():g} to {values.max():g}",
            f"whole numbers from 0 to {_MOST_COUNT}",
            "Give spike counts, not rates.",
        )
    return values


def _finite(path: Path, name: str, values: AnyArray) -> AnyArray:
    bad = ~np.isfinite(values)
    if bad.any():
        raise _refusal(
            path,
            f"{int(bad.sum())} values of {name} that are no numbers, first in bin {np.argwhere(bad)[0][0]}",
            "numbers only",
            "Cut the recording before and after them.",
        )
    return np.asarray(values, dtype=np.float64)


def _movement(
    path: Path, arrays: Mapping[str, AnyArray], name: str, bins: int, per_unit: float
) -> AnyArray | None:
    if name not in arrays:
        return None
    values = _needed(path, arrays, name, dimensions=2)
    if values.shape != (bins, 2):
        raise _refusal(path, f"{name} of shape {values.shape}", f"shape ({bins}, 2)", "Export it again.")
    return _finite(path, name, values) * per_unit


def _even(path: Path, time_s: AnyArray, bins: int) -> float:
    """Return the length of a bin, or refuse times that are not even."""
    if len(time_s) != bins:
        raise _refusal(path, f"{len(time_s)} times", f"{bins}, one a bin", "Export it again.")
    steps_s = np.diff(_finite(path, "time_s", time_s))
    usual_s = float(np.median(steps_s))
    worst = int(np.argmax(np.abs(steps_s - usual_s)))
    if usual_s <= 0 or abs(steps_s[worst] - usual_s) > _UNEVEN_FRACTION * usual_s:
        raise _refusal(
            path,
            f"a step of {steps_s[worst]:.6g} s after bin {worst}, where the usual one is {usual_s:.6g} s",
            "even times that grow",
            "Cut the recording at the gap; decode each part by itself.",
        )
    return round(usual_s, 9)


def _damaged(path: Path, error: Exception) -> FormatError:
    return _refusal(path, f"a file that cannot be read ({error})", "a whole recording", "Copy the file anew.")


def _refusal(path: Path, found: str, expected: str, remedy: str) -> FormatError:
    return FormatError.because(where=str(path), found=found, expected=expected, remedy=remedy)
