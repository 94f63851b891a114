# SPDX-License-Identifier: Apache-2.0
"""A run made ready for the model: timing, motion, smoothing, outliers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.core.errors import InputError
from trephine.core.progress import Progress
from trephine.kernels.signal.foreground import foreground, smoothed_within
from trephine.kernels.signal.motion_correction import (
    estimate_motion,
    framewise_displacement_mm,
    motion_parameters,
    resampled,
)
from trephine.kernels.signal.slice_timing import at_common_time
from trephine.model.activation import Event, TaskRun
from trephine.stages.mapping.conditions import named_events
from trephine.stages.mapping.settings import Settings

_LEAST_VOLUMES = 20
_LEAST_VOXELS = 200
_SD_PER_FWHM = 1 / 2.3548200450309493


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedRun:
    """One run in its own space, ready for the model.

    Parameters
    ----------
    name
        The run's.
    affine_mm
        From voxel indices to ``bold``, mm.
    mask
        Voxels with signal, shape (i, j, k).
    mean
        Mean of the corrected series, shape (i, j, k).
    percent
        Corrected, smoothed series of the mask's voxels in percent of each one's mean, shape (time, voxel).
    events
        Named by condition, without rest.
    frame_s
        When each volume counts as taken, shape (time,).
    motion
        Shifts (mm) and turns (rad) about the slab's centre, shape (time, 6).
    displacement_mm
        Framewise displacement, shape (time,).
    is_outlier
        Volumes to model away, shape (time,).
    is_slice_timing_corrected
        Whether slice times were known.
    """

    name: str
    affine_mm: Matrix4
    mask: Mask3
    mean: AnyArray
    percent: AnyArray
    events: tuple[Event, ...]
    frame_s: AnyArray
    motion: AnyArray
    displacement_mm: AnyArray
    is_outlier: AnyArray
    is_slice_timing_corrected: bool


def prepare(run: TaskRun, settings: Settings, progress: Progress) -> PreparedRun:
    """Correct a run for slice times and motion, smooth it and find its outlying volumes.

    Parameters
    ----------
    run
        Series and events.
    settings
        Smoothing and limits.
    progress
        Told while motion is estimated.

    Returns
    -------
    PreparedRun
        In the run's own space.

    Raises
    ------
    InputError
        If the run is too short or holds no head.
    """
    series, step_s = run.bold.values, run.bold.repetition_time_s
    mask = _signal_mask(run)
    is_timed = len(run.bold.slice_time_s) == run.bold.grid.shape[2]
    # With unknown slice times half a repetition is the least wrong moment for the whole volume.
    middle_s = step_s / 2
    if is_timed:
        series = at_common_time(series, run.bold.slice_time_s, step_s, middle_s)
    affine = run.bold.grid.affine_mm
    found = estimate_motion(
        series, affine, mask, told=lambda done, total: progress(done, total, f"{run.name}: head motion")
    )
    still = resampled(series, affine, found.volume_from_reference, mask)
    centre = run.bold.grid.mm_of(np.argwhere(mask).mean(axis=0)[None])[0]
    motion = motion_parameters(found.volume_from_reference, centre)
    displacement = framewise_displacement_mm(motion)
    jumps = displacement > settings.outlier_displacement_mm
    sd_voxel = settings.smoothing_mm * _SD_PER_FWHM / np.array(run.bold.grid.voxel_mm)
    mean = still.mean(axis=-1, dtype=np.float64)
    smooth = smoothed_within(still, mask, tuple(sd_voxel.tolist()))[mask].T.astype(np.float64)
    return PreparedRun(
        name=run.name,
        affine_mm=affine,
        mask=mask,
        mean=mean,
        percent=100.0 * smooth / np.maximum(smooth.mean(axis=0), 1e-6),
        events=named_events(run, settings),
        frame_s=np.arange(series.shape[-1]) * step_s + middle_s,
        motion=motion,
        displacement_mm=displacement,
        is_outlier=jumps | (_robust_scores(found.residual_fraction) > settings.outlier_residual),
        is_slice_timing_corrected=is_timed,
    )


def _signal_mask(run: TaskRun) -> Mask3:
    count = run.bold.values.shape[-1]
    if count < _LEAST_VOLUMES:
        raise InputError.because(
            where=f"{run.name}, series",
            found=f"{count} volumes",
            expected=f"at least {_LEAST_VOLUMES}",
            remedy="Leave out runs that were stopped early.",
        )
    mask = foreground(run.bold.values.mean(axis=-1, dtype=np.float64))
    # A voxel that is ever exactly zero was cut off by the scanner's own mask.
    mask &= np.asarray(run.bold.values.min(axis=-1) > 0)
    if mask.sum() < _LEAST_VOXELS:
        raise InputError.because(
            where=f"{run.name}, series",
            found=f"{int(mask.sum())} voxels with signal",
            expected=f"at least {_LEAST_VOXELS}: the image of a head",
            remedy="Check that the file holds the functional series.",
        )
    return mask


def _robust_scores(values: AnyArray) -> AnyArray:
    middle = np.median(values)
    spread = 1.4826 * np.median(np.abs(values - middle)) + 1e-12
    return (values - middle) / spread
