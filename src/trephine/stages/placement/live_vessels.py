# SPDX-License-Identifier: Apache-2.0
"""Vessels in the microscope's view, without training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2
from trephine.kernels.geometry.ridges import dark_lines
from trephine.kernels.segmentation.picture_pyramid import filled_in, halved
from trephine.kernels.segmentation.vessel_score import unlearnt_score
from trephine.model.live_view import LiveView
from trephine.stages.placement.settings import VesselSettings

_GREEN = 1
_EIGHT_BITS = np.float32(255.0)
_FINE_PIXEL = 9.0
"""Lines up to this width are judged by the calibrated score, wider ones by their contrast."""
_WIDE_FROM_PIXEL = 12.0
_RATIO = 1.6
_LOW_SHARE = 0.6
"""Every pixel of a wide line reaches this share of the contrast asked of one of its pixels."""
_LEAST_WIDTH_PIXEL, _COARSE_LEAST_WIDTH_PIXEL = 3, 2
"""Narrower vessels were not counted in the calibration of the score, and of that for coarse pictures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenVessels:
    """What one view shows, on its own pixels made no finer than needed.

    Parameters
    ----------
    vessel
        Marked vessels, shape (row, column).
    hidden
        Where nothing can be judged: glare, darkness, and what lies beyond the window; same shape.
    pixel_um
        Edge of a pixel on the cortex.
    """

    vessel: Mask2
    hidden: Mask2
    pixel_um: float


def seen_vessels(view: LiveView, settings: VesselSettings) -> SeenVessels:
    """Mark the vessels of a view so that hardly one is missed; some shadows are marked with them.

    Parameters
    ----------
    view
        The frame with its scale.
    settings
        Widths looked for and contrasts asked for.

    Returns
    -------
    SeenVessels
        Vessels and what cannot be judged.

    Notes
    -----
    Blood absorbs green light, so the green channel is used; the noise of its square root is the same
    everywhere. Lines up to nine pixels wide are marked from a score on that was calibrated together with the
    distance of ``miss_um``. Wider ones are marked where they are darker than both their sides by a contrast,
    so that the shade of a sulcus, which is wider than a vessel, or a step in the light is none.
    """
    step = step_pixels(view, settings)
    green = _reduced(view.rgb[..., _GREEN], step) / _EIGHT_BITS
    pixel_um = view.pixel_um * step
    tissue = _tissue(green, pixel_um, settings)
    hidden = _glare(green, pixel_um, settings) | _beyond_window(tissue, pixel_um, settings)
    seen = ~hidden
    score = unlearnt_score(green, seen, min(_FINE_PIXEL, settings.widest_um / pixel_um))
    vessel = (score >= _least_score(view, settings)) & seen
    vessel |= _wide(green, seen, pixel_um, settings)
    vessel = _filled(vessel, green, tissue, settings) & seen
    return SeenVessels(vessel=vessel, hidden=hidden, pixel_um=pixel_um)


def step_pixels(view: LiveView, settings: VesselSettings) -> int:
    """Return how many of a view's pixels, either way, are averaged into one that is worked on."""
    return max(round(settings.working_pixel_um / view.pixel_um), 1)


def miss_um(view: LiveView, settings: VesselSettings) -> float:
    """Return the distance from a view's marks within which vessels lie, by calibration.

    Notes
    -----
    The calibrated distance in pixels that are worked on, and how far the centre of a view's own pixel lies
    from that of the pixel which it was averaged into.
    """
    step = step_pixels(view, settings)
    return (settings.miss_pixel * step + (step - 1) / np.sqrt(2)) * view.pixel_um


def least_width_um(view: LiveView, settings: VesselSettings) -> float:
    """Return the width from which on the calibration speaks of a view's vessels."""
    least = _COARSE_LEAST_WIDTH_PIXEL if _is_coarse(view, settings) else _LEAST_WIDTH_PIXEL
    return least * step_pixels(view, settings) * view.pixel_um


def _is_coarse(view: LiveView, settings: VesselSettings) -> bool:
    """Tell whether vessels that matter are narrower than what the score for fine pictures speaks of."""
    return _LEAST_WIDTH_PIXEL * step_pixels(view, settings) * view.pixel_um > settings.narrowest_um


def _least_score(view: LiveView, settings: VesselSettings) -> float:
    """Return the score from which on a pixel is marked."""
    return settings.coarse_score if _is_coarse(view, settings) else settings.score


def _reduced(values: AnyArray, step: int) -> AnyArray:
    """Average whole blocks of pixels, in single precision; an incomplete block at the end is dropped."""
    if step == 1:
        return values.astype(np.float32)
    rows, columns = (length // step * step for length in values.shape)
    blocks = values[:rows, :columns].reshape(rows // step, step, columns // step, step)
    return blocks.mean(axis=(1, 3), dtype=np.float32)


def _glare(green: AnyArray, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Mark saturated pixels and small spots brighter than what surrounds them, with a rim."""
    # Quarters of the largest spot are fine enough for the surroundings; the spots keep their own pixels.
    coarse, step = _coarse(green, pixel_um, settings.glare_um / 4)
    size = 2 * max(round(settings.glare_um / (pixel_um * step)), 1) + 1
    # Closing first, so that the gaps between vessels do not count as bright spots.
    around = ndimage.grey_opening(ndimage.grey_closing(coarse, size=size), size=size)
    around = _spread_out(around, step, green.shape)
    spots = (green - around > settings.glare_contrast_fraction * np.maximum(around, 0.05)) | (green > 0.995)
    rim = max(int(np.ceil(settings.glare_rim_um / pixel_um)), 1)
    return ndimage.maximum_filter(spots, size=2 * rim + 1)


def _tissue(green: AnyArray, pixel_um: float, settings: VesselSettings) -> AnyArray:
    """Return how bright the tissue about every pixel is: the widest vessels are closed over."""
    coarse, step = _coarse(green, pixel_um, settings.widest_um / 16)
    size = 2 * max(round(settings.widest_um / 2 / (pixel_um * step)), 1) + 1
    # Beyond the picture it counts as dark, so that a dark strip along its edge stays dark.
    closed = ndimage.grey_closing(np.pad(coarse, size), size=size)[size:-size, size:-size]
    return _spread_out(closed, step, green.shape)


def _beyond_window(tissue: AnyArray, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Mark large fields without light, with a rim: glue, bevel and shade lie along a window's edge."""
    dark = tissue < settings.darkness_fraction * float(np.quantile(tissue[::4, ::4], 0.95))
    if not dark.any():
        return dark
    half = ndimage.distance_transform_edt(~dark[::2, ::2]) * 2 * pixel_um <= settings.dark_rim_um
    return _spread_out(half, 2, dark.shape)


def _filled(vessel: Mask2, green: AnyArray, tissue: AnyArray, settings: VesselSettings) -> Mask2:
    """Fill gaps between marks that are as dark as a wide vessel: its middle, and where vessels meet."""
    pad = int(_FINE_PIXEL)
    small = np.pad(vessel[::2, ::2], pad, mode="edge")
    if not small.any():
        return vessel
    grown = ndimage.distance_transform_edt(~small) <= _FINE_PIXEL / 2
    closed = (ndimage.distance_transform_edt(grown) > _FINE_PIXEL / 2)[pad:-pad, pad:-pad]
    dark = green < tissue * np.float32(np.exp(-settings.wide_contrast_fraction))
    return vessel | (_spread_out(closed, 2, vessel.shape) & dark)


def _wide(green: AnyArray, seen: Mask2, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Mark lines wider than the score judges, at half the resolution."""
    widest = settings.widest_um / pixel_um
    if widest < _WIDE_FROM_PIXEL:
        return np.zeros(green.shape, dtype=bool)
    light = halved(np.log(np.maximum(filled_in(green, seen), 1.5 / _EIGHT_BITS)))
    count = int(np.ceil(np.log(widest / _WIDE_FROM_PIXEL) / np.log(_RATIO))) + 1
    width = np.geomspace(_WIDE_FROM_PIXEL, widest, count)
    asked = (settings.contrast_fraction, settings.wide_contrast_fraction)
    contrast = np.interp(width * pixel_um, (settings.deep_um, settings.widest_um), asked)
    found = dark_lines(
        light.astype(np.float64),
        halved(seen) > 0.5,
        width / 4,
        low_fraction=_LOW_SHARE * contrast,
        high_fraction=contrast,
    )
    return _spread_out(found, 2, green.shape) & seen


def _coarse(values: AnyArray, pixel_um: float, wanted_um: float) -> tuple[AnyArray, int]:
    """Average to about a wanted pixel, repeating the edge to fill the last blocks; tell the step too."""
    step = max(round(wanted_um / pixel_um), 1)
    pad = [(0, -length % step) for length in values.shape]
    return _reduced(np.pad(values, pad, mode="edge"), step), step


def _spread_out(values: AnyArray, step: int, shape: tuple[int, ...]) -> AnyArray:
    """Repeat every pixel ``step`` times either way and cut to a shape."""
    return values.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]
