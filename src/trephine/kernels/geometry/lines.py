# SPDX-License-Identifier: Apache-2.0
"""Cheapest lines over a mesh or through voxels, and how far a line bulges to one side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from skimage.graph import MCP_Geometric

from trephine.core.arrays import AnyArray, Faces, Points, Vector3


@dataclass(frozen=True, kw_only=True, eq=False)
class Edges:
    """Edges of a mesh, each once.

    Parameters
    ----------
    ends
        Corner numbers, shape (edge, 2).
    length_mm
        Shape (edge,).
    count
        Corners of the mesh.
    """

    ends: AnyArray
    length_mm: AnyArray
    count: int

    @classmethod
    def of(cls, points_mm: Points, faces: Faces) -> Edges:
        """List the edges of a mesh.

        Parameters
        ----------
        points_mm
            Corners, shape (corner, 3).
        faces
            Shape (face, 3).
        """
        pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        ends = np.unique(np.sort(pairs, axis=1), axis=0)
        length = np.linalg.norm(points_mm[ends[:, 0]] - points_mm[ends[:, 1]], axis=1)
        # A stored zero would read as no edge.
        return cls(ends=ends, length_mm=np.maximum(length, 1e-6), count=len(points_mm))

    def within(self, sources: AnyArray, reach_mm: float) -> AnyArray:
        """Tell which corners lie at most so far from some others along the mesh, shape (corner,)."""
        graph = self._graph(self.length_mm, self.ends, self.count)
        near = dijkstra(graph, directed=False, indices=sources, min_only=True, limit=reach_mm)
        return np.isfinite(near)

    def cheapest_line(
        self, cost_per_mm: AnyArray, entry_cost: AnyArray, exit_cost: AnyArray
    ) -> tuple[AnyArray, float]:
        """Find the line over the mesh with the least sum of costs.

        Parameters
        ----------
        cost_per_mm
            Of each corner, at least 0, shape (corner,).
        entry_cost, exit_cost
            Of beginning and of ending at a corner; infinite where it must not, shape (corner,).

        Returns
        -------
        tuple
            Corner numbers in order, empty when there is no way, shape (n,); its cost.
        """
        tiny = 1e-9
        step = 0.5 * self.length_mm * (cost_per_mm[self.ends[:, 0]] + cost_per_mm[self.ends[:, 1]])
        first, last = np.flatnonzero(np.isfinite(entry_cost)), np.flatnonzero(np.isfinite(exit_cost))
        gate_in, gate_out = self.count, self.count + 1
        ends = np.concatenate(
            [
                self.ends,
                np.column_stack([first, np.full(len(first), gate_in)]),
                np.column_stack([last, np.full(len(last), gate_out)]),
            ]
        )
        weight = np.concatenate([step, entry_cost[first], exit_cost[last]]) + tiny
        graph = self._graph(weight, ends, self.count + 2)
        total, before = dijkstra(graph, directed=False, indices=gate_in, return_predecessors=True)
        if not np.isfinite(total[gate_out]):
            return np.zeros(0, dtype=np.intp), float("inf")
        line = [int(before[gate_out])]
        while before[line[-1]] != gate_in:
            line.append(int(before[line[-1]]))
        return np.array(line[::-1], dtype=np.intp), float(total[gate_out])

    @staticmethod
    def _graph(weight: AnyArray, ends: AnyArray, count: int) -> csr_matrix[Any]:
        return csr_matrix((weight, (ends[:, 0], ends[:, 1])), (count, count))


def cheapest_voxels(cost: AnyArray, start: AnyArray, stop: AnyArray) -> AnyArray:
    """Find the way from one voxel to another with the least sum of costs.

    Parameters
    ----------
    cost
        Of a step of one voxel, above 0; negative where no way leads, shape (i, j, k).
    start, stop
        Indices, shape (3,).

    Returns
    -------
    numpy.ndarray
        Indices in order, shape (n, 3); empty when there is no way.
    """
    ways = MCP_Geometric(cost, fully_connected=True)
    first, last = tuple(int(n) for n in start), tuple(int(n) for n in stop)
    total, _ = ways.find_costs([first], [last])
    if not np.isfinite(total[last]):
        return np.zeros((0, 3), dtype=np.intp)
    return np.array(ways.traceback(last), dtype=np.intp)


def evened_line(points_mm: Points, step_mm: float, sd_mm: float) -> Points:
    """Return a line at even steps, smoothed along itself by a bell.

    Parameters
    ----------
    points_mm
        In order, shape (n, 3), at least two.
    step_mm, sd_mm
        Between the places returned; of the bell.

    Returns
    -------
    numpy.ndarray
        Shape (m, 3).
    """
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points_mm, axis=0), axis=1))])
    place = np.arange(0.0, along[-1] + 1e-9, step_mm)
    even = np.column_stack([np.interp(place, along, points_mm[:, axis]) for axis in range(3)])
    return np.asarray(gaussian_filter1d(even, sd_mm / step_mm, axis=0, mode="nearest"))


def heights_over_chord(line_mm: Points, half: int, outward: Points, towards: Vector3) -> AnyArray:
    """Return how far each place of a line stands out from the chord between two others, to one side.

    Parameters
    ----------
    line_mm
        Places at even steps, shape (n, 3).
    half
        Steps from a place to each end of its chord.
    outward
        Unit vectors along which nothing is measured, such as away from a ball's middle, shape (n, 3).
    towards
        The side that counts as positive, shape (3,).

    Returns
    -------
    numpy.ndarray
        Height square to chord and ``outward``; not a number at the ends of the line, shape (n,).
    """
    height = np.full(len(line_mm), np.nan)
    if len(line_mm) > 2 * half:
        before, after, here = line_mm[: -2 * half], line_mm[2 * half :], line_mm[half:-half]
        across = np.cross(after - before, outward[half:-half])
        across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
        across *= np.where(across @ towards < 0, -1.0, 1.0)[:, None]
        height[half:-half] = np.einsum("ij,ij->i", here - 0.5 * (before + after), across)
    return height
