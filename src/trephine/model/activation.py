# SPDX-License-Identifier: Apache-2.0
"""Functional scans, and where they say the hand is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.core.arrays import Vector3, locked
from trephine.model.hand_evidence import Alternative, CentreCertainty, Cluster, NuisanceShift, Peak, Retest
from trephine.model.knob import OwnKnob
from trephine.model.volume import Series, Volume

Side = Literal["left", "right"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One stretch of a task.

    Parameters
    ----------
    onset_s, duration_s
        Start after the first volume, and length.
    trial_type
        Name in the events file, such as ``right``.
    """

    onset_s: float
    duration_s: float
    trial_type: str


@dataclass(frozen=True, kw_only=True, eq=False)
class TaskRun:
    """One BOLD run with its task.

    Parameters
    ----------
    name
        BIDS entities that tell the run apart, such as ``task-hand_run-1``.
    bold
        The series, on a grid in ``bold``.
    events
        What the person did, by onset.
    """

    name: str
    bold: Series
    events: tuple[Event, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ContrastMap:
    """Response to one contrast of the task.

    Parameters
    ----------
    name
        Such as ``right`` (against rest) or ``right-left``.
    z, effect_percent
        Statistic and percent signal change on one grid in ``scanner``, float32.
    hemisphere
        Side searched for the hand area: opposite to the hand for a one-hand contrast, absent otherwise.
    centroid_mm
        Centre of the hand area's response in ``scanner``, shape (3,); absent when nothing passes.
    peak_mm
        Its strongest voxel in ``scanner``, shape (3,).
    peak_z
        Statistic there.
    centroid_sd_mm
        Standard deviation of the centroid when stretches of the run are left out, one number for all axes.
    volume_mm3
        Size of the cluster.
    centroid_mni_mm, peak_mni_mm
        The same positions in ``mni152``, shape (3,).
    nuisance_shift_mm
        Largest distance by which the centroid moves when nuisance regressors are added or dropped.
    run_shift_mm
        Largest distance between the centroids of single runs; absent with fewer than two runs.
    variance_percent2
        Variance of ``effect_percent``, float32, on the same grid.
    clusters, peaks
        Of grey matter, by z.
    nuisance_shifts
        One a change of the nuisance regressors.
    retests
        Agreement of runs, or of the halves of one run.
    laterality_index
        From 1 (all on the side opposite to the hand) to -1 (all on the hand's own side); absent for
        contrasts of no hand, and when neither side answers.
    expression
        What is compared, as weights of conditions.
    excess_share
        By how much the bulk of z was wider than chance before variances were widened by it, at least 1.
    """

    name: str
    z: Volume
    effect_percent: Volume
    hemisphere: Side | None = None
    centroid_mm: Vector3 | None = None
    peak_mm: Vector3 | None = None
    peak_z: float | None = None
    centroid_sd_mm: float | None = None
    volume_mm3: float = 0.0
    centroid_mni_mm: Vector3 | None = None
    peak_mni_mm: Vector3 | None = None
    nuisance_shift_mm: float | None = None
    run_shift_mm: float | None = None
    variance_percent2: Volume | None = None
    clusters: tuple[Cluster, ...] = ()
    peaks: tuple[Peak, ...] = ()
    nuisance_shifts: tuple[NuisanceShift, ...] = ()
    retests: tuple[Retest, ...] = ()
    laterality_index: float | None = None
    expression: str = ""
    excess_share: float = 1.0

    def __post_init__(self) -> None:
        for name in ("centroid_mm", "peak_mm", "centroid_mni_mm", "peak_mni_mm"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, locked(value, "float64", (3,), name))


@dataclass(frozen=True, kw_only=True)
class RunQuality:
    """How good one task run is.

    Parameters
    ----------
    name
        The run's name.
    volumes, outlier_volumes
        How many, and how many of them are modelled away because the head jumped or the image changed.
    max_displacement_mm, mean_displacement_mm
        Framewise displacement of the head.
    registration_error_mm
        Standard deviation of the registration to the planning T1, from repeated starts.
    header_offset_mm
        How far the headers alone would have put the run from there.
    is_registration_trusted
        Whether the registration passes its checks.
    is_slice_timing_corrected
        Whether slice times were known and allowed for.
    """

    name: str
    volumes: int
    outlier_volumes: int
    max_displacement_mm: float
    mean_displacement_mm: float
    registration_error_mm: float
    header_offset_mm: float
    is_registration_trusted: bool
    is_slice_timing_corrected: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class HandMap:
    """Where the hand is, by function and by anatomy.

    Parameters
    ----------
    contrasts
        One map a contrast.
    hand
        The hand whose area is the target.
    hemisphere
        The side to implant, opposite to ``hand``.
    target_mm
        Centre of the hand area to plan for, in ``scanner``, shape (3,), on the cortex.
    target_sd_mm
        Its standard deviation.
    target_source
        Whether it comes from the task or, when the task shows nothing, from the anatomical knob.
    knob_mm
        Anatomical hand knob of that side in ``scanner``, from the template, shape (3,).
    disagreement_mm
        Distance between the functional centre, without any prior, and the knob; absent when there is no
        functional centre.
    weight
        Value of cortex for the hand, 0 to 1, float32, on a grid in ``scanner``.
    runs
        Quality of each run.
    target_mni_mm
        The target in ``mni152``, shape (3,).
    weight_sd
        Standard deviation of ``weight`` over noise and registration, float32, on the same grid. Cortex is
        worth at least ``weight - weight_sd`` five times in six, as far as errors are normal.
    certainty
        How sure the centre is below the target.
    alternatives
        The hand area found in other ways, side by side.
    own_knobs
        The hand knob in the person's own cortex, left hemisphere first, each with its place, or with the
        reason why there is none.
    run_pictures
        The mean image of each of ``runs``, in their order, as its registration lays it on the planning T1:
        coarse, 0 to 255, for people to look at.
    """

    contrasts: tuple[ContrastMap, ...]
    hand: Side
    hemisphere: Side
    target_mm: Vector3
    target_sd_mm: float
    target_source: Literal["task", "knob"]
    knob_mm: Vector3
    disagreement_mm: float | None
    weight: Volume
    runs: tuple[RunQuality, ...] = ()
    target_mni_mm: Vector3 | None = None
    weight_sd: Volume | None = None
    certainty: CentreCertainty | None = None
    alternatives: tuple[Alternative, ...] = ()
    own_knobs: tuple[OwnKnob, ...] = ()
    run_pictures: tuple[Volume, ...] = ()

    def __post_init__(self) -> None:
        for name in ("target_mm", "knob_mm", "target_mni_mm"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, locked(value, "float64", (3,), name))
