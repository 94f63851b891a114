# SPDX-License-Identifier: Apache-2.0
"""A brain that has shrunk: pia and ventricular walls moved inward, the skull left as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.kernels.segmentation.masks import distance_from_level
from trephine.phantom.template import TemplateBrain
from trephine.phantom.tissues import LABELS, Head, truth_labels

_VENTRICLE_FROM_MM, _VENTRICLE_WIDTH_MM = 28.0, 8.0
"""Depth below the brain's outline at which fluid is ventricular; the insula's reaches some 25 mm. Assumed."""
_VENTRICLE_GAIN = 1.0
"""Ventricular walls move by this much more than the pia. Assumed."""
_LEVEL_PER_MM = 0.5
"""Slope of the template's level sets beside the pia."""


@dataclass(frozen=True, kw_only=True)
class FluidShares:
    """How much of the inside of the skull is fluid.

    Parameters
    ----------
    whole_fraction
        Of all of it.
    above_base_fraction
        Of what lies above z = 0 of ``mni152``.
    """

    whole_fraction: float
    above_base_fraction: float


def shrunken(brain: TemplateBrain, atrophy_mm: float) -> TemplateBrain:
    """Take a layer off the brain along pia and ventricles; the white matter recedes as much.

    Parameters
    ----------
    brain
        Before.
    atrophy_mm
        Thickness of the layer at the pia, in the template; nothing is changed at 0.

    Returns
    -------
    TemplateBrain
        After; ``brain_mask``, around which the skull is built, is the same.

    Notes
    -----
    Sulci widen by two layers and cortex keeps its thickness. Blades thinner than two layers vanish.
    """
    if atrophy_mm == 0.0:
        return brain
    edges = np.abs(np.diag(brain.mni_from_ijk_mm)[:3])
    depth_mm = ndimage.distance_transform_edt(brain.brain_mask, sampling=edges)
    deep = np.clip((depth_mm - _VENTRICLE_FROM_MM) / _VENTRICLE_WIDTH_MM, 0, 1)
    layer_mm = (atrophy_mm * (1 + _VENTRICLE_GAIN * deep)).astype(np.float32)
    return replace(
        brain,
        tissue=_receded(brain.tissue, layer_mm, edges),
        white=_receded(brain.white, layer_mm, edges),
    )


def fluid_shares(head: Head) -> FluidShares:
    """Measure the share of fluid within the skull of a sampled head."""
    label = truth_labels(head).reshape(-1)[head.index]
    inside = head.distance_mm["cranium"] < 0
    fluid = inside & (label == LABELS["csf"])
    above = inside & (head.mni_mm[2] > 0)
    return FluidShares(
        whole_fraction=float(fluid.sum() / inside.sum()),
        above_base_fraction=float((fluid & above).sum() / above.sum()),
    )


def _receded(
    level: NDArray[np.float32], layer_mm: NDArray[np.float32], edges_mm: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Move the zero of a level set, positive inside, inward by a layer; nothing is added anywhere."""
    within_mm = -distance_from_level(-level, edges_mm)
    return np.minimum(level, np.float32(_LEVEL_PER_MM) * (within_mm - layer_mm)).astype(np.float32)
