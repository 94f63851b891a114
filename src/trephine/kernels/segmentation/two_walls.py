# SPDX-License-Identifier: Apache-2.0
"""Two surfaces along the same normals, chosen together, with the spread of the distance between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.segmentation.neighbours import Neighbours
from trephine.kernels.segmentation.wall import Stiffness


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedWalls:
    """Both surfaces at every corner, and how far apart they may be.

    Parameters
    ----------
    inner_mm, outer_mm
        Mean offset of each surface along the normal, shape (corner,).
    low_mm, high_mm
        2.5th and 97.5th percentile of the distance between them, shape (corner,).
    """

    inner_mm: AnyArray
    outer_mm: AnyArray
    low_mm: AnyArray
    high_mm: AnyArray


def paired_costs(cost: AnyArray, mesh: Neighbours, stiffness: Stiffness) -> AnyArray:
    """Add to each pair of offsets what it would cost the neighbours.

    Parameters
    ----------
    cost
        Of each pair of offsets at each corner, shape (corner, inner, outer).
    mesh
        Who is held to whom.
    stiffness
        How; the same for both surfaces.

    Returns
    -------
    numpy.ndarray
        Costs given the neighbours' own best choices, least 0 at each corner, shape (corner, inner, outer).

    Notes
    -----
    Min-sum belief propagation on a mesh that has two unknowns a corner: each surface is smooth by itself,
    and the pair's cost joins them. Not proven optimal on a mesh with cycles.

    References
    ----------
    felzenszwalb2006
    """
    own = cost.astype(np.float32)
    _, inner, outer = own.shape
    to_inner, to_outer = mesh.silence(inner), mesh.silence(outer)
    weight = np.float32(stiffness.cost)
    for _ in range(stiffness.rounds):
        heard_inner, heard_outer = mesh.heard(to_inner), mesh.heard(to_outer)
        of_inner = (own + heard_outer[:, None, :]).min(axis=2) + heard_inner
        of_outer = (own + heard_inner[:, :, None]).min(axis=1) + heard_outer
        to_inner = mesh.told(of_inner, to_inner, weight, stiffness.most_offsets)
        to_outer = mesh.told(of_outer, to_outer, weight, stiffness.most_offsets)
    result = own + mesh.heard(to_inner)[:, :, None] + mesh.heard(to_outer)[:, None, :]
    result -= result.min(axis=(1, 2), keepdims=True)
    return np.asarray(result)


def paired_walls(
    costs: AnyArray, inner_mm: AnyArray, outer_mm: AnyArray, nats_per_cost: float
) -> PairedWalls:
    """Weigh every pair of offsets by its cost.

    Parameters
    ----------
    costs
        Least 0 at each corner, shape (corner, inner, outer).
    inner_mm, outer_mm
        The offsets, evenly spaced by the same step, shapes (inner,) and (outer,).
    nats_per_cost
        Log likelihood that a unit of cost stands for, for the spread: 1 where samples are independent.

    Returns
    -------
    PairedWalls
        Means over all pairs, and the spread of the distance.
    """
    share = np.exp(-costs)
    share /= share.sum(axis=(1, 2), keepdims=True)
    wide = np.exp(-costs * np.float32(nats_per_cost))
    step = float(inner_mm[1] - inner_mm[0])
    least = float(outer_mm[0] - inner_mm[-1])
    spread = np.zeros((len(costs), len(inner_mm) + len(outer_mm) - 1))
    for index in range(len(inner_mm)):
        start = len(inner_mm) - 1 - index
        spread[:, start : start + len(outer_mm)] += wide[:, index]
    below = np.cumsum(spread, axis=1) / spread.sum(axis=1, keepdims=True)
    return PairedWalls(
        inner_mm=share.sum(axis=2) @ inner_mm,
        outer_mm=share.sum(axis=1) @ outer_mm,
        low_mm=least + step * _crossing(below, 0.025),
        high_mm=least + step * _crossing(below, 0.975),
    )


def _crossing(below: AnyArray, share: float) -> AnyArray:
    """Return where rising rows cross a share, in cells' upper ends less one half, shape (row,)."""
    after = np.argmax(below >= share, axis=1)
    row = np.arange(len(below))
    high = below[row, after]
    low = np.where(after > 0, below[row, np.maximum(after - 1, 0)], 0.0)
    return after - 0.5 + (share - low) / np.maximum(high - low, 1e-9)
