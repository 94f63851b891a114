# SPDX-License-Identifier: Apache-2.0
"""Rises that can be written down: what every numerical answer is held against.

Units throughout: mm, s, K, mW; conductivity in mW/(mm K) = W/(m K), drain in mW/(mm3 K), capacity in
mJ/(mm3 K).
"""

from __future__ import annotations

import numpy as np
from scipy.special import erfcx

from trephine.core.arrays import AnyArray


def reach_mm(conductivity: AnyArray, drain: AnyArray) -> AnyArray:
    """Return the length over which blood takes up heat."""
    return np.sqrt(np.asarray(conductivity) / np.asarray(drain))


def point(power_mw: AnyArray, at_mm: AnyArray, conductivity: AnyArray, drain: AnyArray) -> AnyArray:
    """Return the steady rise at a distance from a point of power in an endless perfused medium."""
    r = np.asarray(at_mm)
    return power_mw / (4 * np.pi * conductivity * r) * np.exp(-r / reach_mm(conductivity, drain))


def point_in_time(
    power_mw: AnyArray, at_mm: AnyArray, time_s: AnyArray, conductivity: AnyArray, drain: AnyArray,
    capacity: AnyArray,
) -> AnyArray:  # fmt: skip
    """Return the rise at a time after a point in an endless perfused medium began to give off power."""
    r, t = np.asarray(at_mm, float), np.asarray(time_s, float)
    spread, rate = r / (2 * np.sqrt(conductivity / capacity * t)), np.sqrt(drain / capacity * t)
    # Both terms hold exp(-spread^2 - rate^2) once the scaled erfc is used, so that neither overflows.
    far = np.exp(-(spread**2) - rate**2)
    plus, minus = spread + rate, spread - rate
    near = np.where(
        minus > 0, far * erfcx(np.abs(minus)),
        2 * np.exp(-r / reach_mm(conductivity, drain)) - far * erfcx(np.abs(minus)),
    )  # fmt: skip
    return power_mw / (8 * np.pi * conductivity * r) * (near + far * erfcx(plus))


def sphere_flux(
    power_mw: AnyArray, radius_mm: AnyArray, at_mm: AnyArray, conductivity: AnyArray, drain: AnyArray
) -> AnyArray:
    """Return the steady rise outside a sphere that gives off power at its surface."""
    reach, r = reach_mm(conductivity, drain), np.asarray(at_mm)
    return (
        power_mw / (4 * np.pi * conductivity * r * (1 + radius_mm / reach)) * np.exp(-(r - radius_mm) / reach)
    )


def sphere_filled(
    power_mw: AnyArray, radius_mm: AnyArray, at_mm: AnyArray, conductivity: AnyArray, drain: AnyArray
) -> AnyArray:
    """Return the steady rise in and around a sphere of the medium itself, heated evenly."""
    reach = reach_mm(conductivity, drain)
    a, x = radius_mm / reach, np.maximum(np.asarray(at_mm, float) / reach, 1e-12)
    level = power_mw / (4 / 3 * np.pi * radius_mm**3) / drain
    inside = level * (1 - (1 + a) * np.exp(-a) * np.sinh(np.minimum(x, a)) / np.minimum(x, a))
    outside = level * (a * np.cosh(a) - np.sinh(a)) * np.exp(-x) / x
    return np.where(x <= a, inside, outside)


def disc_centre(power_mw: AnyArray, radius_mm: AnyArray, conductivity: AnyArray, drain: AnyArray) -> AnyArray:
    """Return the steady rise at the middle of an even disc on an otherwise insulated perfused half-space."""
    reach = reach_mm(conductivity, drain)
    flux = power_mw / (np.pi * np.asarray(radius_mm) ** 2)
    return flux * reach / conductivity * (1 - np.exp(-radius_mm / reach))


def slabs(
    flux: AnyArray,
    sheet: int,
    thickness_mm: AnyArray,
    conductivity: AnyArray,
    drain: AnyArray,
    film: AnyArray,
) -> AnyArray:
    """Return the steady rise at the planes of stacked perfused slabs heated by a sheet on one plane.

    Parameters
    ----------
    flux
        Power of the sheet, mW/mm2.
    sheet
        Plane on which it lies; plane 0 is the low face.
    thickness_mm, conductivity, drain
        Of each slab, shape (slab,).
    film
        What the low face passes on, mW/(mm2 K); the high face is held at zero.

    Returns
    -------
    numpy.ndarray
        Rise at every plane, shape (slab + 1,).
    """
    count = len(thickness_mm)
    matrix, right = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
    matrix[0, 0] = film
    for n, (d, k, w) in enumerate(zip(thickness_mm, conductivity, drain, strict=True)):
        m = np.sqrt(w / k)
        own, other = (k * m / np.tanh(m * d), k * m / np.sinh(m * d)) if w > 0 else (k / d, k / d)
        matrix[n, n] += own
        matrix[n + 1, n + 1] += own
        matrix[n, n + 1] -= other
        matrix[n + 1, n] -= other
    right[sheet] = flux
    return np.append(np.linalg.solve(matrix[:-1, :-1], right[:-1]), 0.0)
