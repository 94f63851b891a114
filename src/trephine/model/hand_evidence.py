# SPDX-License-Identifier: Apache-2.0
"""What speaks for and against a place of the hand: clusters, repeats, sides, other ways to find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trephine.core.arrays import AnyArray, Vector3, locked
from trephine.model.volume import Volume

Place = Literal["left", "right", "midline"]


def _lock(noun: object, *names: str) -> None:
    for name in names:
        value = getattr(noun, name)
        if value is not None:
            object.__setattr__(noun, name, locked(value, "float64", (3,), name))


@dataclass(frozen=True, kw_only=True, eq=False)
class Cluster:
    """Connected voxels of grey matter above the threshold.

    Parameters
    ----------
    number
        From 1, by peak z.
    volume_mm3
        Its size; no probability is given for it.
    centre_mm, centre_mni_mm
        Centre weighted by z, in ``scanner`` and ``mni152``, shape (3,).
    hemisphere
        Side of its centre.
    peak_z
        Its largest z.
    peak_probability
        Chance of a peak as high anywhere in grey matter when nothing happens (family-wise).
    discovery_fraction
        Smallest false discovery rate over voxels at which its peak passes.
    knob_distance_mm
        From its centre to the anatomical hand knob of its side; to the nearer one at the midline.
    """

    number: int
    volume_mm3: float
    centre_mm: Vector3
    centre_mni_mm: Vector3
    hemisphere: Place
    peak_z: float
    peak_probability: float
    discovery_fraction: float
    knob_distance_mm: float

    def __post_init__(self) -> None:
        _lock(self, "centre_mm", "centre_mni_mm")


@dataclass(frozen=True, kw_only=True, eq=False)
class Peak:
    """A local maximum of z within a cluster.

    Parameters
    ----------
    cluster
        Number of its cluster.
    position_mm, position_mni_mm
        In ``scanner`` and ``mni152``, shape (3,).
    hemisphere, peak_z, peak_probability, discovery_fraction, knob_distance_mm
        As for a cluster, at this position.
    """

    cluster: int
    position_mm: Vector3
    position_mni_mm: Vector3
    hemisphere: Place
    peak_z: float
    peak_probability: float
    discovery_fraction: float
    knob_distance_mm: float

    def __post_init__(self) -> None:
        _lock(self, "position_mm", "position_mni_mm")


@dataclass(frozen=True, kw_only=True)
class NuisanceShift:
    """How far a change of the nuisance regressors moves the centre of the hand area.

    Parameters
    ----------
    change
        Such as ``without motion``.
    shift_mm
        Distance; absent when the area vanishes.
    peak_z
        Largest z of the area then; absent likewise.
    """

    change: str
    shift_mm: float | None
    peak_z: float | None


@dataclass(frozen=True, kw_only=True)
class Retest:
    """How well two parts of the data agree about one contrast.

    Parameters
    ----------
    kind
        Whole ``runs``, or the halves of single runs (``split-half``), which is harder and says less.
    first, second
        What is compared.
    centroid_apart_mm
        Distance of the hand area's centres; absent when either part shows none.
    area_dice
        Overlap of as many strongest voxels of the search region as the pooled area has.
    map_correlation
        Pearson's, of percent signal change over the search region.
    consistency_correlation
        Intraclass correlation (two-way, single measure, absolute agreement) of the same.
    """

    kind: Literal["runs", "split-half"]
    first: str
    second: str
    centroid_apart_mm: float | None
    area_dice: float | None
    map_correlation: float | None
    consistency_correlation: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Alternative:
    """The hand area found another way, for comparison; never averaged into the target.

    Parameters
    ----------
    name
        ``template knob``, ``own knob``, or ``resting state``.
    position_mm
        In ``scanner``, shape (3,); absent when this way finds nothing.
    sd_mm
        Its standard deviation along one axis, as far as it is known.
    target_distance_mm
        To the centre that the target follows.
    remark
        What it rests on, or why there is none.
    """

    name: str
    position_mm: Vector3 | None
    sd_mm: float | None
    target_distance_mm: float | None
    remark: str

    def __post_init__(self) -> None:
        _lock(self, "position_mm")


@dataclass(frozen=True, kw_only=True, eq=False)
class CentreCertainty:
    """How sure the centre of the hand area is.

    Parameters
    ----------
    centre_mm
        In ``scanner``, shape (3,): the centre of the response, or the anatomical knob. The target is the
        crown nearest to it.
    covariance_mm2
        Of its three coordinates, shape (3, 3): the sum of ``parts_mm``.
    radius95_mm
        Radius of the sphere about it that holds the true centre with 95 % probability.
    parts_mm
        Root of the mean variance along one axis by cause, such as ``noise`` or ``registration``.
    probability
        Chance of the centre to lie in each voxel of grey matter; sums to 1. Float32, on the maps' grid.
    """

    centre_mm: Vector3
    covariance_mm2: AnyArray
    radius95_mm: float
    parts_mm: dict[str, float]
    probability: Volume

    def __post_init__(self) -> None:
        _lock(self, "centre_mm")
        object.__setattr__(
            self, "covariance_mm2", locked(self.covariance_mm2, "float64", (3, 3), "covariance_mm2")
        )
