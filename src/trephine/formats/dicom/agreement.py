# SPDX-License-Identifier: Apache-2.0
"""Hold a converted image against the slices that it was made from, point by point.

This is the proof of a conversion. It reads positions and pixels from the files by its own way: at random
voxels of the image it works out where they lie in the person, looks the slices up there, and compares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.core.random import generator
from trephine.formats.dicom.order import Ordered, normal_of
from trephine.formats.dicom.picture import Picture, placed
from trephine.formats.dicom.pixels import values_of
from trephine.model.volume import Grid

POINTS = 4000
LEAST_POINTS = 2000
LEAST_AGREEING_SHARE = 0.995
"""A wrong turn, tilt or spacing leaves far fewer; rounding and edges cost a few in a thousand. Assumed."""
_LEAST_COVERED_SHARE = 0.98
"""Of the slices' own area that the image must show. Assumed."""
_TOLERANCE_SHARE = 0.002
"""Of the range between the 1st and 99th percentile. Assumed."""
_ROUNDING = 0.51
"""Half a step of a whole number."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How an image agrees with its slices.

    Parameters
    ----------
    points
        Voxels that were compared.
    agreeing_share
        Of them, those whose value is that of the slices.
    covered_share
        Of random points of the slices, those that lie in the image.
    """

    points: int
    agreeing_share: float
    covered_share: float

    @property
    def is_good(self) -> bool:
        """Whether the image may be trusted."""
        return (
            self.points >= LEAST_POINTS
            and self.agreeing_share >= LEAST_AGREEING_SHARE
            and self.covered_share >= _LEAST_COVERED_SHARE
        )


def agreement(stack: Ordered, repetition: int, values: AnyArray, grid: Grid) -> Agreement:
    """Compare an image with one repetition of a stack.

    Parameters
    ----------
    stack
        In order.
    repetition
        Which of the stack's repetitions the image shows.
    values, grid
        The image, in RAS mm.

    Returns
    -------
    Agreement
        Shares of points.

    Notes
    -----
    Half of the voxels are drawn from the brighter part, so that air cannot decide. Between slices the value
    is linear in between.
    """
    pictures = stack.pictures[repetition]
    slices = [values_of(picture) for picture in pictures]
    voxels = _drawn(values, slices)
    expected, is_known = _looked_up(pictures, slices, stack.at_mm, grid.mm_of(voxels.astype(np.float64)))
    found = values[tuple(voxels.T)].astype(np.float64)[is_known]
    low, high = np.percentile(np.concatenate([part[::4, ::4].ravel() for part in slices]), (1.0, 99.0))
    tolerance = max(_ROUNDING if values.dtype.kind in "iu" else 0.0, _TOLERANCE_SHARE * float(high - low))
    agreeing = np.abs(found - expected[is_known]) <= tolerance
    return Agreement(
        points=int(is_known.sum()),
        agreeing_share=float(agreeing.mean()) if agreeing.size else 0.0,
        covered_share=_covered(pictures, grid),
    )


def check_agreement(found: Agreement) -> None:
    """Refuse an image that is not what its slices show.

    Raises
    ------
    InputError
        With the shares that were found.
    """
    if found.is_good:
        return
    raise InputError.because(
        where="converted image",
        found=f"{found.agreeing_share:.1%} of {found.points} points with the slices' own value, and "
        f"{found.covered_share:.1%} of the slices inside the image",
        expected=f"at least {LEAST_AGREEING_SHARE:.1%} of {LEAST_POINTS} points, "
        f"and {_LEAST_COVERED_SHARE:.0%}",
        remedy="The conversion is wrong in place or value and is not used; report which scanner wrote it.",
    )


def _drawn(values: AnyArray, slices: list[AnyArray]) -> AnyArray:
    """Draw voxels, half of them anywhere and half among the brighter ones, shape (point, 3)."""
    random = generator(0, "intake.agreement")
    shape = np.array(values.shape)
    anywhere = random.integers(0, shape, size=(12 * POINTS, 3))
    level = float(np.median(np.concatenate([part[::4, ::4].ravel() for part in slices])))
    is_bright = values[tuple(anywhere.T)] > level
    return np.concatenate([anywhere[is_bright][:POINTS], anywhere[~is_bright][:POINTS]])


def _looked_up(
    pictures: tuple[Picture, ...], slices: list[AnyArray], at_mm: AnyArray, points_mm: Points
) -> tuple[AnyArray, AnyArray]:
    """Return the slices' value at points of the person, and whether they have one there."""
    normal = normal_of(pictures[0])
    along_mm = points_mm @ normal
    rounding_mm = 0.02 * float(np.min(np.diff(at_mm)))
    is_known = (along_mm >= at_mm[0] - rounding_mm) & (along_mm <= at_mm[-1] + rounding_mm)
    below = np.clip(np.searchsorted(at_mm, along_mm, side="right") - 1, 0, len(at_mm) - 2)
    share = np.clip((along_mm - at_mm[below]) / (at_mm[below + 1] - at_mm[below]), 0.0, 1.0)
    total = np.zeros(len(points_mm))
    for side in (0, 1):
        weight = share if side else 1.0 - share
        is_needed = weight > 1e-3
        for index in np.unique(below + side):
            here = (below + side == index) & is_needed
            value, is_inside = _in_slice(pictures[index], slices[index], points_mm[here])
            total[here] += weight[here] * value
            is_known[here] &= is_inside
    return total, is_known


def _in_slice(picture: Picture, values: AnyArray, points_mm: Points) -> tuple[AnyArray, AnyArray]:
    """Look up one slice straight below or above points, linear between pixels."""
    corner, row, column, spacing = placed(picture)
    way = points_mm - corner
    pixel = np.stack([way @ column / spacing[0], way @ row / spacing[1]])
    last = np.array(values.shape)[:, None] - 1
    is_inside = np.all((pixel >= -0.02) & (pixel <= last + 0.02), axis=0)
    return ndimage.map_coordinates(values, pixel, order=1, mode="nearest"), is_inside


def _covered(pictures: tuple[Picture, ...], grid: Grid) -> float:
    """Return the share of random points of the slices that lie in the image."""
    random = generator(0, "intake.covered")
    inside = []
    for picture in pictures:
        pixels = random.random((64, 2)) * (np.array(picture.shape) - 1)
        voxel = grid.ijk_of(picture.where_mm(pixels))
        inside.append(np.all((voxel >= -0.5) & (voxel <= np.array(grid.shape) - 0.5), axis=1))
    return float(np.concatenate(inside).mean())
