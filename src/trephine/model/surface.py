# SPDX-License-Identifier: Apache-2.0
"""Triangle meshes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import Faces, Points, locked
from trephine.core.errors import InputError
from trephine.core.frames import Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """A triangle mesh whose faces turn counter-clockwise seen from outside.

    Parameters
    ----------
    points_mm
        Corner positions in ``frame``, shape (point, 3).
    faces
        Rows of three indices into ``points_mm``, shape (face, 3).
    frame
        Frame of the positions.
    """

    points_mm: Points
    faces: Faces
    frame: Frame

    def __post_init__(self) -> None:
        points = locked(self.points_mm, np.float64, (None, 3), "points_mm")
        faces = locked(self.faces, np.int32, (None, 3), "faces")
        if faces.size and (faces.min() < 0 or faces.max() >= len(points)):
            raise InputError.because(
                where="faces",
                found=f"indices from {faces.min()} to {faces.max()}",
                expected=f"indices from 0 to {len(points) - 1}",
                remedy="Rebuild the mesh.",
            )
        object.__setattr__(self, "points_mm", points)
        object.__setattr__(self, "faces", faces)
