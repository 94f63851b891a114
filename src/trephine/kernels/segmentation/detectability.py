# SPDX-License-Identifier: Apache-2.0
"""What share of tubes of a known width is found: synthetic tubes in a volume's own background."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Points
from trephine.kernels.segmentation.tubes import Calibration, Sureness, Tubes, label_tubes
from trephine.kernels.segmentation.vesselness import Background, contrast, parts, score

_SIDE = 24
_PATCHES = 18
_CENTRAL = 8.0
_LEAST_INSIDE = 0.4
"""Of a patch; vessels of the cortex run along the edge of the region, so its patches count as well."""
_AWAY_VOXELS = 3.0
_BLUR_VOXELS = 0.5
"""Standard deviation of the point spread: a box of one voxel and a bell as wide at half height. Assumed."""
_SEEN = ndimage.generate_binary_structure(3, 3)


def recall_by_diameter(
    values: AnyArray, mask: Mask3, tubes: Tubes, voxel_mm: AnyArray, given: tuple[float, AnyArray, Sureness]
) -> AnyArray | None:
    """Put tubes of known width into patches without any, find them again, and say what share was found.

    Parameters
    ----------
    values
        The volume, shape (i, j, k).
    mask
        Where tubes may be.
    tubes
        What was found in it; its calibration judges the patches.
    voxel_mm
        Edge lengths, shape (3,).
    given
        Brightness of full tubes above the background, diameters in mm of shape (diameter,), and what counts.

    Returns
    -------
    numpy.ndarray
        Share of the length found to within one voxel, shape (diameter,); ``None`` where fewer than three
        patches are free of tubes.
    """
    full, diameters_mm, sureness = given
    corners = _free_corners(mask, tubes.label, voxel_mm)
    if len(corners) < 3:
        return None
    axes = _directions(len(corners))
    patch = _Patches(values, mask, tubes.calibration.background, corners)
    shares = []
    for diameter_mm in diameters_mm:
        blood = np.concatenate([_filled(axis, float(diameter_mm), voxel_mm) for axis in axes])
        shown = patch.values + blood * (patch.background.level + np.float32(full) - patch.values)
        cut = tubes.calibration.background.cut_signal
        if cut > 0:
            shown = np.where(shown >= cut, shown, np.float32(0.0))
        found = _found(shown, patch, tubes.calibration, voxel_mm, sureness)
        seen = ndimage.binary_dilation(found, structure=_SEEN)
        shares.append(_share_found(seen, patch.mask, axes, voxel_mm))
    return np.array(shares)


class _Patches:
    """Patches side by side along the first axis, with the level and noise they had in the volume."""

    def __init__(self, values: AnyArray, mask: Mask3, background: Background, corners: AnyArray) -> None:
        cuts = [tuple(slice(int(n), int(n) + _SIDE) for n in corner) for corner in corners]
        self.values = np.concatenate([values[cut] for cut in cuts]).astype(np.float32)
        self.mask = np.concatenate([mask[cut] for cut in cuts])
        # Neighbouring patches must not lend each other support.
        self.mask[::_SIDE] = self.mask[_SIDE - 1 :: _SIDE] = False
        self.background = Background(
            level=np.concatenate([background.level[cut] for cut in cuts]),
            noise=np.concatenate([background.noise[cut] for cut in cuts]),
            cut_signal=background.cut_signal,
        )


def _found(
    shown: AnyArray, patch: _Patches, calibration: Calibration, voxel_mm: AnyArray, sureness: Sureness
) -> Mask3:
    """Label patches exactly as the volume was labelled."""
    pieces = parts(contrast(shown, patch.mask, patch.background), patch.mask, voxel_mm)
    scores = score(pieces, calibration.scale)
    return label_tubes(pieces, scores, patch.mask, calibration, sureness)


def _free_corners(mask: Mask3, label: Mask3, voxel_mm: AnyArray) -> AnyArray:
    """Return first corners of patches in the mask with no tube in their middle, evenly chosen."""
    if min(mask.shape) < _SIDE:
        return np.zeros((0, 3), dtype=int)
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    near = ndimage.distance_transform_edt(~label, sampling=voxel_mm) < (_CENTRAL + _AWAY_VOXELS) * edge_mm
    starts = [np.arange(0, size - _SIDE + 1, _SIDE // 3) for size in mask.shape]
    corners = np.stack(np.meshgrid(*starts, indexing="ij"), axis=-1).reshape(-1, 3)
    middle = tuple((corners + _SIDE // 2).T)
    inside = ndimage.uniform_filter(mask.astype(np.float32), _SIDE, mode="constant")[middle]
    corners = corners[~near[middle] & mask[middle] & (inside > _LEAST_INSIDE)]
    if len(corners) <= _PATCHES:
        return corners
    return corners[np.linspace(0, len(corners) - 1, _PATCHES).astype(int)]


def _directions(count: int) -> Points:
    """Return unit directions spread over the half sphere, shape (count, 3)."""
    index = np.arange(count) + 0.5
    height, turn = 1 - index / count, np.pi * (1 + 5**0.5) * index
    flat = np.sqrt(1 - height**2)
    return np.stack([np.cos(turn) * flat, np.sin(turn) * flat, height], axis=1)


def _filled(axis: AnyArray, diameter_mm: float, voxel_mm: AnyArray) -> AnyArray:
    """Return the share of each voxel of a patch that a tube through its middle fills, blur included."""
    steps = np.stack(np.meshgrid(*[np.arange(_SIDE)] * 3, indexing="ij"), axis=-1) - _SIDE // 2
    place_mm = steps * voxel_mm
    along = place_mm @ axis
    away_mm = np.sqrt(np.maximum((place_mm**2).sum(axis=-1) - along**2, 0.0))
    # Blur is that of the voxels' edges as met across the tube.
    across_mm = float(np.sqrt(((np.asarray(voxel_mm) ** 2) * (1 - axis**2)).sum() / 2))
    reach_mm, share = _blurred_disc(0.5 * diameter_mm, _BLUR_VOXELS * across_mm)
    return np.interp(away_mm, reach_mm, share, right=0.0).astype(np.float32)


def _blurred_disc(radius_mm: float, blur_mm: float) -> tuple[AnyArray, AnyArray]:
    """Return a disc after a bell-shaped blur, by distance from its middle."""
    step_mm = min(blur_mm, radius_mm) / 6.0
    step_mm = max(step_mm, (radius_mm + 4 * blur_mm) / 160)
    half = int(np.ceil((radius_mm + 4 * blur_mm) / step_mm))
    grid_mm = np.arange(-half, half + 1) * step_mm
    far = np.hypot(grid_mm[:, None], grid_mm)
    disc = np.clip((radius_mm - far) / step_mm + 0.5, 0.0, 1.0)
    disc *= np.pi * radius_mm**2 / max(float(disc.sum()) * step_mm**2, 1e-12)
    blurred = ndimage.gaussian_filter(disc, blur_mm / step_mm, truncate=4.0, mode="constant")
    return grid_mm[half:], blurred[half, half:]


def _share_found(seen: Mask3, mask: Mask3, axes: Points, voxel_mm: AnyArray) -> float:
    """Return the share of the middles' points that lie in what was found."""
    edge_mm = float(np.prod(voxel_mm)) ** (1.0 / 3.0)
    reach_mm = np.linspace(-_CENTRAL, _CENTRAL, 17) * edge_mm
    hits = []
    for index, axis in enumerate(axes):
        ijk = np.rint(_SIDE // 2 + reach_mm[:, None] * axis / voxel_mm).astype(int)
        ijk = ijk[np.all((ijk >= 1) & (ijk < _SIDE - 1), axis=1)]
        ijk[:, 0] += index * _SIDE
        inside = mask[tuple(ijk.T)]
        hits.extend(seen[tuple(ijk[inside].T)].tolist())
    return float(np.mean(hits))
