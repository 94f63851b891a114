# SPDX-License-Identifier: Apache-2.0
"""An earlier operation: bone of the vault taken out, and what was put in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.random import generator
from trephine.phantom.headshape import HeadFields
from trephine.phantom.person import Person
from trephine.phantom.tissues import Head

Kind = Literal["flap", "plate", "open"]
_LOWEST_MM = 25.0
_LEAST_ASIDE_MM = 30.0
_RADIUS_MM = (22.0, 40.0)
"""Craniotomies of 4 to 8 cm across. Assumed."""
_GAP_MM = (2.0, 4.0)
_FLAP_SHARE = (0.5, 1.0)
"""A flap put back may lose bone over the years. Assumed."""
_PLATE_MM = (1.5, 3.0)
_SUNK_SHARE = (0.2, 0.6)
"""How far the scalp follows what is missing below it. Assumed."""
_EDGE_MM = 4.0
_DEEPEST_MM = 40.0


@dataclass(frozen=True, kw_only=True)
class Craniotomy:
    """Where bone was taken out, in ``mni152``, and what is there now.

    Parameters
    ----------
    kind
        ``flap``: the bone put back with a gap around it; ``plate``: a thin plate; ``open``: no bone.
    centre_mm, outward
        Place on the inner face of the skull, and the unit normal there.
    radius_mm
        Of the disc across that normal.
    gap_mm
        Width of the cut around a flap; 0 otherwise.
    bone_share_fraction
        Thickness of a flap against the bone that was there.
    plate_mm
        Thickness of a plate; 0 otherwise.
    sunk_share_fraction
        Sinking of the skin against the thickness that is missing below it.
    """

    kind: Kind
    centre_mm: tuple[float, float, float]
    outward: tuple[float, float, float]
    radius_mm: float
    gap_mm: float
    bone_share_fraction: float
    plate_mm: float
    sunk_share_fraction: float


def draw_craniotomy(person: Person, fields: HeadFields, kind: Kind) -> Craniotomy:
    """Draw an earlier operation of a kind: anywhere on the vault beside the midline.

    Parameters
    ----------
    person
        Its seed decides.
    fields
        The head that is operated on.
    kind
        What was put in place of the bone.

    Returns
    -------
    Craniotomy
        Place, size and what is there now.
    """
    rng = generator(person.seed, f"phantom.craniotomy.{kind}")
    cranium, step_mm = fields.distance_mm["cranium"], float(fields.mni_from_ijk_mm[0, 0])
    ijk = np.argwhere(np.abs(cranium) < 0.5 * step_mm)
    place_mm = ijk * step_mm + fields.mni_from_ijk_mm[:3, 3]
    allowed = np.flatnonzero((place_mm[:, 2] > _LOWEST_MM) & (np.abs(place_mm[:, 0]) > _LEAST_ASIDE_MM))
    chosen = int(allowed[rng.integers(len(allowed))])
    i, j, k = ijk[chosen]
    box = cranium[i - 3 : i + 4, j - 3 : j + 4, k - 3 : k + 4]
    slope = np.array([float(part.mean()) for part in np.gradient(box)])
    outward = slope / np.linalg.norm(slope)
    x_mm, y_mm, z_mm = (float(value) for value in place_mm[chosen])
    return Craniotomy(
        kind=kind,
        centre_mm=(x_mm, y_mm, z_mm),
        outward=(float(outward[0]), float(outward[1]), float(outward[2])),
        radius_mm=float(rng.uniform(*_RADIUS_MM)),
        gap_mm=float(rng.uniform(*_GAP_MM)) if kind == "flap" else 0.0,
        bone_share_fraction=float(rng.uniform(*_FLAP_SHARE)) if kind == "flap" else 0.0,
        plate_mm=float(rng.uniform(*_PLATE_MM)) if kind == "plate" else 0.0,
        sunk_share_fraction=float(rng.uniform(*_SUNK_SHARE)),
    )


def operated_on(head: Head, craniotomy: Craniotomy) -> Head:
    """Take the bone out of a sampled head and let the skin sink over it.

    Parameters
    ----------
    head
        Before.
    craniotomy
        Where and how.

    Returns
    -------
    Head
        After: T1, CT and labels made from it show the operation. Scar fills what bone leaves.
    """
    aside_mm, above_mm = _cylinder_mm(head, craniotomy)
    near = above_mm > -_DEEPEST_MM
    inside = near & (aside_mm < craniotomy.radius_mm)
    left = np.where(
        aside_mm < craniotomy.radius_mm - craniotomy.gap_mm,
        craniotomy.bone_share_fraction * head.skull_mm + craniotomy.plate_mm,
        0.0,
    )
    skull_mm = np.where(inside, left, head.skull_mm).astype(np.float32)
    # The skin bridges a narrow cut, so it follows the middle of the disc, evenly up to its edge.
    middle = craniotomy.bone_share_fraction * head.skull_mm + craniotomy.plate_mm
    towards = np.clip((craniotomy.radius_mm - aside_mm) / _EDGE_MM, 0, 1)
    sunk_mm = near * towards * craniotomy.sunk_share_fraction * (head.skull_mm - middle)
    distance_mm = dict(head.distance_mm)
    distance_mm["head"] = (distance_mm["head"] + sunk_mm).astype(np.float32)
    return replace(head, skull_mm=skull_mm, distance_mm=distance_mm)


def _cylinder_mm(head: Head, craniotomy: Craniotomy) -> tuple[AnyArray, AnyArray]:
    """Return how far each voxel lies aside of the axis and above the centre, shapes (voxel,), mm."""
    outward = np.array(craniotomy.outward, dtype=np.float32)
    from_centre = head.mni_mm - np.array(craniotomy.centre_mm, dtype=np.float32)[:, None]
    above_mm = outward @ from_centre
    aside_mm = np.linalg.norm(from_centre - outward[:, None] * above_mm, axis=0)
    return aside_mm, above_mm
