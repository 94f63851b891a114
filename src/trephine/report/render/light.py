# SPDX-License-Identifier: Apache-2.0
"""Light: from normals and depth to colour."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.report.render.camera import Camera
from trephine.report.render.field import Floats

_KEY = np.array([-0.42, 0.62, -0.66], np.float32)
"""Towards the main light: from the viewer's upper left, in the camera's (right, up, into)."""
_FILL = np.array([0.75, -0.05, -0.66], np.float32)


def lit(albedo: Floats, normal_mm: Floats, depth_mm: Floats, camera: Camera, gloss: Floats) -> Floats:
    """Shade a picture.

    Parameters
    ----------
    albedo
        Linear colour, shape (row, column, 3).
    normal_mm
        Unit normals in the scanner frame, shape (3, row, column).
    depth_mm
        Shape (row, column), infinite where nothing is.
    camera
        Gives the light's directions: lights stand with the viewer.
    gloss
        Strength of the highlight, shape (row, column).

    Returns
    -------
    numpy.ndarray
        Linear colour, shape (row, column, 3).
    """
    seen = np.einsum("ac,crx->arx", camera.axes.astype(np.float32), normal_mm)
    key, fill = _KEY / np.linalg.norm(_KEY), _FILL / np.linalg.norm(_FILL)
    towards_key = np.einsum("a,arx->rx", key, seen)
    diffuse = np.clip(0.15 + 0.85 * towards_key, 0, 1)
    filling = np.clip(np.einsum("a,arx->rx", fill, seen), 0, 1)
    sky = 0.5 + 0.5 * seen[1]
    half = key + np.array([0, 0, -1], np.float32)
    half /= np.linalg.norm(half)
    highlight = np.clip(np.einsum("a,arx->rx", half, seen), 0, 1) ** 38 * gloss
    shade = hidden_from_sky(depth_mm, camera.pixel_mm)
    light = (0.80 * diffuse + 0.16 * filling) * (0.35 + 0.65 * shade) + (0.20 + 0.10 * sky) * shade
    rim = np.clip(1 + seen[2], 0, 1) ** 3
    light = light * (1 - 0.45 * rim)
    warm = np.stack([light * 1.02, light, light * 0.985], axis=-1)
    colour: Floats = (albedo * warm + (highlight * shade)[..., None]).astype(np.float32)
    return colour


def hidden_from_sky(depth_mm: Floats, pixel_mm: float) -> Floats:
    """Return how open each pixel lies, 1 open to 0 deep in a hole, from depth alone.

    Notes
    -----
    Depth less its blur, at three scales ("unsharp masking the depth buffer", Luft 2006). The empty background
    counts as no nearer than the pixel itself, so silhouettes stay bright.
    """
    shade = np.ones(depth_mm.shape, np.float32)
    is_hit = np.isfinite(depth_mm)
    filled = np.where(is_hit, depth_mm, 0).astype(np.float32)
    for blur_mm, strength, range_mm in ((1.2, 0.5, 1.6), (4.0, 0.5, 6.0), (11.0, 0.3, 16.0)):
        sigma = blur_mm / pixel_mm
        step = max(1, int(sigma / 4))
        weight = _blurred(is_hit.astype(np.float32), sigma, step)
        mean = _blurred(filled, sigma, step) / np.maximum(weight, 1e-3)
        behind = np.clip((filled - mean) / range_mm, 0, 1) * weight
        shade *= 1 - strength * behind
    return shade


def _blurred(values: Floats, sigma: float, step: int) -> Floats:
    """Blur on a grid thinned by ``step`` and bring it back to full size."""
    if step == 1:
        return ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=3)
    rows, columns = (-(-n // step) * step for n in values.shape)
    padded = np.pad(values, ((0, rows - values.shape[0]), (0, columns - values.shape[1])), mode="edge")
    thin = padded.reshape(rows // step, step, columns // step, step).mean(axis=(1, 3))
    thin = ndimage.gaussian_filter(thin, sigma / step, mode="nearest", truncate=3)
    row = (np.arange(values.shape[0]) - (step - 1) / 2) / step
    column = (np.arange(values.shape[1]) - (step - 1) / 2) / step
    where = np.stack(np.meshgrid(row, column, indexing="ij")).astype(np.float32)
    grown: Floats = ndimage.map_coordinates(thin, where, order=1, mode="nearest")
    return grown


def linear(srgb: tuple[int, int, int]) -> Floats:
    """Return the linear-light colour of an sRGB one."""
    value = np.array(srgb, np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb_of(colour: Floats) -> Floats:
    """Return sRGB in 0 to 1 of linear light, bright values rolled off."""
    value = np.clip(colour, 0, None)
    value = np.where(value > 0.8, 0.8 + 0.2 * np.tanh((value - 0.8) / 0.2 * 0.9), value)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055).astype(np.float32)
