# SPDX-License-Identifier: Apache-2.0
"""Everything a thread must keep away from, on the ground's grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray, Mask2
from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.heights import filled
from trephine.model.ground import Ground
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles
from trephine.stages.placement.live_vessels import seen_vessels
from trephine.stages.placement.settings import Settings

Origin = Literal["live view", "angiogram", "nothing"]
_SPARE_MM = 1.5
_LEAST_SEEN_FRACTION = 0.05


def obstacle_map(
    ground: Ground, settings: Settings, *, live_view: LiveView | None
) -> tuple[Obstacles, Origin]:
    """Put vessels, sulci and what lies outside on one grid.

    Parameters
    ----------
    ground
        The cortex under the opening.
    settings
        How vessels are found.
    live_view
        Where vessels are looked for; without one, those seen before surgery are taken.

    Returns
    -------
    tuple
        The map, and what its vessels come from.

    Raises
    ------
    InputError
        If the live view shows next to nothing of the opening.
    """
    shape = ground.height_mm.shape
    vessel, hidden = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    origin: Origin = "nothing"
    if live_view is not None:
        vessel, hidden = _from_live_view(ground, live_view, settings)
        origin = "live view"
    elif ground.before is not None:
        vessel = ground.before.mask
        origin = "angiogram"
    return Obstacles(
        scanner_from_implant=ground.scanner_from_implant,
        origin_mm=ground.origin_mm,
        pixel_mm=ground.pixel_mm,
        vessel=vessel,
        sulcus=ground.sulcus,
        outside=ground.rim | hidden,
        height_mm=ground.height_mm,
    ), origin


def _check_pictured(place_mm: AnyArray, view: LiveView) -> None:
    """Refuse a view that shows next to nothing of the patch."""
    pixel = place_mm[:, 1::-1] / (view.pixel_um / UM_PER_MM)
    share = float(np.all((pixel >= 0) & (pixel < view.rgb.shape[:2]), axis=1).mean())
    if share < _LEAST_SEEN_FRACTION:
        raise InputError.because(
            where="live view, ScannerFromImage",
            found=f"{100 * share:.1f} % of the dura's opening in the picture",
            expected=f"at least {100 * _LEAST_SEEN_FRACTION:g} %",
            remedy="Check the picture's pose and scale, or plan without the live view.",
        )


def _from_live_view(ground: Ground, view: LiveView, settings: Settings) -> tuple[Mask2, Mask2]:
    """Bring vessels, and what the picture does not show, onto the patch along the camera's axis."""
    place = view.scanner_from_image.inverse()(ground.surface_mm(filled(ground.height_mm)), frame=SCANNER)
    _check_pictured(place, view)
    first, part = _part_of(view, place)
    seen = seen_vessels(part, settings.vessels)
    step = round(seen.pixel_um / view.pixel_um)
    pixel = place[:, 1::-1] / (view.pixel_um / UM_PER_MM) - first
    # An averaged pixel's centre lies half a block, less half a pixel, beyond its first pixel's.
    index = np.rint((pixel - (step - 1) / 2) / step).astype(int)
    within = np.all((index >= 0) & (index < seen.vessel.shape), axis=1)
    row, column = np.where(within[:, None], index, 0).T
    shape = ground.height_mm.shape
    vessel = (seen.vessel[row, column] & within).reshape(shape)
    hidden = (seen.hidden[row, column] | ~within).reshape(shape)
    return vessel, hidden & ~vessel


def _part_of(view: LiveView, place_mm: AnyArray) -> tuple[AnyArray, LiveView]:
    """Cut the view to what lies about the patch, for speed; return it with its first (row, column)."""
    pixel = place_mm[:, 1::-1] / (view.pixel_um / UM_PER_MM)
    spare = _SPARE_MM / (view.pixel_um / UM_PER_MM)
    top = np.array(view.rgb.shape[:2])
    first = np.clip(np.floor(pixel.min(axis=0) - spare), 0, top - 1).astype(int)
    last = np.clip(np.ceil(pixel.max(axis=0) + spare), first + 1, top).astype(int)
    rgb = view.rgb[first[0] : last[0], first[1] : last[1]]
    return first, replace(view, rgb=rgb)
