# SPDX-License-Identifier: Apache-2.0
"""Slices with tissue outlines, and the layers along the implant's axis."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.opening import Opening
from trephine.model.skull import SkullSuspect
from trephine.report.drawing import Drawing, Figure, Path
from trephine.report.figures.where_hand import ORIENTATIONS, head_box, signal_top, slice_note
from trephine.report.palette import CUT, INK, PAPER, Colour
from trephine.report.plane import CONVENTION, TISSUE_LINES, Orientation, Sheet, grey_of, plane_through

_MOST_SUSPECTS = 2
_WORDS_PX = 75.0
"""Words keep their middle this far from the sides of a slice."""
_LAYER_COLOURS: dict[str, Colour] = {
    "scalp": (226, 206, 190),
    "skull": (240, 228, 190),
    "CSF": (190, 222, 240),
    "grey": (196, 190, 186),
    "white": (232, 230, 228),
    "outside": (255, 255, 255),
}
_NAMES = {
    Tissue.BACKGROUND: "outside",
    Tissue.SCALP: "scalp",
    Tissue.SKULL: "skull",
    Tissue.CSF: "CSF",
    Tissue.GREY: "grey",
    Tissue.WHITE: "white",
}


def figure(anatomy: Anatomy, centre_mm: NDArray[np.float64]) -> Figure:
    """Draw three slices with the outlines that the plan rests on, and three through each suspected place."""
    top = signal_top(anatomy)
    drawings = tuple(_slice(kind, anatomy, centre_mm, top) for kind in ORIENTATIONS)
    shown = anatomy.suspects[:_MOST_SUSPECTS]
    drawings += tuple(_abnormal(kind, anatomy, each, top) for each in shown for kind in ORIENTATIONS)
    source = "from the CT" if anatomy.has_ct else "estimated from the T1, as there is no CT"
    caption = (
        "Outlines of scalp (yellow), skull (blue, drawn on both faces), pial surface (vermilion) and white "
        f"matter (green) on the T1. The skull is {source}. Look for lines that leave the edge they should "
        f"follow, most of all near the opening. Slices are {CONVENTION}."
    )
    if shown:
        caption += _about_suspects(len(shown), len(anatomy.suspects))
    return Figure(key="anatomy", caption=caption, drawings=drawings, layout="triple")


def _slice(kind: Orientation, anatomy: Anatomy, centre_mm: NDArray[np.float64], top: float) -> Drawing:
    low, high = head_box(anatomy)
    plane = plane_through(kind, centre_mm, low, high, 0.8)
    alt = f"T1 slice, {kind}, with outlines of scalp, skull, pial surface and white matter"
    sheet = Sheet.of(plane, grey_of(plane.sampled(anatomy.t1), top), width=340, alt=alt)
    label = plane.sampled(anatomy.tissue, order=0)
    for name, is_inside in (
        ("scalp", label >= Tissue.SCALP),
        ("skull", label == Tissue.SKULL),
        ("pial surface", label >= Tissue.GREY),
        ("white matter", label >= Tissue.WHITE),
    ):
        smooth = ndimage.gaussian_filter(is_inside.astype(np.float32), 0.7)
        sheet.contours(smooth, 0.5, TISSUE_LINES[name], width=0.9, shortest_mm=9)
    sheet.marks(bar_mm=50, note=slice_note(kind, centre_mm))
    return sheet.drawing


def _about_suspects(shown: int, total: int) -> str:
    """Say what the rows below the first show."""
    words = (
        " Further rows: places of the vault where bone differs from the other side or is almost absent, "
        "largest first. The ring is as large as the place; the outer face of the skull is a full line, the "
        "inner face a dashed one. Look for a cut, a gap, a plate, or outlines that leave the bone."
    )
    return words + (f" {total - shown} more are named in the findings alone." if total > shown else "")


def _abnormal(kind: Orientation, anatomy: Anatomy, suspect: SkullSuspect, top: float) -> Drawing:
    """Draw both faces of the skull on a slice through a suspected place, with a ring and words."""
    low, high = head_box(anatomy)
    centre_mm = np.array(suspect.centre_mm)
    plane = plane_through(kind, centre_mm, low, high, 0.8)
    alt = f"T1 slice, {kind}, through a suspected place: {suspect.place} bone"
    sheet = Sheet.of(plane, grey_of(plane.sampled(anatomy.t1), top), width=340, alt=alt)
    label = plane.sampled(anatomy.tissue, order=0)
    colour = TISSUE_LINES["skull"]
    for is_within, dash in ((label >= Tissue.SKULL, None), (label >= Tissue.CSF, (3.0, 2.0))):
        smooth = ndimage.gaussian_filter(is_within.astype(np.float32), 0.7)
        sheet.contours(smooth, 0.5, colour, width=0.9, dash=dash, shortest_mm=9)
    radius_mm = float(np.sqrt(suspect.area_mm2 / np.pi))
    sheet.ring(centre_mm, radius_mm, CUT)
    x, y = sheet.xy(centre_mm)[0]
    drawing, reach = sheet.drawing, sheet.px(radius_mm)
    words = f"{suspect.place}, {suspect.difference_mm:+.1f} mm".replace("-", "\u2212")
    x = float(np.clip(x, _WORDS_PX, drawing.width - _WORDS_PX))
    y = float(y + reach + 15)
    drawing.words(x, y, words, size=11, anchor="middle", colour=PAPER, halo=INK)
    sheet.marks(bar_mm=50, note=slice_note(kind, centre_mm))
    return drawing


def layers_along_axis(anatomy: Anatomy, opening: Opening) -> list[tuple[str, float]]:
    """Read the labels along the implant's axis, from outside to 20 mm below the pia: (tissue, length in mm).

    Notes
    -----
    A reading of the label volume along one line, for the picture beside it; the figures that were judged are
    the opening stage's own.
    """
    pose = opening.pose.matrix
    height = np.arange(40.0, -45.0, -0.1)
    points = pose[:3, 3] + height[:, None] * pose[:3, 2]
    index = anatomy.tissue.grid.ijk_of(points).T
    label = ndimage.map_coordinates(np.asarray(anatomy.tissue.values), index, order=0)
    change = np.flatnonzero(np.diff(label)) + 1
    edges = np.concatenate([[0], change, [label.size]])
    runs = [(_NAMES[Tissue(int(label[a]))], (b - a) * 0.1) for a, b in itertools.pairwise(edges)]
    while runs and runs[0][0] == "outside":
        runs.pop(0)
    return runs


def axis_figure(anatomy: Anatomy, opening: Opening) -> Figure:
    """Draw the tissues met along the implant's axis as one bar to scale."""
    runs = layers_along_axis(anatomy, opening)
    drawing = Drawing(width=760, height=92, alt="Tissues along the implant's axis, from the skin inwards")
    shown_mm, x = 38.0, 10.0
    scale = 740 / shown_mm
    for name, length_mm in runs:
        width = min(length_mm * scale, 750 - x)
        if width <= 0.5:
            break
        box = np.array([[x, 24], [x + width, 24], [x + width, 58], [x, 58]])
        drawing.add(Path(points=box, is_closed=True, stroke=INK, width=0.7, fill=_LAYER_COLOURS[name]))
        if width > 34:
            drawing.words(x + width / 2, 45, name, size=11.5, anchor="middle")
        if width > 24 and x + width < 749:
            # Bone is as dark as fluid and air in a T1: a length without its interval would be trusted.
            is_known = anatomy.has_ct or name != _NAMES[Tissue.SKULL]
            length = f"{length_mm:.1f}" if is_known else "not known"
            drawing.words(x + width / 2, 74, length, size=11, anchor="middle")
        x += width
    drawing.words(10, 15, "skin", size=11)
    drawing.words(750, 15, "into the brain", size=11, anchor="end")
    drawing.words(750, 88, "mm", size=11, anchor="end")
    caption = (
        "Tissue labels along the implant's axis, to scale, from the skin inwards, lengths in mm. Look for a "
        "skull thick enough to hold the implant's body, and for grey matter close under the dura."
    )
    if not anatomy.has_ct:
        caption += (
            f" There is no CT: the bone under the implant may be {opening.bone_low_mm:.1f} to "
            f"{opening.bone_high_mm:.1f} mm thick, and the borders drawn about it are a guess."
        )
    return Figure(key="axis-layers", caption=caption, drawings=(drawing,))
