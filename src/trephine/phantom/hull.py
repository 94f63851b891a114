# SPDX-License-Identifier: Apache-2.0
"""The outer surface of the template brain, its sulci and its hand areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import Points
from trephine.phantom.headshape import HeadFields
from trephine.phantom.template import TemplateBrain
from trephine.phantom.tissues import sample_field

_NEWTON_STEPS = 4
_SULCUS_DEPTHS_MM = (3.0, 4.0, 5.0, 6.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hull:
    """The arachnoid: a smooth sheet over the brain on which pial vessels run, in ``mni152``.

    Parameters
    ----------
    cranium_mm
        Distance outside the inner skull wall, shape (i, j, k).
    gradient
        Its gradient per mm, shape (3, i, j, k).
    mni_from_ijk_mm
        Affine of both, shape (4, 4).
    brain
        The template brain beneath.
    level_mm
        Value of ``cranium_mm`` on the sheet: minus the fluid's thickness.
    """

    cranium_mm: NDArray[np.float32]
    gradient: NDArray[np.float32]
    mni_from_ijk_mm: NDArray[np.float64]
    brain: TemplateBrain
    level_mm: float

    def normals(self, points_mm: Points) -> Points:
        """Return outward unit normals at positions, shape (point, 3)."""
        rows = points_mm.T.astype(np.float32)
        parts = [sample_field(part, self.mni_from_ijk_mm, rows, 0.0) for part in self.gradient]
        vectors = np.stack(parts, axis=1).astype(np.float64)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)

    def snapped(self, points_mm: Points) -> Points:
        """Move positions along the normal onto the sheet, shape (point, 3), mm."""
        points = np.array(points_mm, dtype=np.float64)
        for _ in range(_NEWTON_STEPS):
            value = sample_field(self.cranium_mm, self.mni_from_ijk_mm, points.T.astype(np.float32), 30.0)
            points -= (value - self.level_mm)[:, None] * self.normals(points)
        return points

    def sulcus_share(self, points_mm: Points) -> NDArray[np.float64]:
        """Return how much of the way from 3 to 6 mm below the sheet is fluid, shape (point,), 0 to 1."""
        normal = self.normals(points_mm)
        below = [points_mm - depth * normal for depth in _SULCUS_DEPTHS_MM]
        return np.mean([1.0 * (self.tissue(positions) < 0) for positions in below], axis=0)

    def tissue(self, points_mm: Points) -> NDArray[np.float32]:
        """Return the tissue level set at positions, positive inside the brain, shape (point,)."""
        rows = points_mm.T.astype(np.float32)
        return sample_field(self.brain.tissue, self.brain.mni_from_ijk_mm, rows, -1.0)

    def shell(self, low_mm: float, rng: np.random.Generator) -> Points:
        """Draw points spread over the sheet above a height, shape (point, 3), mm; about one per 4 mm²."""
        ijk = np.argwhere(np.abs(self.cranium_mm - self.level_mm) < 1.0).astype(np.float64)
        ijk += rng.uniform(-0.5, 0.5, ijk.shape)
        points = ijk @ self.mni_from_ijk_mm[:3, :3].T + self.mni_from_ijk_mm[:3, 3]
        return self.snapped(points[points[:, 2] > low_mm])


def build_hull(brain: TemplateBrain, fields: HeadFields, fluid_mm: float) -> Hull:
    """Build the sheet on which pial vessels run.

    Parameters
    ----------
    brain, fields
        Template brain and the head around it.
    fluid_mm
        Gap between the sheet and the inner skull wall.

    Returns
    -------
    Hull
        In ``mni152``.
    """
    cranium = fields.distance_mm["cranium"]
    step = float(fields.mni_from_ijk_mm[0, 0])
    gradient = np.stack(np.gradient(ndimage.gaussian_filter(cranium, 1.0), step)).astype(np.float32)
    return Hull(
        cranium_mm=cranium,
        gradient=gradient,
        mni_from_ijk_mm=fields.mni_from_ijk_mm,
        brain=brain,
        level_mm=-fluid_mm,
    )
