# SPDX-License-Identifier: Apache-2.0
"""A drill template: a ring that sits on the skull about the craniectomy, with a tongue towards the front."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.frames import IMPLANT, SCANNER
from trephine.model.surface import Surface
from trephine.stages.opening.outlines import Relief
from trephine.stages.opening.settings import Settings

_ANGLES = 180
_RINGS = 12
TONGUE_MM = 5.0
"""How far the tongue stands out beyond the rim."""
_TONGUE_RAD = 0.12


def template(skull: Relief, bone_radius_mm: float, settings: Settings) -> Surface:
    """Make the template.

    Parameters
    ----------
    skull
        The outer skull, at least as far as the rim and its tongue.
    bone_radius_mm
        Of the craniectomy: the template's hole.
    settings
        Width of the rim and least height.

    Returns
    -------
    Surface
        A closed mesh in ``scanner``. Its lower face is the outer skull; its upper face is flat, at a right
        angle to the axis, so that a drill's stop reads depth from it; its hole guides the drill; its tongue
        points along the implant's y, so that it fits one way round only.
    """
    angle = np.arange(_ANGLES) * 2 * np.pi / _ANGLES
    off = np.abs((angle - np.pi / 2 + np.pi) % (2 * np.pi) - np.pi)
    outer = bone_radius_mm + settings.template_rim_mm + np.where(off <= _TONGUE_RAD, TONGUE_MM, 0.0)
    share = np.linspace(0, 1, _RINGS)[:, None]
    radius = bone_radius_mm + share * (outer - bone_radius_mm)
    xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1).reshape(-1, 2)
    bottom = np.column_stack([xy, skull.z_mm(xy)])
    top = np.column_stack([xy, np.full(len(xy), bottom[:, 2].max() + settings.template_height_mm)])
    points = skull.pose(np.concatenate([bottom, top]), frame=IMPLANT)
    return Surface(points_mm=points, faces=_faces(), frame=SCANNER)


def _faces() -> AnyArray:
    """Join both faces of the ring and its two walls, all facing outward."""
    row, column = np.mgrid[: _RINGS - 1, :_ANGLES]
    following = (column + 1) % _ANGLES
    a, b = row * _ANGLES + column, row * _ANGLES + following
    c, d = a + _ANGLES, b + _ANGLES
    # From the inner ring outward and on round is counter-clockwise seen from above.
    upper = np.concatenate([np.stack([a, c, d], -1).reshape(-1, 3), np.stack([a, d, b], -1).reshape(-1, 3)])
    count = _RINGS * _ANGLES
    here = np.arange(_ANGLES)
    after = (here + 1) % _ANGLES
    walls = []
    for first, is_outer in ((0, False), ((_RINGS - 1) * _ANGLES, True)):
        low, low_next = first + here, first + after
        quad = (low, low_next, low_next + count, low + count)
        order = (0, 1, 2, 3) if is_outer else (1, 0, 3, 2)
        p, q, r, s = (quad[place] for place in order)
        walls += [np.stack([p, q, r], -1), np.stack([p, r, s], -1)]
    return np.concatenate([upper[:, ::-1], upper + count, *walls])
