# SPDX-License-Identifier: Apache-2.0
"""Surfaces and sulcal depth from the tissue labels."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.kernels.segmentation.masks import closed, largest_part
from trephine.kernels.segmentation.meshes import mesh_of
from trephine.model.surface import Surface

_SOFTENING_MM = 0.7


def depth_below_hull(brain: Mask3, inside: Mask3, voxel_mm: AnyArray, radius_mm: float) -> AnyArray:
    """Return the depth below the brain's closed hull.

    Parameters
    ----------
    brain
        Grey and white, shape (i, j, k).
    inside
        Inside of the skull: the hull never leaves it.
    voxel_mm
        Edge lengths, shape (3,).
    radius_mm
        Radius of the ball that closes the sulci.

    Returns
    -------
    numpy.ndarray
        float32, mm, shape (i, j, k); positive in the hull (sulci included), 0 outside.
    """
    hull = closed(brain, radius_mm, voxel_mm) & inside
    hull = np.asarray(ndimage.binary_fill_holes(largest_part(hull)))
    return np.asarray(ndimage.distance_transform_edt(hull, sampling=voxel_mm), dtype=np.float32)


def surface_of(field: AnyArray, affine_mm: Matrix4, *, name: str, stride_voxel: int = 1) -> Surface:
    """Wrap a surface in ``scanner`` around what is above one half.

    Parameters
    ----------
    field
        Share of each voxel that is inside, 0 to 1, shape (i, j, k).
    affine_mm
        From voxel indices to ``scanner``.
    name
        For the message.
    stride_voxel
        Coarseness.

    Returns
    -------
    Surface
        Lightly smoothed.

    Raises
    ------
    InputError
        If nothing is inside.
    """
    voxel_mm = np.linalg.norm(affine_mm[:3, :3], axis=0)
    soft = ndimage.gaussian_filter(field.astype(np.float32), _SOFTENING_MM / voxel_mm)
    points, faces = mesh_of(soft, 0.5, affine_mm, stride_voxel=stride_voxel)
    if not len(faces):
        raise InputError.because(
            where=f"surface of {name}",
            found="no voxel",
            expected="some",
            remedy="Check that the planning T1 shows a whole head.",
        )
    return Surface(points_mm=points, faces=faces, frame=SCANNER)
