# SPDX-License-Identifier: Apache-2.0
"""Series about one search region, refitted quickly when data or model change."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.statistics.pooling import fixed_effects
from trephine.kernels.statistics.z_scores import z_from_t
from trephine.model.activation import Side
from trephine.stages.mapping.bold_to_t1 import Placed
from trephine.stages.mapping.glm import Design, fit_plainly
from trephine.stages.mapping.hand_area import HandArea, Region, find_area
from trephine.stages.mapping.planning_grid import Lookup
from trephine.stages.mapping.preparation import PreparedRun
from trephine.stages.mapping.settings import Settings

_ANY_Z = 1.0
"""In a comparison the area may be weak, but not absent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RunModel:
    """A run with its place, its design, and the designs it is compared with."""

    run: PreparedRun
    placed: Placed
    design: Design
    variants: dict[str, Design]


@dataclass(frozen=True, kw_only=True, eq=False)
class Search:
    """What is looked for, and where.

    Parameters
    ----------
    region
        Where the area is looked for.
    weights
        The contrast, as weights of conditions.
    hand
        Condition whose blocks are left out one after another.
    excess_share
        By how much z is wider than the model says, at least 1.
    settings
        Of the search.
    """

    region: Region
    weights: dict[str, float]
    hand: Side
    settings: Settings
    excess_share: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One run's series about a region, with the design and volumes to use.

    Parameters
    ----------
    name
        The run's.
    series
        Percent, shape (time, voxel).
    lookup
        From these voxels to the region's.
    design
        Regressors of all volumes.
    rows
        Volumes to use, boolean, shape (time,).
    """

    name: str
    series: AnyArray
    lookup: Lookup
    design: Design
    rows: AnyArray

    def only(self, rows: AnyArray) -> Piece:
        """Return the piece with some of its volumes."""
        return replace(self, rows=self.rows & rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionMap:
    """Percent effect, its variance and z over a region, each of the shape of the region's box."""

    effect: AnyArray
    variance: AnyArray
    z: AnyArray


def piece_of(model: RunModel, region: Region) -> Piece:
    """Cut the voxels about a region out of a run."""
    points = region.points_mm.reshape(-1, 3)
    run = model.run
    wide = Lookup.of(run.mask, run.affine_mm, model.placed.scanner_from_bold, points)
    low = np.floor(wide.ijk.min(axis=1)).astype(int)
    high = np.ceil(wide.ijk.max(axis=1)).astype(int) + 1
    near = np.zeros_like(run.mask)
    box = tuple(slice(max(0, a), max(0, b)) for a, b in zip(low, high, strict=True))
    near[box] = run.mask[box]
    lookup = Lookup(mask=near, ijk=wide.ijk, covered_fraction=wide.covered_fraction)
    every = np.ones(len(run.frame_s), dtype=bool)
    return Piece(
        name=run.name, series=run.percent[:, near[run.mask]], lookup=lookup, design=model.design, rows=every
    )


def map_of(pieces: list[Piece], search: Search) -> RegionMap | None:
    """Estimate the contrast over the region by ordinary least squares; nothing when no run covers it."""
    effects, variances, degrees_of_freedom = [], [], 0.0
    for piece in pieces:
        if piece.series.shape[1] == 0:
            continue
        found = fit_plainly(piece.series, piece.design, piece.rows, piece.design.contrast(search.weights))
        effects.append(piece.lookup(found.effect))
        variances.append(piece.lookup(found.variance))
        degrees_of_freedom += found.degrees_of_freedom
    if not effects:
        return None
    effect, variance = fixed_effects(np.array(effects), np.array(variances))
    variance = variance * search.excess_share**2
    t = np.where(variance > 0, effect / np.sqrt(np.where(variance > 0, variance, 1.0)), 0.0)
    shape = search.region.is_searched.shape
    z = z_from_t(t, degrees_of_freedom)
    return RegionMap(effect=effect.reshape(shape), variance=variance.reshape(shape), z=z.reshape(shape))


def area_of(pieces: list[Piece], search: Search) -> HandArea | None:
    """Find the hand area in some of the data, however weak."""
    found = map_of(pieces, search)
    return None if found is None else area_in(found.z, search)


def area_in(z: AnyArray, search: Search) -> HandArea | None:
    """Find the hand area in a map of z over the region, however weak."""
    return find_area(z, search.region, search.settings, least_z=_ANY_Z)


def apart_mm(first: HandArea, second: HandArea) -> float:
    """Return the distance of two areas' centres."""
    return float(np.linalg.norm(first.centroid_mm - second.centroid_mm))
