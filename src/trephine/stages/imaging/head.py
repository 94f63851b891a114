# SPDX-License-Identifier: Apache-2.0
"""The planning T1 made ready: shading removed, skin found, brought to working grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.core.errors import InputError
from trephine.kernels.registration.images import Sampled, resampled, upright
from trephine.kernels.segmentation.masks import foreground, largest_part, signed_distance
from trephine.kernels.segmentation.shading import shading_of
from trephine.model.volume import Volume
from trephine.stages.imaging.template_fit import sampled_of

COARSE_MM = 3.0
_LEAST_HEAD_ML = 1500.0
_SKIN_SHARE = 0.4
"""Skin is where signal exceeds this share of the head's median: about half of the skin's own. Assumed."""
_SKIN_BAND_MM = 4.0
_FAR_MM = 60.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """The T1 at full and at coarse resolution.

    Parameters
    ----------
    t1
        Shading removed, native grid.
    mask
        Inside of the skin, native grid.
    coarse
        Shading removed, upright 3 mm grid.
    coarse_mask
        Inside of the skin there.
    """

    t1: Sampled
    mask: Mask3
    coarse: Sampled
    coarse_mask: Mask3


def prepare_head(t1: Volume) -> Head:
    """Remove the shading of a whole-head T1 and find the skin.

    Parameters
    ----------
    t1
        On its native grid in ``scanner``.

    Returns
    -------
    Head
        At both resolutions.

    Raises
    ------
    InputError
        If there is no object the size of a head.
    """
    full = sampled_of(t1)
    full = Sampled(values=np.maximum(full.values, 0.0), affine_mm=full.affine_mm)
    coarse = upright(full, COARSE_MM)
    mask = foreground(coarse.values, coarse.voxel_mm)
    size_ml = float(mask.sum()) * COARSE_MM**3 / 1000.0
    if size_ml < _LEAST_HEAD_ML:
        raise InputError.because(
            where="planning T1",
            found=f"a bright object of {size_ml:.0f} ml",
            expected=f"a whole head of at least {_LEAST_HEAD_ML:.0f} ml, skull and scalp included",
            remedy="Give a T1w scan of the whole head that has not been cut to the brain.",
        )
    shading = shading_of(coarse.values, mask, coarse.affine_mm)
    everywhere = 1.0 + onto(Sampled(values=shading - 1.0, affine_mm=coarse.affine_mm), full)
    corrected = Sampled(values=full.values / everywhere, affine_mm=full.affine_mm)
    flat = Sampled(values=coarse.values / shading, affine_mm=coarse.affine_mm)
    return Head(t1=corrected, mask=_skin(corrected, flat, mask), coarse=flat, coarse_mask=mask)


def _skin(t1: Sampled, coarse: Sampled, coarse_mask: Mask3) -> Mask3:
    """Sharpen the coarse outline of the head to the native grid by a threshold near it."""
    outline = Sampled(values=signed_distance(coarse_mask, coarse.voxel_mm), affine_mm=coarse.affine_mm)
    distance_mm = distance_onto(outline, t1)
    threshold = _SKIN_SHARE * float(np.median(coarse.values[coarse_mask]))
    smooth = ndimage.gaussian_filter(t1.values, 0.5)
    mask = (distance_mm < -_SKIN_BAND_MM) | ((distance_mm < _SKIN_BAND_MM) & (smooth > threshold))
    return largest_part(np.asarray(ndimage.binary_fill_holes(mask)))


def onto(image: Sampled, grid: Sampled) -> AnyArray:
    """Resample an image onto another image's grid in the same frame; zero outside, shape (i, j, k)."""
    i, j, k = grid.values.shape
    return resampled(image, grid.affine_mm, (i, j, k)).values


def distance_onto(distance_mm: Sampled, grid: Sampled) -> AnyArray:
    """Resample a signed distance onto another image's grid; far outside beyond its own grid, mm."""
    shifted = np.minimum(distance_mm.values, _FAR_MM) - _FAR_MM
    return onto(Sampled(values=shifted, affine_mm=distance_mm.affine_mm), grid) + np.float32(_FAR_MM)


def moved_affine(affine_mm: Matrix4, box: tuple[slice, slice, slice]) -> Matrix4:
    """Return the affine of a box cut out of a grid."""
    result = np.array(affine_mm)
    result[:3, 3] += affine_mm[:3, :3] @ np.array([part.start for part in box], dtype=np.float64)
    return result
