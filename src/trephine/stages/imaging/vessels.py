# SPDX-License-Identifier: Apache-2.0
"""Vessels of the scans that show them, on their own grids carried into the planning frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.core.errors import InputError
from trephine.core.findings import Finding, Outcome
from trephine.kernels.registration.images import Sampled
from trephine.kernels.segmentation.detectability import recall_by_diameter
from trephine.kernels.segmentation.masks import box_of
from trephine.kernels.segmentation.tube_radii import full_brightness
from trephine.kernels.segmentation.tubes import Sureness, Tubes, find_tubes
from trephine.model.anatomy import Angiogram
from trephine.model.registration import Registration
from trephine.model.scan import Scan
from trephine.model.vessels import Detectability, VesselScan, VesselTree
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging import vessel_checks
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.vessel_region import Looked, looked_at
from trephine.stages.imaging.vessel_tree import joined, tree_of

_TRIED_EDGES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
"""Diameters of the synthetic vessels, in voxel edges."""
_LEAST_VOXELS = 8
_LEAST_REGION_VOXELS = 1000
_SEEN_VOXELS = 2.0
"""Where nothing could be tried: a vessel must be about two voxels wide to be told from noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Vessels of one scan.

    Parameters
    ----------
    scan
        What it shows.
    label
        Vessel voxels, bool, on the grid of ``scan.probability``.
    tree
        Centre lines, in the grid's frame.
    """

    scan: VesselScan
    label: Mask3
    tree: VesselTree


def find_vessels(
    given: Sequence[tuple[Scan, Registration]], wall_mm: Sampled, settings: Settings
) -> Outcome[Angiogram | None]:
    """Label the vessels inside the skull in every scan that shows them.

    Parameters
    ----------
    given
        Scans and their trusted poses.
    wall_mm
        Signed distance from the inner table in ``scanner``, negative inside.
    settings
        When a voxel is a vessel's.

    Returns
    -------
    Outcome
        The union of all scans, on the voxels of the finest one; ``None`` without any.

    Raises
    ------
    InputError
        If a scan has values that are not finite.
    """
    found = []
    for scan, pose in given:
        if scan.kind.shows_vessels:
            grid = scan.volume.grid.moved(pose.scanner_from_moving)
            found.append(_found(scan, grid, wall_mm, pose.error_mm, settings))
    return _judged(found, settings)


def find_vessels_alone(scan: Scan, settings: Settings) -> Outcome[Angiogram | None]:
    """Label the vessels of one scan that lies on no planning T1, within what it shows itself.

    Parameters
    ----------
    scan
        Vessels bright; not a CT angiography, whose bone cannot be told from vessels without the skull.
    settings
        When a voxel is a vessel's.

    Returns
    -------
    Outcome
        In the scan's own frame; its registration error is infinite.

    Raises
    ------
    InputError
        If the scan is dark-vessel or CT, or has values that are not finite.
    """
    return _judged([_found(scan, scan.volume.grid, None, float("inf"), settings)], settings)


def _judged(found: list[Found], settings: Settings) -> Outcome[Angiogram | None]:
    if not found:
        return Outcome(value=None, findings=())
    angiogram = _union(found)
    findings: tuple[Finding, ...] = vessel_checks.judge(angiogram, settings)
    return Outcome(value=angiogram, findings=findings)


def _found(scan: Scan, grid: Grid, wall_mm: Sampled | None, error_mm: float, settings: Settings) -> Found:
    """Find the vessels of one scan."""
    values = np.asarray(scan.volume.values, dtype=np.float32)
    if not np.isfinite(values).all():
        raise InputError.because(
            where=f"vessels in the {scan.kind} scan",
            found=f"{int(np.count_nonzero(~np.isfinite(values)))} voxels that are not finite",
            expected="finite values",
            remedy="Export the scan again, or set what is not measured to zero.",
        )
    seen = looked_at(scan.kind, values, grid, wall_mm, settings)
    if np.count_nonzero(seen.region) < _LEAST_REGION_VOXELS:
        return _nothing(scan, grid, error_mm)
    box = box_of(seen.region, 4)
    return _within(scan, grid, seen.cut(box), box, error_mm, settings)


def _within(
    scan: Scan, grid: Grid, seen: Looked, box: tuple[slice, slice, slice], error_mm: float, settings: Settings
) -> Found:
    """Find the vessels within a box."""
    voxel_mm = np.array(grid.voxel_mm)
    sureness = Sureness(
        least_probability=settings.vessel_least_probability,
        false_voxel=settings.vessel_false_voxel,
        least_voxels=max(_LEAST_VOXELS, round(settings.smallest_vessel_mm3 / float(np.prod(voxel_mm)))),
        widest_mm=settings.widest_vessel_mm,
    )
    tubes = find_tubes(seen.bright, seen.region, voxel_mm, sureness)
    signal = np.asarray(seen.bright - tubes.calibration.background.level, dtype=np.float32)
    full = full_brightness(signal, tubes.label, voxel_mm)
    curve = _curve(seen, tubes, voxel_mm, (full, signal), sureness)
    smallest = None if curve is None else curve.smallest_mm(settings.shown_recall_fraction)
    widest = _SEEN_VOXELS * float(np.mean(voxel_mm)) if curve is None else float(curve.diameter_mm[-1])
    label, probability = np.zeros(grid.shape, dtype=bool), np.zeros(grid.shape, dtype=np.float32)
    label[box] = tubes.label
    # Two digits are more than the estimate is worth, and pack well.
    probability[box] = np.round(tubes.probability, 2)
    return Found(
        scan=VesselScan(
            kind=scan.kind,
            probability=Volume(values=probability, grid=grid, unit="1"),
            detectability=curve,
            smallest_diameter_mm=widest if smallest is None else smallest,
            is_limit_known=smallest is not None,
            registration_error_mm=error_mm,
            is_cut=tubes.calibration.background.is_cut,
        ),
        label=label,
        tree=tree_of(tubes.label, signal, full, grid, box),
    )


def _curve(
    seen: Looked,
    tubes: Tubes,
    voxel_mm: AnyArray,
    brightness: tuple[float | None, AnyArray],
    sureness: Sureness,
) -> Detectability | None:
    """Try synthetic vessels in the scan's own background."""
    full, signal = brightness
    if full is None:
        if not tubes.label.any():
            return None
        # No vessel is wide enough to show full blood: the brightest labelled voxels come nearest.
        full = float(np.percentile(signal[tubes.label], 95.0))
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    tried_mm = edge_mm * np.array(_TRIED_EDGES)
    recall = recall_by_diameter(seen.bright, seen.region, tubes, voxel_mm, (full, tried_mm, sureness))
    return None if recall is None else Detectability(diameter_mm=tried_mm, recall_fraction=recall)


def _nothing(scan: Scan, grid: Grid, error_mm: float) -> Found:
    """Say that a scan shows none of the region."""
    empty = np.zeros(grid.shape, dtype=bool)
    return Found(
        scan=VesselScan(
            kind=scan.kind,
            probability=Volume(values=empty.astype(np.float32), grid=grid, unit="1"),
            detectability=None,
            smallest_diameter_mm=_SEEN_VOXELS * float(np.mean(grid.voxel_mm)),
            is_limit_known=False,
            registration_error_mm=error_mm,
            is_cut=False,
        ),
        label=empty,
        tree=tree_of(empty, empty.astype(np.float32), None, grid, box_of(empty, 0)),
    )


def _union(found: list[Found]) -> Angiogram:
    """Join the labels of all scans on the grid of the finest one, made larger to hold them all."""
    finest = min(found, key=lambda each: each.scan.probability.grid.voxel_volume_mm3)
    grid, label = _large_enough(finest, found)
    for each in found:
        if each is not finest:
            label |= _onto(each, grid)
    return Angiogram(
        vessels=Volume(values=label.astype(np.uint8), grid=grid, unit="label"),
        smallest_diameter_mm=max(each.scan.smallest_diameter_mm for each in found),
        registration_error_mm=max(each.scan.registration_error_mm for each in found),
        tree=joined([each.tree for each in found]),
        scans=tuple(each.scan for each in found),
    )


def _large_enough(finest: Found, found: list[Found]) -> tuple[Grid, Mask3]:
    """Pad a scan's voxels until every labelled voxel of the others lies within."""
    grid = finest.scan.probability.grid
    low, high = np.zeros(3, dtype=int), np.array(grid.shape)
    for each in found:
        where = np.argwhere(each.label)
        if each is finest or not len(where):
            continue
        ijk = grid.ijk_of(each.scan.probability.grid.mm_of(where))
        low = np.minimum(low, np.floor(ijk.min(axis=0)).astype(int) - 1)
        high = np.maximum(high, np.ceil(ijk.max(axis=0)).astype(int) + 2)
    affine_mm = np.array(grid.affine_mm)
    affine_mm[:3, 3] = grid.mm_of(low[None].astype(float))[0]
    i, j, k = (int(n) for n in high - low)
    pad = [(int(-a), int(b - n)) for a, b, n in zip(low, high, grid.shape, strict=True)]
    return Grid(shape=(i, j, k), affine_mm=affine_mm, frame=grid.frame), np.pad(finest.label, pad)


def _onto(each: Found, grid: Grid) -> Mask3:
    """Look a label up on another grid in the same frame; half or more counts."""
    between = np.linalg.inv(each.scan.probability.grid.affine_mm) @ grid.affine_mm
    share = ndimage.affine_transform(
        each.label.astype(np.float32), between[:3, :3], between[:3, 3], output_shape=grid.shape, order=1
    )
    return np.asarray(share >= 0.5)
