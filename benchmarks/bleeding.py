"""Hits of true vessels by whole arrays: what was predicted, and what plans that ignore vessels meet.

Digital participants' microscope views are planned on as they are, vessels found and all; the planned arrays
are then set down in the vessels that truly are in the picture, with the robot's and the picture's stated
errors. The plan that ignores vessels has the same sites and spacing. Once both are chosen for value with as
many threads; once both for coverage of the map, and the one that ignores vessels then loses threads, each
time the one that covers least, as long as it covers no less than ours: its hits are those of an equal
coverage. The cortex is taken as flat, since everything here is seen along the camera's axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from trephine.bench.row import Row
from trephine.core.arrays import AnyArray
from trephine.core.frames import IMAGE, IMPLANT, SCANNER, Affine
from trephine.core.progress import Progress, silent
from trephine.core.random import generator
from trephine.formats.device_file import read_device, read_robot
from trephine.kernels.geometry.clearance import ClearanceField
from trephine.kernels.optimize.coverage_model import terms_of
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
from trephine.stages.placement.obstacle_map import obstacle_map
from trephine.stages.placement.reach import hand_field
from trephine.stages.placement.settings import OrderSettings, Settings, SolverSettings
from trephine.stages.placement.solve import Means, Scene, plan_on

PEOPLE = range(4)
ARRAYS = 250
"""Of each person: 1,000 in all."""
PIXEL_UM = 17.0
HALF_MM, VALUE_MM = 4.0, 3.0
Objective = Literal["value", "coverage"]
MEANS = Means(
    device=read_device("n1"), robot=read_robot("r1"), limits=read_limits(),
    settings=Settings(order=OrderSettings(tries=0, rounds=0)),
)  # fmt: skip
"""The order of insertion plays no part here."""


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


def planned(one: Person, ground: Ground, objective: Objective, *, sees: bool = True) -> PlacementResult:
    """Plan an array for one objective, seeing vessels or not."""
    settings = MEANS.settings.model_copy(update={"solver": SolverSettings(objective=objective)})
    means = replace(MEANS, settings=settings)
    view = one.view if sees else None
    obstacles, origin = obstacle_map(ground, settings, live_view=view)
    margin = margins(means.robot, settings, live_view=view, before=None)
    scene = Scene(ground=ground, obstacles=obstacles, origin=origin, margin=margin)
    return plan_on(scene, means, progress=silent).value


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
    objective: float
    bound: float
    threads: int


def kept_for(entry: AnyArray, ground: Ground, share: float) -> tuple[AnyArray, float]:
    """Leave out the threads that cover least as long as no less than a share of the map is covered."""
    terms = terms_of(hand_field(ground, MEANS.settings, is_lossy=False), entry)
    kept = np.arange(len(entry))
    while len(kept) > 1:
        fewer = [np.delete(kept, place) for place in range(len(kept))]
        best = max(fewer, key=terms.share)
        if terms.share(best) < share:
            break
        kept = best
    return entry[kept], terms.share(kept)


def told(
    one: Person, ground: Ground, plan: tuple[AnyArray, float, float], seen: PlacementResult, seed: int
) -> Told:
    """Predict an array's hits on the vessels that were found, and simulate them in those that are there."""
    entry, objective, bound = plan
    margin = margins(MEANS.robot, MEANS.settings, live_view=one.view, before=None)
    expected = bleeding(entry, seen.obstacles, margin, MEANS.robot, MEANS.settings)
    return Told(
        low=expected.low, high=expected.high, mean=expected.mean,
        found=simulated(one, ground, entry, seed, seen.obstacles),
        hits=simulated(one, ground, entry, seed, None),
        objective=objective, bound=bound, threads=len(entry),
    )  # fmt: skip


def both_of(one: Person, ground: Ground, objective: Objective, seed: int) -> tuple[Told, Told]:
    """Plan with and without vessels for one objective, and tell the hits of both."""
    seen = planned(one, ground, objective)
    unseen = planned(one, ground, objective, sees=False)
    entry, reached = entries(unseen), unseen.plan.objective
    if objective == "coverage":
        entry, reached = kept_for(entry, ground, seen.plan.objective)
    ours = (entries(seen), seen.plan.objective, seen.plan.bound or seen.plan.objective)
    return (
        told(one, ground, ours, seen, seed),
        told(one, ground, (entry, reached, np.inf), seen, seed),
    )


Both = tuple[list[Told], list[Told]]


def rows(progress: Progress) -> Iterator[Row]:
    """Plan, predict and simulate."""
    made: dict[Objective, Both] = {"value": ([], []), "coverage": ([], [])}
    for seed in PEOPLE:
        progress(3 * seed, 3 * len(PEOPLE), "digital participant")
        one = person(seed)
        ground = flat_ground(one, MEANS.settings)
        for step, (objective, (ours, blind)) in enumerate(made.items()):
            progress(3 * seed + 1 + step, 3 * len(PEOPLE), f"plans for {objective}")
            for told_of, each in zip((ours, blind), both_of(one, ground, objective, seed), strict=True):
                told_of.append(each)
    for objective, both in made.items():
        yield from _compared(objective, both)


def _compared(objective: Objective, both: Both) -> Iterator[Row]:
    """Hold our plans of one objective against those that ignore vessels, and against their own prediction."""
    ours, blind = both
    arrays = len(PEOPLE) * ARRAYS
    row = partial(
        Row, work=f"{arrays:,} arrays of 64 threads for {objective}, {len(PEOPLE)} digital participants",
        repeat_count=arrays, unit="1",
    )  # fmt: skip
    by = {"peer_name": "the same planner without vessels", "peer_version": "this file"}
    equal = "as many threads" if objective == "value" else "as many as cover no less than ours"
    yield row(
        figure="hits of true vessels an array", better="lower",
        ours=float(np.mean([each.hits.mean() for each in ours])),
        peer=float(np.mean([each.hits.mean() for each in blind])), **by,
        note=f"bar: a ratio of at most 0.2; the other plan has {equal}: "
        f"ours {[each.threads for each in ours]}, the other {[each.threads for each in blind]}",
    )  # fmt: skip
    yield row(
        figure=objective, better="higher",
        ours=float(np.mean([each.objective for each in ours])),
        peer=float(np.mean([each.objective for each in blind])), **by,
        note=f"ours below its bound by {[round(1 - each.objective / each.bound, 4) for each in ours]}",
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
