# SPDX-License-Identifier: Apache-2.0
"""Where the hand areas truly are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trephine.core.arrays import Points, Vector3
from trephine.core.frames import MNI152
from trephine.model.activation import Side
from trephine.phantom.hull import Hull
from trephine.phantom.person import Person
from trephine.phantom.tissues import Head

# Cortex of the precentral knob in the template, read from its own grey matter; mirrored on the right.
_LEFT_KNOB_MM = (-36.5, -22.0, 60.0)
_ALONG_KNOB = (-0.62, 0.52, -0.58)
_HAND_SIGMA_MM = 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class HandArea:
    """The hand area of one hemisphere.

    Parameters
    ----------
    side
        Hemisphere.
    source_mni_mm
        Centre of the response before it is limited to grey matter, ``mni152``, shape (3,).
    centre_mm
        Response-weighted centre of grey matter, ``scanner``, shape (3,).
    hull_mm
        Point above it on the brain's outer hull, ``scanner``, shape (3,).
    normal
        Outward unit normal of the hull there, ``scanner``, shape (3,).
    """

    side: Side
    source_mni_mm: Vector3
    centre_mm: Vector3
    hull_mm: Vector3
    normal: Vector3


def hand_source_mni_mm(person: Person, side: Side) -> Vector3:
    """Return the centre of the hand's response in the template, shape (3,), mm.

    Parameters
    ----------
    person
        Shifts along the knob, towards the back and up.
    side
        Hemisphere.
    """
    along, back, up = person.traits.hand_shift_mm
    left = np.array(_LEFT_KNOB_MM) + along * np.array(_ALONG_KNOB) + np.array([0.0, -back, up])
    return left * ((1 if side == "left" else -1), 1, 1)


def response_weight(mni_mm: NDArray[np.float32], centre_mm: Vector3, sigma_mm: float) -> NDArray[np.float32]:
    """Return a bell of height 1 around a template position, shape (voxel,), from positions (3, voxel)."""
    square = sum((mni_mm[axis] - np.float32(centre_mm[axis])) ** 2 for axis in range(3))
    bell: NDArray[np.float32] = np.exp(-square / np.float32(2 * sigma_mm**2))
    return bell


def hand_weight(person: Person, head: Head, side: Side) -> NDArray[np.float32]:
    """Return the true response of each voxel to moving the other side's hand, shape (voxel,), 0 to 1.

    Parameters
    ----------
    person, head
        Who, and the sampled head.
    side
        Hemisphere that responds.
    """
    grey = np.clip(0.5 + 2 * head.tissue, 0, 1) * np.clip(0.5 - 2 * head.white, 0, 1)
    return grey * response_weight(head.mni_mm, hand_source_mni_mm(person, side), _HAND_SIGMA_MM)


def find_hand_area(person: Person, head: Head, hull: Hull, side: Side) -> HandArea:
    """Locate the true hand area of one hemisphere.

    Parameters
    ----------
    person, head, hull
        Who, the sampled head, and the sheet over the brain.
    side
        Hemisphere.

    Returns
    -------
    HandArea
        In ``scanner``.
    """
    weight = hand_weight(person, head, side).astype(np.float64)
    index = np.flatnonzero(weight > 0.05)
    ijk = np.stack(np.unravel_index(head.index[index], head.grid.shape), axis=1)
    share = weight[index] / weight[index].sum()
    centre = share @ head.grid.mm_of(ijk)
    foot = hull.snapped(person.mni_from_scanner(centre[None], frame=person.mni_from_scanner.source))
    point, normal = hull_frame(person, hull, foot)
    return HandArea(
        side=side,
        source_mni_mm=hand_source_mni_mm(person, side),
        centre_mm=centre,
        hull_mm=point,
        normal=normal,
    )


def hull_frame(person: Person, hull: Hull, foot_mni_mm: Points) -> tuple[Vector3, Vector3]:
    """Return a hull point and the outward normal there in ``scanner``, each of shape (3,).

    Parameters
    ----------
    person, hull
        Who, and the sheet.
    foot_mni_mm
        A point on the sheet in ``mni152``, shape (1, 3).

    Notes
    -----
    The normal is that of a plane through points 6 mm around, so that a gyrus does not tilt it.
    """
    normal = hull.normals(foot_mni_mm)[0]
    first = np.cross(normal, (0.0, 1.0, 0.0))
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    angles = np.arange(8)[:, None] * np.pi / 4
    ring = foot_mni_mm + 6 * (np.cos(angles) * first + np.sin(angles) * second)
    points = person.scanner_from_mni(np.concatenate([foot_mni_mm, hull.snapped(ring)]), frame=MNI152)
    outside = person.scanner_from_mni(foot_mni_mm + 4 * normal, frame=MNI152)[0] - points[0]
    plane = np.linalg.svd(points[1:] - points[1:].mean(axis=0))[2][2]
    return points[0], plane * np.sign(plane @ outside)
