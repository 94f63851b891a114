# SPDX-License-Identifier: Apache-2.0
"""Where a face is, in the template's frame: in front of and below one plane, well away from the brain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.kernels.registration.images import Sampled
from trephine.model.volume import Grid

BROW_MM = (0.0, 92.0, 2.0)
"""A point of the plane in mni152: skin between the brows. Read off an average CT head, by eye."""
NECK_MM = (0.0, 0.0, -85.0)
"""Another: below the skull base. Likewise."""
MARGIN_MM = 10.0
"""What lies nearer to the template's brain stays, for the error of the fit and for people's differences: on
two people and the phantom the inside of the skull reached at most 8 mm beyond the template's brain there."""
BACK_MM = -10.0
"""What lies further back in mni152 stays: the neck names nobody, and the ear canals are near y = -20 mm."""
_AROUND_MM = 40.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Guard:
    """How far from the template's brain a point is.

    Parameters
    ----------
    distance_mm
        On a grid in ``mni152`` that reaches 40 mm beyond the brain.
    """

    distance_mm: Sampled

    @classmethod
    def around(cls, brain: Mask3, affine_mm: Matrix4) -> Guard:
        """Measure the distance from a brain on its grid."""
        step_mm = float(affine_mm[0, 0])
        pad = int(np.ceil(_AROUND_MM / step_mm))
        distance = ndimage.distance_transform_edt(~np.pad(brain, pad), sampling=step_mm)
        moved = np.array(affine_mm)
        moved[:3, 3] -= pad * step_mm
        return cls(distance_mm=Sampled(values=distance, affine_mm=moved))

    def at(self, points_mm: AnyArray) -> AnyArray:
        """Return the distance at points in ``mni152``, shape (point, 3); far beyond its own grid."""
        inverse = np.linalg.inv(self.distance_mm.affine_mm)
        index = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
        return ndimage.map_coordinates(self.distance_mm.values, index.T, order=1, cval=_AROUND_MM)


def plane() -> tuple[AnyArray, float]:
    """Return the plane's unit normal, into the face, and its offset: the face is where n . x > offset, mm."""
    along = np.array(BROW_MM) - np.array(NECK_MM)
    normal = np.array([0.0, along[2], -along[1]])
    normal /= np.linalg.norm(normal)
    return normal, float(normal @ np.array(BROW_MM))


def face_mask(grid: Grid, mni_from_scan: Matrix4, guard: Guard) -> Mask3:
    """Return the voxels of the face.

    Parameters
    ----------
    grid
        The scan's voxels.
    mni_from_scan
        From the grid's frame to ``mni152``, shape (4, 4), mm.
    guard
        Keeps off the brain.

    Returns
    -------
    numpy.ndarray
        Shape ``grid.shape``.
    """
    normal, offset_mm = plane()
    matrix = mni_from_scan @ grid.affine_mm
    row = normal @ matrix[:3]
    i, j = (np.arange(length, dtype=np.float64) for length in grid.shape[:2])
    mask = np.zeros(grid.shape, dtype=bool)
    for k in range(grid.shape[2]):
        height = row[0] * i[:, None] + row[1] * j + (row[2] * k + row[3])
        voxels = np.argwhere(height > offset_mm)
        if len(voxels):
            place = np.column_stack([voxels, np.full(len(voxels), k)]) @ matrix[:3, :3].T + matrix[:3, 3]
            voxels = voxels[(place[:, 1] > BACK_MM) & (guard.at(place) > MARGIN_MM)]
            mask[voxels[:, 0], voxels[:, 1], k] = True
    return mask
