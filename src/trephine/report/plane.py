# SPDX-License-Identifier: Apache-2.0
"""Flat cuts through the head: where their pixels are, what they show, and how they are labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.measure import find_contours

from trephine.core.arrays import AnyArray
from trephine.model.volume import Volume
from trephine.report import palette
from trephine.report.drawing import Circle, Drawing, Path, Px, Raster
from trephine.report.palette import INK, PAPER, Colour

Orientation = Literal["axial", "coronal", "sagittal"]
Floats = AnyArray
Signal = float
"""MR signal, in arbitrary units."""

_AXES: dict[Orientation, tuple[tuple[int, int], tuple[int, int], int]] = {
    # (axis, sign) of the way right and the way up in the picture, and the axis across.
    "axial": ((0, -1), (1, 1), 2),
    "coronal": ((0, -1), (2, 1), 1),
    "sagittal": ((1, -1), (2, 1), 0),
}
_ENDS = (("L", "R"), ("P", "A"), ("I", "S"))
CONVENTION = "radiological: the person's right is on your left; in sagittal slices the front is on your left"


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """A rectangle in space with pixels on it.

    Parameters
    ----------
    corner_mm
        Position of the middle of the top left pixel.
    right, down
        Unit vectors along rows and columns of the picture.
    pixel_mm
        Edge of a pixel.
    shape
        Rows and columns.
    """

    corner_mm: NDArray[np.float64]
    right: NDArray[np.float64]
    down: NDArray[np.float64]
    pixel_mm: float
    shape: tuple[int, int]

    @property
    def across(self) -> NDArray[np.float64]:
        """Unit vector away from the viewer."""
        return np.cross(self.right, self.down)

    def pixels_of(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (column, row) of positions dropped onto the plane, shape (point, 2), edges at -0.5."""
        offset = np.atleast_2d(points_mm) - self.corner_mm
        return np.column_stack([offset @ self.right, offset @ self.down]) / self.pixel_mm

    def distance_mm(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far positions lie behind the plane, seen by the viewer."""
        return (np.atleast_2d(points_mm) - self.corner_mm) @ self.across

    def sampled(self, volume: Volume, *, order: int = 1) -> Floats:
        """Look a volume up on the plane; 0 outside it."""
        rows, columns = np.indices(self.shape)
        points = (
            self.corner_mm
            + columns.reshape(-1, 1) * self.pixel_mm * self.right
            + rows.reshape(-1, 1) * self.pixel_mm * self.down
        )
        index = volume.grid.ijk_of(points).T
        found: Floats = ndimage.map_coordinates(
            np.asarray(volume.values), index, order=order, output=np.float32, prefilter=False
        ).reshape(self.shape)
        return found


def plane_through(
    orientation: Orientation,
    centre_mm: NDArray[np.float64],
    low_mm: NDArray[np.float64],
    high_mm: NDArray[np.float64],
    pixel_mm: float,
) -> Plane:
    """Make an axial, coronal or sagittal plane.

    Parameters
    ----------
    orientation
        Which.
    centre_mm
        A position in the plane.
    low_mm, high_mm
        Corners of the box to be seen.
    pixel_mm
        Edge of a pixel.
    """
    (right_axis, right_sign), (up_axis, up_sign), across = _AXES[orientation]
    right, down = np.zeros(3), np.zeros(3)
    right[right_axis], down[up_axis] = right_sign, -up_sign
    corner = np.empty(3)
    corner[right_axis] = low_mm[right_axis] if right_sign > 0 else high_mm[right_axis]
    corner[up_axis] = high_mm[up_axis] if up_sign > 0 else low_mm[up_axis]
    corner[across] = centre_mm[across]
    size = (high_mm - low_mm) / pixel_mm
    shape = (max(2, round(float(size[up_axis])) + 1), max(2, round(float(size[right_axis])) + 1))
    return Plane(corner_mm=corner, right=right, down=down, pixel_mm=pixel_mm, shape=shape)


def letter_of(direction: NDArray[np.float64]) -> str:
    """Name the way a direction points mostly, such as ``A``, or ``LS`` between two."""
    order = np.argsort(-np.abs(direction))
    first = _ENDS[order[0]][int(direction[order[0]] > 0)]
    if abs(direction[order[1]]) < 0.5 * abs(direction[order[0]]):
        return first
    return first + _ENDS[order[1]][int(direction[order[1]] > 0)]


def grey_of(values: Floats, white: Signal) -> Floats:
    """Return signal as RGB in 0 to 1, shape (row, column, 3); ``white`` is the signal shown as white."""
    tone = np.clip(values / max(white, 1e-6), 0, 1) ** 0.9
    return np.repeat(tone[..., None], 3, axis=2).astype(np.float32)


def over(ground: Floats, colours: Floats, weight: Floats) -> Floats:
    """Lay colours over a picture with a weight per pixel."""
    return (ground * (1 - weight[..., None]) + colours * weight[..., None]).astype(np.float32)


def enlarged(picture: Floats, factor: int) -> NDArray[np.uint8]:
    """Enlarge a picture smoothly and turn it into bytes."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


@dataclass(eq=False)
class Sheet:
    """A drawing of one plane, which places positions in mm."""

    plane: Plane
    drawing: Drawing
    scale: Px
    """CSS pixels for one pixel of the plane."""

    @classmethod
    def of(cls, plane: Plane, picture: Floats, *, width: float, alt: str) -> Sheet:
        """Start a drawing of a plane with its picture as ground."""
        scale = width / plane.shape[1]
        height = plane.shape[0] * scale
        drawing = Drawing(width=width, height=height, alt=alt)
        factor = max(1, min(4, round(2 * scale)))
        drawing.add(Raster(pixels=enlarged(picture, factor), x=0, y=0, width=width, height=height))
        return cls(plane=plane, drawing=drawing, scale=scale)

    def xy(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where positions lie on the sheet, shape (point, 2)."""
        return (self.plane.pixels_of(points_mm) + 0.5) * self.scale

    def px(self, length_mm: float) -> float:
        """Return a length on the sheet."""
        return length_mm / self.plane.pixel_mm * self.scale

    def contours(
        self,
        values: Floats,
        level: float,
        colour: Colour,
        *,
        width: float = 1.0,
        dash: tuple[float, float] | None = None,
        shortest_mm: float = 6.0,
    ) -> None:
        """Draw where values on the plane cross a level."""
        for line in find_contours(values, level):
            points = (line[:, ::-1] + 0.5) * self.scale
            length_mm = float(np.sum(np.hypot(*np.diff(line, axis=0).T))) * self.plane.pixel_mm
            if length_mm >= shortest_mm:
                self.drawing.add(Path(points=thinned(points), stroke=colour, width=width, dash=dash))

    def marks(self, *, bar_mm: float, note: str, ink: Colour = PAPER, halo: Colour = INK) -> None:
        """Write the orientation letters, the scale bar and the coordinate of the slice."""
        d = self.drawing
        right, down = letter_of(self.plane.right), letter_of(self.plane.down)
        left, up = letter_of(-self.plane.right), letter_of(-self.plane.down)
        d.letter(7, d.height / 2 + 4, left, "start", size=12, colour=ink, halo=halo)
        d.letter(d.width - 7, d.height / 2 + 4, right, "end", size=12, colour=ink, halo=halo)
        d.letter(d.width / 2, 16, up, "middle", size=12, colour=ink, halo=halo)
        d.letter(d.width / 2, d.height - 7, down, "middle", size=12, colour=ink, halo=halo)
        for line, part in enumerate(note.split("\n")):
            d.words(7, 15 + 14 * line, part, size=10.5, colour=ink, halo=halo)
        words = f"{bar_mm:g} mm"
        d.scale_bar(d.width - 9, d.height - 9, self.px(bar_mm), words, colour=ink, halo=halo)

    def cross(
        self, point_mm: NDArray[np.float64], colour: Colour, *, reach: float = 9.0, gap: float = 3.0
    ) -> None:
        """Mark a position with a cross that leaves its middle free."""
        x, y = self.xy(point_mm)[0]
        for width, tone in ((3.6, INK), (1.8, colour)):
            for ax, ay in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                self.drawing.line(
                    x + ax * gap, y + ay * gap, x + ax * reach, y + ay * reach, colour=tone, width=width
                )

    def ring(
        self,
        point_mm: NDArray[np.float64],
        radius_mm: float,
        colour: Colour,
        dash: tuple[float, float] | None = None,
    ) -> None:
        """Draw a circle about a position."""
        x, y = self.xy(point_mm)[0]
        radius = self.px(radius_mm)
        self.drawing.add(Circle(x=x, y=y, radius=radius, stroke=INK, width=3.2))
        self.drawing.add(Circle(x=x, y=y, radius=radius, stroke=colour, width=1.7, dash=dash))


def thinned(points: NDArray[np.float64], tolerance: Px = 0.25) -> NDArray[np.float64]:
    """Drop points of a line that lie within a tolerance of the line without them."""
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    stack = [(0, len(points) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        chord = points[last] - points[first]
        offset = points[first + 1 : last] - points[first]
        length = float(np.hypot(*chord))
        if length < 1e-9:
            off = np.hypot(offset[:, 0], offset[:, 1])
        else:
            off = np.abs(chord[0] * offset[:, 1] - chord[1] * offset[:, 0]) / length
        worst = int(np.argmax(off))
        if off[worst] > tolerance:
            middle = first + 1 + worst
            keep[middle] = True
            stack += [(first, middle), (middle, last)]
    return points[keep]


TISSUE_LINES: dict[str, Colour] = {
    "scalp": (240, 228, 66),
    "skull": (86, 180, 233),
    "pial surface": palette.VESSEL,
    "white matter": (0, 158, 115),
}
