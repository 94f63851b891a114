# SPDX-License-Identifier: Apache-2.0
"""Everything the scans say of the cortex under the opening, worked out once, so that a live view is quick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask2
from trephine.core.frames import IMPLANT, SCANNER
from trephine.kernels.geometry.heights import bilinear, filled
from trephine.kernels.geometry.outlines import is_inside
from trephine.kernels.geometry.voxels import sampled
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device, Robot
from trephine.model.ground import Ground, VesselsBefore
from trephine.model.opening import Opening
from trephine.stages.placement.candidates import tilted
from trephine.stages.placement.depth import best_depths, thickness_at
from trephine.stages.placement.patch import Patch, patch
from trephine.stages.placement.settings import Settings

_COARSE_PIXELS = 5
_ABOVE_BELOW_MM = np.arange(-4.0, 2.01, 0.25)


@dataclass(frozen=True, kw_only=True, eq=False)
class Worth:
    """What a site's value is read from."""

    anatomy: Anatomy
    hand_map: HandMap
    device: Device
    robot: Robot


def ground(opening: Opening, angiogram: Angiogram | None, worth: Worth, settings: Settings) -> Ground:
    """Map the cortex under the opening with what a thread is worth at every site.

    Parameters
    ----------
    opening
        Gives the axis and the durectomy.
    angiogram
        Vessels seen before surgery, where there are any.
    worth
        Anatomy, hand map, device and robot.
    settings
        Pixel, pitch of the sites, rim, what counts as a sulcus.

    Returns
    -------
    Ground
        Values are worked out within the durectomy only; elsewhere they are 0.

    Raises
    ------
    InputError
        If the axis meets no cortex.
    """
    cortex = patch(opening, worth.anatomy, settings)
    step = settings.candidate_pixels
    rim = _rim(cortex, opening, settings)
    normal = cortex.normal[::step, ::step]
    open_site = ~rim[::step, ::step]
    row, column = np.nonzero(open_site)
    index = np.column_stack([row, column]) * step
    xy = index[:, ::-1] * cortex.pixel_mm + cortex.origin_mm
    entry = np.column_stack([xy, cortex.height_mm[tuple(index.T)]])
    inward = tilted(normal[row, column], worth.robot.tilt_limit_rad.value)
    thickness = thickness_at(cortex.pose(entry, frame=IMPLANT), worth.anatomy)
    seen = (worth.anatomy, worth.hand_map)
    best = best_depths((entry, inward, cortex.pose), seen, thickness, worth.device, settings.depth)

    def mapped(values: AnyArray, elsewhere: float = 0.0) -> AnyArray:
        whole = np.full(open_site.shape, elsewhere)
        whole[row, column] = values
        return whole

    return Ground(
        scanner_from_implant=cortex.pose,
        origin_mm=cortex.origin_mm,
        pixel_mm=cortex.pixel_mm,
        site_pixels=step,
        height_mm=cortex.height_mm,
        sulcus=cortex.sulcus,
        rim=rim,
        normal=normal,
        value=mapped(best.value),
        brain_share=mapped(best.brain_share),
        depth_mm=mapped(best.depth_mm),
        grey_count=mapped(best.grey_count),
        thickness_mm=mapped(thickness.mean_mm, np.nan),
        thickness_sd_mm=mapped(thickness.sd_mm, np.nan),
        before=None if angiogram is None else _before(cortex, angiogram),
    )


def _rim(cortex: Patch, opening: Opening, settings: Settings) -> Mask2:
    """Mark what is off the durectomy or the cortex, or too near the dura's edge."""
    outline = opening.pose.inverse()(np.array(opening.durectomy_mm), frame=SCANNER)[:, :2]
    inside = is_inside(outline, cortex.xy_mm()).reshape(cortex.height_mm.shape)
    near = ndimage.distance_transform_edt(inside) * cortex.pixel_mm < settings.rim_mm
    return ~inside | near | np.isnan(cortex.height_mm)


def _before(cortex: Patch, angiogram: Angiogram) -> VesselsBefore:
    """Cast the scan's vessels near the surface onto the patch along the implant's axis."""
    step = _COARSE_PIXELS
    height = filled(cortex.height_mm)[::step, ::step]
    rows, columns = np.indices(height.shape) * step
    xy = np.column_stack([columns.ravel(), rows.ravel()]) * cortex.pixel_mm + cortex.origin_mm
    values = angiogram.vessels.values.astype(np.float32)
    most = np.zeros(height.size)
    for shift in _ABOVE_BELOW_MM:
        place = cortex.pose(np.column_stack([xy, height.ravel() + shift]), frame=IMPLANT)
        most = np.maximum(most, sampled(values, angiogram.vessels.grid.affine_mm, place))
    mask = _finer(most.reshape(height.shape), cortex.height_mm.shape, step) > 0.4
    return VesselsBefore(
        mask=mask,
        smallest_diameter_mm=angiogram.smallest_diameter_mm,
        registration_error_mm=angiogram.registration_error_mm,
    )


def _finer(values: AnyArray, shape: tuple[int, ...], step: int) -> AnyArray:
    rows, columns = np.indices(shape)
    return bilinear(values, np.column_stack([rows.ravel(), columns.ravel()]) / step).reshape(shape)
