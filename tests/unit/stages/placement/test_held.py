"""Locked threads: measured where they are, kept room around, and which to release when they do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.core.findings import Severity
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.formats.device_file import read_device, read_robot
from trephine.model.ground import Ground
from trephine.model.obstacles import Obstacles
from trephine.model.thread_plan import Thread
from trephine.stages.placement.candidates import candidates
from trephine.stages.placement.held import findings, held, room_beside
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.settings import Settings

PIXEL, HALF = 0.02, 1.0
MARGIN = Margins(
    vessel_mm=0.1, sulcus_mm=0.2, sd_mm=0.03, needle_radius_mm=0.012, common_mm=0.02, is_exact=True
)
N1 = read_device("n1")
POSE = Affine(
    target=SCANNER,
    source=IMPLANT,
    matrix=np.array([[0, -1, 0, 5.0], [1, 0, 0, -3.0], [0, 0, 1, 7.0], [0, 0, 0, 1]]),
)


def thread(number: int, x: float, y: float, *, anchor: tuple[float, float] = (0.0, 8.0)) -> Thread:
    at = [
        tuple(POSE(np.array([place]), frame=IMPLANT)[0]) for place in ((*anchor, 5), (x, y, 0), (x, y, -3.5))
    ]
    return Thread(
        number=number, anchor=number - 1, order=number, anchor_mm=at[0], entry_mm=at[1], tip_mm=at[2],
        electrodes_mm=(), clearance_um=None, margin_um=100.0, value=0.5, hit_probability=None,
        length_needed_mm=20.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def maps() -> tuple[Ground, Obstacles]:
    """A vessel along x = 0, a sulcus beyond y = 0.8, nothing to be judged beyond x = 0.8."""
    axis = np.arange(-HALF, HALF + PIXEL / 2, PIXEL)
    x, y = np.meshgrid(axis, axis)
    flat = np.zeros(x[::3, ::3].shape)
    ground = Ground(
        scanner_from_implant=POSE, origin_mm=np.full(2, -HALF), pixel_mm=PIXEL, site_pixels=3,
        height_mm=np.zeros(x.shape), sulcus=y > 0.8, rim=np.zeros(x.shape, dtype=bool),
        normal=np.broadcast_to([0.0, 0.0, 1.0], (*flat.shape, 3)),
        value=(x[::3, ::3] + 1) / 2, brain_share=flat + 1, depth_mm=flat + 3.5, grey_count=flat + 10,
        thickness_mm=flat + 2.5, thickness_sd_mm=flat + 0.3,
    )  # fmt: skip
    return ground, Obstacles(
        scanner_from_implant=POSE, origin_mm=np.full(2, -HALF), pixel_mm=PIXEL,
        vessel=np.abs(x) < PIXEL / 2, sulcus=y > 0.8, outside=x > 0.8, height_mm=np.zeros(x.shape),
    )  # fmt: skip


def said(maps, *threads, made=None):
    kept = held(threads, *maps, MARGIN)
    return {f.code: f for f in findings(kept, made or threads, POSE, MARGIN, N1)}, kept


def test_nothing_is_said_of_locks_that_fit(maps):
    found, kept = said(maps, thread(1, -0.5, 0.0), thread(2, 0.5, 0.0))
    assert found == {}
    np.testing.assert_allclose(kept.sites.vessel_mm, 0.5 - PIXEL * np.sqrt(0.5), atol=1e-9)
    np.testing.assert_allclose(kept.sites.value, [0.25, 0.75], atol=0.03)
    np.testing.assert_allclose(kept.sites.inward, [[0, 0, -1], [0, 0, -1]], atol=1e-12)
    np.testing.assert_allclose(kept.sites.depth_mm, 3.5)


def test_by_how_much_a_lock_is_too_near_a_vessel_and_which_locks_can_stay(maps):
    found, _ = said(maps, thread(1, -0.06, 0.0), thread(2, 0.5, 0.0), thread(7, -0.5, 0.0))
    told = found["LOCK_BREAKS_LIMIT"]
    assert told.severity is Severity.BLOCK
    assert told.value == 1
    # 60 um to the vessel's pixel, less half its diagonal: 54 um short of 100.
    assert "threads 1 (by 54 um) lie nearer to a vessel" in told.message
    release = found["LOCKS_TO_RELEASE"]
    assert release.severity is Severity.WARN
    assert release.message.endswith(
        "Release locked threads 1 (they break a limit): plan again with --lock 2,7."
    )


@pytest.mark.parametrize(
    ("threads", "words"),
    [
        ((thread(4, 0.5, 0.7),), "4 (by 114 um) lie nearer to a sulcus"),
        ((thread(4, 0.9, 0.0),), "4 lie where no thread may go"),
        ((thread(4, 5.0, 0.0),), "4 lie where no thread may go"),
        (
            (thread(4, 0.5, 0.0), thread(5, 0.5, 0.25)),
            "4 (by 50 um), 5 (by 50 um) lie nearer to another locked",
        ),
    ],
)
def test_every_limit_is_named_with_what_is_lacking(maps, threads, words):
    kept = held(threads, *maps, MARGIN)
    told = list(findings(kept, threads, POSE, MARGIN, N1))
    assert any(words in finding.message for finding in told), told
    assert "plan again without --lock." in told[-1].message


def test_of_crossing_threads_the_lock_in_most_crossings_goes(maps):
    locked = (thread(1, -0.5, 0.5, anchor=(-8, 0)), thread(2, 0.5, -0.5, anchor=(8, 0)))
    # Thread 2's line is crossed by two free threads, thread 1's by none.
    free = (thread(3, 0.6, 0.4, anchor=(3, -8)), thread(4, 0.7, 0.5, anchor=(4, -8)))
    found, _ = said(maps, *locked, made=(*locked, *free))
    assert "2 (other threads cross them): plan again with --lock 1." in found["LOCKS_TO_RELEASE"].message
    assert "LOCK_BREAKS_LIMIT" not in found


def test_free_threads_that_cross_each_other_release_no_lock(maps):
    locked = (thread(1, -0.5, 0.5, anchor=(-8, 0)),)
    free = (thread(3, 0.6, 0.4, anchor=(3, -8)), thread(4, 0.3, -0.4, anchor=(4, 8)))
    crossing = (thread(5, 0.5, -0.2, anchor=(8, 0.4)),)
    assert said(maps, *locked, made=(*locked, *free, *crossing))[0] == {}


def test_room_about_a_lock_and_its_line_is_left_free(maps):
    ground, obstacles = maps
    kept = held((thread(1, -0.5, 0.0, anchor=(-0.5, 8.0)),), ground, obstacles, MARGIN)
    sites = candidates(ground, obstacles, MARGIN, read_robot("r1"), Settings())
    anchors = np.array([[-0.5, 8.0, 5.0]])
    left = room_beside(sites, kept, anchors, 0.3, Settings())
    away = left.xy_mm - (-0.5, 0.0)
    assert np.hypot(*away.T).min() >= 0.3 - 1e-9
    beside = away[:, 1] > 0
    assert np.abs(away[beside, 0]).min() >= 0.1
    assert np.abs(away[~beside & (away[:, 1] < -0.31), 0]).min() < 0.03
    assert left.refused["locked threads"] == len(sites.value) - len(left.value) > 0
