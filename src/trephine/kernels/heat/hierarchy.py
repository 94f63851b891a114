# SPDX-License-Identifier: Apache-2.0
"""Coarser and coarser networks for the multigrid cycle, by joining neighbours that are close."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import NumericalError
from trephine.kernels.heat.compiled import compiled
from trephine.kernels.heat.network import Faces, Network
from trephine.kernels.heat.sweeps import LEAST_PLANES

DIRECT_CELLS = 128
"""A network this small is solved by its inverse matrix."""
LEAST = np.float32(1e-30)
"""Smallest conductance that is divided by, mW/K."""
WIDEST_PAIR = 3.0
"""Two neighbours are joined when together they are at most so many times the smallest width."""
FEWER_SHARE = 0.7
"""Where closeness joins too few cells for this, all neighbours are joined."""
SOFTEST_SHARE = np.float32(0.5)
"""A coarse face keeps at least this share of the sum of its fine faces."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """One network of the hierarchy with its working arrays, all padded float32.

    Parameters
    ----------
    faces
        Conductances across faces, mW/K.
    inverse
        One over the sum of a cell's conductances, K/mW.
    chess
        Two rows of ones and zeros: which cells of a row a colour takes.
    u, b
        Correction and right side; they change as the cycle goes on.
    maps
        For each axis the padded coarse index of each padded index; absent on the last level.
    starts
        First padded plane of each coarse plane along the first axis, by padded coarse index.
    slabs
        Into how many slabs relaxation is shared out.
    """

    faces: Faces
    inverse: AnyArray
    chess: AnyArray
    u: AnyArray
    b: AnyArray
    maps: Faces | None
    starts: AnyArray
    slabs: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Hierarchy:
    """Levels from fine to coarse, and the inverse of the last one's matrix.

    Parameters
    ----------
    levels
        The finest first.
    last
        Inverse of the coarsest operator, float32, shape (cell, cell).
    """

    levels: tuple[Level, ...]
    last: AnyArray


def hierarchy(network: Network) -> Hierarchy:
    """Build the coarser networks.

    A coarse face is as conductive as the paths between the middles of the two aggregates: along every fine
    row that crosses it, the fine face in series with half the face inside either aggregate. The plain
    Galerkin sum would be twice too stiff in a homogeneous medium and right between two metals; this is
    right in both. A share of the sum is kept in any case, so that the correction cannot be too large by
    more than one over that share.

    Parameters
    ----------
    network
        The finest.

    Returns
    -------
    Hierarchy
        Levels down to at most ``DIRECT_CELLS`` cells.

    Raises
    ------
    NumericalError
        If no heat can leave: the operator is singular.
    """
    levels = []
    faces, sink, widths = network.faces, network.sink.astype(np.float32), network.widths_mm
    while np.prod([n - 2 for n in sink.shape]) > DIRECT_CELLS:
        maps = pairs(widths)
        levels.append(_level(faces, sink, maps))
        shape = tuple(int(m[-1]) + 1 for m in maps)
        sums = _sums(sink, *maps, np.zeros(shape, np.float32))
        faces = (
            _coarse_faces(faces[0], *maps, np.zeros(shape, np.float32), 0),
            _coarse_faces(faces[1], *maps, np.zeros(shape, np.float32), 1),
            _coarse_faces(faces[2], *maps, np.zeros(shape, np.float32), 2),
        )
        i, j, k = (np.bincount(m[1:-1] - 1, weights=w) for m, w in zip(maps, widths, strict=True))
        sink, widths = sums, (i, j, k)
    levels.append(_level(faces, sink, None))
    matrix = Network(faces=faces, sink=sink.astype(np.float64), widths_mm=widths).matrix().toarray()
    try:
        root = np.linalg.inv(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError as error:
        raise NumericalError("no heat can leave the network: neither blood nor a face takes any") from error
    return Hierarchy(levels=tuple(levels), last=(root.T @ root).astype(np.float32))


def pairs(widths_mm: Faces) -> Faces:
    """Join neighbours along each axis where they are close; return padded maps to padded coarse indices.

    Parameters
    ----------
    widths_mm
        Cell widths along each axis.

    Returns
    -------
    tuple of numpy.ndarray
        For each axis, shape (cells + 2,): the coarse index of each index.
    """
    smallest = min(float(w.min()) for w in widths_mm)
    joined = [_joined(w, WIDEST_PAIR * smallest) for w in widths_mm]
    if np.prod([m[-1] - 1.0 for m in joined]) > FEWER_SHARE * np.prod([float(len(w)) for w in widths_mm]):
        joined = [_joined(w, np.inf) for w in widths_mm]
    return joined[0], joined[1], joined[2]


def _joined(width_mm: AnyArray, widest_mm: float) -> AnyArray:
    """Join along one axis, from its low end."""
    found = np.zeros(len(width_mm) + 2, np.int64)
    i, coarse = 0, 0
    while i < len(width_mm):
        coarse += 1
        both = i + 1 < len(width_mm) and width_mm[i] + width_mm[i + 1] <= widest_mm
        found[i + 1 : i + 2 + both] = coarse
        i += 1 + both
    found[-1] = coarse + 1
    return found


def _level(faces: Faces, sink: AnyArray, maps: Faces | None) -> Level:
    """Make a level's working arrays."""
    chess = np.zeros((2, sink.shape[2]), np.float32)
    chess[0, ::2], chess[1, 1::2] = 1, 1
    starts = np.zeros(1, np.int64) if maps is None else np.searchsorted(maps[0], np.arange(maps[0][-1] + 1))
    planes = sink.shape[0] - 2
    slabs = max(1, min(numba.get_num_threads(), planes // LEAST_PLANES))
    inverse = _inverse(*faces, sink, np.zeros(sink.shape, np.float32))
    return Level(
        faces=faces, inverse=inverse, chess=chess, u=np.zeros(sink.shape, np.float32),
        b=np.zeros(sink.shape, np.float32), maps=maps, starts=starts, slabs=slabs,
    )  # fmt: skip


@compiled
def _sums(sink: AnyArray, high: AnyArray, mid: AnyArray, low: AnyArray, out: AnyArray) -> AnyArray:
    """Sum a padded array over each aggregate."""
    for i in range(1, sink.shape[0] - 1):
        for j in range(1, sink.shape[1] - 1):
            here, to = sink[i, j], out[high[i], mid[j]]
            for k in range(1, sink.shape[2] - 1):
                to[low[k]] += here[k]
    return out


@compiled
def _coarse_faces(
    face: AnyArray, high: AnyArray, mid: AnyArray, low: AnyArray, out: AnyArray, axis: int
) -> AnyArray:
    """Return the conductance of coarse faces along one axis: rows side by side, each a series."""
    along = high if axis == 0 else (mid if axis == 1 else low)
    di, dj, dk = int(axis == 0), int(axis == 1), int(axis == 2)
    for i in range(1 + di, face.shape[0] - 1):
        for j in range(1 + dj, face.shape[1] - 1):
            for k in range(1 + dk, face.shape[2] - 1):
                at = i if axis == 0 else (j if axis == 1 else k)
                across = face[i, j, k]
                if along[at] == along[at - 1] or across <= 0:
                    continue
                series = np.float32(1.0)
                if along[at - 2] == along[at - 1]:
                    series += np.float32(0.5) * across / max(face[i - di, j - dj, k - dk], LEAST)
                if along[at + 1] == along[at]:
                    series += np.float32(0.5) * across / max(face[i + di, j + dj, k + dk], LEAST)
                out[high[i], mid[j], low[k]] += across * max(np.float32(1.0) / series, SOFTEST_SHARE)
    return out


@compiled
def _inverse(gx: AnyArray, gy: AnyArray, gz: AnyArray, sink: AnyArray, out: AnyArray) -> AnyArray:
    """Return one over each cell's sum of conductances."""
    for i in range(1, sink.shape[0] - 1):
        for j in range(1, sink.shape[1] - 1):
            for k in range(1, sink.shape[2] - 1):
                out[i, j, k] = np.float32(1.0) / (
                    sink[i, j, k] + gx[i, j, k] + gx[i + 1, j, k] + gy[i, j, k] + gy[i, j + 1, k]
                    + gz[i, j, k] + gz[i, j, k + 1]
                )  # fmt: skip
    return out
