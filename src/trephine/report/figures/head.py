# SPDX-License-Identifier: Apache-2.0
"""The head in three dimensions: what lies under the opening, and what the surgeon sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.frames import SCANNER
from trephine.model.activation import ContrastMap, HandMap
from trephine.model.anatomy import Anatomy, Angiogram, Tissue
from trephine.model.obstacles import Obstacles
from trephine.model.opening import Opening
from trephine.model.thread_plan import ThreadPlan
from trephine.report import palette
from trephine.report.drawing import Drawing, Figure, Px, Raster
from trephine.report.palette import INK, PAPER, QUIET
from trephine.report.plane import letter_of
from trephine.report.render.camera import Camera, looking
from trephine.report.render.cuts import ball, prism
from trephine.report.render.field import Cut, Field, Floats, field_of, sample
from trephine.report.render.light import linear
from trephine.report.render.march import Solid
from trephine.report.render.scene import Material, Paint, Tube, rendered

_SKIN = Material(colour=(216, 200, 186), cut_colour=(196, 158, 140), gloss=0.02)
BONE = Material(colour=(236, 226, 205), cut_colour=(214, 196, 160), gloss=0.05)
_DURA = Material(colour=(214, 206, 206), cut_colour=(190, 176, 176), gloss=0.12)
_CORTEX_COLOUR = (222, 200, 188)
_VESSEL = Material(colour=(190, 66, 20), gloss=0.2)
_SINUS_COLOUR = (118, 60, 190)
HEAD_PIXELS = 880
SURGEON_PIXELS = 800
"""Width of either picture for voxels of 1.2 mm or less; time grows with the square."""
_NEAR_CORTEX_MM = 8.0
"""Vessels of the flat map are painted on cortex within this height of its middle."""
_LEAST_Z = 3.1
"""Below this nothing is coloured: p = 0.001, one-sided."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadFields:
    """Solids that both views share."""

    head: Field
    skull: Field
    intracranial: Field
    cortex: Field
    vessels: Field | None


def fields_of(anatomy: Anatomy, angiogram: Angiogram | None) -> HeadFields:
    """Make the solids of a head."""
    grid = anatomy.tissue.grid
    tissue = anatomy.tissue.values
    finest = max(0.6, 0.75 * max(grid.voxel_mm))
    has_vessels = angiogram is not None and bool(np.any(angiogram.vessels.values))
    return HeadFields(
        head=field_of(tissue != Tissue.BACKGROUND, grid, blur_mm=1.9 * finest),
        skull=field_of(tissue >= Tissue.SKULL, grid, blur_mm=1.6 * finest),
        intracranial=field_of(np.asarray(anatomy.intracranial.values) > 0, grid, blur_mm=1.6 * finest),
        cortex=field_of(tissue >= Tissue.GREY, grid, blur_mm=finest),
        vessels=_vessels(angiogram) if angiogram is not None and has_vessels else None,
    )


def _vessels(angiogram: Angiogram) -> Field:
    edge_mm = max(angiogram.vessels.grid.voxel_mm)
    return field_of(np.asarray(angiogram.vessels.values) > 0, angiogram.vessels.grid, blur_mm=0.5 * edge_mm)


def hand_contrast(hand_map: HandMap) -> ContrastMap | None:
    """Return the contrast that the target comes from: the hand's own, on the side to implant."""
    if hand_map.target_source == "knob":
        return None
    fitting = [
        c for c in hand_map.contrasts if c.hemisphere == hand_map.hemisphere and c.centroid_mm is not None
    ]
    named = [c for c in fitting if c.name == hand_map.hand]
    best = named or fitting
    return best[0] if best else None


def _cortex_paint(anatomy: Anatomy, hand_map: HandMap | None, obstacles: Obstacles | None = None) -> Paint:
    """Paint cortex darker in its sulci, blue where it answers to the hand, and with its known vessels."""
    ground = linear(_CORTEX_COLOUR)

    def paint(point: Floats, normal: Floats) -> Floats:
        depth = sample(anatomy.sulcal_depth_mm.values, anatomy.sulcal_depth_mm.grid, point - normal)
        dark = 1 - 0.38 * np.clip((depth - 1.5) / 9, 0, 1)
        colour = ground * dark[:, None]
        if hand_map is None:
            return colour
        share = hand_share(hand_map, point, normal)
        blue = _linear_of(palette.hand_colours(share)) * (0.45 + 0.55 * dark)[:, None]
        weight = np.clip(share / 0.12, 0, 1)[:, None] * 0.92
        colour = colour * (1 - weight) + blue * weight
        if obstacles is not None:
            on_vessel = _vessel_share(obstacles, point)[:, None]
            colour = colour * (1 - on_vessel) + linear(_VESSEL.colour) * on_vessel
        return colour.astype(np.float32)

    return paint


def _vessel_share(obstacles: Obstacles, point: Floats) -> Floats:
    """Return how much of each position on the cortex is covered by a vessel of the flat map, 0 to 1."""
    inside = obstacles.scanner_from_implant.inverse()
    flat = inside(point.T.astype(np.float64), frame=SCANNER)
    where = obstacles.row_column_of(flat[:, :2]).T
    cover = obstacles.vessel.astype(np.float32)
    found: Floats = ndimage.map_coordinates(cover, where, order=1, output=np.float32)
    height = obstacles.height_mm[np.isfinite(obstacles.height_mm)]
    middle = float(np.median(height)) if height.size else 0.0
    return np.where(np.abs(flat[:, 2] - middle) < _NEAR_CORTEX_MM, found, 0).astype(np.float32)


def hand_share(
    hand_map: HandMap, point: Floats, normal: Floats, depths_mm: tuple[float, ...] = (1.0, 2.5, 4.0)
) -> Floats:
    """Return the hand's map in 0 to 1 just below the surface: the most of it at several depths."""
    contrast = hand_contrast(hand_map)
    volume = hand_map.weight if contrast is None else contrast.z
    values = [sample(volume.values, volume.grid, point - normal * np.float32(d)) for d in depths_mm]
    best = np.max(values, axis=0)
    if contrast is None:
        return np.clip((best - 0.15) / 0.85, 0, 1)
    top = max(float(contrast.peak_z or 0.0), _LEAST_Z + 1)
    return np.clip((best - _LEAST_Z) / (0.85 * top - _LEAST_Z), 0, 1)


def _linear_of(srgb: Floats) -> Floats:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _ring(points: tuple[tuple[float, float, float], ...], radius_mm: float) -> Tube:
    """Draw the outline of what is cut."""
    closed = np.array([*points, points[0]], np.float64)
    return Tube(points_mm=closed, radius_mm=radius_mm, colour=palette.CUT, lift_mm=3.0, is_flat=True)


def sinus_tubes(anatomy: Anatomy) -> list[Tube]:
    """Draw the middle and both edges of the zone of each sinus, seen through the bone.

    The edges lie half the zone's width and two standard deviations of its place beside the middle, or above
    and below it.
    """
    tubes = []
    for zone in anatomy.sinuses:
        across = np.array([0.0, 0.0, 1.0] if zone.name.endswith("transverse") else [1.0, 0.0, 0.0])
        reach = (zone.half_width_mm + 2 * zone.sd_mm)[:, None] * across
        for way, radius_mm in ((-1, 0.35), (0, 0.9), (1, 0.35)):
            line = np.asarray(zone.centre_mm) + way * reach
            tubes.append(
                Tube(points_mm=line, radius_mm=radius_mm, colour=_SINUS_COLOUR, lift_mm=30.0, is_flat=True)
            )
    return tubes


def _tubes(scene: Scene, *, scale: float, with_runs: bool) -> list[Tube]:
    """Draw threads and entries; ``scale`` thickens them."""
    tubes = []
    threads = scene.plan.threads if scene.plan else ()
    for thread in threads if with_runs else ():
        run = np.array([thread.anchor_mm, thread.entry_mm])
        tubes.append(Tube(points_mm=run, radius_mm=0.14 * scale, colour=(74, 52, 10), lift_mm=1.2))
        tubes.append(Tube(points_mm=run, radius_mm=0.09 * scale, colour=palette.THREAD, lift_mm=1.2))
    for thread in threads:
        entry = np.array([thread.entry_mm])
        tubes.append(
            Tube(points_mm=entry, radius_mm=0.34 * scale, colour=(60, 42, 8), lift_mm=1.6, is_flat=True)
        )
        tubes.append(Tube(points_mm=entry, radius_mm=0.25 * scale, colour=(255, 200, 60), lift_mm=1.8))
    return tubes


def oblique_camera(anatomy: Anatomy, opening: Opening, pixels: int) -> Camera:
    """Look at the whole head from above, beside and a little in front of the implanted side."""
    side = -1.0 if opening.hemisphere == "left" else 1.0
    grid = anatomy.tissue.grid
    rows = np.argwhere(np.asarray(anatomy.tissue.values[::4, ::4, ::4]) > 0) * 4
    points = grid.mm_of(rows)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    direction = np.array([side * 0.74, 0.42, 0.56])
    camera = looking(
        centre_mm=middle, from_direction=direction, up=np.array([0.0, 0.0, 1.0]), width_mm=1.0, shape=(2, 2)
    )
    seen = (points - middle) @ camera.axes.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    low[1] = max(low[1], high[1] - 1.12 * (high[0] - low[0]))  # the neck may run out of the picture
    centre = middle + camera.axes.T @ np.array([*(low + high)[:2] / 2, 0.0])
    width, height = (high - low)[:2] * 1.04
    shape = (round(pixels * height / width), pixels)
    return looking(
        centre_mm=centre, from_direction=direction, up=np.array([0.0, 0.0, 1.0]), width_mm=width, shape=shape
    )


def axis_camera(opening: Opening, width_mm: float, pixels: int) -> Camera:
    """Look down the implant's axis, the person's front up."""
    pose = opening.pose.matrix
    front = np.array([0.0, 1.0, 0.15])
    return looking(
        centre_mm=pose[:3, 3], from_direction=pose[:3, 2], up=front, width_mm=width_mm, shape=(pixels, pixels)
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Everything that is drawn in three dimensions."""

    anatomy: Anatomy
    angiogram: Angiogram | None
    hand_map: HandMap | None
    opening: Opening
    plan: ThreadPlan | None
    obstacles: Obstacles | None


def beneath(scene: Scene, fields: HeadFields, *, pixels: int) -> tuple[NDArray[np.uint8], Camera]:
    """Render the head with scalp and skull cut away about the opening."""
    camera = oblique_camera(scene.anatomy, scene.opening, pixels)
    centre = scene.opening.pose.matrix[:3, 3]
    paint = _cortex_paint(scene.anatomy, scene.hand_map)
    solids = [
        (Solid(body=fields.head, cuts=(ball(centre, 64.0),)), _SKIN),
        (Solid(body=fields.skull, hollow=fields.intracranial, cuts=(ball(centre, 55.0),)), BONE),
        (Solid(body=fields.cortex), Material(colour=_CORTEX_COLOUR, gloss=0.1, paint=paint)),
    ]
    if fields.vessels is not None:
        solids.append((Solid(body=fields.vessels), _VESSEL))
    tubes = [
        *sinus_tubes(scene.anatomy),
        _ring(scene.opening.craniectomy_mm, 0.4),
        *_tubes(scene, scale=0.9, with_runs=False),
    ]
    return rendered(solids, tubes, camera), camera


def surgeons_view(
    scene: Scene, fields: HeadFields, *, pixels: int, width_mm: float = 42.0
) -> tuple[NDArray[np.uint8], Camera]:
    """Render the opening as one looks into it: scalp, bone and dura open, the implant not yet in."""
    opening = scene.opening
    camera = axis_camera(opening, width_mm, pixels)
    holes = (
        prism(np.array(opening.craniectomy_mm), opening.pose, grow_mm=5.0),
        prism(np.array(opening.craniectomy_mm), opening.pose),
        prism(np.array(opening.durectomy_mm), opening.pose),
    )
    solids = _layers(fields, holes)
    paint = _cortex_paint(scene.anatomy, scene.hand_map, scene.obstacles)
    solids.append((Solid(body=fields.cortex), Material(colour=_CORTEX_COLOUR, gloss=0.1, paint=paint)))
    if fields.vessels is not None and scene.obstacles is None:
        solids.append((Solid(body=fields.vessels), _VESSEL))
    rings = [_ring(opening.craniectomy_mm, 0.17), _ring(opening.durectomy_mm, 0.12)]
    tubes = rings + _tubes(scene, scale=0.8, with_runs=True)
    return rendered(solids, tubes, camera), camera


def _layers(fields: HeadFields, holes: tuple[Cut, Cut, Cut]) -> list[tuple[Solid, Material]]:
    scalp_hole, bone_hole, dura_hole = holes
    return [
        (Solid(body=fields.head, hollow=fields.skull, cuts=(scalp_hole,)), _SKIN),
        (Solid(body=fields.skull, hollow=fields.intracranial, cuts=(bone_hole,)), BONE),
        (Solid(body=fields.intracranial, shell_mm=1.5, cuts=(dura_hole,)), _DURA),
    ]


def figures(scene: Scene, fields: HeadFields) -> tuple[Figure, Figure]:
    """Draw the head from outside, and the opening as the surgeon looks into it."""
    return _beneath_figure(scene, fields), _surgeon_figure(scene, fields)


def _pixels(scene: Scene, most: int) -> int:
    """Spend fewer pixels on a head whose voxels hold less detail."""
    return round(most * min(1.0, max(0.7, 1.2 / max(scene.anatomy.tissue.grid.voxel_mm))))


def _beneath_figure(scene: Scene, fields: HeadFields) -> Figure:
    picture, camera = beneath(scene, fields, pixels=_pixels(scene, HEAD_PIXELS))
    drawing = placed(
        picture,
        width=620,
        alt=(
            f"The head from above and the {scene.opening.hemisphere} side, scalp and skull cut away over the "
            "planned opening; the cortex is coloured by the hand map"
        ),
    )
    _call_out(drawing, camera, np.array(scene.opening.craniectomy_mm), "craniectomy")
    _triad(drawing, camera)
    shown = "its hand map in blue" if scene.hand_map is not None else "no hand map yet"
    sinus = (
        " The violet lines are the middle and both edges of the zones in which the midline and transverse "
        "sinuses must be expected, from anatomy: they were not seen in a scan."
        if scene.anatomy.sinuses
        else ""
    )
    caption = (
        f"The head seen from above and from the person's {scene.opening.hemisphere}. Scalp and skull are cut "
        f"away to show the cortex with {shown}; in truth only the bone within the green ring is removed. "
        "Look for the ring lying on the blue, away from the midline."
        f"{sinus}"
    )
    return Figure(key="head", caption=caption, drawings=(drawing,))


def _surgeon_figure(scene: Scene, fields: HeadFields) -> Figure:
    picture, camera = surgeons_view(scene, fields, pixels=_pixels(scene, SURGEON_PIXELS))
    drawing = placed(
        picture,
        width=620,
        alt=("The opening along the implant's axis: scalp, bone, dura and cortex in steps, threads in gold"),
    )
    side_letters(drawing, camera)
    drawing.scale_bar(
        drawing.width - 14,
        drawing.height - 14,
        10 / camera.pixel_mm * drawing.width / camera.shape[1],
        "10 mm",
        colour=INK,
        halo=PAPER,
    )
    are_vessels_known = scene.plan is not None and scene.plan.vessels_from != "nothing"
    between = ", between the vessels" if are_vessels_known else "; no vessels are known"
    caption = (
        "The opening as one looks into it along the implant's axis, before the implant is set in: scalp, "
        "bone, dura and cortex in steps, bone and dura edges in green, threads and their entries in gold, "
        f"the hand map in blue. Look for entries on the crowns of the gyri{between}. The person's front is "
        "up; not mirrored."
    )
    return Figure(key="surgeon", caption=caption, drawings=(drawing,), layout="beside")


def placed(picture: NDArray[np.uint8], *, width: Px, alt: str) -> Drawing:
    """Lay a picture on a drawing of its own."""
    height = width * picture.shape[0] / picture.shape[1]
    drawing = Drawing(width=width, height=height, alt=alt)
    drawing.add(Raster(pixels=picture, x=0, y=0, width=width, height=height))
    return drawing


def _call_out(drawing: Drawing, camera: Camera, outline_mm: NDArray[np.float64], words: str) -> None:
    """Write a word beside an outline, with a thin line to it."""
    where, _ = camera.pixels_of(outline_mm)
    where = where * drawing.width / camera.shape[1]
    top = where[np.argmin(where[:, 1])]
    x, y = top[0] + 26, max(top[1] - 74, 26)
    drawing.line(top[0], top[1] - 2, x, y + 5, colour=PAPER, width=3)
    drawing.line(top[0], top[1] - 2, x, y + 5, colour=INK, width=1)
    drawing.words(x, y, words, size=13, anchor="middle", halo=PAPER)


def _triad(drawing: Drawing, camera: Camera) -> None:
    """Draw where the person's right or left, front and top point."""
    x, y, length = 52.0, drawing.height - 46.0, 32.0
    for axis in np.eye(3):
        seen = camera.axes @ axis
        if seen[2] > 0.05:
            axis, seen = -axis, -seen  # show the end that comes towards the viewer
        end = (x + length * seen[0], y - length * seen[1])
        drawing.line(x, y, *end, colour=QUIET, width=1.6)
        drawing.words(
            x + 1.38 * length * seen[0],
            y - 1.38 * length * seen[1] + 4,
            letter_of(axis),
            size=13,
            anchor="middle",
            is_bold=True,
            halo=PAPER,
        )


def side_letters(drawing: Drawing, camera: Camera) -> None:
    """Write at every edge which way the person's sides lie."""
    w, h = drawing.width, drawing.height
    drawing.letter(w / 2, 20, letter_of(camera.axes[1]), "middle")
    drawing.letter(w / 2, h - 10, letter_of(-camera.axes[1]), "middle")
    drawing.letter(9, h / 2 + 5, letter_of(-camera.axes[0]), "start")
    drawing.letter(w - 9, h / 2 + 5, letter_of(camera.axes[0]), "end")
