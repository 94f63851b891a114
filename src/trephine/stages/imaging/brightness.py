# SPDX-License-Identifier: Apache-2.0
"""How bright bone, fluid, grey and white matter are in this T1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.core.errors import InputError

_RIM_MM = (1.0, 10.0)
_DEEP_MM = 22.0


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Typical signal of each tissue, in the T1's arbitrary units.

    Parameters
    ----------
    bone_signal, fluid_signal, grey_signal, white_signal
        Ascending.
    """

    bone_signal: float
    fluid_signal: float
    grey_signal: float
    white_signal: float


def measured(values: AnyArray, grey: AnyArray, white: AnyArray, hull: Mask3, step_mm: float) -> Levels:
    """Measure the levels where the template says each tissue is.

    Parameters
    ----------
    values
        Planning T1 on a grid of cubic voxels, shape (i, j, k), shading removed.
    grey, white
        The template's probabilities carried to that grid.
    hull
        Inside of the skull as the template has it.
    step_mm
        Edge length of a voxel.

    Returns
    -------
    Levels
        White and grey as medians where they are likely, fluid from the deep places that are neither
        (ventricles), bone from the dark end of a rim outside the hull.

    Raises
    ------
    InputError
        If white is not brighter than grey and grey not brighter than bone: not a T1-weighted head.
    """
    white_signal = float(np.median(values[white > min(0.9, 0.98 * float(white.max()))]))
    grey_signal = float(np.median(values[grey > min(0.7, 0.95 * float(grey.max()))]))
    outside = ndimage.distance_transform_edt(~hull) * step_mm
    rim = values[(outside > _RIM_MM[0]) & (outside < _RIM_MM[1])]
    rim = rim[rim > 0]
    bone_signal = float(np.percentile(rim, 5.0)) if rim.size else 0.0
    if not (bone_signal < grey_signal < white_signal):
        raise InputError.because(
            where="planning T1",
            found=f"white matter at {white_signal:.4g}, grey at {grey_signal:.4g}, bone at {bone_signal:.4g}",
            expected="white brighter than grey brighter than bone, as in a T1-weighted scan of a whole head",
            remedy="Check that the file is a T1w scan with scalp and skull still in it and the right way up.",
        )
    inside = ndimage.distance_transform_edt(hull) * step_mm
    deep = values[(inside > _DEEP_MM) & (white < 0.1) & (grey < 0.1)]
    guess = bone_signal + 0.35 * (grey_signal - bone_signal)
    fluid_signal = float(np.percentile(deep, 30.0)) if deep.size > 50 else guess
    lowest = bone_signal + 0.08 * (grey_signal - bone_signal)
    highest = bone_signal + 0.7 * (grey_signal - bone_signal)
    return Levels(
        bone_signal=bone_signal,
        fluid_signal=float(np.clip(fluid_signal, lowest, highest)),
        grey_signal=grey_signal,
        white_signal=white_signal,
    )
