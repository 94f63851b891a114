# SPDX-License-Identifier: Apache-2.0
"""Parallel slices, shifted against each other and unevenly spaced, looked up on an even upright grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray


def evened(
    read: Callable[[int], AnyArray],
    at_mm: AnyArray,
    shift_pixel: AnyArray,
    plane_mm: AnyArray,
    outside: float,
) -> AnyArray:
    """Bring slices onto planes of even distance, one above the other.

    Parameters
    ----------
    read
        Gives slice ``s`` as an array of shape (row, column).
    at_mm
        Where each slice lies along the normal, rising, shape (slice,).
    shift_pixel
        By how many rows and columns each slice's first pixel lies behind that of the new grid, shape
        (slice, 2), not negative.
    plane_mm
        Where the new planes lie along the normal, rising, within ``at_mm``, shape (plane,).
    outside
        Where there is no slice.

    Returns
    -------
    numpy.ndarray
        float32, shape (row, column, plane).

    Notes
    -----
    Linear within a slice and linear between the two slices on either side: no value lies outside those of the
    slices. A plane that coincides with a slice shows it alone.
    """
    extra = np.ceil(shift_pixel.max(axis=0) - 1e-6).astype(int)
    moved: dict[int, AnyArray] = {}

    def slice_at(index: int) -> AnyArray:
        if index not in moved:
            values = np.asarray(read(index), dtype=np.float32)
            wide = np.full(np.array(values.shape) + extra, np.float32(outside), dtype=np.float32)
            wide[: values.shape[0], : values.shape[1]] = values
            moved[index] = ndimage.shift(
                wide, shift_pixel[index], order=1, mode="constant", cval=outside, prefilter=False
            )
        return moved[index]

    planes = []
    for plane in plane_mm:
        below = int(np.clip(np.searchsorted(at_mm, plane, side="right") - 1, 0, max(len(at_mm) - 2, 0)))
        for old in [index for index in moved if index < below]:
            del moved[old]
        share = np.float32((plane - at_mm[below]) / (at_mm[below + 1] - at_mm[below]))
        planes.append((1 - share) * slice_at(below) + share * slice_at(below + 1))
    return np.stack(planes, axis=-1)
