# SPDX-License-Identifier: Apache-2.0
"""From what fills each cell to the conductances between cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import binary_dilation

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.kernels.heat.grid import BoxGrid
from trephine.kernels.heat.network import Network, padded

INSULATED = 0.0
"""Film that no heat passes."""
HELD = np.inf
"""Film of a face whose rise is held at zero."""
CELLS_AT_ONCE = 4096
"""Cells whose samples are held in memory together."""
Film = float | AnyArray
"""Heat through an outer face for each kelvin of its rise, mW/(mm2 K): one number, or one for each cell."""
Films = tuple[tuple[Film, Film], tuple[Film, Film], tuple[Film, Film]]
"""For each axis the film of the low and of the high outer face."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Medium:
    """What fills the cells of a grid.

    Parameters
    ----------
    grid
        The cells.
    halves
        Conductivity of each cell's low and high half along each axis, W/(m K) = mW/(mm K), shape
        (axis, 2, i, j, k): the halves differ where a surface cuts the cell.
    drain
        Heat that blood takes from a volume for each kelvin, mW/(mm3 K): density, heat capacity and flow of
        blood.
    capacity
        Heat that a volume holds for each kelvin, mJ/(mm3 K).
    """

    grid: BoxGrid
    halves: AnyArray
    drain: AnyArray
    capacity: AnyArray


def medium(grid: BoxGrid, *, conductivity: AnyArray, drain: AnyArray, capacity: AnyArray) -> Medium:
    """Fill each cell with one stuff.

    Parameters
    ----------
    grid
        The cells.
    conductivity, drain, capacity
        Of every cell, in the units of ``Medium``, or numbers for all.

    Returns
    -------
    Medium
        The filled grid.

    Raises
    ------
    InputError
        If a value is not finite, a conductivity or capacity is not above zero, or a drain is below zero.
    """
    whole = [np.broadcast_to(np.asarray(v, np.float64), grid.shape) for v in (conductivity, drain, capacity)]
    for name, values, least in zip(
        ("conductivity", "drain", "capacity"), whole, (False, True, False), strict=True
    ):
        bad = ~np.isfinite(values) | (values < 0) | ((values == 0) & ~np.bool_(least))
        if bad.any():
            at = tuple(int(each) for each in np.argwhere(bad)[0])
            raise InputError.because(
                where=name,
                found=f"{int(bad.sum())} cells out of range, the first {values[at]} at {at}",
                expected="finite values above zero (a drain may be zero)",
                remedy="Give every cell a stuff of the table.",
            )
    return Medium(
        grid=grid, halves=np.broadcast_to(whole[0], (3, 2, *grid.shape)), drain=whole[1], capacity=whole[2]
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Stuff:
    """What a body is made of.

    Parameters
    ----------
    conductivity_mw_per_mm_k, drain_mw_per_mm3_k, capacity_mj_per_mm3_k
        As in ``Medium``.
    """

    conductivity_mw_per_mm_k: float
    drain_mw_per_mm3_k: float
    capacity_mj_per_mm3_k: float


Inside = Callable[[Points], AnyArray]
"""Tells of each point, shape (point, 3), whether it lies in a body."""


def with_body(base: Medium, body: Inside, stuff: Stuff, *, samples: int = 4) -> tuple[Medium, AnyArray]:
    """Put a body into the medium, cutting cells at its surface.

    Parameters
    ----------
    base
        What was there.
    body
        Tells which points are inside.
    stuff
        What it is made of.
    samples
        Points along each axis by which a cell is judged, even.

    Returns
    -------
    Medium
        Cells cut by the surface hold both, side by side and one behind the other as their samples lie.
    numpy.ndarray
        Share of each cell's volume inside, shape of the cells.
    """
    i, j, k, held = _held(base.grid, body, samples)
    share = np.zeros(base.grid.shape)
    share[i, j, k] = held.mean(axis=(1, 2, 3))
    halves = np.array(base.halves)
    for axis in range(3):
        for side in range(2):
            old = halves[axis, side, i, j, k]
            halves[axis, side, i, j, k] = _tubes(held, axis, side, old, stuff.conductivity_mw_per_mm_k)
    mixed = replace(
        base,
        halves=halves,
        drain=base.drain + share * (stuff.drain_mw_per_mm3_k - base.drain),
        capacity=base.capacity + share * (stuff.capacity_mj_per_mm3_k - base.capacity),
    )
    return mixed, share


def _held(grid: BoxGrid, body: Inside, samples: int) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
    """Return the cells that may hold part of a body, and which of their samples do.

    Cells next to a corner inside the body are looked into, so it must hold at least one corner of a cell.
    """
    corners = np.stack(np.meshgrid(*grid.edges_mm, indexing="ij"), axis=-1)
    known = body(corners.reshape(-1, 3)).reshape(corners.shape[:3])
    near = binary_dilation(known, np.ones((3, 3, 3), bool))
    i, j, k = np.nonzero(
        near[1:, 1:, 1:] | near[:-1, 1:, 1:] | near[1:, :-1, 1:] | near[1:, 1:, :-1]
        | near[:-1, :-1, 1:] | near[:-1, 1:, :-1] | near[1:, :-1, :-1] | near[:-1, :-1, :-1]
    )  # fmt: skip
    steps = (np.arange(samples) + 0.5) / samples
    held = np.zeros((len(i), samples, samples, samples), bool)
    for first in range(0, len(i), CELLS_AT_ONCE):
        part = slice(first, first + CELLS_AT_ONCE)
        at = [
            edges[index[part], None] + np.diff(edges)[index[part], None] * steps
            for edges, index in zip(grid.edges_mm, (i, j, k), strict=True)
        ]
        shape = (len(at[0]), samples, samples, samples)
        points = np.stack(
            [
                np.broadcast_to(at[0][:, :, None, None], shape),
                np.broadcast_to(at[1][:, None, :, None], shape),
                np.broadcast_to(at[2][:, None, None, :], shape),
            ],
            axis=-1,
        )
        held[part] = body(points.reshape(-1, 3)).reshape(shape)
    return i, j, k, held


def _tubes(held: AnyArray, axis: int, side: int, old: AnyArray, new: float) -> AnyArray:
    """Return the conductivity of half a cell along an axis: rows of samples side by side, each in series."""
    rows = np.moveaxis(held, axis + 1, -1)
    half = rows.shape[-1] // 2
    part = rows[..., :half] if side == 0 else rows[..., half:]
    share = part.mean(axis=-1)
    old = old[:, None, None]
    return (1 / (share / new + (1 - share) / old)).mean(axis=(1, 2))


def network(filled: Medium, films: Films) -> Network:
    """Return the conductances of a filled grid.

    Neighbours meet at their common face: half of one cell in series with half of the other, which keeps
    the flux the same on both sides of a jump.

    Parameters
    ----------
    filled
        The medium.
    films
        What the outer faces pass on.

    Returns
    -------
    Network
        Conductances in mW/K.
    """
    grid = filled.grid
    sink = filled.drain * grid.volume_mm3()
    faces = []
    for axis in range(3):
        length = grid.widths_mm[axis].reshape([-1 if each == axis else 1 for each in range(3)]) / 2
        low, high = (filled.halves[axis, side] * grid.area_mm2(axis) / length for side in range(2))
        across = np.zeros(grid.shape)
        inside, before = (_part(axis, slice(1, None)), _part(axis, slice(None, -1)))
        across[inside] = high[before] * low[inside] / (high[before] + low[inside])
        faces.append(padded(across, np.float32))
        area = grid.area_mm2(axis).squeeze(axis)
        for at, film, half in ((0, films[axis][0], low), (-1, films[axis][1], high)):
            sink[_part(axis, at)] += _through(film, half[_part(axis, at)], area)
    i, j, k = faces
    return Network(faces=(i, j, k), sink=padded(sink, np.float64), widths_mm=grid.widths_mm)


def _part(axis: int, part: slice | int) -> tuple[slice | int, ...]:
    """Return an index that takes a part along one axis and all of the others."""
    return tuple(part if each == axis else slice(None) for each in range(3))


def _through(film: Film, half: AnyArray, area_mm2: AnyArray) -> AnyArray:
    """Return the conductance of half a cell and the film behind it."""
    if (np.asarray(film) < 0).any() or np.isnan(film).any():
        raise InputError.because(
            where="films", found="a film below zero or not a number", expected="0, a positive number or HELD",
            remedy="Give what the face passes on for each kelvin.",
        )  # fmt: skip
    with np.errstate(divide="ignore"):
        return 1 / (1 / half + 1 / (np.asarray(film, np.float64) * area_mm2))
