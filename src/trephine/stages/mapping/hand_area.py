# SPDX-License-Identifier: Apache-2.0
"""The hand area within one map of z."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from trephine.core.arrays import AnyArray, Vector3
from trephine.core.frames import MNI152
from trephine.model.activation import Side
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.planning_grid import Place
from trephine.stages.mapping.settings import Settings

_NEAR_PEAK = 0.8
_OPPOSITE: dict[Side, Side] = {"right": "left", "left": "right"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Region:
    """The part of cortex in which one hand is looked for.

    Parameters
    ----------
    hemisphere
        Its side.
    knob_mm
        Anatomical hand knob in ``scanner``, shape (3,).
    box
        Slices of the maps' grid that hold the search sphere.
    points_mm
        Voxel centres of the box, shape (i, j, k, 3).
    is_searched
        Voxels that count, shape (i, j, k).
    prior
        Bell about the knob, shape (i, j, k).
    voxel_mm3
        Volume of a voxel.
    """

    hemisphere: Side
    knob_mm: Vector3
    box: tuple[slice, slice, slice]
    points_mm: AnyArray
    is_searched: AnyArray
    prior: AnyArray
    voxel_mm3: float


@dataclass(frozen=True, kw_only=True, eq=False)
class HandArea:
    """A response in ``scanner``.

    Parameters
    ----------
    centroid_mm
        Its centre, weighted by z and prior, shape (3,).
    plain_centroid_mm
        Its centre weighted by z alone: for comparison with the knob, which the prior favours.
    peak_mm, peak_z
        Its strongest voxel after weighting by the prior, and z there.
    volume_mm3
        Its size.
    """

    centroid_mm: Vector3
    plain_centroid_mm: Vector3
    peak_mm: Vector3
    peak_z: float
    volume_mm3: float


def opposite(side: Side) -> Side:
    """Return the other side."""
    return _OPPOSITE[side]


def knob_of(anatomy: Anatomy, hemisphere: Side, settings: Settings) -> Vector3:
    """Return the anatomical hand knob of a hemisphere in ``scanner``, shape (3,), mm."""
    across, along, up = settings.knob_mni_mm
    mni = np.array([[-abs(across) if hemisphere == "left" else abs(across), along, up]])
    return anatomy.scanner_from_mni(mni, frame=MNI152)[0]


def region_of(place: Place, anatomy: Anatomy, hemisphere: Side, settings: Settings) -> Region:
    """Return the grey matter of a hemisphere within the search radius of its knob."""
    knob = knob_of(anatomy, hemisphere, settings)
    grid = place.grid
    reach = settings.search_radius_mm / np.array(grid.voxel_mm)
    middle = grid.ijk_of(knob[None])[0]
    low = np.clip(np.floor(middle - reach), 0, np.array(grid.shape) - 1).astype(int)
    high = np.clip(np.ceil(middle + reach) + 1, low + 1, grid.shape).astype(int)
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    points = place.points_mm.reshape(*grid.shape, 3)[box]
    distance = np.linalg.norm(points - knob, axis=-1)
    searched = place.is_near_grey[box] & place.in_hemisphere(hemisphere)[box]
    return Region(
        hemisphere=hemisphere,
        knob_mm=knob,
        box=box,
        points_mm=points,
        is_searched=searched & (distance <= settings.search_radius_mm),
        prior=np.exp(-0.5 * (distance / settings.prior_sd_mm) ** 2),
        voxel_mm3=grid.voxel_volume_mm3,
    )


def find_area(z: AnyArray, region: Region, settings: Settings, *, least_z: float) -> HandArea | None:
    """Find the response that is strongest after weighting by the prior.

    Parameters
    ----------
    z
        Shape of the region's box.
    region
        Where to look.
    settings
        The area's edge as a share of the peak.
    least_z
        A peak below this is nothing.

    Returns
    -------
    HandArea or None
        Nothing when no searched voxel reaches ``least_z``.

    Notes
    -----
    The prior chooses among peaks; the area is then the connected voxels above a share of the peak's own z and
    above ``edge_z``. Its centre is weighted by z times the prior, so that a response that runs on into a
    vein or a neighbouring area pulls less. This draws the centre of a round response of spread s towards the
    knob by ``s**2 / (s**2 + prior_sd_mm**2)`` of their distance: an eighth for s of 6 mm.
    """
    if not region.is_searched.any():
        return None
    score = np.where(region.is_searched, z * region.prior, -np.inf)
    best = tuple(int(n) for n in np.unravel_index(int(np.argmax(score)), score.shape))
    peak = float(z[best])
    if not peak >= least_z:
        return None
    # A weak peak's half is noise: the edge is never below edge_z, unless the peak itself is near it.
    edge = max(settings.threshold_fraction * peak, min(settings.edge_z, _NEAR_PEAK * peak))
    parts, _ = label(region.is_searched & (z >= edge))
    area = parts == parts[best]
    points, height = region.points_mm[area], z[area]
    return HandArea(
        centroid_mm=np.average(points, axis=0, weights=height * region.prior[area]),
        plain_centroid_mm=np.average(points, axis=0, weights=height),
        peak_mm=region.points_mm[best],
        peak_z=peak,
        volume_mm3=float(area.sum()) * region.voxel_mm3,
    )
