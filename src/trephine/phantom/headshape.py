# SPDX-License-Identifier: Apache-2.0
"""Skull, scalp, face, neck and their contents around the template brain, as signed distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import AnyArray
from trephine.phantom.template import TemplateBrain

Field = NDArray[np.float32]
_STEP_MM = 2.0
_LOW_MM = np.array([-104.0, -134.0, -152.0])
_HIGH_MM = np.array([104.0, 122.0, 112.0])
_CANAL_TOP_MM = -60.0
_LOWER_TOP_MM = 6.0
_FAR_MM = 60.0


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadFields:
    """Smooth fields of the whole head on a 2 mm grid in ``mni152``, mm.

    Parameters
    ----------
    distance_mm
        By name, shape (i, j, k), negative inside: ``cranium`` is the signed distance from the intracranial
        wall; the others are those of ``head``, ``bone`` (face, neck, base), ``air``, ``fat``, ``eye``,
        ``lens``, ``canal`` and ``cord``.
    skull_mm
        Thickness of the vault at the nearest point of the wall, shape (i, j, k).
    mni_from_ijk_mm
        From voxel index to ``mni152`` RAS+, mm, shape (4, 4).
    """

    distance_mm: dict[str, Field]
    skull_mm: Field
    mni_from_ijk_mm: NDArray[np.float64]


def _ellipsoid(xyz: Sequence[AnyArray], centre: tuple[float, ...], radius: tuple[float, ...]) -> Field:
    """Return an approximate signed distance to an ellipsoid, mm."""
    scaled = np.sqrt(sum(((x - c) / r) ** 2 for x, c, r in zip(xyz, centre, radius, strict=True)))
    return ((scaled - 1) * np.float32(min(radius))).astype(np.float32)


def _pair(xyz: Sequence[AnyArray], centre: tuple[float, ...], radius: tuple[float, ...]) -> Field:
    """Return the distance to an ellipsoid and its mirror image about x = 0, mm."""
    return _ellipsoid([np.abs(xyz[0]), xyz[1], xyz[2]], centre, radius)


def _blend(first: Field, second: Field, width_mm: float) -> Field:
    """Return a smooth union of two signed distances."""
    mix = np.clip(0.5 + 0.5 * (second - first) / width_mm, 0, 1)
    return (second * (1 - mix) + first * mix - width_mm * mix * (1 - mix)).astype(np.float32)


def _signed_distance(mask: NDArray[np.bool_]) -> Field:
    """Return distance to the border of a mask on the 2 mm grid, negative inside, mm."""
    outside = ndimage.distance_transform_edt(~mask, sampling=_STEP_MM)
    inside = ndimage.distance_transform_edt(mask, sampling=_STEP_MM)
    return (outside - inside).astype(np.float32)


def _cranium(brain: TemplateBrain, xyz: list[Field], csf_mm: float) -> Field:
    """Return the distance outside the inner skull wall: the closed brain hull plus fluid."""
    ijk_from_mm = np.linalg.inv(brain.mni_from_ijk_mm)
    ijk = [x + np.float32(offset) for x, offset in zip(xyz, ijk_from_mm[:3, 3], strict=True)]
    mask = ndimage.map_coordinates(brain.brain_mask.astype(np.float32), ijk, order=1, prefilter=False) > 0.5
    closed = _signed_distance(mask) < 12
    hull = _signed_distance(closed) + 12
    hull = ndimage.gaussian_filter(hull, 1.6)
    return (hull - np.float32(csf_mm)).astype(np.float32)


def vault_thickness_mm(xyz: list[Field], thickness_mm: float) -> Field:
    """Return skull thickness over the head: thin at the temples, thick at the back and forehead, mm."""
    x, y, z = xyz
    temple = np.exp(-(((np.abs(x) - 72) / 18) ** 2) - ((y - 0) / 38) ** 2 - ((z + 22) / 24) ** 2)
    inion = np.exp(-((x / 40) ** 2) - ((y + 108) / 22) ** 2 - ((z + 22) / 30) ** 2)
    brow = np.exp(-((x / 50) ** 2) - ((y - 74) / 16) ** 2 - ((z + 12) / 20) ** 2)
    base = 1 / (1 + np.exp((z + 42) / 4))
    return (thickness_mm * (1 - 0.5 * temple + 0.4 * inion + 0.25 * brow - 0.35 * base)).astype(np.float32)


def _scalp_mm(xyz: list[Field], thickness_mm: float) -> Field:
    """Return scalp thickness: thicker where the temporal muscle and the neck muscles lie, mm."""
    x, y, z = xyz
    temporal = np.exp(-(((np.abs(x) - 74) / 16) ** 2) - ((y - 22) / 28) ** 2 - ((z + 22) / 24) ** 2)
    nape = np.exp(-((x / 45) ** 2) - ((y + 104) / 26) ** 2 - ((z + 52) / 20) ** 2)
    return (thickness_mm + 7 * temporal + 9 * nape).astype(np.float32)


def _outline(xyz: list[Field], vault: Field) -> Field:
    """Return the skin's signed distance: vault, face, jaw, nose, ears and neck in one smooth union, mm."""
    x, y, z = xyz
    lean = 0.12 * (z + 90)
    face = _ellipsoid([x, y - 0.1 * (z + 75), z], (0, 33, -72), (59, 58, 66))
    jaw = _ellipsoid(xyz, (0, 46, -116), (42, 40, 26))
    nose = _ellipsoid([x, y + 0.45 * (z + 58), z], (0, 92, -58), (13, 17, 22))
    ears = _pair(xyz, (71, -24, -42), (9, 14, 28))
    neck = np.sqrt((x / 1.0) ** 2 + ((y + 30 - lean) / 1.05) ** 2) - 57
    neck = np.maximum(neck, z + 66).astype(np.float32)
    shape = _blend(_blend(vault, face, 14), _blend(jaw, neck, 18), 16)
    return _blend(_blend(shape, nose, 5), ears, 4)


def _spine(xyz: list[Field]) -> tuple[Field, Field, Field]:
    """Return signed distances of the vertebral column, its canal and the cord, mm."""
    x, y, z = xyz
    axis = y + 46 - 0.10 * (z + 72)
    radius = np.sqrt(x**2 + axis**2)
    below = z - _CANAL_TOP_MM
    body = np.sqrt((x / 1.25) ** 2 + (axis - 20) ** 2) - 11
    disc = 2.5 - 6 * np.abs(np.sin((z + 80) * np.pi / 17)).clip(0, 0.42)
    arch = np.maximum(radius - 15, 9 - radius)
    column = np.minimum(np.maximum(body, disc), np.maximum(arch, -3 + np.abs(((z + 80) % 17) - 8.5) - 3))
    column = np.maximum(column, z + 76)
    return (
        column.astype(np.float32),
        np.maximum(radius - 9, below).astype(np.float32),
        np.maximum(radius - 5.5, below).astype(np.float32),
    )


def _air(xyz: list[Field]) -> Field:
    """Return the signed distance of sinuses, nasal cavity, airway and mastoid cells, mm."""
    x, y, z = xyz
    parts = [
        _pair(xyz, (27, 52, -66), (11, 14, 15)),
        _pair(xyz, (7, 52, -42), (5, 19, 10)),
        _pair(xyz, (9, 24, -50), (8, 11, 9)),
        _pair(xyz, (13, 77, -20), (12, 4, 10)),
        np.maximum(_pair(xyz, (7, 50, -66), (5, 34, 18)), 1.2 - np.abs(np.abs(x) - 6)),
        _pair(xyz, (58, -38, -52), (9, 11, 14)) + 2.2 * np.sin(x * 1.1) * np.sin(y * 1.2) * np.sin(z) - 0.2,
        np.maximum(np.sqrt((x / 1.4) ** 2 + (y + 1 - 0.12 * (z + 90)) ** 2) - 7.5, z + 62),
        np.maximum(np.sqrt((y + 25) ** 2 + (z + 46) ** 2) - 3, 62 - np.abs(x)),
    ]
    return np.minimum.reduce(parts).astype(np.float32)


def _face_bone(xyz: list[Field], air: Field) -> Field:
    """Return the signed distance of the facial skeleton and the bone of the base, mm."""
    x, y, z = xyz
    sinus_wall = np.maximum(np.abs(air + 0.9) - 1.0, z + 112)
    sinus_wall = np.where((y < 12) & (np.abs(x) < 40), 9, sinus_wall)
    arch = np.sqrt((x / 44) ** 2 + ((y - 22) / 56) ** 2)
    mandible = np.maximum(np.maximum(np.abs(arch - 1) * 44 - 5, np.abs(z + 118) - 13), 8 - y)
    ramus = np.maximum(_pair([x, y - 0.2 * (z + 90), z], (45, 10, -90), (4, 13, 34)), z + 58)
    palate = np.maximum(
        np.maximum(np.abs(z + 88) - 3, _ellipsoid([x, y, 0 * z], (0, 52, 0), (27, 36, 27))), -y
    )
    teeth = np.maximum(np.maximum(np.abs(arch * 1.12 - 1) * 40 - 3.5, np.abs(z + 98) - 8), 40 - y)
    zygoma = np.maximum(np.abs(_pair(xyz, (0, 10, -52), (64, 62, 40))) - 2.5, np.abs(z + 54) - 6)
    zygoma = np.maximum(zygoma, np.maximum(5 - y, 40 - np.abs(x)))
    orbit = np.maximum(np.abs(_pair(xyz, (31, 50, -38), (19, 26, 18))) - 1.2, y - 68)
    petrous = _pair([x, y + 0.35 * (np.abs(x) - 40), z], (44, -26, -45), (24, 9, 9))
    mastoid = _pair(xyz, (58, -38, -55), (13, 15, 19))
    clivus = _ellipsoid([x, y - 0.5 * (z + 50), z], (0, -2, -50), (13, 6, 20))
    nasal = np.maximum(
        np.abs(_ellipsoid([x, y + 0.4 * (z + 45), z], (0, 82, -45), (6, 9, 14))) - 1.2, -6 + 0 * x
    )
    parts = [sinus_wall, mandible, ramus, palate, teeth, zygoma, orbit, petrous, mastoid, clivus, nasal]
    return np.minimum.reduce(parts).astype(np.float32)


def _orbit_fat(xyz: list[Field]) -> Field:
    """Return the signed distance of the fat behind the eyes, between its muscles, mm."""
    x, y, z = np.abs(xyz[0]), xyz[1], xyz[2]
    cone = _ellipsoid([x, y, z], (31, 48, -38), (17, 24, 16))
    axis_x = x - (14 + 0.42 * (y - 22))
    nerve = np.sqrt(axis_x**2 + (z + 38) ** 2) - 2.2
    spread = np.clip((y - 18) * 0.45, 0, 12)
    around = np.sqrt(axis_x**2 + (z + 38) ** 2)
    square = np.maximum(np.abs(axis_x), np.abs(z + 38)) / np.maximum(around, 1)
    muscle = np.maximum(np.abs(around - spread) - 1.6, (0.93 - square) * 20)
    return np.maximum(np.maximum(cone, -nerve), -muscle).astype(np.float32)


def _lower_part(xyz: list[Field], cranium: Field) -> tuple[dict[str, Field], list[tuple[int, int]]]:
    """Return signed distances of what lies in face, neck and base, and the padding back to the whole grid."""
    count = int(np.searchsorted(xyz[2][0, 0], _LOWER_TOP_MM))
    low = [part[:, :, :count] for part in xyz]
    column, canal, cord = _spine(low)
    air = np.maximum(_air(low), 2.5 - cranium[:, :, :count])
    parts = {
        "air": air,
        "bone": np.minimum(_face_bone(low, air), column),
        "fat": _orbit_fat(low),
        "eye": _pair(low, (32, 58, -38), (12.2, 12.2, 12.2)),
        "lens": _pair(low, (32.5, 67, -38), (4.5, 2.2, 4.5)),
        "canal": canal,
        "cord": cord,
    }
    return parts, [(0, 0), (0, 0), (0, cranium.shape[2] - count)]


def build_head_fields(brain: TemplateBrain, *, skull_mm: float, scalp_mm: float, csf_mm: float) -> HeadFields:
    """Build the whole head around the template brain.

    Parameters
    ----------
    brain
        Template brain.
    skull_mm, scalp_mm, csf_mm
        Thickness of vault and scalp over the crown, and gap between brain hull and skull, mm.

    Returns
    -------
    HeadFields
        Fields on a 2 mm grid in ``mni152``.

    Notes
    -----
    The vault follows the brain; face, neck and what they hold are ellipsoids and tubes placed by hand.
    """
    axes = [
        np.arange(low, high + 0.1, _STEP_MM, dtype=np.float32)
        for low, high in zip(_LOW_MM, _HIGH_MM, strict=True)
    ]
    xyz = list(np.meshgrid(*axes, indexing="ij"))
    cranium = _cranium(brain, xyz, csf_mm)
    thickness = vault_thickness_mm(xyz, skull_mm)
    head = _outline(xyz, cranium - thickness - _scalp_mm(xyz, scalp_mm))
    lower, edge = _lower_part(xyz, cranium)
    affine = np.diag([_STEP_MM, _STEP_MM, _STEP_MM, 1.0])
    affine[:3, 3] = _LOW_MM
    fields = {
        "cranium": cranium,
        "head": head,
        **{name: np.pad(part, edge, constant_values=_FAR_MM) for name, part in lower.items()},
    }
    return HeadFields(distance_mm=fields, skull_mm=thickness, mni_from_ijk_mm=affine)
