# SPDX-License-Identifier: Apache-2.0
"""How much of the hand map an array reaches, and how much it keeps when threads are lost."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Points2
from trephine.core.random import generator
from trephine.kernels.optimize.coverage_model import Blocks, Field, terms_of
from trephine.model.ground import Ground
from trephine.model.thread_plan import MapReach
from trephine.stages.placement.settings import Settings

_DRAWS = 2000
"""Losses drawn for the interval; its ends are then known to about half a percent of draws."""
_SEED = 0
_MIDDLES_APART = 1.0
"""Discs of a block stand this many radii apart, over the whole opening."""


def hand_field(ground: Ground, settings: Settings, *, is_lossy: bool) -> Field:
    """Return the hand map over the durectomy as targets, those over vessels and sulci included.

    Parameters
    ----------
    ground
        The map.
    settings
        Reach, pitch of the targets, and chances of loss.
    is_lossy
        Whether threads are lost, by the planned chances.
    """
    coverage, retraction = settings.coverage, settings.retraction
    pitch_mm = ground.pixel_mm * ground.site_pixels
    every = max(round(coverage.target_step_mm / pitch_mm), 1)
    value = np.nan_to_num(ground.value.astype(np.float64))
    within = ~ground.rim[:: ground.site_pixels, :: ground.site_pixels]
    row, column = np.nonzero((within & (value > 0))[::every, ::every])
    targets: AnyArray = np.column_stack([column, row]) * every * pitch_mm + ground.origin_mm
    return Field(
        targets_mm=targets,
        weight=value[::every, ::every][row, column],
        reach_mm=coverage.reach_mm,
        loss_fraction=retraction.loss_fraction if is_lossy else 0.0,
        blocks=_blocks(targets, settings) if is_lossy and retraction.block_fraction > 0 else None,
    )


def _blocks(targets_mm: Points2, settings: Settings) -> Blocks:
    """Spread discs of threads lost together over the targets."""
    radius_mm = settings.retraction.block_radius_mm
    step = radius_mm * _MIDDLES_APART
    low, high = (
        (targets_mm.min(axis=0), targets_mm.max(axis=0)) if len(targets_mm) else (np.zeros(2), np.zeros(2))
    )
    x, y = (np.arange(a + step / 2, max(b, a + step), step) for a, b in zip(low, high, strict=True))
    middles = np.column_stack([part.ravel() for part in np.meshgrid(x, y)])
    return Blocks(middle_mm=middles, radius_mm=radius_mm, chance_fraction=settings.retraction.block_fraction)


def map_reach(entry_mm: Points2, ground: Ground, settings: Settings) -> MapReach:
    """Say how much of the hand map an array reaches, and keeps under the planned losses.

    Parameters
    ----------
    entry_mm
        Entries in ``implant``, shape (thread, 2).
    ground
        The map.
    settings
        Reach and chances.

    Returns
    -------
    MapReach
        Shares of the map's weight over the durectomy: the expectation is exact, the interval holds 95 % of
        drawn losses.
    """
    plain, lossy = (hand_field(ground, settings, is_lossy=one) for one in (False, True))
    everyone = np.arange(len(entry_mm))
    kept = _drawn(entry_mm, plain, lossy)
    low, high = np.quantile(kept, [0.025, 0.975]) if len(entry_mm) else (0.0, 0.0)
    return MapReach(
        reach_mm=settings.coverage.reach_mm,
        covered_fraction=terms_of(plain, entry_mm).share(everyone),
        loss_fraction=settings.retraction.loss_fraction,
        block_fraction=settings.retraction.block_fraction,
        kept_fraction=terms_of(lossy, entry_mm).share(everyone),
        kept_low_fraction=float(low),
        kept_high_fraction=float(high),
    )


def _drawn(entry_mm: Points2, plain: Field, lossy: Field) -> AnyArray:
    """Draw losses, and return the share of the map that is still reached after each, shape (draw,)."""
    rng = generator(_SEED, "placement.retraction")
    stays = rng.random((_DRAWS, len(entry_mm))) >= lossy.loss_fraction
    blocks = lossy.blocks
    if blocks is not None:
        has_block = rng.random(_DRAWS) < blocks.chance_fraction
        middle = blocks.middle_mm[rng.integers(0, len(blocks.middle_mm), _DRAWS)]
        away = np.linalg.norm(entry_mm[None] - middle[:, None], axis=2)
        stays &= ~(has_block[:, None] & (away <= blocks.radius_mm))
    terms = terms_of(plain, entry_mm)
    reached = np.asarray(stays.astype(np.float64) @ terms.reach.toarray()) > 0
    return np.asarray(reached @ terms.weight)
