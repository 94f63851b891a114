# SPDX-License-Identifier: Apache-2.0
"""What is in the series and is not the task."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.stages.mapping.preparation import PreparedRun

_AXES = ("shift_x", "shift_y", "shift_z", "turn_x", "turn_y", "turn_z")


def nuisance_of(run: PreparedRun) -> tuple[AnyArray, list[str]]:
    """Return the regressors of the main model: six of motion and one an outlying volume."""
    spikes, spike_names = _spikes(run)
    motion = _standardised(run.motion)
    return np.hstack([motion, spikes]), [*_AXES, *spike_names]


def nuisance_variants(run: PreparedRun) -> dict[str, tuple[AnyArray, list[str]]]:
    """Return the main model's regressors with some dropped or added, by what was done."""
    spikes, spike_names = _spikes(run)
    motion = _standardised(run.motion)
    change = _standardised(np.diff(run.motion, axis=0, prepend=run.motion[:1]))
    variants = {"without motion": (spikes, spike_names)}
    for column, axis in enumerate(_AXES):
        kept = [other for other in range(6) if other != column]
        variants[f"without {axis}"] = (
            np.hstack([motion[:, kept], spikes]),
            [*(_AXES[other] for other in kept), *spike_names],
        )
    variants["with motion's changes"] = (
        np.hstack([motion, change, spikes]),
        [*_AXES, *(f"{axis}_change" for axis in _AXES), *spike_names],
    )
    if spike_names:
        variants["without outliers"] = (motion, list(_AXES))
    return variants


def _spikes(run: PreparedRun) -> tuple[AnyArray, list[str]]:
    where = np.flatnonzero(run.is_outlier)
    columns = np.zeros((len(run.frame_s), len(where)))
    columns[where, np.arange(len(where))] = 1.0
    return columns, [f"outlier_{volume}" for volume in where]


def _standardised(columns: AnyArray) -> AnyArray:
    spread = columns.std(axis=0)
    # A motion smaller than a nanometre is none and would amplify rounding; the design drops empty columns.
    return (columns - columns.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
