# SPDX-License-Identifier: Apache-2.0
"""Further scans of the head read into nouns, each judged by what its kind must show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trephine.core.errors import FormatError
from trephine.formats.bids_scans import ScanFile
from trephine.formats.nifti import read_volume
from trephine.model.scan import Scan
from trephine.model.volume import Volume

_LEAST_BONE_HU = 300.0
"""No head without a voxel as dense as this: trabecular bone starts near it."""
_DENSE_HU = 700.0
_MOST_DENSE_FRACTION = 0.2
"""Cortical bone fills about a tenth of a head; values stored 1000 or 1024 too high put all of it above, and
leave no air. Assumed."""
_AIR_HU = -500.0
_NEGATIVE_SHARE_OF_SIGNAL = 0.05
_MOST_NEGATIVE_FRACTION = 0.01
"""Interpolation leaves a few small negative values; a CT or a phase image has many large ones. Assumed."""


def read_scans(files: Sequence[ScanFile]) -> tuple[Scan, ...]:
    """Read further scans, each in its own frame.

    Parameters
    ----------
    files
        As ``bids_scans.find_scans`` found them.

    Returns
    -------
    tuple of Scan
        In the given order; CT and CT angiography in Hounsfield units.

    Raises
    ------
    FormatError
        If a CT is not in Hounsfield units with bone, or another scan has many negative values.
    """
    return tuple(_read(file) for file in files)


def _read(file: ScanFile) -> Scan:
    if file.kind.is_hounsfield:
        volume = read_volume(file.path, file.kind.frame, "HU")
        _check_hounsfield(file.path, volume)
    else:
        volume = read_volume(file.path, file.kind.frame)
        _check_magnitude(file.path, volume)
    return Scan(kind=file.kind, volume=volume)


def _check_hounsfield(path: Path, volume: Volume) -> None:
    densest_hu = float(volume.values.max())
    has_air = float(volume.values.min()) < _AIR_HU
    dense_fraction = 0.0 if has_air else float(np.mean(volume.values > _DENSE_HU))
    if densest_hu >= _LEAST_BONE_HU and dense_fraction <= _MOST_DENSE_FRACTION:
        return
    raise FormatError.because(
        where=str(path),
        found=f"no value above {densest_hu:.0f}"
        if densest_hu < _LEAST_BONE_HU
        else f"no air, and {100 * dense_fraction:.0f} % of all voxels above {_DENSE_HU:.0f}",
        expected=f"Hounsfield units of a head: bone above {_LEAST_BONE_HU:.0f} HU, "
        f"and without air at most {100 * _MOST_DENSE_FRACTION:.0f} % of voxels above {_DENSE_HU:.0f} HU",
        remedy="Export the CT itself in Hounsfield units (water 0, air -1000), "
        "not a mask, labels or a shifted or rescaled picture.",
    )


def _check_magnitude(path: Path, volume: Volume) -> None:
    limit = -_NEGATIVE_SHARE_OF_SIGNAL * float(np.percentile(np.abs(volume.values), 99.0))
    fraction = float(np.mean(volume.values < limit)) if limit < 0 else 0.0
    if fraction <= _MOST_NEGATIVE_FRACTION:
        return
    raise FormatError.because(
        where=str(path),
        found=f"{100 * fraction:.0f} % of all voxels clearly below zero",
        expected="the magnitude of a magnetic resonance signal, which is never negative",
        remedy="Give the magnitude image, not phase; a CT belongs into the folder ct.",
    )
