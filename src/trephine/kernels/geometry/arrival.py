# SPDX-License-Identifier: Apache-2.0
"""When a front that starts on a surface arrives at each voxel."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Mask3


def arrival(known: AnyArray, is_known: Mask3, slowness: AnyArray, *, sweeps: int) -> AnyArray:
    """Carry arrival times outward from where they are known.

    Parameters
    ----------
    known
        Times where ``is_known``, in voxels at slowness 1, shape (i, j, k); infinite elsewhere.
    is_known
        Voxels that keep their time, same shape.
    slowness
        Time to cross a voxel, same shape; infinite where the front may not go, and on the border.
    sweeps
        Rounds; the front advances one voxel a round.

    Returns
    -------
    numpy.ndarray
        float32, same shape; infinite where the front did not arrive.

    Notes
    -----
    The first-order upwind scheme for the eikonal equation, all voxels at once. Its error is at most 0.16
    voxels over eight from a ball of 20 voxels radius, and 0.5 over six from one of 5.

    References
    ----------
    sethian1996
    """
    times = np.where(is_known, known, np.inf).astype(np.float32)
    flat = times.ravel()
    steps = (times.shape[1] * times.shape[2], times.shape[2], 1)
    free = np.flatnonzero(~is_known.ravel() & np.isfinite(slowness.ravel()))
    cost = slowness.ravel()[free].astype(np.float32)
    for _ in range(sweeps):
        near = np.stack([np.minimum(flat[free - step], flat[free + step]) for step in steps])
        near.sort(axis=0)
        is_reached = np.isfinite(near[0])
        index = free[is_reached]
        flat[index] = np.minimum(flat[index], _upwind(near[:, is_reached], cost[is_reached]))
    return times


def _upwind(near: AnyArray, cost: AnyArray) -> AnyArray:
    """Solve one voxel's equation from its earliest neighbours along each axis, sorted, shape (3, voxel)."""
    first, second, third = (np.minimum(row, np.float32(1e6)) for row in near)
    result = first + cost
    uses_two = result > second
    spread = 2 * cost**2 - (first - second) ** 2
    result = np.where(uses_two, (first + second + np.sqrt(np.maximum(spread, 0))) / 2, result)
    uses_three = uses_two & (result > third)
    total = first + second + third
    spread = total**2 - 3 * (first**2 + second**2 + third**2 - cost**2)
    return np.asarray(np.where(uses_three, (total + np.sqrt(np.maximum(spread, 0))) / 3, result))
