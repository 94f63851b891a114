"""Hits of true vessels by whole arrays: what was predicted, and what plans that ignore vessels meet.

Digital participants' microscope views are planned on as they are, vessels found and all; the planned arrays
are then set down in the vessels that truly are in the picture, with the robot's and the picture's stated
errors. The plan that ignores vessels has the same threads, sites, spacing and value. The cortex is taken as
flat, since everything here is seen along the camera's axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from trephine.bench.row import Row
from trephine.core.arrays import AnyArray
from trephine.core.frames import IMAGE, IMPLANT, SCANNER, Affine
from trephine.core.progress import Progress, silent
from trephine.core.random import generator
from trephine.formats.device_file import read_device, read_robot
from trephine.kernels.geometry.clearance import ClearanceField
from trephine.model.ground import Ground
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles, PlacementResult
from trephine.phantom.hand import find_hand_area
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.hull import build_hull
from trephine.phantom.live_view import STATED_ERROR_UM, build_scene
from trephine.phantom.microscope import photograph
from trephine.phantom.person import draw_person
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import build_head
from trephine.phantom.vessels import grow_large_vessels
from trephine.safety.reading import read_limits
from trephine.stages.placement.bleeding import bleeding
from trephine.stages.placement.margins import margins
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means, plan_on

PEOPLE = range(4)
ARRAYS = 250
"""Of each person: 1,000 in all."""
PIXEL_UM = 17.0
HALF_MM, VALUE_MM = 4.0, 3.0
MEANS = Means(device=read_device("n1"), robot=read_robot("r1"), limits=read_limits(), settings=Settings())


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the camera sees of a digital participant, and what truly is there."""

    view: LiveView
    truth: AnyArray
    centre_mm: AnyArray


def person(seed: int) -> Person:
    """Photograph a digital participant's cortex."""
    drawn = draw_person(seed, 1.0)
    traits = drawn.traits
    brain = load_template_brain(traits.sulcus_gain_fraction)
    lengths = {"skull_mm": traits.skull_mm, "scalp_mm": traits.scalp_mm, "csf_mm": traits.csf_mm}
    fields = build_head_fields(brain, **{name: each / drawn.size_fraction for name, each in lengths.items()})
    head, hull = (
        build_head(drawn, brain, fields),
        build_hull(brain, fields, traits.csf_mm / drawn.size_fraction),
    )
    hand = find_hand_area(drawn, head, hull, "left")
    scene = build_scene(drawn, hull, hand, grow_large_vessels(drawn, hull), PIXEL_UM)
    picture, truth = photograph(drawn, scene)
    pose = Affine(target=SCANNER, source=IMAGE, matrix=scene.stated_scanner_from_image)
    view = LiveView(
        rgb=picture, pixel_um=PIXEL_UM, scanner_from_image=pose, registration_error_um=STATED_ERROR_UM
    )
    return Person(view=view, truth=truth, centre_mm=np.full(2, scene.size * PIXEL_UM / 2000))


def flat_ground(one: Person, settings: Settings) -> Ground:
    """Lay a flat cortex under the middle of the picture, worth most in its middle."""
    step = settings.candidate_pixels
    count = 2 * int((HALF_MM + 0.5) / settings.pixel_mm) + 1
    shape, origin = (count, count), -(count // 2) * settings.pixel_mm
    axis = np.arange(count) * settings.pixel_mm + origin
    radius = np.hypot(axis[:, None], axis[None])
    value = np.exp(-(radius**2) / (2 * VALUE_MM**2))[::step, ::step]
    turn = np.diag([1.0, -1.0, 1.0, 1.0])
    turn[:2, 3] = one.centre_mm
    return Ground(
        scanner_from_implant=Affine(
            target=SCANNER, source=IMPLANT, matrix=one.view.scanner_from_image.matrix @ turn
        ),
        origin_mm=np.full(2, origin), pixel_mm=settings.pixel_mm, site_pixels=step,
        height_mm=np.zeros(shape), sulcus=np.zeros(shape, dtype=bool), rim=radius > HALF_MM,
        normal=np.broadcast_to([0.0, 0.0, 1.0], (*value.shape, 3)),
        value=value, brain_share=np.ones(value.shape),
        depth_mm=np.full(value.shape, 3.5), grey_count=np.zeros(value.shape),
        thickness_mm=np.full(value.shape, np.nan), thickness_sd_mm=np.full(value.shape, np.nan),
    )  # fmt: skip


def entries(result: PlacementResult) -> AnyArray:
    """Return the planned entries in ``implant``, shape (thread, 2)."""
    to_implant = result.obstacles.scanner_from_implant.inverse()
    return to_implant(np.array([one.entry_mm for one in result.plan.threads]), frame=SCANNER)[:, :2]


def simulated(one: Person, ground: Ground, entry: AnyArray, seed: int, found: Obstacles | None) -> AnyArray:
    """Set an array down many times and count the hits of each, shape (array,).

    In the vessels that are there; or in those that were found, their walls as uncertain as is stated.
    """
    robot, rng = MEANS.robot, generator(seed, "bench.bleeding")
    left = robot.tracking_residual_fraction.value * MEANS.settings.motion_sd_um
    wall = MEANS.settings.segmentation_error_um if found else 0.0
    own = np.sqrt(robot.stage_error_um.value**2 + robot.vision_error_um.value**2 + left**2 + wall**2) / 1000
    shared = np.hypot(robot.registration_error_um.value, STATED_ERROR_UM) / 1000
    hits = np.zeros(ARRAYS, dtype=int)
    field = (
        ClearanceField(found.vessel, found.pixel_mm) if found else ClearanceField(one.truth, PIXEL_UM / 1000)
    )
    moved = rng.normal(0, shared, (ARRAYS, 1, 2))
    to_image = one.view.scanner_from_image.inverse()
    stays = np.zeros((ARRAYS, len(entry)), dtype=bool)
    for _ in range(3):
        reached = entry + moved + rng.normal(0, own, (ARRAYS, len(entry), 2))
        flat = np.column_stack([reached.reshape(-1, 2), np.zeros(stays.size)])
        place = to_image(ground.scanner_from_implant(flat, frame=IMPLANT), frame=SCANNER)
        at = found.row_column_of(flat[:, :2]) if found else place[:, 1::-1] * 1000 / PIXEL_UM
        near = field(at).reshape(stays.shape)
        hits += ((near < robot.needle_diameter_um.value / 2000) & ~stays).sum(axis=1)
        stays |= rng.random(stays.shape) < robot.release_success_fraction.value
    return hits


@dataclass(frozen=True, kw_only=True)
class Told:
    """Predicted and simulated hits of one plan: in the vessels found, and in those that are there."""

    low: int
    high: int
    mean: float
    found: AnyArray
    hits: AnyArray
    value: float
    threads: int


def told(one: Person, ground: Ground, result: PlacementResult, seen: PlacementResult, seed: int) -> Told:
    """Predict a plan's hits on the vessels that were found, and simulate them in those that are there."""
    entry = entries(result)
    margin = margins(MEANS.robot, MEANS.settings, live_view=one.view, before=None)
    expected = bleeding(entry, seen.obstacles, margin, MEANS.robot, MEANS.settings)
    return Told(
        low=expected.low, high=expected.high, mean=expected.mean,
        found=simulated(one, ground, entry, seed, seen.obstacles),
        hits=simulated(one, ground, entry, seed, None),
        value=result.plan.objective, threads=len(entry),
    )  # fmt: skip


def rows(progress: Progress) -> Iterator[Row]:
    """Plan, predict and simulate."""
    ours, blind = [], []
    for seed in PEOPLE:
        progress(2 * seed, 2 * len(PEOPLE), "digital participant")
        one = person(seed)
        ground = flat_ground(one, MEANS.settings)
        progress(2 * seed + 1, 2 * len(PEOPLE), "plans")
        seen = plan_on(ground, one.view, MEANS, progress=silent).value
        unseen = plan_on(ground, None, MEANS, progress=silent).value
        ours.append(told(one, ground, seen, seen, seed))
        blind.append(told(one, ground, unseen, seen, seed))
    arrays = len(PEOPLE) * ARRAYS
    row = partial(
        Row, work=f"{arrays:,} arrays of {ours[0].threads} threads in {len(PEOPLE)} digital participants",
        unit="1", repeat_count=arrays,
    )  # fmt: skip
    by = {"peer_name": "the same planner without vessels", "peer_version": "this file"}
    yield row(
        figure="hits of true vessels an array", better="lower",
        ours=float(np.mean([each.hits.mean() for each in ours])),
        peer=float(np.mean([each.hits.mean() for each in blind])), **by,
        note=f"threads placed, ours and the other: {[each.threads for each in ours]}, "
        f"{[each.threads for each in blind]}",
    )  # fmt: skip
    yield row(
        figure="functional value of the array", better="higher",
        ours=float(np.mean([each.value for each in ours])),
        peer=float(np.mean([each.value for each in blind])), **by,
    )  # fmt: skip
    for name, plans in (("our plans", ours), ("plans without vessels", blind)):
        for where, field in (("found", "found"), ("that are there", "hits")):
            hits = [getattr(each, field) for each in plans]
            inside = [(p.low <= one) & (one <= p.high) for p, one in zip(plans, hits, strict=True)]
            yield row(
                figure=f"arrays within the predicted 95 % interval, {name}, vessels {where}", better="higher",
                ours=float(np.mean(inside)), peer=0.95, peer_name="nominal", peer_version="",
                note=f"{name}, vessels {where}: intervals {[(p.low, p.high) for p in plans]}; hits predicted "
                f"{[round(p.mean, 3) for p in plans]}, simulated {[round(float(h.mean()), 3) for h in hits]}",
            )  # fmt: skip
