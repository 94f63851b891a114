# SPDX-License-Identifier: Apache-2.0
"""The transverse sinuses as zones: on the inner table, where the cerebrum's edge lies on the cerebellum."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import MNI152
from trephine.kernels.geometry.meshes import corner_normals
from trephine.kernels.geometry.voxels import sampled
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.sinus import DuralSinus

_HUB_MNI_MM = (0.0, -45.0, -5.0)
"""Between the edges of the tentorium, from which its outer border is looked at. Assumed."""
_ROUND_RAD = np.deg2rad(np.arange(5.0, 90.5, 2.5))
"""From beside the confluence to where the sigmoid sinus begins, at the back edge of the petrous bone."""
_UP_RAD = np.deg2rad(np.arange(-60.0, 31.0, 1.0))
_RAY_MM = np.arange(20.0, 110.0, 0.5)
_BELOW_MM = 2.0
_LAYER_MM = np.arange(3.0, 14.0, 1.0)
"""Depths below the inner table at which brain is told to be cerebrum or cerebellum. Assumed."""
_TIE_SHARE = 0.02
_LEAST_SHARE = 0.1
"""Of the brain looked at on a ray fan that each of both must be, for a border between them. Assumed."""
_MOST_WRONG_SHARE = 0.1
_DIAMETER_MM = {"left": 5.4, "right": 6.7}
"""Mean of 58 healthy people (`transversewidth2024`)."""
_SD_MM = 5.0
"""Across. Assumed: lumina that a T1 shows begin at the border and end 5 to 15 mm below it."""
_EVENING_RAYS = 1.5
_NEAR_MM = 20.0
_RIM_MM = 1.0
"""Brain that lies this little outside the cerebral surfaces is their own rim: labels are voxels. Assumed."""


def transverse(anatomy: Anatomy) -> tuple[DuralSinus, ...]:
    """Find the zones of the left and the right transverse sinus, from the confluence to the sigmoid's start.

    Parameters
    ----------
    anatomy
        With tissue, intracranial mask, maps and hemispheres.

    Returns
    -------
    tuple
        Those that could be laid, left first.

    Notes
    -----
    Fans of rays from the template's tentorium, carried to the person, end on the inner table. In each fan the
    border is where brain below the surfaces of the cerebral cortex gives way to brain that is not: the
    cerebellum. The sinus runs in the tentorium's attachment, so its middle is taken half its width lower. It
    is not looked for: of 105 people 20 % had no left one that a scan showed, 39 % a thin one
    (`transverse2004`).
    """
    if len(anatomy.hemispheres) != 2:
        return ()
    found = (_one_side(anatomy, name, sign) for name, sign in (("left", -1.0), ("right", 1.0)))
    return tuple(zone for zone in found if zone is not None)


def _one_side(anatomy: Anatomy, name: str, sign: float) -> DuralSinus | None:
    around, up = (each.ravel() for each in np.meshgrid(_ROUND_RAD, _UP_RAD, indexing="ij"))
    level = np.cos(up)
    direction = np.column_stack([sign * np.sin(around) * level, -np.cos(around) * level, np.sin(up)])
    mni = np.array(_HUB_MNI_MM) + _RAY_MM[None, :, None] * direction[:, None]
    way = anatomy.scanner_from_mni(mni.reshape(-1, 3), frame=MNI152).reshape(mni.shape)
    mask = anatomy.intracranial
    inside = sampled(mask.values, mask.grid.affine_mm, way.reshape(-1, 3)).reshape(mni.shape[:2]) > 0.5
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    is_met = inside.any(axis=1) & ~inside[:, -1]
    step = _RAY_MM[1] - _RAY_MM[0]
    rows = np.arange(len(way))[:, None]
    layer = way[rows, np.maximum(last[:, None] - np.round(_LAYER_MM / step).astype(int), 0)]
    cerebrum, other = _told_apart(anatomy, layer)
    fans = (len(_ROUND_RAD), len(_UP_RAD))
    border, is_clear = _borders(cerebrum.reshape(*fans, -1).sum(axis=2), other.reshape(*fans, -1).sum(axis=2))
    below = np.maximum(last - round(_BELOW_MM / step), 0)
    place = way[np.arange(len(way)), below].reshape(*fans, 3)
    fan = np.arange(len(_ROUND_RAD))
    is_clear &= is_met.reshape(fans)[fan, border]
    if np.count_nonzero(is_clear) < len(fan) // 2:
        return None
    half_mm = 0.5 * _DIAMETER_MM[name]
    centre = place[fan, border]
    under = place[fan, np.maximum(border - 1, 0)] - centre
    under /= np.maximum(np.linalg.norm(under, axis=1, keepdims=True), 1e-9)
    line = (centre + half_mm * under)[is_clear]
    count = len(line)
    return DuralSinus(
        name=f"{name} transverse",
        centre_mm=ndimage.gaussian_filter1d(line, _EVENING_RAYS, axis=0, mode="nearest"),
        half_width_mm=np.full(count, half_mm),
        sd_mm=np.full(count, _SD_MM),
    )


def _told_apart(anatomy: Anatomy, layer_mm: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Tell at places which are brain within the cerebral surfaces, and which are other brain."""
    flat: Points = layer_mm.reshape(-1, 3)
    grid = anatomy.tissue.grid
    is_brain = sampled(anatomy.tissue.values, grid.affine_mm, flat, order=0) >= Tissue.GREY
    low, high = flat.min(axis=0) - _NEAR_MM, flat.max(axis=0) + _NEAR_MM
    points, normals = [], []
    for half in anatomy.hemispheres:
        corners = half.pial.points_mm
        near = half.is_cortex & ((corners > low) & (corners < high)).all(axis=1)
        points.append(corners[near])
        normals.append(corner_normals(corners, half.pial.faces)[near])
    corners, outward = np.concatenate(points), np.concatenate(normals)
    _, nearest = cKDTree(corners).query(flat)
    is_within = np.einsum("ij,ij->i", flat - corners[nearest], outward[nearest]) < _RIM_MM
    shape = layer_mm.shape[:-1]
    return (is_brain & is_within).reshape(shape), (is_brain & ~is_within).reshape(shape)


def _borders(cerebrum: AnyArray, other: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return where in each fan other brain below gives way to cerebrum above, and whether that is clear."""
    # wrong[f, k]: cerebrum below step k and other brain from it on.
    low = np.cumsum(cerebrum, axis=1) - cerebrum
    high = other[:, ::-1].cumsum(axis=1)[:, ::-1]
    wrong = low + high
    scarcer = np.minimum(cerebrum.sum(axis=1), other.sum(axis=1))
    total = np.maximum(cerebrum.sum(axis=1) + other.sum(axis=1), 1)
    least = wrong.min(axis=1)
    ties = wrong <= least[:, None] + _TIE_SHARE * scarcer[:, None]
    border = np.round((ties * np.arange(wrong.shape[1])).sum(axis=1) / ties.sum(axis=1)).astype(int)
    is_clear = (scarcer > _LEAST_SHARE * total) & (least <= _MOST_WRONG_SHARE * total)
    return border, is_clear
