# SPDX-License-Identifier: Apache-2.0
"""Planning T1 and CT of a sampled head."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import AnyArray
from trephine.core.random import generator
from trephine.model.volume import Grid
from trephine.phantom.person import Person
from trephine.phantom.tissues import Head

Field = NDArray[np.float32]
_T1_WHITE_SIGNAL = 420.0
_T1_NOISE_FRACTION = 0.022

# Signal against white matter in a 3 T MPRAGE, and Hounsfield units; assumed from typical images.
T1 = {
    "air": 0.0, "skin": 0.62, "fat": 1.08, "galea": 0.42, "muscle": 0.42, "cortical": 0.07, "marrow": 0.48,
    "csf": 0.17, "eye": 0.15, "lens": 0.42, "cord": 0.85, "blood": 0.42,
}  # fmt: skip
HU = {
    "air": -1000.0, "skin": 40.0, "fat": -95.0, "galea": 35.0, "muscle": 52.0, "cortical": 1450.0,
    "marrow": 560.0, "csf": 8.0, "eye": 12.0, "lens": 70.0, "cord": 34.0, "blood": 55.0,
}  # fmt: skip


def _cover(distance_mm: AnyArray, width_mm: float) -> Field:
    """Return the share of a voxel that lies inside a signed distance, 0 to 1."""
    share: Field = np.clip(np.float32(0.5) - distance_mm / np.float32(width_mm), 0, 1)
    return share


def _paint(image: Field, value: AnyArray | float, cover: Field) -> None:
    """Mix a tissue over an image in place."""
    image += (np.asarray(value, dtype=np.float32) - image) * cover


def _texture(person: Person, name: str, grid: Grid, sigma_mm: float) -> Field:
    """Draw smooth noise of unit spread on a grid, shape (i, j, k)."""
    step = max(1, round(sigma_mm / 1.2 / grid.voxel_mm[0]))
    shape = tuple(-(-n // step) + 2 for n in grid.shape)
    noise = generator(person.seed, f"phantom.texture.{name}").standard_normal(shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, sigma_mm / (step * grid.voxel_mm[0]))
    noise /= noise.std()
    if step == 1:
        return noise[: grid.shape[0], : grid.shape[1], : grid.shape[2]]
    return ndimage.affine_transform(noise, [1 / step] * 3, output_shape=grid.shape, order=1)


def _soft_tissue(head: Head, image: Field, value: dict[str, float], streaks: Field) -> None:
    """Paint skin, fat, muscle with fat between its bellies, facial bone and eyes, in place."""
    d = head.distance_mm
    width = head.grid.voxel_mm[0]
    depth = -d["head"]
    _paint(image, value["skin"], _cover(d["head"], width))
    over_vault = _cover(d["cranium"] - head.skull_mm - 9, 6)
    fat_end = 4.6 + 3.0 * (1 - over_vault) + 1.2 * streaks
    _paint(image, value["fat"], _cover(1.7 - depth, width))
    _paint(image, value["galea"], _cover(fat_end - depth, width))
    deep = _cover(fat_end + 1.0 - depth, width)
    muscle = value["muscle"] + (value["fat"] - value["muscle"]) * 0.7 * np.clip(
        1.6 * np.abs(streaks) - 2.0, 0, 1
    )
    _paint(image, muscle, deep)
    _paint(image, value["fat"], _cover(d["fat"], width))
    _paint(image, value["cortical"], _cover(d["bone"], width))
    _paint(image, value["marrow"], _cover(d["bone"] + 2.2, width))
    _paint(image, value["eye"], _cover(d["eye"], width))
    _paint(image, value["lens"], _cover(d["lens"], width))


def _vault(head: Head, image: Field, value: dict[str, float], streaks: Field) -> None:
    """Paint the skull's two tables and the marrow between, in place."""
    d = head.distance_mm["cranium"]
    width = head.grid.voxel_mm[0]
    _paint(image, value["cortical"], _cover(d - head.skull_mm, width))
    inner, outer = 1.6 + 0.25 * streaks, head.skull_mm - 2.0
    marrow = _cover(inner - d, width) * _cover(d - outer, width) * np.clip((head.skull_mm - 4.2) / 1.5, 0, 1)
    mixed = value["marrow"] * (1 + 0.22 * streaks)
    _paint(image, mixed, marrow * np.clip(0.9 + 0.2 * streaks, 0, 1))


def _inside(
    head: Head, image: Field, value: dict[str, float], grey: float, white: float, depth: float
) -> None:
    """Paint spinal canal, fluid, grey and white matter, in place."""
    d = head.distance_mm
    width = head.grid.voxel_mm[0]
    _paint(image, value["csf"], _cover(d["canal"], width))
    _paint(image, value["cord"], _cover(d["cord"], width))
    _paint(image, value["csf"], _cover(d["cranium"], width))
    _paint(image, grey, np.clip(0.5 + np.float32(1.9 * depth) * head.tissue, 0, 1))
    _paint(image, white, np.clip(0.5 + np.float32(1.5 * depth) * head.white, 0, 1))
    low_cord = (head.mni_mm[2] < -66) & (d["cord"] < 0)
    image[low_cord] = value["cord"]


def compose(
    person: Person, head: Head, value: dict[str, float], grey_signal: float, white_signal: float
) -> Field:
    """Compose one image of the head from its tissues, shape (voxel,)."""
    texture = _texture(person, "soft", head.grid, 3.0).reshape(-1)[head.index]
    image = np.full(head.index.shape, value["air"], dtype=np.float32)
    _soft_tissue(head, image, value, texture)
    _vault(head, image, value, texture)
    _paint(image, value["air"], _cover(head.distance_mm["air"], head.grid.voxel_mm[0]))
    _inside(head, image, value, grey_signal, white_signal, 1.0 / max(head.grid.voxel_mm[0], 1.0))
    return image


def t1_signal(person: Person, head: Head, blood: Field) -> Field:
    """Return the noise-free T1 signal against white matter, shape (i, j, k).

    Parameters
    ----------
    person
        Contrast and seed.
    head
        The sampled head.
    blood
        Share of each voxel filled by vessels, shape (i, j, k).

    Returns
    -------
    numpy.ndarray
        1 is white matter.
    """
    image = compose(person, head, T1, person.traits.grey_to_white_fraction, 1.0)
    _paint(image, T1["blood"], blood.reshape(-1)[head.index])
    filled: Field = head.filled(image)
    return filled


def scan_t1(person: Person, signal: Field, grid: Grid) -> NDArray[np.int16]:
    """Scan the planning T1: slow coil shading, slight blur and Rician noise.

    Parameters
    ----------
    person
        Seed.
    signal
        Noise-free signal, shape (i, j, k).
    grid
        Its grid.

    Returns
    -------
    numpy.ndarray
        Shape (i, j, k), int16, arbitrary units.
    """
    rng = generator(person.seed, "phantom.t1")
    shading = np.exp(np.float32(rng.uniform(0.06, 0.11)) * _texture(person, "bias", grid, 55.0))
    image = ndimage.gaussian_filter(signal, 0.4, truncate=3.0) * shading
    noise = np.float32(_T1_NOISE_FRACTION)
    real = image + noise * rng.standard_normal(grid.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(grid.shape, dtype=np.float32)
    return np.round(np.float32(_T1_WHITE_SIGNAL) * np.hypot(real, imaginary)).astype(np.int16)


def hounsfield(person: Person, head: Head) -> Field:
    """Return noise-free CT numbers on the planning T1's grid, shape (i, j, k), HU."""
    image = compose(person, head, HU, 38.0, 30.0)
    filled: Field = head.filled(image, HU["air"])
    return filled


def resample(values: Field, grid: Grid, target: Grid, value: float) -> Field:
    """Look a volume up on another grid of the same frame, linear, shape of the target; ``value`` beyond."""
    index_map = np.linalg.inv(grid.affine_mm) @ target.affine_mm
    return ndimage.affine_transform(
        values,
        index_map[:3, :3],
        index_map[:3, 3],
        output_shape=target.shape,
        order=1,
        mode="constant",
        cval=value,
        output=np.float32,
    )


def scan_ct(person: Person, hu: Field, grid: Grid, target: Grid) -> NDArray[np.int16]:
    """Scan the CT on a grid given in ``scanner`` where the head truly lies, shape of the target, HU."""
    image = resample(hu, grid, target, HU["air"])
    rng = generator(person.seed, "phantom.ct")
    noise = ndimage.gaussian_filter(rng.standard_normal(target.shape, dtype=np.float32), (0.6, 0.6, 0))
    image += np.float32(9.0) / noise.std() * noise
    return np.round(np.clip(image, -1024, 3071)).astype(np.int16)
