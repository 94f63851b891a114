# SPDX-License-Identifier: Apache-2.0
"""Axial slices through the hand knob of each side, as a surgeon looks for it."""

from __future__ import annotations

import numpy as np

from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy
from trephine.model.knob import OwnKnob
from trephine.report.drawing import Drawing, Figure, Path
from trephine.report.figures.marks import diamond, disc
from trephine.report.figures.where_hand import signal_top, slice_note
from trephine.report.palette import CUT, INK, PAPER
from trephine.report.plane import CONVENTION, Floats, Sheet, grey_of, plane_through

_ZOOM_MM = 34.0
_LINE_WITHIN_MM = 6.0
"""The part of the sulcus that is drawn lies this near to the slice."""
_MARK_WITHIN_MM = 12.0


def figure(anatomy: Anatomy, hand_map: HandMap) -> Figure | None:
    """Draw an axial slice for each side on which the central sulcus was found.

    Parameters
    ----------
    anatomy, hand_map
        What is shown.
    """
    # The right side first, as slices show it.
    seen = [knob for knob in reversed(hand_map.own_knobs) if len(knob.sulcus_mm)]
    if not seen:
        return None
    top = signal_top(anatomy)
    drawings = [_slice(knob, anatomy, hand_map, top) for knob in seen]
    caption = (
        "Look for the omega: the hand knob is where the precentral gyrus, in front of the green line, bulges "
        "back. The green line is the central sulcus half way down, where it lies within 6 mm of the slice; "
        "the pink disc is the knob found in this person's own cortex, and between the short bars 95 % of its "
        "measurements fall. The open diamond is the template's knob (side to implant), the white cross the "
        "task's centre, each if within 12 mm of the slice. None is averaged with another. Slices are "
        f"{CONVENTION}."
    )
    return Figure(key="own-knob", caption=caption, drawings=tuple(drawings), layout="pair")


def _slice(knob: OwnKnob, anatomy: Anatomy, hand_map: HandMap, top: float) -> Drawing:
    known = knob.position_mm is not None
    # Without a knob the slice goes through the middle of the sulcus.
    place = knob.position_mm if knob.position_mm is not None else knob.sulcus_mm[len(knob.sulcus_mm) // 2]
    centre = np.asarray(place)
    plane = plane_through("axial", centre, centre - _ZOOM_MM, centre + _ZOOM_MM, 0.4)
    words = "with its hand knob" if known else "without a hand knob that could be told"
    alt = f"Axial slice through the {knob.hemisphere} central sulcus, {words}"
    sheet = Sheet.of(plane, grey_of(plane.sampled(anatomy.t1), top), width=420, alt=alt)
    line = np.asarray(knob.sulcus_mm)
    _pieces(sheet, line, np.abs(plane.distance_mm(line)) < _LINE_WITHIN_MM)
    if knob.ends_mm is not None:
        _bars(sheet, line, np.asarray(knob.ends_mm))
    if knob.hemisphere == hand_map.hemisphere:
        template = np.asarray(hand_map.knob_mm)
        if abs(float(plane.distance_mm(template)[0])) < _MARK_WITHIN_MM:
            diamond(sheet, template, is_open=True)
    for contrast in hand_map.contrasts:
        is_hand = contrast.name in ("left", "right") and contrast.hemisphere == knob.hemisphere
        if is_hand and contrast.centroid_mm is not None:
            middle = np.asarray(contrast.centroid_mm)
            if abs(float(plane.distance_mm(middle)[0])) < _MARK_WITHIN_MM:
                sheet.cross(middle, PAPER, reach=9, gap=3)
    if known:
        disc(sheet, centre)
    title = f"{knob.hemisphere} hemisphere, {slice_note('axial', centre)}"
    sheet.marks(bar_mm=10, note=title if known else f"{title}\nno knob told")
    return sheet.drawing


def _pieces(sheet: Sheet, line: Floats, is_near: Floats) -> None:
    """Draw the connected parts of a line that are near the slice."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_near, [False]])))
    for first, last in edges.reshape(-1, 2):
        if last - first > 1:
            points = sheet.xy(line[first:last])
            for width, tone in ((3.4, INK), (1.8, CUT)):
                sheet.drawing.add(Path(points=points, stroke=tone, width=width))


def _bars(sheet: Sheet, line: Floats, ends: Floats) -> None:
    """Draw a short bar across the line at each end of the interval."""
    for end in ends:
        here = int(np.argmin(np.linalg.norm(line - end, axis=1)))
        before, after = sheet.xy(line[[max(here - 3, 0), min(here + 3, len(line) - 1)]])
        along = after - before
        across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
        middle = sheet.xy(np.asarray(end)[None])[0]
        points = np.stack([middle - 7 * across, middle + 7 * across])
        for width, tone in ((4.0, INK), (2.0, PAPER)):
            sheet.drawing.add(Path(points=points, stroke=tone, width=width))
