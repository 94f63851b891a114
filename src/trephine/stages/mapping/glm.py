# SPDX-License-Identifier: Apache-2.0
"""The task's model of a run, and what it estimates."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from nilearn.glm.contrasts import compute_contrast
from nilearn.glm.first_level import make_first_level_design_matrix, run_glm

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.model.activation import Event
from trephine.stages.mapping.preparation import PreparedRun

_RANK_TOLERANCE = 1e-7
_LEAST_NEWS = 1e-3
"""A regressor whose part not explained by the others is smaller than this adds nothing but rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """Regressors of one run.

    Parameters
    ----------
    matrix
        Shape (time, regressor).
    names
        One a column.
    """

    matrix: AnyArray
    names: tuple[str, ...]

    def contrast(self, weights: dict[str, float]) -> AnyArray:
        """Return the contrast vector of condition weights, shape (regressor,)."""
        return np.array([weights.get(name, 0.0) for name in self.names])


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """A contrast in percent signal change and its variance, shape (voxel,), with degrees of freedom."""

    effect: AnyArray
    variance: AnyArray
    degrees_of_freedom: float


def design_of(run: PreparedRun, high_pass_s: float, nuisance: AnyArray, nuisance_names: list[str]) -> Design:
    """Build the design matrix: conditions, drift, nuisance.

    Parameters
    ----------
    run
        Events and times.
    high_pass_s
        Longest period of the task's own; slower cosines are drift.
    nuisance
        Further regressors, shape (time, regressor); may have no columns.
    nuisance_names
        One a column.

    Returns
    -------
    Design
        With the canonical double-gamma response of SPM.

    Raises
    ------
    InputError
        If conditions cannot be told apart from one another and the nuisance regressors.
    """
    table = pd.DataFrame(
        {
            "onset": [event.onset_s for event in run.events],
            "duration": [event.duration_s for event in run.events],
            "trial_type": [event.trial_type for event in run.events],
        }
    )
    with warnings.catch_warnings():
        # nilearn warns and regularises; _check_rank refuses such a matrix with its reason.
        warnings.filterwarnings("ignore", message="Matrix is singular")
        frame = make_first_level_design_matrix(
            run.frame_s,
            table,
            hrf_model="spm",
            drift_model="cosine",
            high_pass=1.0 / longest_period_s(run.events, high_pass_s),
        )
    names = tuple(map(str, frame.columns))
    _check_rank(run, frame.to_numpy(dtype=np.float64), names)
    return _with_nuisance(frame.to_numpy(dtype=np.float64), names, nuisance, nuisance_names)


def _with_nuisance(matrix: AnyArray, names: tuple[str, ...], nuisance: AnyArray, added: list[str]) -> Design:
    """Append the nuisance regressors that say something the columns before them do not."""
    for column, name in zip(nuisance.T, added, strict=True):
        left = column - matrix @ np.linalg.lstsq(matrix, column, rcond=None)[0]
        if np.linalg.norm(left) > _LEAST_NEWS * max(float(np.linalg.norm(column)), 1e-12):
            matrix, names = np.column_stack([matrix, column]), (*names, name)
    return Design(matrix=matrix, names=names)


def longest_period_s(events: tuple[Event, ...], high_pass_s: float) -> float:
    """Return the longest period kept: the setting, or twice the longest cycle if that is more."""
    longest = 0.0
    for name in {event.trial_type for event in events}:
        onsets = sorted(event.onset_s for event in events if event.trial_type == name)
        longest = max([longest, *np.diff(onsets).tolist()])
    return max(high_pass_s, 2.0 * longest)


def fit(series: AnyArray, design: Design, contrasts: dict[str, AnyArray]) -> dict[str, Estimate]:
    """Fit every voxel with first-order autoregressive noise.

    Parameters
    ----------
    series
        Percent of the mean, shape (time, voxel).
    design
        Regressors.
    contrasts
        Vectors over its columns.

    Returns
    -------
    dict
        One estimate a contrast.
    """
    labels, results = run_glm(series, design.matrix, noise_model="ar1")
    estimates = {}
    for name, vector in contrasts.items():
        found = compute_contrast(labels, results, vector, stat_type="t")
        estimates[name] = Estimate(
            effect=np.ravel(found.effect_size()),
            variance=np.ravel(found.effect_variance()),
            degrees_of_freedom=found.dof,
        )
    return estimates


def fit_plainly(series: AnyArray, design: Design, rows: AnyArray, vector: AnyArray) -> Estimate:
    """Fit by ordinary least squares on some volumes: fast, for comparing designs within few voxels.

    Parameters
    ----------
    series
        Shape (time, voxel).
    design
        Regressors of all volumes.
    rows
        Volumes to use, boolean, shape (time,).
    vector
        The contrast.
    """
    matrix = design.matrix[rows]
    # Outliers left out leave an empty column: the pseudo-inverse ignores it.
    inverse = np.linalg.pinv(matrix, rcond=_RANK_TOLERANCE)
    beta = inverse @ series[rows]
    left = series[rows] - matrix @ beta
    degrees_of_freedom = max(1.0, float(rows.sum() - np.linalg.matrix_rank(matrix)))
    noise = np.einsum("ij,ij->j", left, left) / degrees_of_freedom
    size = float(vector @ inverse @ inverse.T @ vector)
    return Estimate(effect=vector @ beta, variance=noise * size, degrees_of_freedom=degrees_of_freedom)


def _check_rank(run: PreparedRun, matrix: AnyArray, names: tuple[str, ...]) -> None:
    size = np.linalg.norm(matrix, axis=0)
    rank = int(np.linalg.matrix_rank(matrix / np.maximum(size, 1e-12), tol=1e-4))
    if rank < len(names) or 2 * len(names) >= len(matrix):
        raise InputError.because(
            where=f"{run.name}, model",
            found=f"{len(names)} regressors of rank {rank} for {len(matrix)} volumes",
            expected="independent regressors, fewer than half as many as volumes",
            remedy="Check that conditions do not always occur together and that the run is long enough.",
        )
