# SPDX-License-Identifier: Apache-2.0
"""Tables of clusters and peaks of a map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label, maximum_filter

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.core.frames import SCANNER
from trephine.kernels.statistics.discovery import discovery_fractions
from trephine.model.anatomy import Anatomy
from trephine.model.hand_evidence import Cluster, Peak
from trephine.model.hand_evidence import Place as SideOfHead
from trephine.stages.mapping.hand_area import knob_of
from trephine.stages.mapping.noise_field import NoiseField, Scene
from trephine.stages.mapping.planning_grid import Place
from trephine.stages.mapping.settings import Settings

_DISCOVERY_LIMIT_FRACTION = 0.05
_MOST_CLUSTERS = 30
_PEAKS_A_CLUSTER = 3
_PEAKS_APART_MM = 8.0
_MIDLINE_MM = 4.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Described:
    """Positions with what every row says of them."""

    mni_mm: Points
    sides: list[SideOfHead]
    knob_mm: list[float]


def clusters_of(z: AnyArray, noise: NoiseField, scene: Scene) -> tuple[tuple[Cluster, ...], tuple[Peak, ...]]:
    """List the clusters of grey matter above ``edge_z`` and their peaks.

    Parameters
    ----------
    z
        On the maps' grid, shape of the grid.
    noise
        Within grey matter.
    scene
        Grid, grey matter, template and knobs.

    Returns
    -------
    clusters, peaks
        Clusters whose peak passes a false discovery rate of 5 % over voxels, at most 30, by peak z; up to
        three peaks of each at least 8 mm apart.

    Notes
    -----
    Probabilities belong to peaks: family-wise from random fields or Bonferroni, whichever is smaller, and the
    false discovery rate over voxels. A cluster's extent gets none: from random fields at this edge it would
    be far too sure [eklund2016]_.
    """
    where, settings = scene.where, scene.settings
    inside = where.is_near_grey
    rate = np.ones(where.grid.shape)
    rate[inside] = discovery_fractions(z[inside])
    parts, _ = label(inside & (z >= settings.edge_z))
    top = maximum_filter(np.where(inside, z, -np.inf), size=3) == z
    summits = np.argwhere(top & (parts > 0) & (rate <= _DISCOVERY_LIMIT_FRACTION))
    summits = summits[np.argsort(-z[tuple(summits.T)], kind="stable")]
    made = _Map(z=z, rate=rate, where=where, noise=noise, anatomy=scene.anatomy, settings=settings)
    clusters, peaks = [], []
    for number, part in enumerate(_first_of(parts[tuple(summits.T)]), start=1):
        members = np.argwhere(parts == part)
        own = _apart(summits[parts[tuple(summits.T)] == part], where)
        clusters.append(_cluster(number, members, own[0], made))
        peaks += _peaks(number, own, made)
    return tuple(clusters), tuple(peaks)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Map:
    """A map with all that its tables need."""

    z: AnyArray
    rate: AnyArray
    where: Place
    noise: NoiseField
    anatomy: Anatomy
    settings: Settings


def _first_of(parts: AnyArray) -> list[int]:
    """Return cluster labels in the order of their highest summit."""
    return list(dict.fromkeys(int(part) for part in parts))[:_MOST_CLUSTERS]


def _apart(summits: AnyArray, where: Place) -> AnyArray:
    """Keep the highest summits that lie apart."""
    kept: list[AnyArray] = []
    for one in summits:
        far = [np.linalg.norm((one - other) * where.grid.voxel_mm) >= _PEAKS_APART_MM for other in kept]
        if all(far):
            kept.append(one)
        if len(kept) == _PEAKS_A_CLUSTER:
            break
    return np.array(kept)


def _described(points_mm: Points, made: _Map) -> _Described:
    mni = made.anatomy.mni_from_scanner(points_mm, frame=SCANNER)
    knobs: dict[SideOfHead, Vector3] = {
        "left": knob_of(made.anatomy, "left", made.settings),
        "right": knob_of(made.anatomy, "right", made.settings),
    }
    sides = [_side(float(x)) for x in mni[:, 0]]
    far = []
    for point, side in zip(points_mm, sides, strict=True):
        near = list(knobs.values()) if side == "midline" else [knobs[side]]
        far.append(min(float(np.linalg.norm(point - knob)) for knob in near))
    return _Described(mni_mm=mni, sides=sides, knob_mm=far)


def _side(mni_x_mm: float) -> SideOfHead:
    if abs(mni_x_mm) <= _MIDLINE_MM:
        return "midline"
    return "left" if mni_x_mm < 0 else "right"


def _cluster(number: int, members: AnyArray, top: AnyArray, made: _Map) -> Cluster:
    z = made.z[tuple(members.T)]
    centre = np.average(made.where.grid.mm_of(members), axis=0, weights=z)
    told = _described(centre[None], made)
    peak_z = float(made.z[tuple(top)])
    return Cluster(
        number=number,
        volume_mm3=len(members) * made.where.grid.voxel_volume_mm3,
        centre_mm=centre,
        centre_mni_mm=told.mni_mm[0],
        hemisphere=told.sides[0],
        peak_z=peak_z,
        peak_probability=float(made.noise.probability(np.array(peak_z))),
        discovery_fraction=float(made.rate[tuple(top)]),
        knob_distance_mm=told.knob_mm[0],
    )


def _peaks(number: int, tops: AnyArray, made: _Map) -> list[Peak]:
    points = made.where.grid.mm_of(tops)
    told = _described(points, made)
    return [
        Peak(
            cluster=number,
            position_mm=points[n],
            position_mni_mm=told.mni_mm[n],
            hemisphere=told.sides[n],
            peak_z=float(made.z[tuple(top)]),
            peak_probability=float(made.noise.probability(np.array(made.z[tuple(top)]))),
            discovery_fraction=float(made.rate[tuple(top)]),
            knob_distance_mm=told.knob_mm[n],
        )
        for n, top in enumerate(tops)
    ]
