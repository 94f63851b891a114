# SPDX-License-Identifier: Apache-2.0
"""A cut along the implant's axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.frames import IMPLANT, SCANNER
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.opening import Opening
from trephine.model.thread_plan import ThreadPlan
from trephine.report import palette
from trephine.report.drawing import Drawing, Figure, Path
from trephine.report.figures.where_hand import signal_top
from trephine.report.palette import INK, PAPER
from trephine.report.plane import TISSUE_LINES, Plane, Sheet, grey_of
from trephine.report.words import position

_SLAB_MM = 2.0
"""Threads this near the cut are drawn."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """Size of the implant's body, from its device file."""

    width_mm: float
    thickness_mm: float


def figure(anatomy: Anatomy, opening: Opening, plan: ThreadPlan | None, body: Body | None) -> Figure:
    """Draw two cuts along the implant's axis at a right angle to each other."""
    top = signal_top(anatomy)
    drawings = tuple(_cut(anatomy, opening, plan, body, axis, top) for axis in (0, 1))
    outline = "the implant's body in white, " if body else ""
    caption = (
        f"Two cuts along the implant's axis, at a right angle to each other: {outline}the bone that is "
        "removed hatched green, the opened dura as a green line, the axis dashed, and in gold the threads "
        f"within {_SLAB_MM:g} mm of the cut. Blue is the skull's outline, vermilion the pial surface. Look "
        "for a body that sits flush with the outer table and does not press on the brain."
    )
    return Figure(key="opening-cut", caption=caption, drawings=drawings, layout="pair")


def _plane(opening: Opening, axis: int, half_mm: float, pixel_mm: float) -> Plane:
    """Make the plane of the implant's z and its x or y axis, z up."""
    pose = opening.pose.matrix
    down = -pose[:3, 2]
    right = pose[:3, axis]
    if axis == 0 and right[1] > 0:
        right = -right  # the front on the left, as in sagittal slices
    if axis == 1 and right[0] > 0:
        right = -right  # the person's right on the left
    count = round(2 * half_mm / pixel_mm)
    corner = pose[:3, 3] - right * half_mm - down * (half_mm * 0.72)
    return Plane(
        corner_mm=corner, right=right, down=down, pixel_mm=pixel_mm, shape=(round(count * 0.86), count)
    )


def _cut(
    anatomy: Anatomy, opening: Opening, plan: ThreadPlan | None, body: Body | None, axis: int, top: float
) -> Drawing:
    plane = _plane(opening, axis, 32.0, 0.35)
    alt = "T1 along the implant's axis with implant, bone, dura opening and threads"
    sheet = Sheet.of(plane, grey_of(plane.sampled(anatomy.t1), top), width=520, alt=alt)
    label = plane.sampled(anatomy.tissue, order=0)
    for name, is_inside in (("skull", label == Tissue.SKULL), ("pial surface", label >= Tissue.GREY)):
        smooth = ndimage.gaussian_filter(is_inside.astype(np.float32), 1.4)
        sheet.contours(smooth, 0.5, TISSUE_LINES[name], width=1.2, shortest_mm=6)
    _bone(sheet, opening, label, axis)
    if body is not None:
        _body(sheet, opening, body, axis)
    _dura(sheet, opening)
    _threads(sheet, plan)
    ends = sheet.xy(
        np.stack([opening.pose.matrix[:3, 3] + opening.pose.matrix[:3, 2] * h for h in (22.0, -30.0)])
    )
    sheet.drawing.add(Path(points=ends, stroke=palette.CUT, width=1.3, dash=(6, 5)))
    side = "implant x and z" if axis == 0 else "implant y and z"
    sheet.marks(bar_mm=10, note=f"oblique, {side}\nscanner {_spoken(opening)} mm")
    return sheet.drawing


def _spoken(opening: Opening) -> str:
    return position(opening.pose.matrix[:3, 3])


def _bone(sheet: Sheet, opening: Opening, label: NDArray[np.float32], axis: int) -> None:
    """Hatch the bone within the craniectomy."""
    flat = opening.pose.inverse()(np.array(opening.craniectomy_mm), frame=SCANNER)
    low, high = flat[:, axis].min(), flat[:, axis].max()
    for at in np.arange(low, high + 0.01, 1.1):
        ends = np.zeros((60, 3))
        ends[:, axis] = at
        ends[:, 2] = np.linspace(25, -25, 60)
        points = opening.pose(ends, frame=IMPLANT)
        pixel = np.round(sheet.plane.pixels_of(points)).astype(int)
        is_in = (pixel >= 0).all(axis=1) & (pixel[:, 1] < label.shape[0]) & (pixel[:, 0] < label.shape[1])
        is_bone = np.zeros(60, bool)
        is_bone[is_in] = label[pixel[is_in, 1], pixel[is_in, 0]] == Tissue.SKULL
        if is_bone.sum() > 1:
            where = sheet.xy(points[is_bone])[[0, -1]]
            sheet.drawing.add(Path(points=where, stroke=palette.CUT, width=1.2, opacity=0.85))


def _body(sheet: Sheet, opening: Opening, body: Body, axis: int) -> None:
    half = body.width_mm / 2
    corners = np.zeros((4, 3))
    corners[:, axis] = (-half, half, half, -half)
    corners[:, 2] = (0, 0, body.thickness_mm, body.thickness_mm)
    points = sheet.xy(opening.pose(corners, frame=IMPLANT))
    sheet.drawing.add(
        Path(points=points, is_closed=True, stroke=INK, width=3.6, fill=PAPER, fill_opacity=0.22)
    )
    sheet.drawing.add(Path(points=points, is_closed=True, stroke=PAPER, width=1.8))


def _dura(sheet: Sheet, opening: Opening) -> None:
    """Draw the opened dura where its outline crosses the cut."""
    outline = np.array(opening.durectomy_mm)
    side = sheet.plane.distance_mm(outline)
    crossing = np.flatnonzero(np.sign(side) != np.sign(np.roll(side, -1)))
    if len(crossing) < 2:
        return
    ends = sheet.xy(outline[crossing[[0, -1]]])
    for width, tone in ((5.0, INK), (2.8, palette.CUT)):
        sheet.drawing.add(Path(points=ends, stroke=tone, width=width))


def _threads(sheet: Sheet, plan: ThreadPlan | None) -> None:
    for thread in plan.threads if plan else ():
        points = np.array([thread.anchor_mm, thread.entry_mm, thread.tip_mm])
        if float(np.abs(sheet.plane.distance_mm(points[1:])).min()) > _SLAB_MM:
            continue
        where = sheet.xy(points)
        sheet.drawing.add(Path(points=where, stroke=INK, width=2.6, opacity=0.6))
        sheet.drawing.add(Path(points=where, stroke=(255, 190, 40), width=1.3))
