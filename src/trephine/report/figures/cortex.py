# SPDX-License-Identifier: Apache-2.0
"""Outlines of white and pial surface on enlarged slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.model.anatomy import Anatomy
from trephine.model.cortex import CorticalSurface
from trephine.model.surface import Surface
from trephine.report.drawing import Drawing, Figure, Path
from trephine.report.figures.where_hand import ORIENTATIONS, signal_top, slice_note
from trephine.report.palette import PAPER
from trephine.report.plane import CONVENTION, TISSUE_LINES, Orientation, Plane, Sheet, grey_of, plane_through
from trephine.report.words import number

_REACH_MM = 32.0
_LINES = (
    ("white", TISSUE_LINES["white matter"]),
    ("pial", TISSUE_LINES["pial surface"]),
)


def figure(anatomy: Anatomy, centre_mm: NDArray[np.float64]) -> Figure:
    """Draw three enlarged slices with both surfaces of the cortex.

    Parameters
    ----------
    anatomy
        With its hemispheres.
    centre_mm
        Middle of the slices, the hand target where there is one.
    """
    top = signal_top(anatomy)
    drawings = tuple(_slice(kind, anatomy, centre_mm, top) for kind in ORIENTATIONS)
    unsure = ", ".join(
        f"{number(100 * half.quality.unsure_fraction, 0)} % {half.hemisphere}" for half in anatomy.hemispheres
    )
    caption = (
        "White surface (green) and pial surface (vermilion; wide where it is a gyral crown) on the T1. Look "
        "for a green line that leaves the white matter, and for sulci whose two banks are not told apart, "
        f"first of all at the central sulcus. Cortex of unsure thickness: {unsure}. Slices are {CONVENTION}."
    )
    return Figure(key="cortex", caption=caption, drawings=drawings, layout="triple")


def _slice(kind: Orientation, anatomy: Anatomy, centre_mm: NDArray[np.float64], top: float) -> Drawing:
    plane = plane_through(kind, centre_mm, centre_mm - _REACH_MM, centre_mm + _REACH_MM, 0.4)
    alt = f"Enlarged {kind} slice with outlines of the white and the pial surface"
    sheet = Sheet.of(plane, grey_of(plane.sampled(anatomy.t1), top), width=340, alt=alt)
    for half in anatomy.hemispheres:
        for name, colour in _LINES:
            lines, faces = cut_lines(getattr(half, name), plane)
            is_crown = _on_crown(half, faces) & (name == "pial")
            for line, wide in zip(lines, is_crown, strict=True):
                points = sheet.xy(line)
                if (points > 0).all() and (points < (sheet.drawing.width, sheet.drawing.height)).all():
                    sheet.drawing.add(Path(points=points, stroke=colour, width=2.6 if wide else 1.1))
    sheet.cross(centre_mm, PAPER)
    sheet.marks(bar_mm=10, note=slice_note(kind, centre_mm))
    return sheet.drawing


def _on_crown(half: CorticalSurface, faces: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(half.is_crown[half.white.faces[faces]].sum(axis=1) >= 2)


def cut_lines(surface: Surface, plane: Plane) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return where a mesh meets a plane: ends of one short line a triangle, and the triangle.

    Parameters
    ----------
    surface
        The mesh.
    plane
        Where it is cut.

    Returns
    -------
    tuple
        Ends in mm, shape (line, 2, 3), and face indices, shape (line,).
    """
    height = plane.distance_mm(surface.points_mm)
    is_behind = height > 0
    behind = is_behind[surface.faces]
    faces = np.flatnonzero(behind.any(axis=1) & ~behind.all(axis=1))
    corners = surface.faces[faces]
    # The one corner on its own side is where both cut edges start.
    lone = np.where(
        behind[faces].sum(axis=1) == 1, behind[faces].argmax(axis=1), behind[faces].argmin(axis=1)
    )
    row = np.arange(len(faces))
    apex = corners[row, lone]
    ends = []
    for turn in (1, 2):
        other = corners[row, (lone + turn) % 3]
        part = height[apex] / (height[apex] - height[other])
        start = surface.points_mm[apex]
        ends.append(start + part[:, None] * (surface.points_mm[other] - start))
    return np.stack(ends, axis=1), faces
