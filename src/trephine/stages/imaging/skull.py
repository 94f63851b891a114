# SPDX-License-Identifier: Apache-2.0
"""The skull: the way to the template and both tables, from the T1 alone or with a CT's bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.registration.affine import AffineFit
from trephine.kernels.registration.images import Sampled, cropped, resampled, upright
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.template import Template
from trephine.stages.imaging.brightness import Levels, measured
from trephine.stages.imaging.head import Head, onto
from trephine.stages.imaging.intracranial import find_wall
from trephine.stages.imaging.outer_skull import from_bone
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.template_fit import (
    PreparedTemplate,
    TemplateFit,
    carried,
    fit_smooth,
    sampled_of,
)
from trephine.stages.imaging.two_tables import Tables, find_tables, rays_of

_AROUND_HULL_MM = 28.0
_SD_OF_95_PERCENT = 1.96
_NEIGHBOURS = 3
_RAMP_VOXELS = 2.0
"""Width over which the share of a voxel within the skull falls: what a linear look-up needs to be exact."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What the skull is found from.

    Parameters
    ----------
    head
        The planning T1 made ready.
    prepared, affine, template
        The template, and where it lies on the head.
    """

    head: Head
    prepared: PreparedTemplate
    affine: AffineFit
    template: Template


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundSkull:
    """Inner and outer table on the working grid, with levels and maps.

    Parameters
    ----------
    wall_mm
        Signed distance from the inner table, negative inside.
    within
        Share of each voxel in the skull and inside it; one half on the outer face.
    levels
        Signal of the tissues.
    fit
        Maps to and from the template.
    tables
        What the T1 says of the thickness; absent where a CT shows the bone.
    bone
        The CT's bone on its own grid placed in ``scanner``; absent without a CT.
    """

    wall_mm: Sampled
    within: Sampled
    levels: Levels
    fit: TemplateFit
    tables: Tables | None
    bone: Sampled | None

    @property
    def has_ct(self) -> bool:
        """Whether the bone was seen in a CT."""
        return self.bone is not None

    def thickness(self, surface: Surface) -> SkullThickness:
        """Measure the skull's thickness at every corner of its outer surface.

        Parameters
        ----------
        surface
            The outer skull in ``scanner``.

        Returns
        -------
        SkullThickness
            From a CT, half the interval is that of two faces each known to a voxel's width along the normal
            (uniform error), so that thick slices widen it; from a T1 it is what ``two_tables`` leaves open.
        """
        to_voxel = np.linalg.inv(self.wall_mm.affine_mm)
        voxel = (surface.points_mm @ to_voxel[:3, :3].T + to_voxel[:3, 3]).T
        middle = np.maximum(ndimage.map_coordinates(self.wall_mm.values, voxel, order=1, mode="nearest"), 0.0)
        if self.tables is None:
            margin = self._ct_margin(voxel)
            low, high = np.maximum(middle - margin, 0.0), middle + margin
        else:
            found = np.stack([self.tables.low_mm, self.tables.high_mm], axis=1)
            low, high = _looked_up(self.tables.places_mm, found, surface.points_mm).T
            low, high = np.minimum(low, middle), np.maximum(high, middle)
        return SkullThickness(thickness_mm=middle, low_mm=low, high_mm=high, is_measured=self.has_ct)

    def outer_table_fraction(self, surface: Surface) -> AnyArray | None:
        """Return how bright the T1 is where the outer table should be, as a share of white's above bone's.

        Parameters
        ----------
        surface
            The outer skull in ``scanner``.

        Returns
        -------
        numpy.ndarray or None
            Shape (corner,); absent with a CT, which shows the bone itself.
        """
        if self.tables is None:
            return None
        found = self.tables.table_fraction[:, None]
        return _looked_up(self.tables.places_mm, found, surface.points_mm)[:, 0]

    def _ct_margin(self, voxel: AnyArray) -> AnyArray:
        """Return half the 95 % interval at places on the working grid, shape (place,)."""
        if self.bone is None:
            return np.zeros(voxel.shape[1])
        slope = np.gradient(ndimage.gaussian_filter(self.wall_mm.values, 1.0))
        normal = np.stack([ndimage.map_coordinates(part, voxel, order=1, mode="nearest") for part in slope])
        normal = (self.wall_mm.affine_mm[:3, :3] @ normal).T
        normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
        along_mm = np.linalg.norm(normal @ self.bone.affine_mm[:3, :3], axis=1)
        return np.asarray(_SD_OF_95_PERCENT * np.sqrt(2.0) * along_mm / np.sqrt(12.0))


def _looked_up(places_mm: AnyArray, values: AnyArray, at_mm: AnyArray) -> AnyArray:
    """Average values at places, shape (place, value), over the nearest ones of each point; (point, value)."""
    near_mm, near = cKDTree(places_mm).query(at_mm, k=_NEIGHBOURS)
    share = 1.0 / (near_mm + 0.5)
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray((values[near] * share[:, :, None]).sum(axis=1))


def find_skull(given: Given, bone: Sampled | None, settings: Settings) -> FoundSkull:
    """Find the inner table roughly, the smooth map to the template, then both tables.

    Parameters
    ----------
    given
        The head and the template on it.
    bone
        A CT's bone on its own grid placed in ``scanner``, where there is a CT that can be trusted.
    settings
        How.

    Returns
    -------
    FoundSkull
        Both tables.
    """
    head, prepared = given.head, given.prepared
    work, hull = _working_grid(given, settings)
    levels = _levels(given, work, hull)
    step_mm = float(work.voxel_mm[0])
    seen = None if bone is None else onto(bone, work) > 0.5
    shown = _with_bone(work.values, seen, levels)
    first, _ = find_wall(shown, hull, levels, step_mm, settings)
    fit = fit_smooth(prepared, given.affine, work, first, settings.template_step_mm)
    hull_image = Sampled(values=prepared.hull.astype(np.float32), affine_mm=prepared.t1.affine_mm)
    warped = carried(hull_image, fit.mni_from_scanner, work.affine_mm, work.values.shape) > 0.5
    tables = None
    if seen is None:
        rays = rays_of(warped, work, fit.mni_from_scanner)
        tables = find_tables(head, work, rays, levels, settings)
        wall_mm = tables.wall_mm
        within = np.clip(0.5 - tables.within_mm / (_RAMP_VOXELS * step_mm), 0, 1)
    else:
        _, wall_mm = find_wall(shown, warped, levels, step_mm, settings)
        within = from_bone(seen, wall_mm, work.voxel_mm).astype(np.float32)
    return FoundSkull(
        wall_mm=Sampled(values=wall_mm, affine_mm=work.affine_mm),
        within=Sampled(values=within, affine_mm=work.affine_mm),
        levels=levels,
        fit=fit,
        tables=tables,
        bone=bone,
    )


def _levels(given: Given, work: Sampled, hull: Mask3) -> Levels:
    """Measure the tissues' signal where the affine fit says they are."""
    scanner_to_mni = np.linalg.inv(given.affine.image_from_template)
    i, j, k = work.values.shape
    grey, white = (
        resampled(sampled_of(image), work.affine_mm, (i, j, k), source_from_target=scanner_to_mni).values
        for image in (given.template.grey, given.template.white)
    )
    return measured(work.values, grey, white, hull, float(work.voxel_mm[0]))


def _working_grid(given: Given, settings: Settings) -> tuple[Sampled, Mask3]:
    """Bring the T1 and the template's hull to one upright grid around the hull."""
    prepared, matrix = given.prepared, given.affine.image_from_template
    where = np.argwhere(prepared.hull) @ prepared.t1.affine_mm[:3, :3].T + prepared.t1.affine_mm[:3, 3]
    placed = where @ matrix[:3, :3].T + matrix[:3, 3]
    low, high = placed.min(axis=0) - _AROUND_HULL_MM, placed.max(axis=0) + _AROUND_HULL_MM
    # Finer than the scan itself would only cost time.
    step_mm = max(settings.wall_step_mm, round(float(np.mean(given.head.t1.voxel_mm)), 3))
    work = cropped(upright(given.head.t1, step_mm), low, high)
    hull = Sampled(values=prepared.hull.astype(np.float32), affine_mm=prepared.t1.affine_mm)
    i, j, k = work.values.shape
    shown = resampled(hull, work.affine_mm, (i, j, k), source_from_target=np.linalg.inv(matrix))
    return work, shown.values > 0.5


def _with_bone(values: AnyArray, bone: Mask3 | None, levels: Levels) -> AnyArray:
    """Paint a CT's bone black and lift all else to fluid, so that one search serves both scans."""
    if bone is None:
        return values
    lifted = np.maximum(values, levels.fluid_signal)
    return np.where(bone, np.float32(levels.bone_signal), lifted).astype(np.float32)
