# SPDX-License-Identifier: Apache-2.0
"""An orthographic camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """Parallel rays through an image plane, all in ``scanner``.

    Parameters
    ----------
    centre_mm
        Position shown in the middle of the picture, shape (3,).
    axes
        Rows: to the right, up, and from the eye into the scene; unit vectors, shape (3, 3).
    pixel_mm
        Edge of a pixel.
    shape
        Rows and columns of the picture.
    reach_mm
        Rays start this far before the centre and end as far behind.
    """

    centre_mm: NDArray[np.float64]
    axes: NDArray[np.float64]
    pixel_mm: float
    shape: tuple[int, int]
    reach_mm: float

    def pixels_of(self, points_mm: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (column, row) in pixels, shape (point, 2), and depth in mm, shape (point,)."""
        seen = (np.asarray(points_mm, np.float64) - self.centre_mm) @ self.axes.T
        rows, columns = self.shape
        column = seen[:, 0] / self.pixel_mm + (columns - 1) / 2
        row = -seen[:, 1] / self.pixel_mm + (rows - 1) / 2
        return np.stack([column, row], axis=1), seen[:, 2] + self.reach_mm

    def starts_mm(self, step: int = 1) -> NDArray[np.float32]:
        """Return where rays start, shape (3, row, column), for every ``step``-th pixel."""
        rows, columns = self.shape
        right = (np.arange(0, columns, step) - (columns - 1) / 2) * self.pixel_mm
        up = -(np.arange(0, rows, step) - (rows - 1) / 2) * self.pixel_mm
        plane = (
            self.axes[0][:, None, None] * right[None, None, :]
            + self.axes[1][:, None, None] * up[None, :, None]
        )
        start = plane + (self.centre_mm - self.reach_mm * self.axes[2])[:, None, None]
        return start.astype(np.float32)


def looking(
    *,
    centre_mm: NDArray[np.float64],
    from_direction: NDArray[np.float64],
    up: NDArray[np.float64],
    width_mm: float,
    shape: tuple[int, int],
) -> Camera:
    """Make a camera that looks at a position from a direction.

    Parameters
    ----------
    centre_mm
        Middle of the picture.
    from_direction
        From the centre to the eye.
    up
        Direction that points up in the picture; need not be at a right angle.
    width_mm
        Width of what is shown.
    shape
        Rows and columns.

    Returns
    -------
    Camera
        Not mirrored: right in the picture is right for a person who stands where the eye is.
    """
    into = -np.asarray(from_direction, np.float64) / np.linalg.norm(from_direction)
    right = np.cross(into, np.asarray(up, np.float64))
    right /= np.linalg.norm(right)
    return Camera(
        centre_mm=np.asarray(centre_mm, np.float64),
        axes=np.stack([right, np.cross(right, into), into]),
        pixel_mm=width_mm / shape[1],
        shape=shape,
        reach_mm=220.0,
    )
