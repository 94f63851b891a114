# SPDX-License-Identifier: Apache-2.0
"""The dural flap: a U-shaped cut, its hinge towards the midline unless known vessels speak against it.

Veins of the convexity run towards the superior sagittal sinus and enter it, or the dura beside it, near the
midline (``atlasveins``, ``han2007``). A flap that hangs on that side is folded back over them; a cut there
would cross them. Sinus-based opening of the dura is the usual way near the midline (``helsinki2018``).
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Points, Points2
from trephine.kernels.geometry.outlines import ring
from trephine.model.anatomy import Angiogram
from trephine.model.opening import DuralFlap
from trephine.stages.opening.outlines import OUTLINE_POINTS, Relief, as_positions
from trephine.stages.opening.settings import Settings

_TURNS_RAD = np.radians(np.array([0, 15, -15, 30, -30, 45, -45, 60, -60]))
_MM_PER_RAD = 2.0
"""Cut over vessels, mm, that must be spared for turning the hinge by a radian from the midline; assumed."""
_OVER_MM = 1.5
"""The cut runs over a vessel that lies this near to it, below; assumed."""


def window_outline(radius_mm: float, hinge_rad: float | None, settings: Settings) -> Points2:
    """Return the outline that threads may enter: a circle, cut straight along the hinge, shape (72, 2)."""
    if hinge_rad is None:
        return ring(radius_mm, OUTLINE_POINTS)
    return _arc(radius_mm, hinge_rad, settings.hinge_arc_rad, OUTLINE_POINTS)


def _arc(radius_mm: float, hinge_rad: float, arc_rad: float, count: int) -> Points2:
    """Return the cut, from one end of the hinge counter-clockwise round to the other."""
    angle = hinge_rad + np.linspace(arc_rad / 2, 2 * np.pi - arc_rad / 2, count)
    return radius_mm * np.column_stack([np.cos(angle), np.sin(angle)])


def flap(
    dura: Relief, radius_mm: float, medial: AnyArray, angiogram: Angiogram | None, settings: Settings
) -> tuple[DuralFlap, float]:
    """Choose the hinge.

    Parameters
    ----------
    dura
        The brain's hull.
    radius_mm
        Of the opening.
    medial
        Unit vector towards the midline in ``scanner``, shape (3,).
    angiogram
        Known vessels.
    settings
        Arc of the hinge.

    Returns
    -------
    tuple
        The flap, and the angle of the hinge's middle about the axis.
    """
    x, y = dura.pose.matrix[:3, 0] @ medial, dura.pose.matrix[:3, 1] @ medial
    towards = float(np.arctan2(y, x))
    over = _Over(dura, radius_mm, angiogram)
    cuts = [dura.lifted(_arc(radius_mm, towards + turn, settings.hinge_arc_rad, 181)) for turn in _TURNS_RAD]
    lengths = np.array([over.length_mm(cut) for cut in cuts])
    best = int(np.argmin(lengths + _MM_PER_RAD * np.abs(_TURNS_RAD)))
    turn = float(_TURNS_RAD[best])
    cut = dura.lifted(_arc(radius_mm, towards + turn, settings.hinge_arc_rad, OUTLINE_POINTS))
    ends = as_positions(cut[[0, -1]])
    made = DuralFlap(
        cut_mm=as_positions(cut),
        hinge_mm=(ends[0], ends[1]),
        hinge_turn_rad=turn,
        vessel_cut_mm=float(lengths[best]) if angiogram is not None else None,
        reason=_reason(turn, lengths, best, is_seen=angiogram is not None),
    )
    return made, towards + turn


class _Over:
    """Length of a cut that runs over known vessels."""

    def __init__(self, dura: Relief, radius_mm: float, angiogram: Angiogram | None) -> None:
        self._tree: cKDTree | None = None
        if angiogram is None:
            return
        grid = angiogram.vessels.grid
        vessel = grid.mm_of(np.argwhere(np.asarray(angiogram.vessels.values) > 0))
        near = np.linalg.norm(vessel - dura.lifted(np.zeros((1, 2))), axis=1) < 2 * radius_mm
        self._reach_mm = _OVER_MM + max(grid.voxel_mm) / 2
        self._tree = cKDTree(vessel[near]) if near.any() else None

    def length_mm(self, cut_mm: Points) -> float:
        if self._tree is None:
            return 0.0
        middle = (cut_mm[1:] + cut_mm[:-1]) / 2
        distance, _ = self._tree.query(middle)
        step = np.linalg.norm(np.diff(cut_mm, axis=0), axis=1)
        return float(step[distance <= self._reach_mm].sum())


def _reason(turn: float, lengths: AnyArray, best: int, *, is_seen: bool) -> str:
    """Say why the hinge lies where it does."""
    rule = "The hinge lies towards the midline, where bridging veins run to the sinus"
    if not is_seen:
        return f"{rule}; no scan shows the veins themselves, so look for them before cutting."
    if turn == 0:
        return f"{rule}; the cut runs over known vessels for {lengths[best]:.1f} mm."
    return (
        f"The hinge is turned by {abs(np.degrees(turn)):.0f} degrees from the midline: the cut then runs "
        f"over known vessels for {lengths[best]:.1f} mm instead of {lengths[0]:.1f} mm."
    )
