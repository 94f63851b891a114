"""Frames of a digital participant's exposed cortex, turned, shifted and lit anew, and a case for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from trephine.case import audit
from trephine.case.records import plan as plan_record
from trephine.case.store import Case, Writer
from trephine.core.arrays import AnyArray
from trephine.core.frames import IMAGE, IMPLANT, SCANNER, Affine
from trephine.core.random import generator
from trephine.formats.device_file import read_device, read_robot
from trephine.model.ground import Ground
from trephine.model.live_picture import LivePicture, StatedPose
from trephine.model.summary import StageSummary
from trephine.phantom.hand import find_hand_area
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.hull import build_hull
from trephine.phantom.live_view import build_scene
from trephine.phantom.microscope import photograph
from trephine.phantom.person import draw_person
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import build_head
from trephine.phantom.vessels import grow_large_vessels
from trephine.pipeline import settings as settings_of
from trephine.pipeline.replan_receipt import KINDS
from trephine.safety.reading import read_limits
from trephine.stages.placement import VERSION
from trephine.stages.placement.headlines import headlines
from trephine.stages.placement.replan import replan
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means

SCENE_UM = 8.5
SIDE_PIXELS = 2048
RADIUS_MM, VALUE_MM = 6.5, 3.0
"""Of the exposed cortex, and of the place that is worth most."""
STATED_UM = 1000.0
MEANS = Means(device=read_device("n1"), robot=read_robot("r1"), limits=read_limits(), settings=Settings())


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """The wide picture that every frame is taken from, and the vessels that truly are in it."""

    rgb: AnyArray
    vessel: AnyArray


@dataclass(frozen=True, kw_only=True)
class Move:
    """How a frame differs from the first: scale, turn, shift of its middle, lamp."""

    name: str
    pixel_um: float
    turn_rad: float
    shift_mm: tuple[float, float]
    seed: int

    def to_photo(self, column_row: AnyArray) -> AnyArray:
        """Map (column, row) of the frame to (column, row) of the photo, shape (point, 2)."""
        c, s = np.cos(self.turn_rad), np.sin(self.turn_rad)
        off = (column_row - (SIDE_PIXELS - 1) / 2) * self.pixel_um @ np.array([[c, s], [-s, c]])
        return (off + 1000 * np.array(self.shift_mm)) / SCENE_UM + (2 * SIDE_PIXELS - 1) / 2


def photo(seed: int) -> Photo:
    """Photograph a digital participant's cortex, 35 mm wide, at 8.5 um a pixel."""
    drawn = draw_person(seed, 1.0)
    traits = drawn.traits
    brain = load_template_brain(traits.sulcus_gain_fraction)
    lengths = {"skull_mm": traits.skull_mm, "scalp_mm": traits.scalp_mm, "csf_mm": traits.csf_mm}
    fields = build_head_fields(brain, **{name: each / drawn.size_fraction for name, each in lengths.items()})
    hull = build_hull(brain, fields, traits.csf_mm / drawn.size_fraction)
    hand = find_hand_area(drawn, build_head(drawn, brain, fields), hull, "left")
    scene = build_scene(drawn, hull, hand, grow_large_vessels(drawn, hull), SCENE_UM)
    rgb, vessel = photograph(drawn, scene)
    return Photo(rgb=rgb, vessel=vessel)


def taken(wide: Photo, move: Move) -> AnyArray:
    """Take a frame: the photo turned and shifted, averaged to the frame's pixels, under another lamp."""
    rows, columns = np.indices((SIDE_PIXELS, SIDE_PIXELS), dtype=np.float32)
    spot = move.to_photo(np.column_stack([columns.ravel(), rows.ravel()]))[:, ::-1].T
    width = move.pixel_um / SCENE_UM
    rng = generator(move.seed, "bench.replan.light")
    x, y = columns / SIDE_PIXELS - 0.5, rows / SIDE_PIXELS - 0.5
    lamp = 1 - 0.5 * ((x - rng.uniform(-0.2, 0.2)) ** 2 + (y - rng.uniform(-0.2, 0.2)) ** 2)
    lamp = (lamp * rng.uniform(0.85, 1.0)).astype(np.float32)
    frame = np.empty((SIDE_PIXELS, SIDE_PIXELS, 3), dtype=np.uint8)
    for channel in range(3):
        plane = wide.rgb[..., channel].astype(np.float32)
        soft = ndimage.gaussian_filter(plane, width / 2) if width > 1 else plane
        seen = ndimage.map_coordinates(soft, spot, order=1, mode="nearest").reshape(lamp.shape)
        frame[..., channel] = np.clip(seen * lamp + rng.normal(0, 1.5, lamp.shape), 0, 255)
    return frame


def pose(move: Move) -> AnyArray:
    """Return ``scanner_from_image`` of a frame as it truly is.

    The plane of the photo is the plan's: x along columns, y against rows, 0 in its middle.
    """
    c, s = np.cos(move.turn_rad), np.sin(move.turn_rad)
    turn = np.array([[c, -s], [s, c]])
    flip = np.diag([1.0, -1.0])
    matrix = np.diag([1.0, -1.0, 1.0, 1.0])
    matrix[:2, :2] = flip @ turn
    half = (SIDE_PIXELS - 1) / 2 * move.pixel_um / 1000
    matrix[:2, 3] = flip @ (np.array(move.shift_mm) - turn @ np.array([half, half]))
    return matrix


FIRST = Move(name="first", pixel_um=17.0, turn_rad=0.0, shift_mm=(0.0, 0.0), seed=1)


def cortex(settings: Settings) -> Ground:
    """Return a flat round piece of cortex, worth most in its middle."""
    step = settings.candidate_pixels
    half = int((RADIUS_MM + 1) / settings.pixel_mm)
    axis = np.arange(-half, half + 1) * settings.pixel_mm
    radius = np.hypot(axis[None], axis[:, None])
    value = np.exp(-(radius**2) / (2 * VALUE_MM**2))[::step, ::step]
    flat = np.zeros(value.shape)
    return Ground(
        scanner_from_implant=Affine(target=SCANNER, source=IMPLANT, matrix=np.eye(4)),
        origin_mm=np.full(2, axis[0]), pixel_mm=settings.pixel_mm, site_pixels=step,
        height_mm=np.zeros(radius.shape), sulcus=np.zeros(radius.shape, dtype=bool), rim=radius > RADIUS_MM,
        normal=np.broadcast_to([0.0, 0.0, 1.0], (*value.shape, 3)),
        value=value, brain_share=flat + 1, depth_mm=flat + 3.5, grey_count=flat + 10,
        thickness_mm=flat + 2.5, thickness_sd_mm=flat + 0.3,
    )  # fmt: skip


def save(folder: Path, move: Move, rgb: AnyArray) -> Path:
    """Write a frame with a sidecar whose pose knows neither turn nor shift."""
    still = Move(name="still", pixel_um=move.pixel_um, turn_rad=0.0, shift_mm=(0.0, 0.0), seed=0)
    path = folder / f"{move.name}.png"
    Image.fromarray(rgb).save(path, compress_level=1)
    fields = {
        "PixelSize": [move.pixel_um, move.pixel_um], "PixelSizeUnits": "um",
        "ScannerFromImage": pose(still).tolist(), "RegistrationErrorUm": STATED_UM,
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(fields), encoding="utf-8")
    return path


def case_with_plan(study: Path, first: AnyArray) -> Case:
    """Write a case whose placement was made on the first frame."""
    case = Case.of(study, "01")
    sure = StatedPose(
        scanner_from_image=Affine(target=SCANNER, source=IMAGE, matrix=pose(FIRST)), error_um=20.0
    )
    picture = LivePicture(name="first.png", rgb=first, pixel_um=FIRST.pixel_um, pose=sure)
    made = replan(cortex(MEANS.settings), picture, None, MEANS)
    values = settings_of.plain(settings_of.resolve(KINDS), KINDS)
    writer = Writer(
        case=case, stage="placement", stage_version=VERSION, settings_sha256=settings_of.digest(values),
        inputs={},
    )  # fmt: skip
    plan_record.write(made.value.placement, writer)
    receipt = StageSummary(
        stage="placement", stage_version=VERSION, settings=values, settings_sha256=writer.settings_sha256,
        inputs={}, outputs=dict(writer.outputs), headlines=headlines(made.value.placement),
        findings=made.findings,
    )  # fmt: skip
    noted = {"placement": writer.prepare(receipt)}
    audit.append(case, audit.Note(act="run finished", stage="placement", run=None, receipts=noted))
    writer.commit()
    return case
