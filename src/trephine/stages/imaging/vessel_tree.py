# SPDX-License-Identifier: Apache-2.0
"""From labelled vessels to centre lines with radii."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.segmentation.centre_lines import centre_lines
from trephine.kernels.segmentation.tube_radii import centred_and_measured, smoothed, tangents
from trephine.model.vessels import NO_VESSELS, VesselTree
from trephine.model.volume import Grid


def tree_of(
    label: Mask3, signal: AnyArray, full_signal: float | None, grid: Grid, box: tuple[slice, slice, slice]
) -> VesselTree:
    """Lay centre lines through labelled vessels and measure their radii.

    Parameters
    ----------
    label
        Vessels within the box, shape (i, j, k).
    signal
        Brightness above the surroundings, same shape.
    full_signal
        Brightness of full blood; ``None`` when not known.
    grid
        Of the whole scan.
    box
        Where label and signal were cut from.

    Returns
    -------
    VesselTree
        In the grid's frame.
    """
    voxel_mm = np.array(grid.voxel_mm)
    lines = centre_lines(label, voxel_mm)
    branches = [smoothed(points) for points in lines.branches]
    if not branches:
        return NO_VESSELS
    along = np.concatenate([tangents(points, voxel_mm) for points in branches])
    points = np.concatenate(branches)
    half_mm = ndimage.distance_transform_edt(label, sampling=voxel_mm)
    near_mm = ndimage.map_coordinates(half_mm, points.T, order=1, mode="nearest")
    centred, radius_mm = centred_and_measured(signal, points, along, near_mm, voxel_mm, full_signal)
    branch = np.repeat(np.arange(len(branches)), [len(part) for part in branches])
    start = np.array([part.start for part in box], dtype=np.float64)
    return VesselTree(
        points_mm=grid.mm_of(centred + start),
        radius_mm=radius_mm,
        branch=branch,
        edges=np.stack([lines.first, lines.last], axis=1),
        scan=np.zeros(len(branches), dtype=np.int64),
        loop_count=lines.loop_count,
        frame=grid.frame,
    )


def joined(trees: Sequence[VesselTree]) -> VesselTree:
    """Put the trees of several scans side by side; a vessel seen in two scans is in both."""
    filled = [(index, tree) for index, tree in enumerate(trees) if tree.branch_count]
    if not filled:
        return NO_VESSELS
    branches = np.cumsum([0, *[tree.branch_count for _, tree in filled]])
    nodes = np.cumsum([0, *[int(tree.edges.max()) + 1 for _, tree in filled]])
    return VesselTree(
        points_mm=np.concatenate([tree.points_mm for _, tree in filled]),
        radius_mm=np.concatenate([tree.radius_mm for _, tree in filled]),
        branch=np.concatenate([tree.branch + n for (_, tree), n in zip(filled, branches[:-1], strict=True)]),
        edges=np.concatenate([tree.edges + n for (_, tree), n in zip(filled, nodes[:-1], strict=True)]),
        scan=np.concatenate([np.full(tree.branch_count, index, dtype=np.int64) for index, tree in filled]),
        loop_count=sum(tree.loop_count for _, tree in filled),
        frame=filled[0][1].frame,
    )
