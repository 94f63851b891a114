# SPDX-License-Identifier: Apache-2.0
"""Labelled pictures of made-up vessels under made-up light, to teach and to calibrate what finds vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.random import generator
from trephine.phantom.raster import drawn_vessels
from trephine.phantom.vessels import (
    ARTERY,
    VEIN,
    VesselTree,
    curved,
    grow,
    joined,
    murray_radius_um,
    smoothed,
    tapered_um,
)

Field = NDArray[np.float32]
Draw = np.random.Generator

SIZE = 512
_PIXEL_MM = 0.01
_UM_A_PIXEL = 10.0
_RIM = 40.0
_DEEP, _TRUNKS, _FINE = _LAYERS = ("deep", "trunks", "fine")
_SPACING = {_DEEP: 1.8, _TRUNKS: 3.0, _FINE: 1.0}
_LEAF = {_DEEP: 1.5, _TRUNKS: 3.5, _FINE: 1.0}
_TRUNK_SHARE = 0.5
_LEAST_SHADOW = 0.15
"""A vessel that takes less of the green light behind it is not labelled: nobody would see it."""
_GREY_SHARE = 0.4
_WINDOW_SHARE = 0.35
_BLOOD = {ARTERY: (0.66, 0.075, 0.07), VEIN: (0.27, 0.055, 0.12)}
_ABSORPTION_PER_MM = {ARTERY: (4.0, 22.0, 22.0), VEIN: (9.0, 26.0, 20.0)}


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledPicture:
    """A picture and what is true of it.

    Parameters
    ----------
    rgb
        Shape (512, 512, 3), uint8.
    vessel
        True vessels, walls included, shape (512, 512).
    width_pixel
        Width of the widest vessel over each pixel, 0 where there is none, same shape.
    """

    rgb: NDArray[np.uint8]
    vessel: NDArray[np.bool_]
    width_pixel: Field


def labelled_picture(seed: int, number: int) -> LabelledPicture:
    """Draw one picture.

    Parameters
    ----------
    seed, number
        Equal ones give equal pictures.

    Returns
    -------
    LabelledPicture
        Random vessel trees of 1.5 to 50 pixels width, in focus and below it, on mottled tissue with darker
        sulci, under uneven light, with mirror reflections, in two pictures of five without colour, in one of
        three within a round window with a bright rim, blurred and with noise.

    Notes
    -----
    Every figure is assumed, and drawn widely about that of the digital participant's live view, so that no
    one camera is learnt.
    """
    rng = generator(seed, f"phantom.vessel_pictures.{number}")
    image = _tissue(rng)
    vessel = np.zeros((SIZE, SIZE), dtype=bool)
    width = np.zeros((SIZE, SIZE), dtype=np.float32)
    for layer in _LAYERS if rng.random() < _TRUNK_SHARE else (_DEEP, _FINE):
        tree = _trees(rng, layer)
        for kind in (VEIN, ARTERY):
            image, inside, chord = _laid(image, tree, kind, rng, is_deep=layer == _DEEP)
            vessel |= inside
            width = np.maximum(width, chord)
    image = image * _light(rng)[..., None] + _glare(rng, width)[..., None]
    if rng.random() < _WINDOW_SHARE:
        image, within = _windowed(image, rng)
        vessel, width = vessel & within, width * within
    return LabelledPicture(rgb=_shot(image, rng), vessel=vessel, width_pixel=width)


def _noise(rng: Draw, sd_pixel: float) -> Field:
    """Draw smooth noise of unit spread, shape (512, 512)."""
    step = max(1, int(sd_pixel / 2))
    small = rng.standard_normal((SIZE // step + 3,) * 2, dtype=np.float32)
    small = ndimage.gaussian_filter(small, sd_pixel / step)
    small /= small.std()
    return ndimage.affine_transform(small, [1 / step] * 2, output_shape=(SIZE, SIZE), order=1)


def _tissue(rng: Draw) -> Field:
    """Colour bare cortex: mottled, with the soft dark bands of sulci, shape (row, column, 3)."""
    mottle = 1 + rng.uniform(0, 0.07) * _noise(rng, 40) + rng.uniform(0, 0.05) * _noise(rng, 10)
    mottle += rng.uniform(0, 0.04) * _noise(rng, 2.5)
    band = np.clip(_noise(rng, rng.uniform(50, 110)) * 2 - rng.uniform(1, 4), 0, 1)
    colour = np.array((0.80, 0.52, 0.44)) * rng.uniform(0.7, 1.25, 3)
    dark = colour * rng.uniform(0.45, 0.9)
    base = colour * (1 - band[..., None]) + dark * band[..., None]
    return (base * mottle[..., None]).astype(np.float32)


def _trees(rng: Draw, layer: str) -> VesselTree:
    """Grow arteries and veins from the picture's rim over the picture."""
    trees = []
    for kind in (ARTERY, VEIN):
        spacing = rng.uniform(45, 130) * _SPACING[layer]
        axis = np.arange(-_RIM, SIZE + _RIM, spacing)
        targets = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        targets = targets + rng.uniform(-0.5, 0.5, targets.shape) * spacing
        turn = rng.uniform(0, 2 * np.pi, rng.integers(1, 4))
        roots = SIZE / 2 + 0.75 * SIZE * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        parent = grow(roots, targets, rng.uniform(0.7, 1.3, len(targets)), rng.uniform(0.05, 0.4))
        leaf = (
            _LEAF[layer] * np.exp(rng.uniform(np.log(0.8), np.log(2.5))) * rng.uniform(0.6, 1.5, len(parent))
        )
        largest = np.exp(rng.uniform(np.log(4), np.log(25)))
        wire = murray_radius_um(parent, leaf * _UM_A_PIXEL, largest * _UM_A_PIXEL)
        points, links, owner = curved(
            np.concatenate([roots, targets]), parent, 6.0, rng.uniform(0.04, 0.16), rng
        )
        radius = np.maximum(tapered_um(wire, links, len(parent), owner), 0.75 * _UM_A_PIXEL)
        points = smoothed(points, links, radius, 3) * _PIXEL_MM
        trees.append(
            VesselTree(
                position_mm=np.column_stack([points, np.zeros(len(points))]),
                parent=links,
                radius_um=radius,
                kind=np.full(len(links), kind, dtype=np.int64),
            )
        )
    return joined(trees)


def _laid(
    image: Field, tree: VesselTree, kind: int, rng: Draw, *, is_deep: bool
) -> tuple[Field, NDArray[np.bool_], Field]:
    """Lay the vessels of one kind over a picture; return it, their mask and their width in pixels."""
    chord, across, inside = drawn_vessels(tree, tree.position_mm, _PIXEL_MM, SIZE, kind)
    strength = rng.uniform(0.4, 1.5)
    absorbed = 1 - np.exp(-strength * chord[..., None] * np.asarray(_ABSORPTION_PER_MM[kind], np.float32))
    crest = rng.uniform(0, 0.45) * np.exp(-(((across - 0.2) / 0.16) ** 2)) * np.clip(chord / 0.06, 0, 1)
    shade = 1 + rng.uniform(-0.2, 0.2) * across + crest
    if is_deep:
        blur = rng.uniform(2.5, 7)
        absorbed = rng.uniform(0.3, 0.7) * ndimage.gaussian_filter(absorbed, (blur, blur, 0))
        shade = np.ones_like(shade)
    inside &= absorbed[..., 1] > _LEAST_SHADOW
    blood = np.asarray(_BLOOD[kind], np.float32) * rng.uniform(0.7, 1.4, 3).astype(np.float32)
    laid = image * (1 - absorbed) + absorbed * blood * shade[..., None]
    # The width is the longest way through blood near by: a ball of that size fits there.
    width = ndimage.grey_dilation(chord / _PIXEL_MM, size=(3, 3)) * inside
    return laid.astype(np.float32), inside, width.astype(np.float32)


def _light(rng: Draw) -> Field:
    """Return uneven light, shape (row, column)."""
    axis = np.linspace(-1, 1, SIZE, dtype=np.float32)
    centre = rng.uniform(-0.7, 0.7, 2)
    away = (axis[None, :] - centre[0]) ** 2 + (axis[:, None] - centre[1]) ** 2
    return (rng.uniform(0.6, 1.3) * np.exp(-rng.uniform(0, 0.8) * away)).astype(np.float32)


def _glare(rng: Draw, width: Field) -> Field:
    """Return mirror reflections of the lamp, some along wide vessels, shape (row, column)."""
    if rng.random() < 0.3:
        return np.zeros((SIZE, SIZE), dtype=np.float32)
    bumps = _noise(rng, rng.uniform(8, 30)) + 0.1 * width
    rows, columns = np.gradient(bumps)
    aim = rng.normal(0, 0.05, 2)
    spot = np.exp(-((rows - aim[0]) ** 2 + (columns - aim[1]) ** 2) / rng.uniform(1e-5, 1e-4))
    patchy = np.clip(0.8 * _noise(rng, 80) - 0.2, 0, 1)
    return ndimage.gaussian_filter(spot * patchy, 1.0).astype(np.float32)


def _windowed(image: Field, rng: Draw) -> tuple[Field, NDArray[np.bool_]]:
    """Put a round window over the picture, bright at its rim and dark and rough beyond."""
    centre = rng.uniform(0.1, 0.9, 2) * SIZE
    radius = rng.uniform(0.55, 0.9) * SIZE
    rows, columns = np.indices((SIZE, SIZE), dtype=np.float32)
    away = np.hypot(rows - centre[0], columns - centre[1]) - radius + 6 * _noise(rng, 25)
    rim = rng.uniform(0, 0.6) * np.exp(-((away / rng.uniform(3, 15)) ** 2)) * (1 + 0.3 * _noise(rng, 12))
    dark = rng.uniform(0, 0.25) * np.exp(-np.maximum(away, 0) / rng.uniform(20, 120))
    rough = 1 + rng.uniform(0, 0.5) * _noise(rng, rng.uniform(2, 6))
    share = 1 / (1 + np.exp(-away / rng.uniform(1, 8)))
    beyond = (dark * rough)[..., None] * np.array((0.8, 0.6, 0.5), dtype=np.float32)
    seen = image * (1 - share[..., None]) + beyond * share[..., None] + rim[..., None]
    return seen.astype(np.float32), away < 0


def _shot(image: Field, rng: Draw) -> NDArray[np.uint8]:
    """Photograph: focus, noise of light and of the sensor, tone curve, colour or none."""
    blur = np.exp(rng.uniform(np.log(0.4), np.log(2.0)))
    image = ndimage.gaussian_filter(image, (blur, blur, 0), truncate=3)
    if rng.random() < _GREY_SHARE:
        image = np.repeat(image[..., 1:2], 3, axis=2)
        grain = rng.standard_normal((SIZE, SIZE, 1), dtype=np.float32)
    else:
        grain = rng.standard_normal((SIZE, SIZE, 3), dtype=np.float32)
    if rng.random() < 0.5:
        grain = ndimage.gaussian_filter(grain, (0.7, 0.7, 0)) * np.float32(2.2)
    read, light = rng.uniform(0.001, 0.01), rng.uniform(0.002, 0.02)
    image = image + grain * np.sqrt(read**2 + light**2 * np.clip(image, 0, 1)).astype(np.float32)
    shown = np.clip(image, 0, 1) ** np.float32(rng.uniform(0.6, 1.3))
    return np.round(255 * shown).astype(np.uint8)
