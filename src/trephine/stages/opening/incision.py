# SPDX-License-Identifier: Apache-2.0
"""The scalp incision: a curve about the implant, open towards the blood supply, never over the implant.

Curved incisions about hardware led to fewer scalp erosions than straight ones over it (``doublec2011``).
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points
from trephine.model.opening import ScalpIncision
from trephine.stages.opening.outlines import Relief, as_positions
from trephine.stages.opening.settings import Settings

_POINTS = 61
_TURNS_RAD = np.radians(np.array([0, 20, -20, 40, -40, 60, -60]))
_BEHIND = np.array([0.0, -1.0, 1.0]) / np.sqrt(2)
"""From the hair line one comes to hair by going back and up, in ``scanner``."""


def incision(skin: Relief, bone_radius_mm: float, medial: AnyArray, settings: Settings) -> ScalpIncision:
    """Lay the incision.

    Parameters
    ----------
    skin
        The scalp over the implant.
    bone_radius_mm
        Of the craniectomy.
    medial
        Unit vector towards the midline in ``scanner``, shape (3,).
    settings
        Gap, arc and hair line.

    Notes
    -----
    The base of the flap faces away from the midline, from where the scalp's arteries come. Where a hair line
    is given, the base is turned as little as keeps the incision behind it, or else as far behind as can be.
    """
    radius = bone_radius_mm + settings.incision_gap_mm
    x, y = skin.pose.matrix[:3, 0] @ medial, skin.pose.matrix[:3, 1] @ medial
    base = float(np.arctan2(-y, -x))
    open_rad = 2 * np.pi - settings.incision_arc_rad
    lines = []
    for turn in _TURNS_RAD if settings.hairline_mm else _TURNS_RAD[:1]:
        angle = base + turn + np.linspace(open_rad / 2, 2 * np.pi - open_rad / 2, _POINTS)
        lines.append(skin.lifted(radius * np.column_stack([np.cos(angle), np.sin(angle)])))
    behind = [behind_hairline_mm(line, settings) for line in lines]
    gaps = np.array([np.inf if gap is None else gap for gap in behind])
    keeps = np.flatnonzero(gaps >= settings.hairline_gap_mm)
    best = int(keeps[0]) if len(keeps) else int(np.argmax(gaps))
    line = lines[best]
    away = skin.pose.inverse()(line, frame=skin.pose.target)[:, :2]
    return ScalpIncision(
        line_mm=as_positions(line),
        length_mm=float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum()),
        gap_mm=float(np.hypot(away[:, 0], away[:, 1]).min()) - bone_radius_mm,
        base_turn_rad=float(_TURNS_RAD[best]),
        hairline_clearance_mm=behind[best],
    )


def behind_hairline_mm(points_mm: Points, settings: Settings) -> float | None:
    """Return how far places keep behind the hair line, negative before it; nothing without a hair line."""
    if not settings.hairline_mm:
        return None
    line = np.array(settings.hairline_mm)
    distance, nearest = cKDTree(line).query(points_mm)
    side = np.sign((points_mm - line[nearest]) @ _BEHIND)
    return float((side * distance).min())
