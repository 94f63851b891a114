# SPDX-License-Identifier: Apache-2.0
"""Whether grey and white matter of the planning T1 stand out from its noise."""

from __future__ import annotations

import numpy as np

from trephine.model.anatomy import Anatomy, Tissue

_KEPT_FRACTION = 0.9
_SD_OF_KEPT = 0.789
"""Standard deviation of a normal variable of sd 1 cut at its 5th and 95th percentile."""
_LEAST_VOXELS = 200


def grey_white_contrast(anatomy: Anatomy) -> float | None:
    """Return the contrast-to-noise ratio of white against grey matter.

    Parameters
    ----------
    anatomy
        T1 and tissue labels on one grid.

    Returns
    -------
    float or None
        Difference of the medians over the noise; nothing where there is too little tissue or no noise.

    Notes
    -----
    Noise comes from differences between neighbouring voxels of white matter, so slow shading does not count.
    The outer tenth of the differences is left out (vessels, wrong labels), and its share restored as for a
    normal variable. Resampled images have correlated noise, which makes the ratio look better than it is.
    """
    signal = anatomy.t1.values
    is_white = anatomy.tissue.values == Tissue.WHITE
    is_grey = anatomy.tissue.values == Tissue.GREY
    pairs = is_white[1:] & is_white[:-1]
    if np.count_nonzero(pairs) < _LEAST_VOXELS or np.count_nonzero(is_grey) < _LEAST_VOXELS:
        return None
    change = signal[1:][pairs].astype(np.float64) - signal[:-1][pairs]
    low, high = np.quantile(change, ((1 - _KEPT_FRACTION) / 2, (1 + _KEPT_FRACTION) / 2))
    noise = float(np.std(change[(change >= low) & (change <= high)])) / _SD_OF_KEPT / np.sqrt(2.0)
    if noise <= 0:
        return None
    return abs(float(np.median(signal[is_white])) - float(np.median(signal[is_grey]))) / noise
