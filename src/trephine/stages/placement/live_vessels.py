# SPDX-License-Identifier: Apache-2.0
"""Vessels in the microscope's view, without training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2
from trephine.kernels.geometry.ridges import dark_lines, smoothed_within
from trephine.model.live_view import LiveView
from trephine.stages.placement.settings import VesselSettings

_GREEN = 1
_EIGHT_BITS = 255.0


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
    Blood absorbs green light, so the green channel is used. Its logarithm turns uneven light into an added
    slow change, to which the line filter is blind. Lines are looked for at widths from the finest to the
    widest in steps of a factor 1.6, and every mark is widened by one pixel. Wide vessels are also found as
    dark spots against a closing of the picture, so that their middle is marked.
    """
    step = max(round(settings.working_pixel_um / view.pixel_um), 1)
    green = _reduced(view.rgb[..., _GREEN].astype(np.float64) / _EIGHT_BITS, step)
    pixel_um = view.pixel_um * step
    glare = _glare(green, pixel_um, settings)
    dark = _beyond_window(green, pixel_um, settings)
    seen = ~(glare | dark)
    light = np.log(np.maximum(green, 1.5 / _EIGHT_BITS))
    fill_pixels = max(settings.narrowest_um / pixel_um, 2.0)
    light = np.where(seen, light, smoothed_within(light, seen.astype(np.float64), 2 * fill_pixels))
    lines = dark_lines(
        light,
        seen,
        widths_um(settings) / 2 / pixel_um,
        low_fraction=settings.low_contrast_fraction,
        high_fraction=settings.high_contrast_fraction,
    )
    wide = _wide_and_dark(light, seen, pixel_um, settings)
    # What is dark over more than a vessel's width is the window's rim or shade: not judged, not a vessel.
    shade = _opened(wide | dark, settings.widest_um / 2 / pixel_um) & ~glare
    vessel = _tidied(lines | (wide & ~shade), pixel_um, settings)
    hidden = glare | dark | shade
    return SeenVessels(vessel=vessel & ~(dark | shade), hidden=hidden, pixel_um=pixel_um)


def widths_um(settings: VesselSettings) -> AnyArray:
    """Return the widths looked for, from narrowest to widest, each at most 1.6 times the one before."""
    count = int(np.ceil(np.log(settings.widest_um / settings.narrowest_um) / np.log(1.6))) + 1
    return np.geomspace(settings.narrowest_um, settings.widest_um, count)


def _reduced(values: AnyArray, step: int) -> AnyArray:
    """Average whole blocks of pixels; an incomplete block at the end is dropped."""
    rows, columns = (length // step * step for length in values.shape)
    blocks = values[:rows, :columns].reshape(rows // step, step, columns // step, step)
    return blocks.mean(axis=(1, 3))


def _glare(green: AnyArray, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Mark saturated pixels and small spots brighter than what surrounds them, with a rim."""
    size = 2 * max(round(settings.glare_um / pixel_um), 1) + 1
    # Closing first, so that the gaps between vessels do not count as bright spots.
    around = ndimage.grey_opening(ndimage.grey_closing(green, size=size), size=size)
    spots = (green - around > settings.glare_contrast_fraction * np.maximum(around, 0.05)) | (green > 0.995)
    rim = max(round(settings.glare_rim_um / pixel_um), 1)
    return ndimage.binary_dilation(spots, iterations=rim)


def _beyond_window(green: AnyArray, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Mark large fields without light."""
    broad = ndimage.gaussian_filter(green, settings.widest_um / 2 / pixel_um)
    return broad < settings.darkness_fraction * float(np.quantile(broad, 0.95))


def _wide_and_dark(light: AnyArray, seen: Mask2, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Mark what is much darker than its surroundings a widest vessel away, on a coarse picture."""
    step = max(round(settings.widest_um / 16 / pixel_um), 1)
    pad = [(0, -length % step) for length in light.shape]
    coarse = _reduced(np.pad(light, pad, mode="edge"), step)
    radius = max(round(0.6 * settings.widest_um / (pixel_um * step)), 1)
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    closed = ndimage.grey_closing(coarse, footprint=x * x + y * y <= radius * radius)
    marked = np.kron(closed - coarse > settings.wide_contrast_fraction, np.ones((step, step), dtype=bool))
    return marked[: light.shape[0], : light.shape[1]] & seen


def _opened(mask: Mask2, radius_pixel: float) -> Mask2:
    """Keep the parts of a mask that a disc of some radius fits into; beyond the edge counts as marked."""
    pad = int(radius_pixel) + 2
    inner = ndimage.distance_transform_edt(np.pad(mask, pad, constant_values=True)) > radius_pixel
    grown = ndimage.distance_transform_edt(~inner) <= radius_pixel
    return (grown[pad:-pad, pad:-pad] & mask) if inner.any() else np.zeros_like(mask)


def _tidied(vessel: Mask2, pixel_um: float, settings: VesselSettings) -> Mask2:
    """Drop specks, close gaps and holes, and widen every mark by a pixel."""
    closed = ndimage.binary_closing(np.pad(vessel, 3), structure=np.ones((3, 3)), iterations=2)[3:-3, 3:-3]
    labels, count = ndimage.label(closed | vessel, structure=np.ones((3, 3)))
    size = np.bincount(labels.ravel(), minlength=count + 1)
    keep = size * (pixel_um / 1000) ** 2 >= settings.smallest_mark_mm2
    keep[0] = False
    return ndimage.binary_dilation(keep[labels], structure=np.ones((3, 3)))
