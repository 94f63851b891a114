# SPDX-License-Identifier: Apache-2.0
"""Slices that show where the hand is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.model.activation import ContrastMap, HandMap
from trephine.model.anatomy import Anatomy
from trephine.model.opening import Opening
from trephine.report import palette
from trephine.report.drawing import Drawing, Figure, Path, Raster
from trephine.report.figures.head import hand_contrast
from trephine.report.figures.marks import diamond, disc
from trephine.report.palette import INK, PAPER
from trephine.report.plane import CONVENTION, Floats, Orientation, Plane, Sheet, grey_of, over, plane_through
from trephine.report.words import number

LEAST_Z = 3.1
ORIENTATIONS: tuple[Orientation, ...] = ("axial", "coronal", "sagittal")
_RING_IN_PLANE = 2.448
"""Radius in standard deviations of the circle that holds 95 % of a round two-dimensional normal."""
_ZOOM_MM = 32.0
_SHOWN_WITHIN_MM = 12.0
"""Marks further than this from a slice are left out of it."""
_CLEAR = 0.12
"""Share of the colour scale, from its middle, that stands for what is not coloured."""
_AXIS = {"axial": "z", "coronal": "y", "sagittal": "x"}


def figure(anatomy: Anatomy, hand_map: HandMap, opening: Opening | None) -> Figure:
    """Draw three whole slices through the target and three enlarged ones.

    Parameters
    ----------
    anatomy, hand_map
        What is shown.
    opening
        Its axis is drawn in the enlarged slices, where there is one.
    """
    contrast = hand_contrast(hand_map)
    top = signal_top(anatomy)
    whole = [_whole(kind, anatomy, hand_map, contrast, top) for kind in ORIENTATIONS]
    close = [_close(kind, anatomy, hand_map, contrast, opening, top) for kind in ORIENTATIONS]
    legend = [z_legend(contrast)] if contrast else []
    shown = (
        f"the statistic of '{contrast.name}' where |z| > {LEAST_Z:g}"
        if contrast
        else "the weight of the knob"
    )
    caption = (
        f"Upper row: the T1 through the target, with {shown}. Lower row: the squares above, enlarged. The "
        "white cross is the target on the crown; the ring shows where a sphere round the centre of the hand "
        "area, which lies below it, cuts the slice: it holds the true centre with 95 % probability, as far "
        "as the causes in the table are all. The pink diamond is the template's hand knob, the pink disc the "
        "knob of the person's own cortex, the open square the place found at rest, each if within 12 mm of "
        "the slice. Look for the colour sitting on the knob, in front of the central sulcus. Slices are "
        f"{CONVENTION}."
    )
    return Figure(key="where-hand", caption=caption, drawings=(*whole, *close, *legend), layout="triple")


def signal_top(anatomy: Anatomy) -> float:
    """Return the signal shown as white: bright brain, not the brightest fat."""
    thin = np.asarray(anatomy.t1.values[::3, ::3, ::3])
    inside = np.asarray(anatomy.intracranial.values[::3, ::3, ::3]) > 0
    return float(np.percentile(thin[inside], 99.0)) * 1.12 if inside.any() else float(thin.max())


def head_box(anatomy: Anatomy) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the cube round the head above the neck, mm."""
    grid = anatomy.tissue.grid
    rows = np.argwhere(np.asarray(anatomy.tissue.values[::3, ::3, ::3]) > 0) * 3
    points = grid.mm_of(rows) if len(rows) else grid.mm_of(np.array([[0, 0, 0], np.array(grid.shape) - 1]))
    inside = np.argwhere(np.asarray(anatomy.intracranial.values[::3, ::3, ::3]) > 0) * 3
    low, high = points.min(axis=0) - 6, points.max(axis=0) + 6
    if len(inside):
        low[2] = max(low[2], grid.mm_of(inside).min(axis=0)[2] - 22)
    # One cube for all three, so that every slice has the same size and scale.
    middle, half = (low + high) / 2, float((high - low).max()) / 2
    return middle - half, middle + half


def _ground(
    plane: Plane, anatomy: Anatomy, hand_map: HandMap, contrast: ContrastMap | None, top: float
) -> Floats:
    ground = grey_of(plane.sampled(anatomy.t1), top)
    if contrast is None:
        share = plane.sampled(hand_map.weight)
        return over(ground, palette.z_colours(0.4 + 0.6 * share), np.clip(share - 0.1, 0, 0.8))
    z = plane.sampled(contrast.z)
    peak = max(float(contrast.peak_z or 0), LEAST_Z + 1)
    share = np.sign(z) * np.clip(0.35 + 0.65 * (np.abs(z) - LEAST_Z) / (peak - LEAST_Z), 0.35, 1)
    weight = np.clip((np.abs(z) - LEAST_Z) / 0.4, 0, 1) * 0.82
    return over(ground, palette.z_colours(share), weight)


def slice_note(kind: Orientation, centre: NDArray[np.float64]) -> str:
    """Name a slice and its place, on two lines."""
    axis = _AXIS[kind]
    value = number(float(centre["xyz".index(axis)]), 1)
    return f"{kind}\nscanner {axis} = {value} mm"


def _whole(
    kind: Orientation, anatomy: Anatomy, hand_map: HandMap, contrast: ContrastMap | None, top: float
) -> Drawing:
    low, high = head_box(anatomy)
    centre = np.asarray(hand_map.target_mm)
    plane = plane_through(kind, centre, low, high, 0.8)
    alt = f"T1 slice, {kind}, through the hand target, with the hand map in colour"
    sheet = Sheet.of(plane, _ground(plane, anatomy, hand_map, contrast, top), width=340, alt=alt)
    x, y = sheet.xy(centre)[0]
    r = sheet.px(_ZOOM_MM)
    box = np.array([[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]])
    sheet.drawing.add(Path(points=box, is_closed=True, stroke=PAPER, width=1.0))
    sheet.marks(bar_mm=50, note=slice_note(kind, centre))
    return sheet.drawing


def _close(
    kind: Orientation,
    anatomy: Anatomy,
    hand_map: HandMap,
    contrast: ContrastMap | None,
    opening: Opening | None,
    top: float,
) -> Drawing:
    centre = np.asarray(hand_map.target_mm)
    plane = plane_through(kind, centre, centre - _ZOOM_MM, centre + _ZOOM_MM, 0.4)
    alt = f"Enlarged {kind} slice: target, its 95 % ring and the hand knob"
    sheet = Sheet.of(plane, _ground(plane, anatomy, hand_map, contrast, top), width=340, alt=alt)
    if contrast is not None:
        sheet.contours(plane.sampled(contrast.z), LEAST_Z, (150, 220, 255), width=1.0, shortest_mm=8)
    if opening is not None:
        _axis_of(opening, sheet)
    sheet.cross(centre, PAPER, reach=9, gap=3)
    _ring(sheet, plane, hand_map)
    if abs(float(plane.distance_mm(np.asarray(hand_map.knob_mm))[0])) < _SHOWN_WITHIN_MM:
        diamond(sheet, np.asarray(hand_map.knob_mm))
    for other in hand_map.alternatives:
        place = other.position_mm
        mark = _MARKS.get(other.name)
        if mark is None or place is None:
            continue
        if abs(float(plane.distance_mm(np.asarray(place))[0])) < _SHOWN_WITHIN_MM:
            mark(sheet, np.asarray(place))
    sheet.marks(bar_mm=10, note=slice_note(kind, centre))
    return sheet.drawing


def _ring(sheet: Sheet, plane: Plane, hand_map: HandMap) -> None:
    """Draw where the sphere that holds the true centre cuts the slice."""
    known = hand_map.certainty
    if known is None:
        sheet.ring(np.asarray(hand_map.target_mm), _RING_IN_PLANE * hand_map.target_sd_mm, PAPER)
        return
    middle = np.asarray(known.centre_mm)
    away_mm = abs(float(plane.distance_mm(middle)[0]))
    if away_mm < known.radius95_mm:
        sheet.ring(middle, float(np.sqrt(known.radius95_mm**2 - away_mm**2)), PAPER)


def _square(sheet: Sheet, point_mm: NDArray[np.float64]) -> None:
    x, y = sheet.xy(point_mm)[0]
    for size, tone in ((6.0, INK), (4.8, PAPER)):
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        points = np.array([x, y]) + size * corners
        sheet.drawing.add(Path(points=points, is_closed=True, stroke=tone, width=1.6))


_MARKS = {"own knob": disc, "resting state": _square}
"""Of the other ways to find the hand; the template's knob is drawn by itself."""


def _axis_of(opening: Opening, sheet: Sheet) -> None:
    """Draw the implant's axis, dropped onto the slice."""
    pose = opening.pose.matrix
    ends = np.stack([pose[:3, 3] + pose[:3, 2] * h for h in (20.0, -24.0)])
    line = sheet.xy(ends)
    if np.hypot(*(line[1] - line[0])) > 12:
        sheet.drawing.add(Path(points=line, stroke=palette.CUT, width=1.4, dash=(5, 4)))


def z_legend(contrast: ContrastMap | None) -> Drawing:
    """Draw the colour scale of the statistic."""
    peak = max(float(contrast.peak_z or 0), LEAST_Z + 1) if contrast else 1.0
    drawing = Drawing(
        width=340, height=46, alt=f"Colour scale of z from {-peak:.1f} over {LEAST_Z:g} to {peak:.1f}"
    )
    share = (np.arange(120) + 0.5) / 60 - 1
    is_clear = np.abs(share) < _CLEAR
    place = np.sign(share) * (0.35 + 0.65 * (np.abs(share) - _CLEAR) / (1 - _CLEAR))
    colours = np.where(is_clear[:, None], 1.0, palette.z_colours(place))
    pixels = (np.repeat(colours[None], 4, axis=0) * 255 + 0.5).astype(np.uint8)
    drawing.add(Raster(pixels=pixels, x=20, y=6, width=300, height=14, is_lossless=True))
    for mark, words in (
        (-1.0, f"{-peak:.1f}"),
        (-_CLEAR, f"-{LEAST_Z:g}"),
        (_CLEAR, f"{LEAST_Z:g}"),
        (1.0, f"{peak:.1f}"),
    ):
        drawing.words(20 + 300 * (mark + 1) / 2, 36, words.replace("-", "\u2212"), size=10.5, anchor="middle")
    return drawing
