# SPDX-License-Identifier: Apache-2.0
"""How high a smooth map of normal scores rises somewhere by chance."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from trephine.core.arrays import AnyArray, Mask3

_LEAST_FULL_WIDTH_VOXEL = 1.0
_HIGHEST_Z = 12.0


def full_width_voxel(residuals: AnyArray, mask: Mask3) -> AnyArray:
    """Estimate how smooth noise is, from the residuals of a model.

    Parameters
    ----------
    residuals
        One row a moment, one column a voxel of the mask, shape (time, voxel).
    mask
        Where the voxels are, shape (i, j, k).

    Returns
    -------
    numpy.ndarray
        Full width at half maximum of the Gaussian that would make white noise as smooth, along i, j, k, in
        voxels, shape (3,), at least 1.

    Notes
    -----
    From the correlation r of neighbours: a field of Gaussian autocorrelation has
    ``r = exp(-2 ln 2 / width**2)`` [forman1995]_.
    """
    size = np.sqrt((residuals**2).sum(axis=0))
    unit = residuals / np.where(size > 0, size, 1.0)
    where = np.full(mask.shape, -1)
    where[mask] = np.arange(int(mask.sum()))
    widths = []
    for axis in range(3):
        first = np.moveaxis(where, axis, 0)[:-1].ravel()
        second = np.moveaxis(where, axis, 0)[1:].ravel()
        both = (first >= 0) & (second >= 0)
        alike = np.einsum("tv,tv->v", unit[:, first[both]], unit[:, second[both]])
        r = float(np.clip(np.mean(alike) if alike.size else 0.0, 1e-6, 1 - 1e-9))
        widths.append(np.sqrt(-2.0 * np.log(2.0) / np.log(r)))
    return np.maximum(np.array(widths), _LEAST_FULL_WIDTH_VOXEL)


def resels(mask: Mask3, width_voxel: AnyArray) -> AnyArray:
    """Count the resolution elements of a search region in 0 to 3 dimensions.

    Parameters
    ----------
    mask
        Voxels searched, shape (i, j, k).
    width_voxel
        Full width at half maximum of the noise along i, j, k, in voxels, shape (3,).

    Returns
    -------
    numpy.ndarray
        Shape (4,), from the points, edges, faces and cubes between voxel centres [worsley1996]_.
    """
    padded = np.pad(mask, 1)
    per = 1.0 / np.asarray(width_voxel, dtype=np.float64)

    def count(*axes: int) -> int:
        whole = padded
        for axis in axes:
            whole = np.logical_and(whole, np.roll(whole, -1, axis=axis))
        return int(whole.sum())

    points, cubes = count(), count(0, 1, 2)
    edges = [count(axis) for axis in range(3)]
    faces = {pair: count(*pair) for pair in ((0, 1), (0, 2), (1, 2))}
    one = sum(
        per[axis] * (edges[axis] - sum(n for pair, n in faces.items() if axis in pair) + cubes)
        for axis in range(3)
    )
    two = sum(per[a] * per[b] * (number - cubes) for (a, b), number in faces.items())
    zero = points - sum(edges) + sum(faces.values()) - cubes
    return np.array([zero, one, two, cubes * per.prod()], dtype=np.float64)


def peak_probability(z: AnyArray, counts: AnyArray, elements: int) -> AnyArray:
    """Return the chance that noise alone rises to a height anywhere in a region (family-wise).

    Parameters
    ----------
    z
        Heights, any shape.
    counts
        From ``resels``.
    elements
        Independent measurements in the region, at most; for Bonferroni's bound.

    Returns
    -------
    numpy.ndarray
        The smaller of the expected Euler characteristic [worsley1996]_ and Bonferroni's bound, at most 1.
    """
    z = np.asarray(z, dtype=np.float64)
    k, bell = 4.0 * np.log(2.0), np.exp(-0.5 * z**2)
    densities = np.stack(
        [
            norm.sf(z),
            np.sqrt(k) / (2 * np.pi) * bell,
            k / (2 * np.pi) ** 1.5 * z * bell,
            k**1.5 / (2 * np.pi) ** 2 * (z**2 - 1) * bell,
        ]
    )
    expected = np.tensordot(counts, densities, axes=1)
    # Below z of 2 the Euler characteristic of a smooth field says nothing about its maximum.
    expected = np.where(z > 2.0, expected, 1.0)
    return np.clip(np.minimum(expected, elements * norm.sf(z)), 0.0, 1.0)


def least_peak_z(false_fraction: float, counts: AnyArray, elements: int) -> float:
    """Return the height that noise alone reaches anywhere in a region with a given probability."""
    return float(
        brentq(
            lambda z: float(peak_probability(np.array(z), counts, elements)) - false_fraction,
            2.0,
            _HIGHEST_Z,
            xtol=1e-4,
        )
    )
