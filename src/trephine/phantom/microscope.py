# SPDX-License-Identifier: Apache-2.0
"""The microscope's picture of a scene: light, colour, glare, focus and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.random import generator
from trephine.phantom.live_view import Scene
from trephine.phantom.person import Person
from trephine.phantom.raster import drawn_vessels
from trephine.phantom.vessels import ARTERY, VEIN

Field = NDArray[np.float32]

# Colours as linear reflectance (red, green, blue); assumed from photographs of exposed human cortex.
_CORTEX = (0.80, 0.52, 0.44)
_SULCUS = (0.46, 0.25, 0.22)
_BLOOD = {ARTERY: (0.66, 0.075, 0.07), VEIN: (0.27, 0.055, 0.12)}
_ABSORPTION_PER_MM = {ARTERY: (4.0, 22.0, 22.0), VEIN: (9.0, 26.0, 20.0)}


def _noise(scene: Scene, rng: np.random.Generator, sigma_um: float) -> Field:
    """Draw smooth noise of unit spread over the picture, shape (row, column)."""
    sigma_pixels = sigma_um / scene.pixel_um
    step = max(1, int(sigma_pixels / 2))
    small = rng.standard_normal((scene.size // step + 3,) * 2, dtype=np.float32)
    small = ndimage.gaussian_filter(small, sigma_pixels / step)
    small /= small.std()
    return ndimage.affine_transform(small, [1 / step] * 2, output_shape=(scene.size,) * 2, order=1)


def _tissue(scene: Scene, rng: np.random.Generator) -> Field:
    """Colour the bare cortex: gyri, darker sulci, mottling by the capillary bed, shape (row, column, 3)."""
    blend = np.clip((scene.sulcus_share - 0.2) / 0.6, 0, 1)[..., None]
    mottle = (
        1 + 0.045 * _noise(scene, rng, 440) + 0.03 * _noise(scene, rng, 120) + 0.02 * _noise(scene, rng, 35)
    )
    image = np.asarray(_CORTEX, np.float32) * (1 - blend) + np.asarray(_SULCUS, np.float32) * blend
    image = image * mottle[..., None]
    image[..., 1:] *= (1 - 0.05 * _noise(scene, rng, 1500))[..., None]
    return image


def _lay_vessels(scene: Scene, image: Field) -> tuple[Field, NDArray[np.bool_]]:
    """Lay veins and then arteries over the tissue by absorption of light along its way.

    Returns the picture, and the exact mask of all vessels, shape (row, column).
    """
    mask = np.zeros(image.shape[:2], dtype=bool)
    for kind in (VEIN, ARTERY):
        chord, across, inside = drawn_vessels(
            scene.vessels, scene.plane_mm, scene.pixel_um / 1000, scene.size, kind
        )
        mask |= inside
        absorbed = 1 - np.exp(-chord[..., None] * np.asarray(_ABSORPTION_PER_MM[kind], np.float32))
        # Round vessels are lighter on the side of the lamp and shine along their crest.
        shade = (
            1 + 0.16 * across + 0.35 * np.exp(-(((across - 0.2) / 0.16) ** 2)) * np.clip(chord / 0.4, 0, 1)
        )
        image = image * (1 - absorbed) + absorbed * np.asarray(_BLOOD[kind], np.float32) * shade[..., None]
    return image, mask


def _light(scene: Scene, rng: np.random.Generator) -> Field:
    """Return uneven light: lamp off centre, slope of the surface, shape (row, column)."""
    axis = np.linspace(-1, 1, scene.size, dtype=np.float32)
    centre = rng.uniform(-0.35, 0.35, 2)
    distance = (axis[None, :] - centre[0]) ** 2 + (axis[:, None] - centre[1]) ** 2
    slope = np.gradient(ndimage.gaussian_filter(scene.height_mm, 340 / scene.pixel_um), scene.pixel_um / 1000)
    lamp = rng.uniform(-0.3, 0.3, 2)
    tilt = 1 + lamp[0] * slope[0] + lamp[1] * slope[1]
    return (1.06 * np.exp(-0.32 * distance) * np.clip(tilt, 0.6, 1.3)).astype(np.float32)


def _glare(scene: Scene, rng: np.random.Generator) -> Field:
    """Return mirror reflections of the lamp from the wet surface, shape (row, column), 0 to above 1."""
    bumps = 0.06 * _noise(scene, rng, 520) + 0.012 * _noise(scene, rng, 160)
    surface = scene.height_mm / 12 + 0.25 * np.clip(1 - scene.sulcus_share, 0, 1) + bumps
    rows, columns = np.gradient(ndimage.gaussian_filter(surface, 50 / scene.pixel_um), scene.pixel_um / 1000)
    glare = np.zeros(surface.shape, dtype=np.float32)
    for _ in range(2):
        aim = rng.normal(0, 0.2, 2)
        square = (rows - aim[0]) ** 2 + (columns - aim[1]) ** 2
        glare += np.exp(-square / 0.0006).astype(np.float32)
    patchy = np.clip(0.8 * _noise(scene, rng, 2000) - 0.2, 0, 1)
    return ndimage.gaussian_filter(glare * patchy, 20 / scene.pixel_um)


def _focused(image: Field, scene: Scene, rng: np.random.Generator) -> Field:
    """Blur what lies away from the focal plane."""
    focal_mm = float(np.median(scene.height_mm)) + float(rng.uniform(-0.3, 0.3))
    away = np.clip(np.abs(scene.height_mm - focal_mm) / 3.0, 0, 1)[..., None]
    sharp = ndimage.gaussian_filter(image, (12 / scene.pixel_um, 12 / scene.pixel_um, 0), truncate=3)
    soft = ndimage.gaussian_filter(image, (51 / scene.pixel_um, 51 / scene.pixel_um, 0), truncate=3)
    return sharp * (1 - away) + soft * away


def photograph(person: Person, scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Photograph the exposed cortex.

    Parameters
    ----------
    person
        Seed.
    scene
        What lies under the microscope.

    Returns
    -------
    tuple
        Picture, shape (row, column, 3), 8-bit; and the true vessel mask, shape (row, column).
    """
    rng = generator(person.seed, "phantom.microscope")
    image, mask = _lay_vessels(scene, _tissue(scene, rng))
    image = image * _light(scene, rng)[..., None] + _glare(scene, rng)[..., None] * np.float32(0.9)
    image = _focused(image.astype(np.float32), scene, rng)
    image += np.float32(0.008) * rng.standard_normal(image.shape, dtype=np.float32)
    shown = np.clip(image, 0, 1) ** np.float32(1 / 1.25)
    return np.round(255 * shown).astype(np.uint8), mask
