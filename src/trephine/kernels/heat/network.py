# SPDX-License-Identifier: Apache-2.0
"""A block of cells that pass heat to their neighbours and lose it to a place whose rise is zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from trephine.core.arrays import AnyArray

Faces = tuple[AnyArray, AnyArray, AnyArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Conductances between cells and from cells to where the rise is zero.

    Parameters
    ----------
    faces
        For each axis an array padded by one cell a side, shape (i + 2, j + 2, k + 2), float32: at ``[i, j,
        k]`` the conductance between cells ``i - 1`` and ``i`` along that axis, mW/K; zero on the outer faces.
    sink
        What a cell loses for each kelvin (blood, skin, a held face), padded, float64, mW/K.
    widths_mm
        Widths of the cells along each axis: along which direction neighbours are close.

    Notes
    -----
    Conductances are kept as float32 and taken as exact from there on: a change of 6e-8 of a tissue's value,
    whose spread is some percent. All sums are float64.
    """

    faces: Faces
    sink: AnyArray
    widths_mm: Faces

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along each axis."""
        i, j, k = self.sink.shape
        return i - 2, j - 2, k - 2

    def with_more_sink(self, more: AnyArray) -> Network:
        """Return the same cells, each losing ``more`` (shape of the cells, mW/K) besides."""
        return Network(faces=self.faces, sink=self.sink + padded(more, np.float64), widths_mm=self.widths_mm)

    def matrix(self) -> sparse.csr_array:
        """Return the operator as a sparse matrix over the cells in C order, mW/K."""
        count = int(np.prod(self.shape))
        index = np.arange(count).reshape(self.shape)
        diagonal = inner(self.sink).astype(np.float64).ravel().copy()
        rows, columns, values = [], [], []
        for axis, face in enumerate(self.faces):
            low = index.take(range(self.shape[axis] - 1), axis).ravel()
            high = index.take(range(1, self.shape[axis]), axis).ravel()
            across = inner(face).take(range(1, self.shape[axis]), axis).ravel().astype(np.float64)
            rows += [low, high]
            columns += [high, low]
            values += [-across, -across]
            np.add.at(diagonal, low, across)
            np.add.at(diagonal, high, across)
        whole = (np.concatenate([diagonal, *values]), (
            np.concatenate([index.ravel(), *rows]), np.concatenate([index.ravel(), *columns]),
        ))  # fmt: skip
        return sparse.csr_array(whole, shape=(count, count))


def padded(values: AnyArray, dtype: type[np.generic]) -> AnyArray:
    """Return a copy with one cell of zeros around it."""
    out = np.zeros([n + 2 for n in values.shape], dtype)
    inner(out)[...] = values
    return out


def inner(values: AnyArray) -> AnyArray:
    """Return the view without the padding."""
    return values[1:-1, 1:-1, 1:-1]
