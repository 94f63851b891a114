# SPDX-License-Identifier: Apache-2.0
"""Draw every figure that the contents allow."""

from __future__ import annotations

import numpy as np

from trephine.core.progress import Progress
from trephine.report.contents import Contents
from trephine.report.drawing import Drawing, Figure, Raster
from trephine.report.figures import (
    anatomy,
    choices,
    cortex,
    head,
    opening,
    outside,
    own_knob,
    patch,
    registration,
    rehearsal,
    screening,
    seat,
    threads,
    vessels,
    where_hand,
)
from trephine.report.palette import QUIET
from trephine.report.raster import pixels_of
from trephine.report.verdict import is_provisional
from trephine.report.words import DISCLAIMER


def figures(contents: Contents, progress: Progress) -> dict[str, Figure]:
    """Draw the figures, by key.

    Parameters
    ----------
    contents
        What there is.
    progress
        Told before each group of figures.
    """
    drawn: list[Figure] = []
    c = contents
    progress(0, 4, "drawing the head")
    if c.anatomy and c.opening:
        scene = head.Scene(
            anatomy=c.anatomy,
            angiogram=c.angiogram,
            hand_map=c.hand_map,
            opening=c.opening,
            plan=c.plan,
            obstacles=c.obstacles,
        )
        fields = head.fields_of(c.anatomy, c.angiogram)
        drawn += head.figures(scene, fields)
        drawn.append(outside.figure(scene, fields))
        drawn += [outside.screws(scene, fields, c.seat)] if c.seat else []
    progress(1, 4, "drawing slices")
    if c.anatomy:
        drawn += _slices(contents)
        drawn += registration.figures(c.anatomy, c.registrations, c.pictures)
    if c.anatomy and c.hand_map and c.hand_map.run_pictures:
        drawn.append(registration.run_figure(c.anatomy, c.hand_map))
    limits = screening.figure(c.screening) if c.screening else None
    drawn += [limits] if limits else []
    progress(2, 4, "drawing the plan")
    if c.opening and c.plan and c.plan.threads:
        drawn += [patch.figure(c.hand_map, c.opening, c.plan, c.obstacles), threads.figure(c.plan)]
    progress(3, 4, "drawing the rehearsal")
    if c.opening and c.log and c.log.attempts:
        drawn += [rehearsal.figure(c.log, c.opening), rehearsal.timeline(c.log)]
    if c.opening and c.seat:
        drawn.append(seat.figure(c.seat, c.opening, c.plan))
    return {figure.key: figure for figure in drawn}


def _slices(contents: Contents) -> list[Figure]:
    c = contents
    drawn: list[Figure] = []
    if c.anatomy is None:
        return drawn
    inside = c.anatomy.tissue.grid
    middle = inside.mm_of((np.array(inside.shape)[None] - 1) / 2)[0]
    drawn.append(anatomy.figure(c.anatomy, np.asarray(c.hand_map.target_mm) if c.hand_map else middle))
    if c.anatomy.hemispheres:
        where = np.asarray(c.hand_map.target_mm) if c.hand_map else middle
        drawn.append(cortex.figure(c.anatomy, where))
    if c.angiogram and c.angiogram.tree.branch_count:
        drawn.append(vessels.figure(c.anatomy, c.angiogram))
    if c.hand_map:
        drawn.append(where_hand.figure(c.anatomy, c.hand_map, c.opening))
        omega = own_knob.figure(c.anatomy, c.hand_map)
        drawn += [omega] if omega else []
    if c.opening:
        body = None
        if c.device:
            width, thickness = c.device.body.width_mm.value, c.device.body.thickness_mm.value
            body = opening.Body(width_mm=width, thickness_mm=thickness)
        drawn.append(anatomy.axis_figure(c.anatomy, c.opening))
        drawn.append(opening.figure(c.anatomy, c.opening, c.plan, body))
        drawn += [choices.figure(c.opening)] if len(c.opening.choices) > 1 else []
    return drawn


def plan_picture(contents: Contents, drawn: dict[str, Figure]) -> Drawing | None:
    """Lay the head and the patch side by side as one picture that stands alone."""
    if "head" not in drawn or "patch" not in drawn:
        return None
    left, right = drawn["head"].drawings[0], drawn["patch"].drawings[0]
    gap, foot, side = 28.0, 44.0, 620.0
    sheet = Drawing(
        width=2 * side + gap,
        height=side + foot,
        alt="The head with the opening, and the patch with its threads",
    )
    for drawing, x in ((left, 0.0), (right, side + gap)):
        # Painted first, so that lines which run on beyond a drawing's edge end there.
        scale = min(side / drawing.width, side / drawing.height)
        width, height = drawing.width * scale, drawing.height * scale
        pixels = pixels_of(drawing, scale=2.0 * scale)
        left_edge, top = x + (side - width) / 2, (side - height) / 2
        sheet.add(Raster(pixels=pixels, x=left_edge, y=top, width=width, height=height))
    plan = contents.plan
    count = f"{len(plan.threads)} of {plan.threads_asked} threads" if plan else ""
    count += ", sites provisional" if is_provisional(contents) else ""
    sheet.words(
        6,
        side + 18,
        f"{contents.subject}: {count}. Left: the head, cut away over the opening. "
        "Right: the opened cortex from outside; numbers give the order of insertion.",
        size=12.5,
    )
    sheet.words(6, side + 36, DISCLAIMER, size=11, colour=QUIET)
    return sheet
