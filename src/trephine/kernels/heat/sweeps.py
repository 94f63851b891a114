# SPDX-License-Identifier: Apache-2.0
"""Passes over a padded grid, compiled: relaxation, defect to a coarser grid, correction back.

Every array of a level is padded by one cell on each side. A face array holds at ``[i, j, k]`` the conductance
between cell ``i - 1`` and cell ``i`` along its axis; faces of the outside are zero, so that no pass asks
where it is.
"""

from __future__ import annotations

import numba
import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.heat.compiled import compiled, compiled_parallel

HALF_SWEEPS = 4
"""Two sweeps of each colour before and after the coarser grid."""
LEAST_PLANES = 2 * HALF_SWEEPS
"""Planes that a slab has at least, so that its two seams do not touch."""


@compiled
def _relax_plane(
    u: AnyArray, b: AnyArray, gx: AnyArray, gy: AnyArray, gz: AnyArray, inverse: AnyArray, chess: AnyArray,
    row: AnyArray, i: int, colour: int,
) -> None:  # fmt: skip
    """Set the cells of one colour in plane ``i`` to what their neighbours ask for."""
    for j in range(1, u.shape[1] - 1):
        here, before, behind, left, right = u[i, j], u[i - 1, j], u[i + 1, j], u[i, j - 1], u[i, j + 1]
        ax, bx, ay, by, az = gx[i, j], gx[i + 1, j], gy[i, j], gy[i, j + 1], gz[i, j]
        source, inv = b[i, j], inverse[i, j]
        for k in range(1, u.shape[2] - 1):
            row[k] = (
                source[k] + ax[k] * before[k] + bx[k] * behind[k] + ay[k] * left[k] + by[k] * right[k]
                + az[k] * here[k - 1] + az[k + 1] * here[k + 1]
            ) * inv[k]  # fmt: skip
        share = chess[(i + j + colour) & 1]
        for k in range(1, u.shape[2] - 1):
            here[k] += share[k] * (row[k] - here[k])


@compiled_parallel
def relax(
    u: AnyArray, b: AnyArray, gx: AnyArray, gy: AnyArray, gz: AnyArray, inverse: AnyArray, chess: AnyArray,
    colour: int, slabs: int,
) -> None:  # fmt: skip
    """Relax two sweeps, red and black in turn, in one pass through memory.

    Half sweep ``q`` follows one plane behind half sweep ``q - 1``. Slabs go on side by side, each as far
    as it can without its neighbours; the seams are finished after. The outcome does not depend on ``slabs``.
    """
    planes = u.shape[0] - 2
    for s in numba.prange(slabs):
        row = np.zeros(u.shape[2], np.float32)
        first, end = 1 + s * planes // slabs, 1 + (s + 1) * planes // slabs
        for front in range(first, end + HALF_SWEEPS - 1):
            for q in range(HALF_SWEEPS):
                i = front - q
                lowest = first if s == 0 else first + q
                highest = end if s == slabs - 1 else end - q
                if lowest <= i < highest:
                    _relax_plane(u, b, gx, gy, gz, inverse, chess, row, i, (colour + q) & 1)
    for s in numba.prange(1, slabs):
        row = np.zeros(u.shape[2], np.float32)
        seam = 1 + s * planes // slabs
        for q in range(1, HALF_SWEEPS):
            for i in range(seam - q, seam + q):
                _relax_plane(u, b, gx, gy, gz, inverse, chess, row, i, (colour + q) & 1)


@compiled_parallel
def defect_to_coarse(
    u: AnyArray, b: AnyArray, gx: AnyArray, gy: AnyArray, gz: AnyArray, inverse: AnyArray,
    starts: AnyArray, mid: AnyArray, low: AnyArray, coarse: AnyArray,
) -> None:  # fmt: skip
    """Sum the defect over the cells of each aggregate.

    ``starts`` holds the first fine plane of each coarse one; ``mid`` and ``low`` the coarse index of each
    fine index along the other two axes. ``coarse`` is overwritten.
    """
    for block in numba.prange(1, coarse.shape[0] - 1):
        row = np.zeros(u.shape[2], np.float32)
        coarse[block] = 0
        for i in range(starts[block], starts[block + 1]):
            for j in range(1, u.shape[1] - 1):
                here, before, behind, left, right = (
                    u[i, j], u[i - 1, j], u[i + 1, j], u[i, j - 1], u[i, j + 1],
                )  # fmt: skip
                ax, bx, ay, by, az = gx[i, j], gx[i + 1, j], gy[i, j], gy[i, j + 1], gz[i, j]
                source, inv = b[i, j], inverse[i, j]
                for k in range(1, u.shape[2] - 1):
                    row[k] = (
                        source[k] + ax[k] * before[k] + bx[k] * behind[k] + ay[k] * left[k]
                        + by[k] * right[k] + az[k] * here[k - 1] + az[k + 1] * here[k + 1]
                        - here[k] / inv[k]
                    )  # fmt: skip
                out = coarse[block, mid[j]]
                for k in range(1, u.shape[2] - 1):
                    out[low[k]] += row[k]


@compiled_parallel
def correct(u: AnyArray, high: AnyArray, mid: AnyArray, low: AnyArray, coarse: AnyArray) -> None:
    """Add each aggregate's correction to its cells."""
    for i in numba.prange(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            here, add = u[i, j], coarse[high[i], mid[j]]
            for k in range(1, u.shape[2] - 1):
                here[k] += add[low[k]]


@compiled_parallel
def apply(p: AnyArray, gx: AnyArray, gy: AnyArray, gz: AnyArray, sink: AnyArray, out: AnyArray) -> AnyArray:
    """Write the operator's value at ``p`` to ``out``; return ``p . out`` of each plane."""
    dots = np.zeros(p.shape[0])
    for i in numba.prange(1, p.shape[0] - 1):
        total = 0.0
        for j in range(1, p.shape[1] - 1):
            here, before, behind, left, right = p[i, j], p[i - 1, j], p[i + 1, j], p[i, j - 1], p[i, j + 1]
            ax, bx, ay, by, az = gx[i, j], gx[i + 1, j], gy[i, j], gy[i, j + 1], gz[i, j]
            drawn, to = sink[i, j], out[i, j]
            for k in range(1, p.shape[2] - 1):
                c = here[k]
                to[k] = (
                    drawn[k] * c + ax[k] * (c - before[k]) + bx[k] * (c - behind[k]) + ay[k] * (c - left[k])
                    + by[k] * (c - right[k]) + az[k] * (c - here[k - 1]) + az[k + 1] * (c - here[k + 1])
                )  # fmt: skip
            for k in range(1, p.shape[2] - 1):
                total += here[k] * to[k]
        dots[i] = total
    return dots


@compiled_parallel
def step(x: AnyArray, r: AnyArray, r32: AnyArray, p: AnyArray, q: AnyArray, length: float) -> AnyArray:
    """Go ``length`` along ``p``; return each plane's squares and sum of what is left, shape (plane, 2)."""
    sums = np.zeros((x.shape[0], 2))
    for i in numba.prange(1, x.shape[0] - 1):
        squares, total = 0.0, 0.0
        for j in range(1, x.shape[1] - 1):
            xs, rs, r32s, ps, qs = x[i, j], r[i, j], r32[i, j], p[i, j], q[i, j]
            for k in range(1, x.shape[2] - 1):
                xs[k] += length * ps[k]
            for k in range(1, x.shape[2] - 1):
                left = rs[k] - length * qs[k]
                rs[k] = left
                squares += left * left
                total += left
            for k in range(1, x.shape[2] - 1):
                r32s[k] = rs[k]
        sums[i, 0], sums[i, 1] = squares, total
    return sums


@compiled_parallel
def dots(r: AnyArray, z: AnyArray) -> AnyArray:
    """Return ``r . z`` of each plane."""
    found = np.zeros(r.shape[0])
    for i in numba.prange(1, r.shape[0] - 1):
        total = 0.0
        for j in range(1, r.shape[1] - 1):
            rs, zs = r[i, j], z[i, j]
            for k in range(1, r.shape[2] - 1):
                total += rs[k] * zs[k]
        found[i] = total
    return found


@compiled_parallel
def turn(p: AnyArray, z: AnyArray, share: float) -> None:
    """Turn the direction to ``z`` plus ``share`` of the last one."""
    for i in numba.prange(1, p.shape[0] - 1):
        for j in range(1, p.shape[1] - 1):
            ps, zs = p[i, j], z[i, j]
            for k in range(1, p.shape[2] - 1):
                ps[k] = zs[k] + share * ps[k]
