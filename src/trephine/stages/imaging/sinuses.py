# SPDX-License-Identifier: Apache-2.0
"""The venous sinuses of the dura as zones; the superior sagittal one: on the inner table, in the midline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.core.findings import Finding, Severity
from trephine.core.frames import MNI152
from trephine.kernels.geometry.voxels import sampled
from trephine.model.anatomy import Anatomy
from trephine.model.sinus import DuralSinus
from trephine.stages.imaging.transverse_sinuses import transverse

_NAMES = ("superior sagittal", "left transverse", "right transverse")
_HUB_MNI_MM = (0.0, -20.0, 5.0)
_FROM_RAD, _TO_RAD = np.deg2rad(25.0), np.deg2rad(195.0)
"""From the forehead over the vertex to the back, seen from the hub; 0 is forward."""
_RAYS = 120
_RAY_MM = np.arange(40.0, 125.0, 0.5)
_WIDTH_MM = ((40.0, 2.6), (20.0, 3.7), (-45.0, 5.1), (-85.0, 5.7))
"""Mean width (`sinusmorphometry`) at a template y (assumed): before bregma, at it, behind it, at lambda."""
_BESIDE_SD_MM = 4.0
"""Spread about the midline: means of 3.5 to 5.7 mm to the right of the suture (`sinussuture2011`)."""
_BELOW_MM = 2.0
_LARGEST_SHIFT_MM = 8.0
_EVENING_RAYS = 3.0


def with_sinuses(anatomy: Anatomy) -> Anatomy:
    """Add the superior sagittal and both transverse sinuses, as far as they can be laid.

    Parameters
    ----------
    anatomy
        With tissue, intracranial mask, maps and, where there are any, hemispheres.
    """
    found = superior_sagittal(anatomy)
    return replace(anatomy, sinuses=((found,) if found is not None else ()) + transverse(anatomy))


def judge_sinuses(anatomy: Anatomy) -> tuple[Finding, ...]:
    """Name the sinuses that no zone was laid for: nothing keeps an opening away from them."""
    laid = {zone.name for zone in anatomy.sinuses}
    missing = [name for name in _NAMES if name not in laid]
    if not missing:
        return ()
    message = f"No zone could be laid for: {', '.join(missing)} sinus. Nothing keeps an opening away from it."
    return (Finding(code="SINUS_ZONE_UNKNOWN", severity=Severity.UNKNOWN, message=message),)


def superior_sagittal(anatomy: Anatomy) -> DuralSinus | None:
    """Find the zone of the superior sagittal sinus.

    Notes
    -----
    Rays in the template's midplane, carried to the person, are followed to the last place inside the skull.
    There the line is moved across to where both hemispheres are equally far, at most 8 mm. How far that
    moved it adds to the doubt.
    """
    angle = np.linspace(_FROM_RAD, _TO_RAD, _RAYS)
    direction = np.column_stack([np.zeros(_RAYS), np.cos(angle), np.sin(angle)])
    mni = np.array(_HUB_MNI_MM) + _RAY_MM[None, :, None] * direction[:, None]
    way = anatomy.scanner_from_mni(mni.reshape(-1, 3), frame=MNI152).reshape(mni.shape)
    mask = anatomy.intracranial
    share = sampled(mask.values, mask.grid.affine_mm, way.reshape(-1, 3)).reshape(mni.shape[:2])
    inside = share > 0.5
    last = inside.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1)
    beyond = way[np.arange(_RAYS), np.minimum(last + 1, inside.shape[1] - 1)]
    index = mask.grid.ijk_of(beyond)
    # A ray that leaves the picture inside the head has not met the inner table.
    is_seen = ((index >= 0) & (index <= np.array(mask.grid.shape) - 1)).all(axis=1)
    is_met = inside.any(axis=1) & ~inside[:, -1] & is_seen
    if np.count_nonzero(is_met) < _RAYS // 2:
        return None
    below = np.maximum(last - round(_BELOW_MM / 0.5), 0)
    rows = np.flatnonzero(is_met)
    place, height = way[rows, below[rows]], mni[rows, below[rows], 1]
    shift = _across_mm(anatomy, place)
    place = place + shift[:, None] * np.array([1.0, 0.0, 0.0])
    place = ndimage.gaussian_filter1d(place, _EVENING_RAYS, axis=0, mode="nearest")
    along, width = np.array(_WIDTH_MM)[::-1].T
    return DuralSinus(
        name="superior sagittal",
        centre_mm=place,
        half_width_mm=np.interp(height, along, width) / 2,
        sd_mm=np.hypot(_BESIDE_SD_MM, 0.5 * np.abs(shift)),
    )


def _across_mm(anatomy: Anatomy, place: Points) -> AnyArray:
    """Return how far to the right the middle between both hemispheres lies from each place."""
    if len(anatomy.hemispheres) != 2:
        return np.zeros(len(place))
    left, right = (cKDTree(half.white.points_mm).query(place)[0] for half in anatomy.hemispheres)
    return np.clip(0.5 * (right - left), -_LARGEST_SHIFT_MM, _LARGEST_SHIFT_MM)
