# SPDX-License-Identifier: Apache-2.0
"""Places where tubes fill more of the room than one tube could."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4

_BLOCK_MM = 2.0
_BELL_MM = 6.0
_OTHER_SIDE_MM = 15.0
_LESS_FRACTION = 0.5


@dataclass(frozen=True, kw_only=True)
class Knot:
    """A dense place.

    Parameters
    ----------
    centre_mm
        Where it is densest, in the mask's frame.
    size_mm
        Diameter of a ball of the volume over the limit.
    density_fraction
        Share of the room that tubes fill there, over a bell of 6 mm standard deviation.
    other_side_fraction
        The largest share within 15 mm of the mirrored place.
    """

    centre_mm: tuple[float, float, float]
    size_mm: float
    density_fraction: float
    other_side_fraction: float


def densest_of_one_tube(diameter_mm: float) -> float:
    """Return the share that a straight tube fills at its middle, over a bell of 6 mm."""
    return float(1.0 - np.exp(-((diameter_mm / 2) ** 2) / (2 * _BELL_MM**2)))


def dense_knots(label: Mask3, affine_mm: Matrix4, widest_mm: float, middle_mm: float) -> tuple[Knot, ...]:
    """Find places denser than one tube of the widest size, with no match on the other side.

    Parameters
    ----------
    label
        Tubes, shape (i, j, k).
    affine_mm
        From voxel indices to a frame whose x axis runs from left to right.
    widest_mm
        Widest single tube that is usual.
    middle_mm
        x of the mirror plane.

    Returns
    -------
    tuple
        Densest first; empty when there is none.

    Notes
    -----
    Large veins that come in pairs, or lie in the middle, are dense on both sides and are left out; so is a
    knot that has a match. Knots smaller than about 15 mm fill too little of the bell and are missed.
    """
    voxel_mm = np.linalg.norm(affine_mm[:3, :3], axis=0)
    block = np.maximum(1, np.round(_BLOCK_MM / voxel_mm).astype(int))
    wide = np.pad(label, [(0, int(-n % b)) for n, b in zip(label.shape, block, strict=True)])
    i, j, k = (n // b for n, b in zip(wide.shape, block, strict=True))
    share = wide.reshape(i, block[0], j, block[1], k, block[2]).mean(axis=(1, 3, 5), dtype=np.float32)
    density = ndimage.gaussian_filter(share, _BELL_MM / (block * voxel_mm), truncate=3.0, mode="constant")
    scale = np.diag([*block.astype(float), 1.0])
    scale[:3, 3] = (block - 1) / 2
    coarse_mm = affine_mm @ scale
    part, count = ndimage.label(density >= densest_of_one_tube(widest_mm))
    block_mm3 = abs(float(np.linalg.det(coarse_mm[:3, :3])))
    knots = [_knot(density, part == index + 1, coarse_mm, middle_mm, block_mm3) for index in range(count)]
    one_sided = [k for k in knots if k.other_side_fraction < _LESS_FRACTION * k.density_fraction]
    return tuple(sorted(one_sided, key=lambda knot: -knot.density_fraction))


def _knot(density: AnyArray, part: Mask3, coarse_mm: Matrix4, middle_mm: float, block_mm3: float) -> Knot:
    place = np.unravel_index(int(np.argmax(np.where(part, density, -1.0))), density.shape)
    centre = coarse_mm[:3, :3] @ np.array(place, dtype=float) + coarse_mm[:3, 3]
    mirrored = np.array([2 * middle_mm - centre[0], centre[1], centre[2]])
    index = np.moveaxis(np.indices(density.shape), 0, -1)
    where = index @ coarse_mm[:3, :3].T + coarse_mm[:3, 3]
    near = np.linalg.norm(where - mirrored, axis=-1) <= _OTHER_SIDE_MM
    return Knot(
        centre_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        size_mm=float(2 * np.cbrt(3 * float(part.sum()) * block_mm3 / (4 * np.pi))),
        density_fraction=float(density[place]),
        other_side_fraction=float(density[near].max()) if near.any() else 0.0,
    )
