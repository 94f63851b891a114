# SPDX-License-Identifier: Apache-2.0
"""A curved surface behind which the rise is zero: heat passes its film, whatever the stairs of the cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from trephine.core.arrays import AnyArray
from trephine.kernels.heat.medium import Medium
from trephine.kernels.heat.network import Network, inner, padded

SMOOTH_CELLS = 2.0
"""Over how many cells the surface's direction is taken."""


def cooled(passed: Network, filled: Medium, outside: AnyArray, film_mw_per_mm2_k: float) -> Network:
    """Cut off what lies outside, and let heat through the surface to it.

    Parameters
    ----------
    passed
        Conductances as if all were solid.
    filled
        The medium they came from.
    outside
        Cells whose rise is held at zero, shape of the cells.
    film_mw_per_mm2_k
        What the surface passes on for each kelvin.

    Returns
    -------
    Network
        Outside cells are cut off and stay at zero. Every stair counts with the share of it that faces the
        surface's own direction, so that stairs do not enlarge the surface.
    """
    smooth = gaussian_filter(outside.astype(np.float64), SMOOTH_CELLS)
    slope = np.stack(np.gradient(smooth, *filled.grid.centres_mm))
    facing = np.abs(slope) / np.maximum(np.linalg.norm(slope, axis=0), 1e-12)
    sink, faces = inner(passed.sink).copy(), []
    sink[outside] = 1.0  # anything: nothing reaches these cells
    for axis, face in enumerate(passed.faces):
        low, high = (_ends(outside, axis, end) for end in (0, 1))
        kept = inner(face).copy()
        at = [slice(None)] * 3
        at[axis] = slice(1, None)
        kept[tuple(at)][low | high] = 0
        faces.append(padded(kept, np.float32))
        width = filled.grid.widths_mm[axis].reshape([-1 if each == axis else 1 for each in range(3)])
        area = np.broadcast_to(filled.grid.area_mm2(axis), outside.shape)
        for end, is_surface in ((1, ~low & high), (0, low & ~high)):
            half = filled.halves[axis, end] * area / (width / 2)
            film = film_mw_per_mm2_k * area * facing[axis]
            through = half * film / np.maximum(half + film, 1e-30)
            part = _part(axis, 1 - end)
            sink[part] += np.where(is_surface, through[part], 0)
    i, j, k = faces
    return replace(passed, faces=(i, j, k), sink=padded(sink, np.float64))


def _part(axis: int, end: int) -> tuple[slice, ...]:
    """Return the index of the low (0) or high (1) cell of every pair of neighbours along an axis."""
    part = slice(1, None) if end else slice(None, -1)
    return tuple(part if each == axis else slice(None) for each in range(3))


def _ends(values: AnyArray, axis: int, end: int) -> AnyArray:
    return values[_part(axis, end)]
