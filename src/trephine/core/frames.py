# SPDX-License-Identifier: Apache-2.0
"""Named frames, and affine maps that know which frames they join.

A map from ``source`` to ``target`` is called ``target_from_source``. Every anatomical frame is RAS+ in
millimetres: x to the person's right, y to the front, z up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

import numpy as np

from trephine.core.arrays import Matrix4, Points, locked
from trephine.core.errors import FrameError, InputError

Frame = NewType("Frame", str)

SCANNER = Frame("scanner")
"""The planning T1's own space: the frame of every plan."""
MNI152 = Frame("mni152")
CT = Frame("ct")
CTA = Frame("cta")
BOLD = Frame("bold")
ANGIO = Frame("angio")
T2W = Frame("t2w")
PDW = Frame("pdw")
SWI = Frame("swi")
CET1W = Frame("cet1w")
IMPLANT = Frame("implant")
"""Origin at the centre of the implant's foot, +z outward along its axis, mm."""
IMAGE = Frame("image")
"""Live view: x along columns, y along rows, mm from the first pixel's centre; z towards the camera."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Affine:
    """An affine map of positions between two named frames.

    Parameters
    ----------
    target, source
        Frame of the result and of the argument.
    matrix
        Homogeneous matrix, shape (4, 4), mm to mm.
    """

    target: Frame
    source: Frame
    matrix: Matrix4

    def __post_init__(self) -> None:
        matrix = locked(self.matrix, np.float64, (4, 4), f"{self.target}_from_{self.source}")
        if not np.all(np.isfinite(matrix)) or not np.allclose(matrix[3], (0, 0, 0, 1)):
            raise InputError.because(
                where=f"{self.target}_from_{self.source}",
                found=f"matrix {matrix.tolist()}",
                expected="finite numbers and a last row of 0 0 0 1",
                remedy="Pass a homogeneous affine matrix.",
            )
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def identity(cls, *, target: Frame, source: Frame) -> Affine:
        """Return the map that renames a frame and moves nothing."""
        return cls(target=target, source=source, matrix=np.eye(4))

    def __call__(self, points_mm: Points, *, frame: Frame) -> Points:
        """Map positions.

        Parameters
        ----------
        points_mm
            Positions in ``frame``, shape (point, 3), mm.
        frame
            The frame they are in; must be ``source``.

        Returns
        -------
        numpy.ndarray
            Positions in ``target``, shape (point, 3), mm.

        Raises
        ------
        FrameError
            If ``frame`` is not ``source``.
        """
        if frame != self.source:
            raise FrameError.because(
                where=f"{self.target}_from_{self.source}",
                found=f"positions in {frame!r}",
                expected=f"positions in {self.source!r}",
                remedy="Map them into that frame first.",
            )
        points = locked(points_mm, np.float64, (None, 3), "points_mm")
        return points @ self.matrix[:3, :3].T + self.matrix[:3, 3]

    def __matmul__(self, other: Affine) -> Affine:
        """Compose: ``a_from_b @ b_from_c`` is ``a_from_c``."""
        if self.source != other.target:
            raise FrameError.because(
                where="composition of maps",
                found=f"{self.target}_from_{self.source} @ {other.target}_from_{other.source}",
                expected="the inner frames to be the same",
                remedy="Invert or insert a map.",
            )
        return Affine(target=self.target, source=other.source, matrix=self.matrix @ other.matrix)

    def inverse(self) -> Affine:
        """Return the map the other way.

        Raises
        ------
        InputError
            If the matrix is singular.
        """
        if abs(float(np.linalg.det(self.matrix[:3, :3]))) < 1e-12:
            raise InputError.because(
                where=f"{self.target}_from_{self.source}",
                found="a singular matrix",
                expected="an invertible one",
                remedy="Check the header the matrix came from.",
            )
        return Affine(target=self.source, source=self.target, matrix=np.linalg.inv(self.matrix))

    def directions(self, vectors: Points) -> Points:
        """Map directions, shape (vector, 3): rotation and scale only, no shift."""
        return locked(vectors, np.float64, (None, 3), "vectors") @ self.matrix[:3, :3].T
