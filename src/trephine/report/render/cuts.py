# SPDX-License-Identifier: Apache-2.0
"""Regions to cut away, as signed distances in mm: negative inside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon

from trephine.core.frames import SCANNER, Affine
from trephine.report.render.field import Cut, Floats

_PIXEL_MM = 0.15
_MARGIN_MM = 3.0


def ball(centre_mm: NDArray[np.float64], radius_mm: float) -> Cut:
    """Cut a ball away."""
    centre = np.asarray(centre_mm, np.float32)[:, None]

    def signed_mm(points_mm: Floats) -> Floats:
        return np.linalg.norm(points_mm - centre, axis=0) - np.float32(radius_mm)

    return signed_mm


def prism(outline_mm: NDArray[np.float64], pose: Affine, *, grow_mm: float = 0.0) -> Cut:
    """Cut a hole of any outline straight along the implant's axis.

    Parameters
    ----------
    outline_mm
        Closed outline in ``scanner``, shape (point, 3).
    pose
        scanner_from_implant.
    grow_mm
        How much wider than the outline.
    """
    implant_from_scanner = pose.inverse()
    flat = implant_from_scanner(outline_mm, frame=SCANNER)[:, :2]
    low = flat.min(axis=0) - _MARGIN_MM - grow_mm
    size = np.ceil((flat.max(axis=0) + _MARGIN_MM + grow_mm - low) / _PIXEL_MM).astype(int)
    mask = np.zeros(tuple(size), bool)
    rows, columns = polygon(*((flat - low) / _PIXEL_MM).T, shape=mask.shape)
    mask[rows, columns] = True
    signed = ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)
    signed = ndimage.gaussian_filter((signed * _PIXEL_MM).astype(np.float32), 1.5)
    matrix = implant_from_scanner.matrix.astype(np.float32)

    def signed_mm(points_mm: Floats) -> Floats:
        x, y = matrix[:2, :3] @ points_mm + matrix[:2, 3:]
        where = np.stack([(x - low[0]) / _PIXEL_MM, (y - low[1]) / _PIXEL_MM]).astype(np.float32)
        value: Floats = ndimage.map_coordinates(signed, where, order=1, mode="nearest", output=np.float32)
        return value - np.float32(grow_mm)

    return signed_mm
