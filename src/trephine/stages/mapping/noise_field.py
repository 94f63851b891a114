# SPDX-License-Identifier: Apache-2.0
"""How smooth the noise is, and how high it rises by chance in a part of the maps' grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.statistics.random_field import full_width_voxel, least_peak_z, peak_probability, resels
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.planning_grid import Place
from trephine.stages.mapping.settings import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseField:
    """Noise of a map within a mask.

    Parameters
    ----------
    counts
        Resolution elements in 0 to 3 dimensions, shape (4,).
    element_count
        Voxels of the run that the mask holds, at most.
    """

    counts: AnyArray
    element_count: int

    def probability(self, z: AnyArray) -> AnyArray:
        """Return the chance of a peak as high anywhere in the mask."""
        return peak_probability(z, self.counts, self.element_count)

    def least_z(self, false_fraction: float) -> float:
        """Return the height that noise reaches anywhere in the mask as seldom as asked."""
        return least_peak_z(false_fraction, self.counts, self.element_count)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What every contrast of one person shares.

    Parameters
    ----------
    where, anatomy
        The maps' grid, and the head.
    width_mm
        Smoothness of the noise, from ``full_width_mm``.
    element_mm3
        Smallest voxel of the runs.
    settings
        Of the stage.
    """

    where: Place
    anatomy: Anatomy
    width_mm: float
    element_mm3: float
    settings: Settings

    @classmethod
    def of(cls, models: tuple[RunModel, ...], anatomy: Anatomy, where: Place, settings: Settings) -> Scene:
        """Measure the noise of all runs."""
        volumes_mm3 = [abs(float(np.linalg.det(model.run.affine_mm[:3, :3]))) for model in models]
        width_mm = full_width_mm(models)
        return cls(
            where=where, anatomy=anatomy, width_mm=width_mm, element_mm3=min(volumes_mm3), settings=settings
        )

    def noise_in(self, mask: Mask3) -> NoiseField:
        """Describe the noise within a mask of the maps' grid, or of a box of it."""
        grid = self.where.grid
        elements = int(np.ceil(mask.sum() * grid.voxel_volume_mm3 / self.element_mm3))
        counts = resels(mask, self.width_mm / np.array(grid.voxel_mm))
        return NoiseField(counts=counts, element_count=max(1, elements))


def full_width_mm(models: tuple[RunModel, ...]) -> float:
    """Return the smoothness of the runs' noise: full width at half maximum in mm, one number for all axes.

    The geometric mean over axes, from the residuals of each run's model; the least of the runs.
    """
    found = []
    for model in models:
        matrix, data = model.design.matrix, model.run.percent
        left = data - matrix @ np.linalg.lstsq(matrix, data, rcond=None)[0]
        edges_mm = np.linalg.norm(model.run.affine_mm[:3, :3], axis=0)
        widths_mm = full_width_voxel(left, model.run.mask) * edges_mm
        found.append(float(np.exp(np.mean(np.log(widths_mm)))))
    return min(found)
