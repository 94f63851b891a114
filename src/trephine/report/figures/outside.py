# SPDX-License-Identifier: Apache-2.0
"""The skull from outside along the implant's axis: everything that is cut, and what must not be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.core.frames import IMPLANT
from trephine.model.seat import Seat
from trephine.report import palette
from trephine.report.drawing import Circle, Drawing, Figure, Path, Px
from trephine.report.figures.head import (
    BONE,
    HeadFields,
    Scene,
    axis_camera,
    hand_share,
    placed,
    side_letters,
    sinus_tubes,
)
from trephine.report.palette import INK, PAPER, Colour
from trephine.report.render.camera import Camera
from trephine.report.render.field import Floats
from trephine.report.render.light import linear
from trephine.report.render.march import Solid
from trephine.report.render.scene import Material, Paint, Tube, rendered

_WIDTH: Px = 760.0
_PIXELS = 760
_HALF_MM = 48.0
_THROUGH_BONE_MM = (4.0, 7.0, 10.0, 13.0, 16.0)
_NEAR_MM = 60.0
_UNDER_BONE_MM = 40.0
INCISION: Colour = (120, 40, 60)
_SCREWS_WIDTH: Px = 520.0
SCREWS_PIXELS = 520
_SCREWS_HALF_MM = 30.0
_ROUND = 72
_HOLDS: dict[str, Colour] = {"yes": palette.CUT, "not known": palette.THREAD, "no": INK}
DURA: Colour = (0, 92, 67)


def figure(scene: Scene, fields: HeadFields) -> Figure:
    """Draw the skull with the scalp off."""
    opening = scene.opening
    camera = axis_camera(opening, 2 * _HALF_MM, _PIXELS)
    bone = Material(colour=BONE.colour, gloss=BONE.gloss, paint=_paint(scene))
    solid = Solid(body=fields.skull, hollow=fields.intracranial)
    tubes = [*sinus_tubes(scene.anatomy), *_vessels(scene)]
    picture = rendered([(solid, bone)], tubes, camera)
    drawing = placed(picture, width=_WIDTH, alt=_alt(scene))
    sheet = _Sheet(drawing, camera)
    if opening.incision is not None:
        sheet.path(opening.incision.line_mm, INCISION, width=2.6, dash=(10, 5))
        sheet.name(opening.incision.line_mm[len(opening.incision.line_mm) // 6], "scalp incision", INCISION)
    sheet.path(opening.craniectomy_mm, palette.CUT, width=3.0, is_closed=True)
    sheet.name(opening.craniectomy_mm[9], "craniectomy", palette.CUT)
    if opening.flap is not None:
        sheet.path(opening.flap.cut_mm, DURA, width=2.2)
        sheet.path(opening.flap.hinge_mm, DURA, width=2.2, dash=(4, 4))
        sheet.name(tuple(np.mean(opening.flap.hinge_mm, axis=0)), "hinge", DURA)
    else:
        sheet.path(opening.durectomy_mm, DURA, width=2.0, is_closed=True, dash=(2, 4))
    if scene.hand_map is not None:
        sheet.cross(np.asarray(scene.hand_map.target_mm), palette.HAND)
    sheet.angles(scene)
    side_letters(drawing, camera)
    bar = 10 / camera.pixel_mm * drawing.width / camera.shape[1]
    drawing.scale_bar(22 + bar, drawing.height - 14, bar, "10 mm", colour=INK, halo=PAPER)
    return Figure(key="opening-outside", caption=_caption(scene), drawings=(drawing,), layout="wide")


def screws(scene: Scene, fields: HeadFields, seat: Seat) -> Figure:
    """Draw the skull about the seated body with its screws."""
    opening = scene.opening
    camera = axis_camera(opening, 2 * _SCREWS_HALF_MM, SCREWS_PIXELS)
    solid = Solid(body=fields.skull, hollow=fields.intracranial)
    tubes = [*sinus_tubes(scene.anatomy), *_vessels(scene)]
    drawing = placed(rendered([(solid, BONE)], tubes, camera), width=_SCREWS_WIDTH, alt="Screws on the skull")
    sheet = _Sheet(drawing, camera)
    if opening.incision is not None:
        sheet.path(opening.incision.line_mm, INCISION, width=2.4, dash=(10, 5))
    sheet.path(opening.craniectomy_mm, palette.CUT, width=2.4, is_closed=True)
    angle = np.linspace(0, 2 * np.pi, _ROUND, endpoint=False)
    edge = seat.body_radius_mm * np.column_stack([np.cos(angle), np.sin(angle)])
    top = opening.pose(np.column_stack([edge, np.full(_ROUND, seat.body_thickness_mm)]), frame=IMPLANT)
    where = sheet.xy(top)
    drawing.add(Path(points=where, is_closed=True, stroke=INK, width=1.8, fill=PAPER, fill_opacity=0.9))
    for screw in seat.screws:
        x, y = sheet.xy(screw.place_mm)[0]
        colour = _HOLDS[screw.holds]
        drawing.add(Circle(x=x, y=y, radius=8.0, stroke=INK, width=1.6, fill=colour))
        drawing.words(x, y + 4.5, str(screw.number), size=12, anchor="middle", colour=PAPER, is_bold=True)
        bone = screw.bone_mm
        sheet.name(screw.place_mm, f"{bone.low:.1f} to {bone.high:.1f} mm", INK)
    side_letters(drawing, camera)
    bar = 10 / camera.pixel_mm * drawing.width / camera.shape[1]
    drawing.scale_bar(22 + bar, drawing.height - 14, bar, "10 mm", colour=INK, halo=PAPER)
    caption = (
        "The skull from outside along the implant's axis, scalp off, the body in its hole in white, the "
        "bone's edge in green, the incision dashed. Screws: green hold, orange are not known to hold, "
        "black find no good place; beside each the bone that the scans leave open for a screw of "
        f"{seat.screw_length_mm:g} mm. Violet and vermilion as in the picture of the opening. Not mirrored."
    )
    return Figure(key="seat-screws", caption=caption, drawings=(drawing,), layout="beside")


def _alt(scene: Scene) -> str:
    return (
        f"The skull over the {scene.opening.hemisphere} hand area from outside, with craniectomy, "
        "dural flap, scalp incision, sinus and vessels"
    )


def _caption(scene: Scene) -> str:
    opening = scene.opening
    dura = (
        "the dura's cut dark green, its hinge dashed"
        if opening.flap is not None
        else "the window for threads through the closed dura dotted"
    )
    incision = "the scalp incision dashed in dark red, " if opening.incision is not None else ""
    sinus = (
        "Violet: middle and edges of the zones in which dural sinuses must be expected, from anatomy. "
        if scene.anatomy.sinuses
        else "No zone of a dural sinus is known. "
    )
    vessels = (
        "Vermilion: vessels of the angiogram, seen through the bone. "
        if scene.angiogram is not None and scene.angiogram.tree.branch_count
        else "No vessels are known. "
    )
    reason = f" {opening.flap.reason}" if opening.flap is not None else ""
    return (
        f"The skull from outside along the implant's axis, the scalp off: the bone's edge in green, {dura}, "
        f"{incision}the hand area under the bone in blue, its centre as a cross. {sinus}{vessels}"
        "Numbers are angles about the axis, for the depths to drill. Look for the ring over the blue and "
        f"clear of the violet, and for an incision that nowhere crosses the ring.{reason} The person's front "
        "is up; not mirrored."
    )


def _paint(scene: Scene) -> Paint:
    """Tint the bone where the hand's cortex lies under it."""
    ground = linear(BONE.colour)
    tint = linear(palette.HAND)

    def paint(point: Floats, normal: Floats) -> Floats:
        colour = np.repeat(ground[None], point.shape[1], axis=0)
        if scene.hand_map is None:
            return colour.astype(np.float32)
        axis = scene.opening.pose.matrix[:3, 2].astype(np.float32)
        along = np.repeat(axis[:, None], point.shape[1], axis=1)
        weight = 0.7 * np.clip(hand_share(scene.hand_map, point, along, _THROUGH_BONE_MM), 0, 1)[:, None]
        return (colour * (1 - weight) + tint * weight).astype(np.float32)

    return paint


def _vessels(scene: Scene) -> list[Tube]:
    """Draw the angiogram's vessels near the opening, through the bone."""
    if scene.angiogram is None:
        return []
    tree, centre = scene.angiogram.tree, scene.opening.pose.matrix[:3, 3]
    tubes = []
    for branch in range(tree.branch_count):
        points, radius = tree.of_branch(branch)
        if len(points) > 1 and np.linalg.norm(points - centre, axis=1).min() < _NEAR_MM:
            wide = max(float(np.median(radius)), 0.25)
            tubes.append(
                Tube(
                    points_mm=points,
                    radius_mm=wide,
                    colour=palette.VESSEL,
                    lift_mm=_UNDER_BONE_MM,
                    is_flat=True,
                )
            )
    return tubes


class _Sheet:
    """Draws lines and words at positions in ``scanner`` over a picture."""

    def __init__(self, drawing: Drawing, camera: Camera) -> None:
        self.drawing, self.camera = drawing, camera

    def xy(self, points_mm: object) -> NDArray[np.float64]:
        """Return where positions lie on the drawing, shape (point, 2)."""
        where, _ = self.camera.pixels_of(np.asarray(points_mm, np.float64).reshape(-1, 3))
        return where * self.drawing.width / self.camera.shape[1]

    def path(
        self,
        points_mm: object,
        colour: Colour,
        *,
        width: Px,
        is_closed: bool = False,
        dash: tuple[float, float] | None = None,
    ) -> None:
        """Draw a line with a pale rim."""
        where = self.xy(points_mm)
        self.drawing.add(
            Path(points=where, is_closed=is_closed, stroke=PAPER, width=width + 2.4, opacity=0.75)
        )
        self.drawing.add(Path(points=where, is_closed=is_closed, stroke=colour, width=width, dash=dash))

    def name(self, point_mm: tuple[float, ...], words: str, colour: Colour) -> None:
        """Write a word beside a place, on the side away from the middle of the picture."""
        x, y = self.xy(point_mm)[0]
        is_right = x > self.drawing.width / 2
        self.drawing.words(
            x + (9 if is_right else -9),
            y - 7,
            words,
            size=13,
            anchor="start" if is_right else "end",
            colour=colour,
            halo=PAPER,
            is_bold=True,
        )

    def cross(self, point_mm: NDArray[np.float64], colour: Colour) -> None:
        """Mark a place."""
        x, y = self.xy(point_mm)[0]
        for tone, wide in ((PAPER, 5.0), (colour, 2.4)):
            self.drawing.line(x - 7, y, x + 7, y, colour=tone, width=wide)
            self.drawing.line(x, y - 7, x, y + 7, colour=tone, width=wide)

    def angles(self, scene: Scene) -> None:
        """Write the angle about the axis at every quarter of the outline."""
        depths, outline = scene.opening.drill_depths, scene.opening.craniectomy_mm
        if len(depths) != len(outline):
            return
        for place in range(0, len(depths), max(len(depths) // 4, 1)):
            flat = scene.opening.pose.inverse()(np.array([outline[place]]), frame=scene.anatomy.cortex.frame)
            beyond = scene.opening.pose(flat * (1.17, 1.17, 1.0), frame=IMPLANT)
            x, y = self.xy(beyond)[0]
            self.drawing.add(
                Circle(x=self.xy(outline[place])[0, 0], y=self.xy(outline[place])[0, 1], radius=3, fill=INK)
            )
            self.drawing.words(
                x,
                y + 4,
                f"{np.degrees(depths[place].angle_rad):.0f}\u00b0",
                size=11,
                anchor="middle",
                halo=PAPER,
            )
