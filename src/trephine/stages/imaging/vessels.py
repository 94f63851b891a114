# SPDX-License-Identifier: Apache-2.0
"""Vessels of an angiogram, on its own grid carried into the planning frame."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray
from trephine.kernels.registration.images import Sampled
from trephine.kernels.segmentation.masks import box_of
from trephine.kernels.segmentation.tubes import bright_tubes, contrast_over_surroundings, tubeness
from trephine.model.anatomy import Angiogram
from trephine.model.registration import Registration
from trephine.model.volume import Volume
from trephine.stages.imaging.head import distance_onto
from trephine.stages.imaging.settings import Settings

_BEYOND_WALL_MM = 1.0
_SURROUNDINGS_MM = 10.0
_WIDTHS_MM = (0.6, 1.2)
_SEEN_VOXELS = 2.0
"""A vessel must be about two voxels wide to be told from noise."""


def find_vessels(scan: Volume, registration: Registration, wall_mm: Sampled, settings: Settings) -> Angiogram:
    """Label the bright vessels inside the skull.

    Parameters
    ----------
    scan
        Angiogram in its own frame, vessels bright.
    registration
        Its trusted pose.
    wall_mm
        Signed distance from the inner table in ``scanner``, negative inside.
    settings
        Thresholds.

    Returns
    -------
    Angiogram
        On the scan's voxels, placed in ``scanner``.

    Notes
    -----
    Signal against wide surroundings, hysteresis, and a tube measure that only adds: thick vessels stay solid.
    """
    grid = scan.grid.moved(registration.scanner_from_moving)
    values = np.asarray(scan.values, dtype=np.float32)
    region = distance_onto(wall_mm, Sampled(values=values, affine_mm=grid.affine_mm)) < _BEYOND_WALL_MM
    region &= values > 0
    found = np.zeros(values.shape, dtype=np.uint8)
    if region.sum() > 1000:
        box = box_of(region, 4)
        found[box] = _within(values[box], region[box], np.array(grid.voxel_mm), settings)
    return Angiogram(
        vessels=Volume(values=found, grid=grid, unit="label"),
        smallest_diameter_mm=_SEEN_VOXELS * float(np.mean(grid.voxel_mm)),
        registration_error_mm=registration.error_mm,
    )


def _within(values: AnyArray, region: AnyArray, voxel_mm: AnyArray, settings: Settings) -> AnyArray:
    """Label vessels within a box, shape (i, j, k), uint8."""
    contrast = contrast_over_surroundings(values, region, voxel_mm, sd_mm=_SURROUNDINGS_MM)
    tube = tubeness(np.where(region, contrast, 0.0).astype(np.float32), voxel_mm, _WIDTHS_MM)
    # The edge of the region is a step, which a tube measure takes for half a tube.
    core = ndimage.binary_erosion(region, iterations=2)
    mask = bright_tubes(
        contrast,
        np.where(core, tube, 0.0),
        region,
        low_sigmas=settings.vessel_low_sigmas,
        high_sigmas=settings.vessel_high_sigmas,
        least_voxels=max(2, round(settings.smallest_vessel_mm3 / float(np.prod(voxel_mm)))),
    )
    return mask.astype(np.uint8)
