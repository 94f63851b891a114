"""The rehearsal: errors of the stated size, retries, holds, hits, honest intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.formats.device_file import read_device
from trephine.model.brain_motion import BrainMotion
from trephine.stages.insertion.headlines import exact_interval, headlines
from trephine.stages.insertion.run import run
from trephine.stages.insertion.settings import Settings


def with_robot(robot, **values):
    changes = {
        name: getattr(robot, name).model_copy(update={"value": value, "low": None, "high": None})
        for name, value in values.items()
    }
    return robot.model_copy(update=changes)


EXACT = {
    "stage_error_um": 0.0,
    "vision_error_um": 0.0,
    "registration_error_um": 0.0,
    "tracking_residual_fraction": 0.0,
    "pick_success_fraction": 1.0,
    "release_success_fraction": 1.0,
}


@pytest.fixture
def rehearse(placed, n1, r1, swaying):
    def go(*, robot=None, motion=None, obstacles=None, plan=None, **settings):
        result = placed.value
        return run(
            plan or result.plan,
            obstacles or result.obstacles,
            n1,
            robot or r1,
            motion or swaying,
            settings=Settings(**settings),
        )

    return go


def test_a_perfect_robot_reaches_every_site(rehearse, r1):
    log = rehearse(robot=with_robot(r1, **EXACT), surface_error_um=0.0, surgeries=5).value
    assert log.threads_inserted == log.threads_planned == len(log.attempts) == 64
    assert max(one.lateral_error_um for one in log.attempts) < 1e-6
    assert log.vessel_hits == 0
    for one in log.attempts:
        np.testing.assert_allclose(one.reached_tip_mm, one.planned_tip_mm, atol=1e-9)


def test_registration_moves_every_thread_alike(rehearse, r1):
    robot = with_robot(r1, **{**EXACT, "registration_error_um": 50.0})
    log = rehearse(robot=robot, surface_error_um=0.0, surgeries=5).value
    shift = np.array([np.subtract(one.reached_entry_mm, one.planned_entry_mm) for one in log.attempts])
    # Threads are tilted by up to 15 degrees, so the part across them differs a little.
    assert np.ptp(shift, axis=0).max() < 0.3 * np.linalg.norm(shift, axis=1).mean()
    assert np.linalg.norm(shift, axis=1).mean() > 0.005


def test_left_over_motion_is_the_stated_share(rehearse, r1):
    robot = with_robot(r1, **{**EXACT, "tracking_residual_fraction": 0.5})
    log = rehearse(robot=robot, surface_error_um=0.0, surgeries=5).value
    lateral = np.array([one.lateral_error_um for one in log.attempts])
    assert lateral.max() <= 0.5 * np.hypot(200, np.hypot(100, 300)) + 1e-6
    assert lateral.mean() > 30


def test_failed_picks_are_tried_again_up_to_the_limit(rehearse, r1):
    robot = with_robot(r1, **{**EXACT, "pick_success_fraction": 0.0})
    outcome = rehearse(robot=robot, attempts_limit=2, surgeries=5)
    log = outcome.value
    assert log.threads_inserted == 0
    assert len(log.attempts) == 128
    assert {one.result for one in log.attempts} == {"not picked"}
    assert "THREADS_NOT_INSERTED" in {f.code for f in outcome.findings}


def test_the_robot_holds_while_the_brain_moves_fast(rehearse, r1):
    time = np.arange(0, 60, 0.01)
    shift = np.column_stack([5 * np.sin(2 * np.pi * time), 5 * np.cos(2 * np.pi * time), 0 * time])
    wild = BrainMotion(time_s=time, displacement_mm=shift, origin="simulated")
    log = rehearse(robot=with_robot(r1, **EXACT), motion=wild, attempts_limit=1, surgeries=5).value
    assert {one.result for one in log.attempts} == {"held: brain moving"}
    assert log.attempts[0].duration_s >= 10


def test_vessels_over_the_sites_are_not_pierced(rehearse, placed, r1):
    obstacles = placed.value.obstacles
    everywhere = replace(obstacles, vessel=np.ones_like(obstacles.vessel))
    log = rehearse(robot=with_robot(r1, **EXACT), obstacles=everywhere, surgeries=5).value
    assert {one.result for one in log.attempts} == {"held: vessel too near"}
    assert log.vessel_hits == 0


def test_large_errors_hit_vessels_and_the_hits_are_counted(rehearse, r1):
    robot = with_robot(r1, registration_error_um=0.0, stage_error_um=600.0)
    outcome = rehearse(robot=robot)
    assert outcome.value.vessel_hits > 0
    assert "VESSEL_HIT_IN_REHEARSAL" in {f.code for f in outcome.findings}
    expected = {figure.name: figure for figure in outcome.value.expected}
    assert expected["vessel_hits"].low <= outcome.value.vessel_hits <= expected["vessel_hits"].high


def test_time_runs_on_without_gaps(rehearse):
    log = rehearse(surgeries=5).value
    clock = 0.0
    for one in log.attempts:
        assert one.start_s == pytest.approx(clock)
        clock += one.duration_s
    assert log.total_time_s == pytest.approx(clock)
    assert 64 * 17 * 0.9 < log.total_time_s < 64 * 17 * 1.6


def test_same_seed_same_log_other_seed_other_log(rehearse):
    first, again, other = (rehearse(seed=seed, surgeries=20).value.model_dump_json() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_unknown_vessels_are_not_counted_as_missed(rehearse, placed):
    plan = placed.value.plan.model_copy(update={"vessels_from": "nothing"})
    outcome = rehearse(plan=plan, surgeries=5)
    assert outcome.value.vessel_hits is None
    assert {"HITS_UNKNOWN", "INSERTION_SIMULATED"} <= {f.code for f in outcome.findings}
    assert all(one.clearance_um is None for one in outcome.value.attempts)


def test_hits_against_an_angiogram_are_qualified(rehearse, placed):
    plan = placed.value.plan.model_copy(update={"vessels_from": "angiogram"})
    assert "HITS_OF_LARGE_VESSELS_ONLY" in {f.code for f in rehearse(plan=plan, surgeries=5).findings}


def test_an_empty_plan_ends_at_once(rehearse, placed):
    plan = placed.value.plan.model_copy(update={"threads": ()})
    log = rehearse(plan=plan).value
    assert log.attempts == ()
    assert log.total_time_s == 0


def test_another_device_is_refused(placed, r1, swaying):
    with pytest.raises(InputError, match="Place the threads again"):
        run(
            placed.value.plan,
            placed.value.obstacles,
            read_device("utah"),
            r1,
            swaying,
            settings=Settings(),
        )


def test_every_source_of_error_is_listed_with_its_citation(rehearse):
    log = rehearse(surgeries=5).value
    assert len(log.error_sources) == 5
    assert all(one.source for one in log.error_sources)


def test_exact_interval_agrees_with_the_published_example():
    # Clopper and Pearson: 0 of 10 gives 0 to 0.3085; 5 of 10 gives 0.187 to 0.813.
    assert exact_interval(0, 10) == pytest.approx((0, 0.3085), abs=1e-4)
    assert exact_interval(5, 10) == pytest.approx((0.187, 0.813), abs=1e-3)
    assert exact_interval(0, 0) == (0, 1)


def test_headlines_carry_intervals(rehearse):
    made = {one.name: one for one in headlines(rehearse(surgeries=50).value)}
    figure = made["expected.mean_lateral_error"]
    assert figure.low < figure.value < figure.high
    assert made["inserted_fraction"].low < made["inserted_fraction"].value
