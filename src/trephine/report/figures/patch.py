# SPDX-License-Identifier: Apache-2.0
"""The opened patch of cortex from above: the working drawing of the plan."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from trephine.core.frames import SCANNER, Affine
from trephine.model.activation import HandMap
from trephine.model.obstacles import Obstacles
from trephine.model.opening import Opening
from trephine.model.thread_plan import ThreadPlan
from trephine.report import palette
from trephine.report.drawing import Circle, Drawing, Figure, Path, Px, Raster
from trephine.report.figures.head import hand_contrast
from trephine.report.palette import INK, PAPER, QUIET, Colour
from trephine.report.plane import letter_of, thinned
from trephine.report.render.field import sample

_WIDTH = 760.0
GROUND_PIXELS = 900
_LEVELS = (0.5, 0.75, 0.9)
"""Shares of the map's peak at which contours are drawn."""
_GROUND: Colour = (246, 238, 230)
_OUTSIDE: Colour = (240, 238, 234)
_SULCUS: Colour = (176, 160, 152)


class _Bench:
    """Places positions of the implant plane on the sheet, the person's front up."""

    def __init__(self, opening: Opening, half_mm: float, width: float) -> None:
        pose = opening.pose.matrix
        front = np.array([0.0, 1.0, 0.15])
        up = front - pose[:3, 2] * (front @ pose[:3, 2])
        up /= np.linalg.norm(up)
        self.up, self.right = up, np.cross(up, pose[:3, 2])
        self.pose: Affine = opening.pose
        self.origin = pose[:3, 3]
        self.scale = width / (2 * half_mm)
        self.half_mm = half_mm

    def xy(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where positions in ``scanner`` lie on the sheet."""
        offset = np.atleast_2d(np.asarray(points_mm, np.float64)) - self.origin
        return (
            np.column_stack([offset @ self.right + self.half_mm, self.half_mm - offset @ self.up])
            * self.scale
        )

    def positions_mm(self, count: int) -> NDArray[np.float64]:
        """Return positions in the implant plane of ``count`` pixels a side, shape (row, column, 3)."""
        at = ((np.arange(count) + 0.5) / count * 2 - 1) * self.half_mm
        return self.origin + at[None, :, None] * self.right - at[:, None, None] * self.up


def drawing(
    hand_map: HandMap | None,
    opening: Opening,
    plan: ThreadPlan,
    obstacles: Obstacles | None,
    *,
    width: Px = _WIDTH,
    with_numbers: bool = True,
) -> Drawing:
    """Draw the patch."""
    bench = _Bench(opening, _half_mm(opening, plan), width)
    alt = (
        f"The opened cortex seen along the implant's axis: {len(plan.threads)} numbered threads, "
        "their runs from the anchors, vessels, sulci and the hand map"
    )
    sheet = Drawing(width=width, height=width, alt=alt)
    if obstacles is not None:
        _lay_ground(sheet, bench, obstacles)
    if hand_map is not None:
        _lay_hand(sheet, bench, hand_map, obstacles)
    _lay_outlines(sheet, bench, opening)
    _lay_threads(sheet, bench, plan, with_numbers=with_numbers)
    _lay_marks(sheet, bench)
    return sheet


def _half_mm(opening: Opening, plan: ThreadPlan) -> float:
    """Return half the side of the square that shows anchors and durectomy with room for marks."""
    points = [*opening.durectomy_mm, *(t.anchor_mm for t in plan.threads)]
    flat = opening.pose.inverse()(np.array(points), frame=SCANNER)[:, :2]
    return float(np.max(np.hypot(*flat.T))) * 1.13


def _lay_ground(sheet: Drawing, bench: _Bench, obstacles: Obstacles) -> None:
    """Paint cortex, sulci and vessels within the opened dura, and paler where no thread may go."""
    where = _pixels(bench, obstacles, GROUND_PIXELS)
    relief = ndimage.map_coordinates(_relief(obstacles), where, order=1, mode="nearest")
    picture = np.array(_GROUND, np.float32) * relief[..., None]
    for mask, colour in ((obstacles.sulcus, _SULCUS), (obstacles.vessel, palette.VESSEL)):
        cover = ndimage.map_coordinates(mask.astype(np.float32), where, order=1, mode="constant")
        picture += 0.85 * np.clip(cover * 2 - 0.5, 0, 1)[..., None] * (np.array(colour) - picture)
    outside = obstacles.outside.astype(np.float32)
    pale = 0.93 * ndimage.map_coordinates(outside, where, order=1, mode="constant", cval=1.0)
    picture += pale[..., None] * (np.array(_OUTSIDE) - picture)
    beyond = ndimage.map_coordinates(np.ones_like(outside), where, order=1, mode="constant") < 0.5
    picture[beyond] = _OUTSIDE
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    sheet.add(Raster(pixels=pixels, x=0, y=0, width=sheet.width, height=sheet.height))


def _pixels(bench: _Bench, obstacles: Obstacles, count: int) -> NDArray[np.float64]:
    """Return where the sheet's pixels lie in the flat maps, shape (2, count, count): row and column."""
    flat = obstacles.scanner_from_implant.inverse()(bench.positions_mm(count).reshape(-1, 3), frame=SCANNER)
    return obstacles.row_column_of(flat[:, :2]).T.reshape(2, count, count)


def _height_mm(obstacles: Obstacles, smooth_mm: float) -> NDArray[np.float64]:
    """Return the cortex's height, smoothed, its gaps filled from around them."""
    is_known = np.isfinite(obstacles.height_mm)
    sigma = smooth_mm / obstacles.pixel_mm
    weight = ndimage.gaussian_filter(is_known.astype(np.float64), sigma)
    total = ndimage.gaussian_filter(np.where(is_known, obstacles.height_mm, 0.0), sigma)
    middle = float(np.median(obstacles.height_mm[is_known])) if is_known.any() else 0.0
    return np.where(weight > 1e-3, total / np.maximum(weight, 1e-3), middle)


def _relief(obstacles: Obstacles) -> NDArray[np.float64]:
    """Shade the cortex's height as if lit from the upper left, 0.8 to 1."""
    slope_row, slope_column = np.gradient(_height_mm(obstacles, 0.25), obstacles.pixel_mm)
    return 0.92 + 0.09 * np.clip(-0.7 * slope_column + 0.7 * slope_row, -1, 1)


def _lay_hand(sheet: Drawing, bench: _Bench, hand_map: HandMap, obstacles: Obstacles | None) -> None:
    """Draw contours of the hand map as it lies just under the cortex."""
    count = 190
    points = bench.positions_mm(count)
    axis = bench.pose.matrix[:3, 2]
    height = np.full((count, count), -6.0)
    if obstacles is not None:
        where = _pixels(bench, obstacles, count)
        height = ndimage.map_coordinates(_height_mm(obstacles, 0.6), where, order=1, mode="nearest")
    contrast = hand_contrast(hand_map)
    volume = hand_map.weight if contrast is None else contrast.z
    layers = []
    for depth_mm in (0.5, 2.0, 3.5):
        flat = (points + axis * (height - depth_mm)[..., None]).reshape(-1, 3).T.astype(np.float32)
        layers.append(sample(volume.values, volume.grid, flat).reshape(count, count))
    values = ndimage.gaussian_filter(np.max(layers, axis=0), 0.35 * count / (2 * bench.half_mm))
    top = float(values.max())
    if top <= 0:
        return
    for share, stroke in zip(_LEVELS, (1.2, 1.8, 2.6), strict=True):
        for line in find_contours(values, share * top):
            way = thinned((line[:, ::-1] + 0.5) * sheet.width / count)
            sheet.add(Path(points=way, stroke=PAPER, width=stroke + 2.2, opacity=0.7))
            sheet.add(Path(points=way, stroke=palette.HAND, width=stroke))


def _lay_outlines(sheet: Drawing, bench: _Bench, opening: Opening) -> None:
    durectomy = bench.xy(np.array(opening.durectomy_mm))
    craniectomy = bench.xy(np.array(opening.craniectomy_mm))
    for piece in _within(craniectomy, sheet.width):
        sheet.add(Path(points=piece, stroke=palette.CUT, width=2.2, dash=(7, 5)))
    sheet.add(Path(points=durectomy, is_closed=True, stroke=PAPER, width=4.6))
    sheet.add(Path(points=durectomy, is_closed=True, stroke=palette.CUT, width=2.4))


def _within(outline: NDArray[np.float64], width: Px) -> list[NDArray[np.float64]]:
    """Return the pieces of a closed outline that lie on the sheet, shape (point, 2) each."""
    closed = np.concatenate([outline, outline[:1]])
    fine = np.concatenate([np.linspace(a, b, 8, endpoint=False) for a, b in itertools.pairwise(closed)])
    is_in = ((fine >= 0) & (fine <= width)).all(axis=1)
    if is_in.all():
        return [closed]
    first = int(np.argmin(is_in))  # start off the sheet, so that no piece is cut in two
    fine, is_in = np.roll(fine, -first, axis=0), np.roll(is_in, -first)
    edges = np.flatnonzero(np.diff(is_in.astype(int))) + 1
    return [piece for piece in np.split(fine, edges)[1::2] if len(piece) > 1]


def _lay_threads(sheet: Drawing, bench: _Bench, plan: ThreadPlan, *, with_numbers: bool) -> None:
    """Draw runs, anchors and entries; numbers tell the order of insertion."""
    if not plan.threads:
        return
    anchors = bench.xy(np.array([t.anchor_mm for t in plan.threads]))
    entries = bench.xy(np.array([t.entry_mm for t in plan.threads]))
    for start, end in zip(anchors, entries, strict=True):
        line = np.stack([start, end])
        sheet.add(Path(points=line, stroke=PAPER, width=3.2, opacity=0.65))
        sheet.add(Path(points=line, stroke=(150, 98, 0), width=1.3))
    for x, y in anchors:
        sheet.add(Circle(x=x, y=y, radius=2.6, fill=INK))
    radius = _bubble(entries) if with_numbers else 4.5
    for thread, (x, y) in zip(plan.threads, entries, strict=True):
        sheet.add(Circle(x=x, y=y, radius=radius, fill=(255, 214, 110), stroke=INK, width=0.9))
        if with_numbers:
            size = radius * 1.15
            sheet.words(x, y + size * 0.36, str(thread.order), size=size, anchor="middle")


def _bubble(entries: NDArray[np.float64]) -> float:
    """Return a radius at which neighbouring circles do not touch."""
    if len(entries) < 2:
        return 10.0
    gaps = np.hypot(*(entries[:, None] - entries[None]).transpose(2, 0, 1)) + np.diag(
        np.full(len(entries), np.inf)
    )
    return float(np.clip(gaps.min() * 0.47, 6.0, 10.5))


def _lay_marks(sheet: Drawing, bench: _Bench) -> None:
    """Write orientation letters and the scale bar."""
    middle, end = sheet.width / 2, sheet.width
    sheet.letter(middle, 18, letter_of(bench.up), "middle", size=15)
    sheet.letter(middle, end - 8, letter_of(-bench.up), "middle", size=15)
    sheet.letter(8, middle + 5, letter_of(-bench.right), "start", size=15)
    sheet.letter(end - 8, middle + 5, letter_of(bench.right), "end", size=15)
    sheet.scale_bar(end - 14, end - 14, 2 * bench.scale, "2 mm", colour=INK, halo=PAPER)
    sheet.words(10, end - 12, "implant plane, seen from outside", size=11, colour=QUIET, halo=PAPER)


def figure(
    hand_map: HandMap | None, opening: Opening, plan: ThreadPlan, obstacles: Obstacles | None
) -> Figure:
    """Draw the patch with its key."""
    known = {
        "live view": "Vessels (vermilion) come from the live view.",
        "angiogram": "Vessels (vermilion) come from the angiogram, which shows only the larger ones.",
        "nothing": "No vessels are known: none are drawn, and they must be seen before anything is inserted.",
    }[plan.vessels_from]
    caption = (
        f"The opened cortex seen from outside along the implant's axis, {len(plan.threads)} of "
        f"{plan.threads_asked} threads. Circles are entries, numbered in the order of insertion; brown lines "
        "run to the anchors (black dots); grey is sulcus; blue contours are the hand map at 50, 75 and 90 % "
        f"of its peak here; green is the edge of the dura, dashed green that of the bone. {known} Look for "
        "circles on smooth gyrus within the blue lines, and for runs that do not cross. The person's front "
        "is up; left and right are as for the surgeon, not mirrored."
    )
    return Figure(
        key="patch", caption=caption, drawings=(drawing(hand_map, opening, plan, obstacles),), layout="wide"
    )
