# SPDX-License-Identifier: Apache-2.0
"""Messages between the corners of a mesh: each tells its neighbours what a choice would cost it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix, diags_array

from trephine.core.arrays import AnyArray


class Neighbours:
    """Who speaks to whom on a mesh, for min-sum belief propagation.

    Parameters
    ----------
    edges
        Pairs of neighbours, each once, shape (edge, 2).
    count
        Number of corners.

    Notes
    -----
    Messages have shape (2 * edge, option): one each way along every edge. Differences between neighbours cost
    in proportion to their size up to a most; messages are damped by half.

    References
    ----------
    felzenszwalb2006
    """

    def __init__(self, edges: AnyArray, count: int) -> None:
        pairs = len(edges)
        self._sender = np.concatenate([edges[:, 0], edges[:, 1]])
        self._opposite = np.concatenate([np.arange(pairs, 2 * pairs), np.arange(pairs)])
        receiver = np.concatenate([edges[:, 1], edges[:, 0]])
        each = np.ones(2 * pairs, np.float32)
        self._gather = csr_matrix((each, (receiver, np.arange(2 * pairs))), (count, 2 * pairs))
        self._joined = csr_matrix((each, (receiver, self._sender)), (count, count))

    def silence(self, options: int) -> AnyArray:
        """Return messages that say nothing, shape (2 * edge, option)."""
        return np.zeros((len(self._sender), options), np.float32)

    def heard(self, message: AnyArray) -> AnyArray:
        """Sum what every corner hears, shape (corner, option)."""
        return np.asarray(self._gather @ message)

    def told(self, own: AnyArray, message: AnyArray, weight: np.float32, most_offsets: int) -> AnyArray:
        """Return the next messages from what every corner holds, ``own`` of shape (corner, option)."""
        held = own[self._sender] - message[self._opposite]
        held -= held.min(axis=1, keepdims=True)
        options = held.shape[1]
        for index in range(1, options):
            np.minimum(held[:, index], held[:, index - 1] + weight, out=held[:, index])
        for index in range(options - 2, -1, -1):
            np.minimum(held[:, index], held[:, index + 1] + weight, out=held[:, index])
        np.minimum(held, weight * most_offsets, out=held)
        return np.float32(0.5) * (message + held)

    def averaged(self, values: AnyArray, rounds: int) -> AnyArray:
        """Average rows over neighbours, half of the way a round, shape (corner, ...)."""
        degree = np.maximum(np.asarray(self._joined.sum(axis=1)).ravel(), 1.0)
        mean = diags_array(1.0 / degree) @ self._joined
        result = np.asarray(values, dtype=np.float64)
        for _ in range(rounds):
            result = 0.5 * result + 0.5 * (mean @ result)
        return result
