"""Planning again on a picture: zones, locks, place of the picture; on a spherical head."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.formats.device_file import read_device, read_robot
from trephine.model.ground import Ground
from trephine.model.live_picture import LivePicture, StatedPose
from trephine.model.replan import EarlierMap
from trephine.model.wishes import Wishes, Zone
from trephine.safety.reading import read_limits
from trephine.stages.placement.replan import replan
from trephine.stages.placement.settings import Settings, SolverSettings
from trephine.stages.placement.solve import Means

SQUARE = np.array([[-0.4, -0.4, 0], [0.4, -0.4, 0], [0.4, 0.4, 0], [-0.4, 0.4, 0]])


QUICK = Settings(pixel_mm=0.04, candidate_pixels=3, solver=SolverSettings(windows=0))


@pytest.fixture(scope="module")
def means() -> Means:
    """A device of few threads, so that choosing is quick."""
    n1 = read_device("n1")
    few = n1.threads.model_copy(
        update={"thread_count": n1.threads.thread_count.model_copy(update={"value": 12})}
    )
    device = n1.model_copy(update={"threads": few})
    return Means(device=device, robot=read_robot("r1"), limits=read_limits(), settings=QUICK)


@pytest.fixture(scope="module")
def ground() -> Ground:
    """A flat round piece of cortex with its best place in the middle."""
    size, pixel = 351, QUICK.pixel_mm
    axis = (np.arange(size) - size // 2) * pixel
    radius = np.hypot(axis[None], axis[:, None])
    site = radius[::3, ::3]
    flat = np.zeros(site.shape)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]], (30.0, -10.0, 50.0)
    return Ground(
        scanner_from_implant=Affine(target=SCANNER, source=IMPLANT, matrix=pose),
        origin_mm=np.array([axis[0], axis[0]]),
        pixel_mm=pixel,
        site_pixels=3,
        height_mm=np.zeros((size, size)),
        sulcus=np.zeros((size, size), dtype=bool),
        rim=radius > 6.0,
        normal=np.broadcast_to([0.0, 0.0, 1.0], (*site.shape, 3)),
        value=np.exp(-((site / 4.0) ** 2)),
        brain_share=flat + 1,
        depth_mm=flat + 3.5,
        grey_count=flat + 10,
        thickness_mm=flat + 2.5,
        thickness_sd_mm=flat + 0.3,
    )


@pytest.fixture(scope="module")
def picture(ground, view_down) -> LivePicture:
    view, _ = view_down(ground.scanner_from_implant)
    pose = StatedPose(scanner_from_image=view.scanner_from_image, error_um=1000.0)
    return LivePicture(name="f.png", rgb=view.rgb, pixel_um=view.pixel_um, pose=pose)


@pytest.fixture(scope="module")
def based(ground, picture, means):
    """The plan on the first picture, whose pose is sure."""
    sure = replace(picture, pose=replace(picture.pose, error_um=20.0))
    return replan(ground, sure, None, means).value.placement


def entries(made, pose):
    return pose.inverse()(np.array([t.entry_mm for t in made.threads]), frame=SCANNER)


def shifted(picture, x_mm):
    pose = picture.pose.scanner_from_image
    matrix = pose.matrix.copy()
    matrix[:3, 3] += x_mm * matrix[:3, 0]
    stated = replace(picture.pose, scanner_from_image=replace(pose, matrix=matrix))
    return replace(picture, pose=stated)


def test_locks_stay_zones_are_empty_and_the_place_is_found_again(based, ground, picture, means):
    result = based
    pose = ground.scanner_from_implant
    away = entries(result.plan, pose)
    outside = np.abs(away[:, :2]).max(axis=1) > 0.45
    free = [t for t, is_free in zip(result.plan.threads, outside, strict=True) if is_free]
    locked = tuple(free[:3])
    assert len(locked) == 3
    zone = Zone(name="vein", rule="keep out", outline_mm=SQUARE, place=pose)
    wishes = Wishes(zones=(zone,), locked=locked)
    done = replan(
        ground,
        shifted(picture, 0.7),
        EarlierMap(obstacles=result.obstacles, error_mm=0.0),
        means,
        wishes=wishes,
    )
    made, place = done.value.placement.plan, done.value.place
    assert place.laid_by == "earlier picture"
    assert place.moved_mm == pytest.approx(0.7, abs=0.05)
    assert place.error_mm < 0.3
    now = {t.number: t for t in made.threads}
    assert sorted(now) == list(range(1, 13))
    for thread in locked:
        kept = now[thread.number]
        assert (kept.entry_mm, kept.tip_mm, kept.anchor) == (thread.entry_mm, thread.tip_mm, thread.anchor)
    assert sorted(now[t.number].order for t in locked) == [1, 2, 3]
    assert len({t.anchor for t in made.threads}) == len(made.threads)
    others = [t for t in made.threads if t.number not in {t.number for t in locked}]
    xy = pose.inverse()(np.array([t.entry_mm for t in others]), frame=SCANNER)[:, :2]
    assert np.abs(xy).max(axis=1).min() >= 0.4 - 1e-9
    assert made.smallest_spacing_um >= 300 - 1e-6
    assert made.objective <= made.bound + 1e-9
    assert made.under_laid == 0
    spot = np.array([[site.column_index, site.row_index] for site in place.sites])
    stated = place.scanner_from_image
    image = np.column_stack([spot * picture.pixel_um / 1000, np.zeros(len(spot))])
    back = image @ np.array(stated)[:3, :3].T + np.array(stated)[:3, 3]
    across = pose.inverse()(back, frame=SCANNER)[:, :2] - entries(made, pose)[:, :2]
    assert np.abs(across).max() < 0.5  # the picture looks along the axis: only height is lost


def test_coverage_goes_around_locks_and_counts_what_they_reach(based, ground, picture, means):
    sure = replace(picture, pose=replace(picture.pose, error_um=20.0))
    solver = means.settings.solver.model_copy(update={"objective": "coverage"})
    aimed = replace(means, settings=means.settings.model_copy(update={"solver": solver}))
    locked = based.plan.threads[:4]
    done = replan(ground, sure, None, aimed, wishes=Wishes(locked=locked)).value.placement.plan
    assert {t.entry_mm for t in locked} <= {t.entry_mm for t in done.threads}
    assert len(done.threads) == 12
    assert done.objective_kind == "coverage"
    assert done.objective == pytest.approx(done.map_reach.covered_fraction, abs=1e-6)
    assert done.objective <= done.bound
    assert done.map_reach.covered_fraction > 1.2 * based.plan.map_reach.covered_fraction


def test_what_a_zone_takes_is_said_when_threads_do_not_fit(based, ground, picture, means):
    sure = replace(picture, pose=replace(picture.pose, error_um=20.0))
    place = Zone(name="only here", rule="keep in", outline_mm=SQUARE, place=ground.scanner_from_implant)
    done = replan(ground, sure, None, means, wishes=Wishes(zones=(place,)))
    found = next(f for f in done.findings if f.code == "THREADS_DO_NOT_FIT")
    assert "with no zones of the surgeon 12" in found.message


def test_a_lock_that_breaks_a_limit_stays_and_blocks(based, ground, picture, means):
    result = based
    pose = ground.scanner_from_implant
    rows, columns = np.nonzero(result.obstacles.vessel & ~result.obstacles.outside)
    middle = len(rows) // 2
    xy = result.obstacles.xy_of(np.array([[rows[middle], columns[middle]]]))[0]
    thread = result.plan.threads[4]
    entry = entries(result.plan, pose)[4]
    step = pose(np.array([[*xy, entry[2]]]), frame=IMPLANT)[0] - np.array(thread.entry_mm)
    moved = {
        name: tuple(float(v) for v in np.array(getattr(thread, name)) + step)
        for name in ("entry_mm", "tip_mm")
    }
    wishes = Wishes(locked=(thread.model_copy(update=moved),))
    done = replan(ground, picture, EarlierMap(obstacles=result.obstacles, error_mm=0.0), means, wishes=wishes)
    told = [f for f in done.findings if f.code == "LOCK_BREAKS_LIMIT"]
    assert told
    assert {f.severity for f in told} == {Severity.BLOCK}
    assert any(re.match(r"Locked threads 5 \(by \d+ um\) lie nearer to a vessel", f.message) for f in told)
    assert any(
        f.code == "LOCKS_TO_RELEASE" and "plan again without --lock" in f.message for f in done.findings
    )
    kept = next(t for t in done.value.placement.plan.threads if t.number == 5)
    assert kept.entry_mm == moved["entry_mm"]


def test_a_pose_that_nothing_confirms_is_said_or_blocks(based, ground, picture, means):
    said = replan(ground, picture, None, means)
    assert "FRAME_POSE_UNCHECKED" in {f.code for f in said.findings}
    assert said.value.place.laid_by == "stated pose"
    rough = replace(picture, pose=replace(picture.pose, error_um=2500.0))
    blocked = replan(ground, rough, None, means)
    assert {f.code for f in blocked.findings if f.severity is Severity.BLOCK} >= {"FRAME_NOT_REGISTERED"}


def test_without_a_pose_or_a_known_vessel_a_picture_is_refused(based, ground, picture, means):
    with pytest.raises(InputError, match="State the pose"):
        replan(ground, replace(picture, pose=None), None, means)


def test_the_picture_of_another_cortex_is_not_recognised(based, ground, picture, means):
    other = replace(picture, rgb=np.ascontiguousarray(picture.rgb[::-1]), pose=None)
    with pytest.raises(InputError, match="not recognised"):
        replan(ground, other, EarlierMap(obstacles=based.obstacles, error_mm=0.0), means)


def test_a_pose_far_from_where_the_vessels_lie_blocks(based, ground, picture, means):
    sure = shifted(replace(picture, pose=replace(picture.pose, error_um=20.0)), 6.2)
    settings = means.settings.model_copy(update={"surface_shift_mm": 1.9})
    limits = settings.frame.model_copy(update={"reach_mm": 7.0})
    eager = replace(means, settings=settings.model_copy(update={"frame": limits}))
    done = replan(ground, sure, EarlierMap(obstacles=based.obstacles, error_mm=0.0), eager)
    assert "FRAME_POSE_CONTRADICTED" in {f.code for f in done.findings}
    assert done.is_blocked


def test_a_zone_beside_the_opening_is_refused(based, ground, picture, means):
    zone = Zone(name="far", rule="keep out", outline_mm=SQUARE + 40, place=ground.scanner_from_implant)
    with pytest.raises(InputError, match="nowhere over the exposed cortex"):
        replan(ground, picture, None, means, wishes=Wishes(zones=(zone,)))
