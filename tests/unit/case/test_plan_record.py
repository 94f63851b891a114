"""The plan, the map it was made on and the ground below come back from the disk as they went in."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np

from trephine.case.records import ground, obstacles, plan
from trephine.case.store import Case
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.formats.probe import read_probe
from trephine.model.ground import Ground, VesselsBefore
from trephine.model.obstacles import Obstacles, PlacementResult
from trephine.model.thread_plan import Thread, ThreadPlan


def _plan() -> ThreadPlan:
    thread = Thread(
        number=1,
        anchor=0,
        order=1,
        anchor_mm=(0.1, 0.2, 0.3),
        entry_mm=(1.0, 2.0, 3.0),
        tip_mm=(1.0, 2.0, -1.0),
        electrodes_mm=((1.0, 2.0, 0.0), (1.0, 2.0, 1.0)),
        clearance_um=None,
        margin_um=60.0,
        value=0.5,
        hit_probability=None,
        length_needed_mm=12.0,
    )
    return ThreadPlan(
        device="n1",
        vessels_from="nothing",
        threads_asked=64,
        threads=(thread,),
        objective=0.5,
        bound=1.0,
        gap_fraction=0.5,
        solver_status="optimal",
        candidate_count=9,
        candidate_spacing_um=100.0,
        spacing_um=300.0,
        smallest_spacing_um=None,
        smallest_clearance_um=None,
        crossings=0,
        under_laid=0,
    )


def _ground(maps: Obstacles) -> Ground:
    return Ground(
        scanner_from_implant=maps.scanner_from_implant,
        origin_mm=maps.origin_mm,
        pixel_mm=maps.pixel_mm,
        site_pixels=2,
        height_mm=maps.height_mm,
        sulcus=maps.sulcus,
        rim=[[False, True], [False, False]],
        normal=[[[0.0, 0.6, 0.8]]],
        value=[[1 / 3]],
        brain_share=[[0.9]],
        depth_mm=[[3.3]],
        grey_count=[[14.5]],
        thickness_mm=[[np.nan]],
        thickness_sd_mm=[[np.nan]],
        before=VesselsBefore(mask=maps.vessel, smallest_diameter_mm=0.6, registration_error_mm=1 / 3),
    )


def assert_same(one: object, other: object) -> None:
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    elif is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name))
    else:
        assert one == other


def test_plan_and_obstacles(case: Case, through) -> None:
    height = np.array([[1.5, np.nan], [0.0, 2.0]], dtype=np.float32)
    maps = Obstacles(
        scanner_from_implant=Affine(target=SCANNER, source=IMPLANT, matrix=np.eye(4)),
        origin_mm=np.array([-1.0, 1 / 3]),
        pixel_mm=0.1,
        vessel=[[True, False], [False, False]],
        sulcus=[[False, True], [False, False]],
        outside=[[False, False], [True, False]],
        height_mm=height,
    )
    below = _ground(maps)
    writer = through(
        PlacementResult(plan=_plan(), obstacles=maps, ground=below), plan.write, stage="placement"
    )
    kept = plan.read(case)
    assert kept.model_copy(update={"made_from": None}) == _plan()
    assert kept.made_from is not None
    assert kept.made_from.settings_sha256 == writer.settings_sha256
    assert_same(obstacles.read(case), maps)
    assert_same(ground.read(case), below)
    header, row = case.read_bytes("plan_table").decode().splitlines()
    cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert cells["entry_y_mm"] == "2.0"
    assert cells["clearance_um"] == "n/a"
    _check_probe(case)
    markups = case.read_json("plan_markups")
    assert markups["markups"][0]["coordinateSystem"] == "LPS"


def _check_probe(case: Case) -> None:
    probe = read_probe(case.path("plan_probe"))
    assert set(probe) == {"t01e01", "t01e02"}
    np.testing.assert_allclose(probe["t01e02"], [1.0, 2.0, 1.0], rtol=0, atol=1e-9)
