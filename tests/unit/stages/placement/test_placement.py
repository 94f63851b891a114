"""Threads on a spherical head: margins, spacing, sulcus, order; what is said when little is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from scipy.spatial.distance import pdist

from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.formats.device_file import read_device
from trephine.kernels.geometry.clearance import clearance_map
from trephine.model.live_view import LiveView
from trephine.model.volume import Volume
from trephine.safety.reading import read_limits
from trephine.stages.placement import checks
from trephine.stages.placement.candidates import tilted
from trephine.stages.placement.headlines import headlines
from trephine.stages.placement.live_vessels import least_width_um, miss_um, seen_vessels
from trephine.stages.placement.margins import margins
from trephine.stages.placement.reach import map_reach
from trephine.stages.placement.run import run
from trephine.stages.placement.settings import RetractionSettings, Settings, SolverSettings, VesselSettings

QUICK = Settings(pixel_mm=0.04, candidate_pixels=3, solver=SolverSettings(windows=0))

LIMITS = read_limits()


def codes(outcome):
    return {finding.code for finding in outcome.findings}


def entries(result):
    inverse = result.obstacles.scanner_from_implant.inverse()
    return inverse(np.array([thread.entry_mm for thread in result.plan.threads]), frame=SCANNER)


def test_all_threads_fit_with_margin_spacing_and_proof(placed, n1):
    plan = placed.value.plan
    assert len(plan.threads) == plan.threads_asked == 64
    assert plan.vessels_from == "live view"
    assert plan.smallest_spacing_um >= 300 - 1e-6
    assert all(t.clearance_um >= t.margin_um for t in plan.threads)
    assert plan.objective <= plan.bound
    assert plan.gap_fraction < 0.02
    assert plan.crossings == plan.under_laid == 0
    assert pdist(entries(placed.value)[:, :2]).min() >= 0.3 - 1e-9


def test_clearance_is_that_of_the_obstacle_with_the_least_to_spare(placed, pictured, r1):
    obstacles = placed.value.obstacles
    asked = margins(r1, QUICK, live_view=pictured[0], before=None)
    column_row = (entries(placed.value)[:, :2] - obstacles.origin_mm) / obstacles.pixel_mm
    index = tuple(np.rint(column_row[:, ::-1]).astype(int).T)
    vessel = clearance_map(obstacles.vessel, obstacles.pixel_mm)[index]
    sulcus = clearance_map(obstacles.sulcus, obstacles.pixel_mm)[index]
    spare_um = 1000 * np.minimum(vessel - asked.vessel_mm, sulcus - asked.sulcus_mm)
    told_um = [thread.clearance_um - thread.margin_um for thread in placed.value.plan.threads]
    np.testing.assert_allclose(told_um, spare_um, atol=1e-6)


@pytest.mark.parametrize(
    ("vessel_um", "spacing_um", "found"),
    [
        (50.0, 300.0, {}),
        (49.99, 300.0, {"VESSEL_CLEARANCE_BELOW_LIMIT": Severity.BLOCK}),
        (0.0, 300.0 - 1e-9, {"VESSEL_CLEARANCE_BELOW_LIMIT": Severity.BLOCK}),
        (50.01, 299.99, {"THREAD_SPACING_BELOW_LIMIT": Severity.WARN}),
        (None, None, {}),
    ],
)
def test_a_plan_is_held_against_published_limits(vessel_um, spacing_um, found, placed, pictured, n1, r1):
    context = checks.Context(
        obstacles=placed.value.obstacles,
        refused={},
        count_bound=64,
        device=n1,
        settings=QUICK,
        margin=margins(r1, QUICK, live_view=pictured[0], before=None),
        before=None,
        limits=LIMITS,
        vessel_um=vessel_um,
    )
    plan = placed.value.plan.model_copy(update={"smallest_spacing_um": spacing_um})
    told = {f.code: f for f in checks.findings(plan, context) if f.code.endswith("_BELOW_LIMIT")}
    assert {code: finding.severity for code, finding in told.items()} == found
    assert {f.source for f in told.values()} <= {"kozai2010", "whitepaper2019"}
    assert {f.unit for f in told.values()} <= {"um"}


def test_the_nearest_vessel_is_that_of_the_chosen_sites(placed, pictured, head, opened, n1, r1):
    strict = LIMITS.vessel_clearance_um.model_copy(update={"value": 1e6})
    outcome = run(
        opened,
        head.anatomy,
        head.hand_map,
        None,
        pictured[0],
        n1,
        r1,
        limits=LIMITS.model_copy(update={"vessel_clearance_um": strict}),
        settings=QUICK,
    )
    told = next(f for f in outcome.findings if f.code == "VESSEL_CLEARANCE_BELOW_LIMIT")
    obstacles = outcome.value.obstacles
    at = (entries(outcome.value)[:, :2] - obstacles.origin_mm) / obstacles.pixel_mm
    index = tuple(np.rint(at[:, ::-1]).astype(int).T)
    nearest_um = 1000 * clearance_map(obstacles.vessel, obstacles.pixel_mm)[index].min()
    assert told.value == pytest.approx(nearest_um, abs=1e-6)
    assert outcome.is_blocked


def aimed_at(objective):
    solver = QUICK.solver.model_copy(update={"objective": objective})
    wide = RetractionSettings(block_radius_mm=3.0)
    return QUICK.model_copy(update={"solver": solver, "retraction": wide})


@pytest.mark.parametrize("objective", ["coverage", "retraction"])
def test_sites_chosen_for_the_map_reach_more_of_it(objective, placed, pictured, head, opened, n1, r1):
    outcome = run(
        opened, head.anatomy, head.hand_map, None, pictured[0], n1, r1, limits=LIMITS,
        settings=aimed_at(objective),
    )  # fmt: skip
    plan, usual = outcome.value.plan, placed.value.plan
    assert (plan.objective_kind, usual.objective_kind) == (objective, "value")
    assert len(plan.threads) == 64
    told = plan.map_reach
    mine = told.covered_fraction if objective == "coverage" else told.kept_fraction
    assert mine == pytest.approx(plan.objective, abs=1e-9)
    assert plan.objective <= plan.bound <= 1
    assert plan.gap_fraction < 0.05
    other = map_reach(entries(placed.value)[:, :2], outcome.value.ground, aimed_at(objective))
    theirs = other.covered_fraction if objective == "coverage" else other.kept_fraction
    assert mine > 1.05 * theirs
    assert plan.smallest_spacing_um >= 300 - 1e-6
    assert sum(one.value for one in plan.threads) < usual.objective


def test_the_map_kept_is_what_drawn_losses_leave(placed):
    told = placed.value.plan.map_reach
    assert (
        told.kept_low_fraction < told.kept_fraction < told.kept_high_fraction < told.covered_fraction + 1e-9
    )
    none = RetractionSettings(loss_fraction=0.0, block_fraction=0.0)
    entry = entries(placed.value)[:, :2]
    sure = map_reach(entry, placed.value.ground, QUICK.model_copy(update={"retraction": none}))
    assert sure.kept_low_fraction == pytest.approx(sure.covered_fraction)
    assert sure.kept_fraction == pytest.approx(sure.covered_fraction)


def test_no_thread_meets_a_vessel_that_was_drawn(placed, pictured):
    """Against the picture's own truth, not against the mask that was found."""
    view, drawn = pictured
    plan = placed.value.plan
    place = view.scanner_from_image.inverse()(np.array([t.entry_mm for t in plan.threads]), frame=SCANNER)
    index = np.rint(place[:, 1::-1] * 1000 / view.pixel_um).astype(int)
    assert not drawn[tuple(index.T)].any()
    rows, columns = np.nonzero(drawn)
    for row, column in index:
        nearest_um = np.hypot(rows - row, columns - column).min() * view.pixel_um
        assert nearest_um > 80


def test_no_thread_enters_the_sulcus(placed, head):
    side = placed.value.plan.threads
    tip = np.array([t.tip_mm for t in side])
    entry = np.array([t.entry_mm for t in side])
    from_slab = np.abs(np.vstack([tip, entry]) @ head.sulcus_side - head.sulcus_offset_mm)
    assert from_slab.min() > 1.0


def test_obstacles_are_measured_where_they_are(placed, head):
    obstacles = placed.value.obstacles
    place = obstacles.scanner_from_implant(obstacles.centres_mm(), frame="implant")
    distance = np.abs(place @ head.sulcus_side - head.sulcus_offset_mm).reshape(obstacles.sulcus.shape)
    assert obstacles.sulcus[distance < 0.5].mean() > 0.95
    assert obstacles.sulcus[distance > 3.5].mean() < 0.05
    height = np.linalg.norm(place, axis=1).reshape(obstacles.sulcus.shape)[distance > 3.5]
    # Half a voxel: the cortex comes from 1 mm voxels.
    np.testing.assert_allclose(height, 62, atol=0.5)


def test_electrodes_lie_on_the_thread_within_grey(placed, n1):
    thread = placed.value.plan.threads[0]
    entry, tip = np.array(thread.entry_mm), np.array(thread.tip_mm)
    deep_mm = np.linalg.norm(tip - entry)
    assert 3.3 - 1e-6 <= deep_mm <= 5.0
    depth = deep_mm - n1.electrode_offsets_mm()
    assert depth.min() >= 0.2 - 1e-6
    np.testing.assert_allclose(np.linalg.norm(np.array(thread.electrodes_mm) - entry, axis=1), depth)
    assert 0.5 < thread.value <= 1


def test_numbers_anchors_and_order_are_each_used_once(placed):
    threads = placed.value.plan.threads
    for name in ("number", "order"):
        assert sorted(getattr(t, name) for t in threads) == list(range(1, 65))
    assert len({t.anchor for t in threads}) == 64
    for t in threads:
        free, deep = (np.linalg.norm(np.subtract(t.entry_mm, end)) for end in (t.anchor_mm, t.tip_mm))
        assert np.isclose(free * 1.05 + 3.0 + deep, t.length_needed_mm)


def test_the_same_inputs_give_the_same_plan(head, opened, pictured, n1, r1):
    arguments = (opened, head.anatomy, head.hand_map, None, pictured[0], n1, r1)
    first, second = (run(*arguments, limits=LIMITS, settings=QUICK).value.plan for _ in range(2))
    assert first.model_dump_json() == second.model_dump_json()


def test_without_pictures_sites_are_provisional(head, opened, n1, r1):
    outcome = run(opened, head.anatomy, head.hand_map, None, None, n1, r1, limits=LIMITS, settings=QUICK)
    assert {"VESSELS_UNKNOWN", "SITES_PROVISIONAL"} <= codes(outcome)
    assert outcome.value.plan.vessels_from == "nothing"
    assert all(thread.hit_probability is None for thread in outcome.value.plan.threads)


def test_an_angiogram_tells_its_limit_and_the_honest_chance(head, opened, angiogram, n1, r1):
    outcome = run(opened, head.anatomy, head.hand_map, angiogram, None, n1, r1, limits=LIMITS, settings=QUICK)
    assert {"VESSELS_FROM_ANGIOGRAM", "SITES_PROVISIONAL"} <= codes(outcome)
    assert outcome.value.obstacles.vessel.any()
    # Millimetres of uncertainty: a clearance of a millimetre is no safety.
    assert max(t.hit_probability for t in outcome.value.plan.threads) > 0.05


def test_too_little_room_is_said_with_what_binds(head, opened, n1, r1):
    narrow = opened.model_copy(update={"durectomy_mm": tuple(_shrunk(opened, 0.1))})
    outcome = run(
        narrow,
        head.anatomy,
        head.hand_map,
        None,
        None,
        n1,
        r1,
        limits=LIMITS,
        settings=QUICK.model_copy(update={"rim_mm": 0.0}),
    )
    found = next(f for f in outcome.findings if f.code == "THREADS_DO_NOT_FIT")
    assert 5 <= len(outcome.value.plan.threads) < 64
    assert found.value == len(outcome.value.plan.threads)
    assert "proven" in found.message
    assert "no zones" not in found.message
    for limit in (
        "spacing a tenth smaller",
        "no provisional margin",
        "twice the accepted chance of a sulcus",
    ):
        would = int(found.message.split(f"with {limit} ")[1].split()[0].strip(";."))
        assert 64 >= would >= len(outcome.value.plan.threads)


def _shrunk(opened, share):
    points = opened.pose.inverse()(np.array(opened.durectomy_mm), frame=SCANNER)
    points[:, :2] *= share
    return [tuple(map(float, place)) for place in opened.pose(points, frame="implant")]


def test_a_weak_map_and_a_short_thread_are_found(head, opened, n1, r1):
    nothing = Volume(values=head.hand_map.weight.values * 0, grid=head.hand_map.weight.grid, unit="1")
    short = n1.threads.length_mm.model_copy(update={"value": 10.5})
    device = n1.model_copy(update={"threads": n1.threads.model_copy(update={"length_mm": short})})
    outcome = run(
        opened,
        head.anatomy,
        replace(head.hand_map, weight=nothing),
        None,
        None,
        device,
        r1,
        limits=LIMITS,
        settings=QUICK,
    )
    assert {"FUNCTIONAL_VALUE_LOW", "THREAD_TOO_SHORT"} <= codes(outcome)


def test_rigid_arrays_other_devices_and_stray_views_are_refused(head, opened, pictured, n1, r1):
    rest = (head.anatomy, head.hand_map, None)
    with pytest.raises(InputError, match="expected flexible"):
        run(opened, *rest, None, read_device("utah"), r1, limits=LIMITS, settings=QUICK)
    with pytest.raises(InputError, match="Plan the opening again"):
        run(opened, *rest, None, read_device("white_paper_2019"), r1, limits=LIMITS, settings=QUICK)
    pose = pictured[0].scanner_from_image.matrix.copy()
    pose[:3, 3] += 60.0
    stray = replace(pictured[0], scanner_from_image=replace(pictured[0].scanner_from_image, matrix=pose))
    with pytest.raises(InputError, match="picture's pose"):
        run(opened, *rest, stray, n1, r1, limits=LIMITS, settings=QUICK)


def test_vessels_of_every_width_lie_within_the_stated_distance_of_a_mark(pictured):
    view, drawn = pictured
    settings = VesselSettings()
    seen = seen_vessels(view, settings)
    assert seen.pixel_um == view.pixel_um
    covered = seen.vessel | seen.hidden
    away_um = distance_transform_edt(~covered) * seen.pixel_um
    assert (away_um[drawn] <= miss_um(view, settings)).mean() > 0.99
    middles = distance_transform_edt(drawn) > 4
    assert covered[middles].mean() > 0.99
    assert seen.hidden.mean() < 0.02
    assert covered.mean() < 1.8 * drawn.mean()


def test_averaging_adds_to_the_miss_distance_and_the_least_width(pictured, r1):
    view, settings = pictured[0], VesselSettings()
    plain = margins(r1, Settings(vessels=VesselSettings(miss_pixel=0.0)), live_view=view, before=None)
    whole = margins(r1, Settings(), live_view=view, before=None)
    assert whole.vessel_mm - plain.vessel_mm == pytest.approx(settings.miss_pixel * view.pixel_um / 1000)
    finer = replace(view, pixel_um=4.0)
    assert least_width_um(finer, settings) == 3 * 8.0
    assert miss_um(finer, settings) == pytest.approx(1.5 * 8.0 + 4.0 / np.sqrt(2))


def test_a_coarse_view_is_told(placed):
    told = next(f for f in placed.findings if f.code == "LIVE_VIEW_COARSE")
    assert (told.value, told.limit, told.unit) == (40.0, 25.0, "um")


def test_in_a_coarse_view_fainter_lines_are_marked_than_in_a_fine_one(pictured):
    """The same pixels, said to be small or large: only the promise and the score from which on change."""
    settings = VesselSettings(widest_um=40.0, dark_rim_um=0.0, glare_rim_um=0.0)
    fine, coarse = (replace(pictured[0], pixel_um=size_um) for size_um in (8.3, 8.4))
    assert least_width_um(fine, settings) == pytest.approx(3 * 8.3)
    assert least_width_um(coarse, settings) == pytest.approx(2 * 8.4)
    less, more = seen_vessels(fine, settings).vessel, seen_vessels(coarse, settings).vessel
    assert more.sum() > 1.1 * less.sum()


def test_the_shade_of_a_sulcus_is_no_vessel():
    rng = np.random.default_rng(0)
    across = np.linspace(0, 1, 600)
    light = 150 * (1 - 0.3 * np.exp(-(((across - 0.4) / 0.15) ** 2)))
    picture = np.clip(light[None, :, None] + rng.normal(0, 1, (600, 600, 1)), 0, 255)
    drawn = np.abs(np.arange(600) - 300) <= 6
    picture[drawn] *= 0.7
    view = LiveView(
        rgb=np.repeat(picture, 3, axis=2).astype(np.uint8),
        pixel_um=10.0,
        scanner_from_image=Affine.identity(target=SCANNER, source=IMAGE),
        registration_error_um=20.0,
    )
    seen = seen_vessels(view, VesselSettings())
    assert seen.vessel[drawn].mean() > 0.95
    assert seen.vessel[np.abs(np.arange(600) - 300) > 12].mean() < 0.01
    assert not seen.hidden.any()


def test_glare_and_darkness_are_hidden_not_vessels(pictured):
    view, _ = pictured
    rgb = view.rgb.copy()
    rgb[100:108, 200:208] = 255
    rgb[:, -150:] = 3
    seen = seen_vessels(replace(view, rgb=rgb), VesselSettings())
    assert seen.hidden[100:108, 200:208].all()
    assert seen.hidden[:, -120:].mean() > 0.95
    assert not seen.vessel[:, -120:].any()


def test_tilt_follows_the_normal_up_to_the_limit():
    normal = np.array([[np.sin(a), 0.0, np.cos(a)] for a in (0.0, 0.1, 0.5)])
    inward = tilted(normal, 0.26)
    angle = np.arccos(-inward[:, 2])
    np.testing.assert_allclose(angle, [0, 0.1, 0.26], atol=1e-9)
    assert inward[1, 0] < 0


def test_margin_grows_with_every_error(r1, pictured):
    view = pictured[0]
    small = margins(r1, Settings(), live_view=view, before=None)
    blurred = replace(view, registration_error_um=100.0)
    large = margins(r1, Settings(), live_view=blurred, before=None)
    assert large.vessel_mm > small.vessel_mm
    assert large.sulcus_mm > small.sulcus_mm


def test_headlines_hold_the_proof(placed):
    made = {one.name: one.value for one in headlines(placed.value)}
    assert made["threads_placed"] == 64
    assert made["bound"] >= made["objective"]
