# SPDX-License-Identifier: Apache-2.0
"""Everything a thread must keep away from, on the patch's grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2
from trephine.core.errors import InputError
from trephine.core.frames import IMPLANT, SCANNER
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.heights import bilinear, filled
from trephine.kernels.geometry.outlines import is_inside
from trephine.kernels.geometry.voxels import sampled
from trephine.model.anatomy import Angiogram
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles
from trephine.model.opening import Opening
from trephine.stages.placement.live_vessels import seen_vessels
from trephine.stages.placement.patch import Patch
from trephine.stages.placement.settings import Settings

Origin = Literal["live view", "angiogram", "nothing"]
_COARSE_PIXELS = 5
_SPARE_MM = 1.5
_ABOVE_BELOW_MM = np.arange(-4.0, 2.01, 0.25)
_LEAST_SEEN_FRACTION = 0.05


def obstacle_map(
    cortex: Patch,
    opening: Opening,
    settings: Settings,
    *,
    live_view: LiveView | None,
    angiogram: Angiogram | None,
) -> tuple[Obstacles, Origin]:
    """Put vessels, sulci and what lies outside on one grid.

    Parameters
    ----------
    cortex
        The patch of cortex.
    opening
        Gives the durectomy.
    settings
        Rim, and how vessels are found.
    live_view, angiogram
        Where vessels are looked for: in the live view where there is one, else in the angiogram.

    Returns
    -------
    tuple
        The map, and what its vessels come from.

    Raises
    ------
    InputError
        If the live view shows next to nothing of the opening.
    """
    shape = cortex.height_mm.shape
    outline = opening.pose.inverse()(np.array(opening.durectomy_mm), frame=SCANNER)[:, :2]
    inside = is_inside(outline, cortex.xy_mm()).reshape(shape)
    rim = ~inside | (ndimage.distance_transform_edt(inside) * cortex.pixel_mm < settings.rim_mm)
    vessel, hidden = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    origin: Origin = "nothing"
    if live_view is not None:
        vessel, hidden = _from_live_view(cortex, live_view, settings)
        origin = "live view"
    elif angiogram is not None:
        vessel = _from_angiogram(cortex, angiogram)
        origin = "angiogram"
    return Obstacles(
        scanner_from_implant=cortex.pose,
        origin_mm=cortex.origin_mm,
        pixel_mm=cortex.pixel_mm,
        vessel=vessel,
        sulcus=cortex.sulcus,
        outside=rim | hidden | np.isnan(cortex.height_mm),
        height_mm=cortex.height_mm,
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


def _from_live_view(cortex: Patch, view: LiveView, settings: Settings) -> tuple[Mask2, Mask2]:
    """Bring vessels, and what the picture does not show, onto the patch along the camera's axis."""
    place = view.scanner_from_image.inverse()(cortex.surface_mm(), frame=SCANNER)
    _check_pictured(place, view)
    first, part = _part_of(view, place)
    seen = seen_vessels(part, settings.vessels)
    step = round(seen.pixel_um / view.pixel_um)
    pixel = place[:, 1::-1] / (view.pixel_um / UM_PER_MM) - first
    # An averaged pixel's centre lies half a block, less half a pixel, beyond its first pixel's.
    index = np.rint((pixel - (step - 1) / 2) / step).astype(int)
    within = np.all((index >= 0) & (index < seen.vessel.shape), axis=1)
    row, column = np.where(within[:, None], index, 0).T
    shape = cortex.height_mm.shape
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


def _from_angiogram(cortex: Patch, angiogram: Angiogram) -> Mask2:
    """Cast the scan's vessels near the surface onto the patch along the implant's axis."""
    step = _COARSE_PIXELS
    height = filled(cortex.height_mm)[::step, ::step]
    rows, columns = np.indices(height.shape) * step
    xy = np.column_stack([columns.ravel(), rows.ravel()]) * cortex.pixel_mm + cortex.origin_mm
    values = angiogram.vessels.values.astype(np.float32)
    most = np.zeros(height.size)
    for shift in _ABOVE_BELOW_MM:
        place = cortex.pose(np.column_stack([xy, height.ravel() + shift]), frame=IMPLANT)
        most = np.maximum(most, sampled(values, angiogram.vessels.grid.affine_mm, place))
    return _finer(most.reshape(height.shape), cortex.height_mm.shape, step) > 0.4


def _finer(values: AnyArray, shape: tuple[int, ...], step: int) -> AnyArray:
    rows, columns = np.indices(shape)
    return bilinear(values, np.column_stack([rows.ravel(), columns.ravel()]) / step).reshape(shape)
