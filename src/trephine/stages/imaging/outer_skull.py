# SPDX-License-Identifier: Apache-2.0
"""The outer face of the skull from a CT's bone."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.kernels.segmentation.masks import closed, largest_part

_CT_REACH_MM = 25.0
_CT_CLOSING_MM = 6.0


def from_bone(bone: Mask3, wall_mm: AnyArray, voxel_mm: AnyArray) -> Mask3:
    """Fill a CT's bone to all that lies within the outer face of the skull.

    Parameters
    ----------
    bone
        Bone voxels on the T1's grid, shape (i, j, k).
    wall_mm
        Signed distance from the inner table, negative inside.
    voxel_mm
        Edge lengths, shape (3,).

    Returns
    -------
    numpy.ndarray
        Skull with its marrow and the inside of the skull, shape (i, j, k).
    """
    near = (bone & (wall_mm < _CT_REACH_MM)) | (wall_mm < 0)
    # Closed before parts are judged: marrow below the threshold would cut the outer table off.
    full = ndimage.binary_fill_holes(closed(near, _CT_CLOSING_MM, voxel_mm))
    return largest_part(np.asarray(full))
