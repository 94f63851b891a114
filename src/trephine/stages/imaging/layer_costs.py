# SPDX-License-Identifier: Apache-2.0
"""What it costs to call a sample of a T1 brain, table, marrow or scalp: log likelihoods of its brightness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.stages.imaging.brightness import Levels

_NOISE_SHARE = 0.06
"""Spread of one tissue's signal, as a share of white above bone: noise and uneven tissue at 1 mm. Assumed."""
_TABLE_SHARE = 0.16
"""Spread of compact bone: tables of 1.7 and 2.4 mm (``skulltables``) share voxels with neighbours."""
_BRIGHTEST_SHARE = 1.6
_STEEPNESS = 0.05
_CLIP = (-3.0, 4.0)
_IN_AIR_COST = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerCosts:
    """Cost per mm of calling each sample one of the layers, each of shape (corner, sample).

    Parameters
    ----------
    inside, table, bone, scalp
        Brain and fluid; compact bone; compact bone or marrow, whichever fits; soft tissue outside the skull.
    """

    inside: AnyArray
    table: AnyArray
    bone: AnyArray
    scalp: AnyArray


def share_of_white(values: AnyArray, levels: Levels) -> AnyArray:
    """Return signal as a share of white matter's above bone's: 0 for bone, 1 for white."""
    return (values - levels.bone_signal) / (levels.white_signal - levels.bone_signal)


def layer_costs(share: AnyArray, levels: Levels, in_air: AnyArray) -> LayerCosts:
    """Return what every sample costs in every layer.

    Parameters
    ----------
    share
        Signal as ``share_of_white`` gives it, shape (corner, sample).
    levels
        Signal of the tissues; only fluid's place between bone and white is used.
    in_air
        Whether a sample lies beyond the skin, same shape.

    Returns
    -------
    LayerCosts
        Logarithms of likelihood ratios against "any brightness alike", cut off at both ends; no layer but
        the air itself may lie in air.

    Notes
    -----
    Inside: fluid, or anything from fluid to white. Compact bone: dark, with voxels shared with neighbours.
    Marrow: anything from dark to fat. Scalp: anything but dark.
    """
    fluid = float(share_of_white(np.array(levels.fluid_signal), levels))
    anything = 1.0 / _BRIGHTEST_SHARE
    inside = 0.3 * _bell(share, fluid, _NOISE_SHARE) + 0.65 * _span(share, fluid, 1.05) + 0.025 * anything
    dark = np.where(share < 0, _bell(0.0, 0.0, _NOISE_SHARE), _bell(share, 0.0, _TABLE_SHARE))
    table = 0.9 * dark + 0.08 * _span(share, 0.0, 0.5) + 0.02 * anything
    marrow = 0.7 * _span(share, 0.1, 1.1) + 0.3 * _bell(share, 0.0, _TABLE_SHARE)
    scalp = 0.9 * _span(share, 0.25, _BRIGHTEST_SHARE) + 0.1 * anything
    costs = [
        np.where(in_air, np.float32(_IN_AIR_COST), _cost(each / anything))
        for each in (inside, table, np.maximum(table, marrow))
    ]
    return LayerCosts(
        inside=costs[0],
        table=costs[1],
        bone=costs[2],
        scalp=np.where(in_air, np.float32(0), _cost(scalp / anything)),
    )


def _cost(ratio: AnyArray) -> AnyArray:
    return np.clip(-np.log(ratio + 1e-6), *_CLIP).astype(np.float32)


def _bell(share: AnyArray | float, middle: float, spread: float) -> AnyArray:
    return np.asarray(np.exp(-0.5 * ((share - middle) / spread) ** 2) / (spread * np.sqrt(2 * np.pi)))


def _span(share: AnyArray, low: float, high: float) -> AnyArray:
    """Return the density of a span with softened ends."""
    rise = 1 / (1 + np.exp(-np.clip((share - low) / _STEEPNESS, -40, 40)))
    fall = 1 / (1 + np.exp(np.clip((share - high) / _STEEPNESS, -40, 40)))
    return np.asarray(rise * fall / (high - low))
