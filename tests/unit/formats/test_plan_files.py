"""Plans in other programs' files: positions come back within a nanometre, wrong files are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trephine.core.errors import FormatError
from trephine.formats.markups import plan_bytes
from trephine.formats.probe import probe_bytes, read_probe
from trephine.formats.rosa import read_rosa
from trephine.formats.trajectories import read_trajectories
from trephine.model.thread_plan import Thread, ThreadPlan

NM_IN_MM = 1e-6
RNG = np.random.default_rng(5)


def made(count: int = 5) -> ThreadPlan:
    threads = []
    for number in range(1, count + 1):
        places = [tuple(place) for place in RNG.uniform(-90, 90, (4, 3)).tolist()]
        threads.append(
            Thread(
                number=number, anchor=number, order=number, anchor_mm=places[0], entry_mm=places[1],
                tip_mm=places[2], electrodes_mm=(places[2], places[3]), clearance_um=None, margin_um=50,
                value=1, hit_probability=None, length_needed_mm=12,
            )
        )  # fmt: skip
    return ThreadPlan(
        device="N1", vessels_from="nothing", threads_asked=count, threads=tuple(threads), objective=1,
        bound=1, gap_fraction=0, solver_status="optimal", candidate_count=1, candidate_spacing_um=100,
        spacing_um=300, smallest_spacing_um=None, smallest_clearance_um=None, crossings=0, under_laid=0,
        thread_width_um=84.0,
    )  # fmt: skip


def farthest(plan, lines):
    told = [(line.entry_mm, line.tip_mm) for line in lines]
    kept = [(thread.entry_mm, thread.tip_mm) for thread in plan.threads]
    return np.abs(np.array(told) - np.array(kept)).max()


def test_our_json_comes_back_to_the_bit():
    plan = made()
    assert ThreadPlan.model_validate_json(plan.model_dump_json()) == plan


def test_markups_come_back_within_a_nanometre(tmp_path):
    plan, path = made(), tmp_path / "plan.mrk.json"
    path.write_bytes(plan_bytes(plan))
    assert farthest(plan, read_trajectories(path, centre_mm=np.zeros(3))) < NM_IN_MM
    # The sign of LPS is what makes them the same place.
    turned = json.loads(path.read_text().replace('"LPS"', '"RAS"'))
    path.write_text(json.dumps(turned))
    assert farthest(plan, read_trajectories(path, centre_mm=np.zeros(3))) > 1


def test_probe_geometry_comes_back_within_a_nanometre(tmp_path):
    plan, path = made(), tmp_path / "probe.json"
    path.write_bytes(probe_bytes(plan))
    told = read_probe(path)
    assert list(told) == [f"t{n:02d}e{k:02d}" for n in range(1, 6) for k in (1, 2)]
    kept = np.array([place for thread in plan.threads for place in thread.electrodes_mm])
    assert np.abs(np.array(list(told.values())) - kept).max() < NM_IN_MM


@pytest.mark.parametrize(
    ("field", "value"),
    [("si_units", "mm"), ("ndim", 2), ("contact_ids", ["a"] * 10), ("contact_ids", ["a"])],
)
def test_another_probe_is_refused(field, value, tmp_path):
    document = json.loads(probe_bytes(made()))
    document["probes"][0][field] = value
    path = tmp_path / "probe.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FormatError):
        read_probe(path)


ROS = """[SERIE_UID]
1.2.3
[TRAJECTORY]
2
hand_1 0 255 1 10.5 -20.25 30.0 1 9.5 -20.25 26.5 3.5 0.1
hand_2 0 255 1 1e1 2 3 1 10 2 -1.5 4.5 0.1
[END]
"""


def test_rosa_counts_in_lps_from_the_centre(tmp_path):
    path = tmp_path / "case.ros"
    path.write_text(ROS)
    first, second = read_rosa(path, centre_mm=np.array([1.0, 2.0, 3.0]))
    assert first.name == "hand_1"
    np.testing.assert_allclose(first.entry_mm, [-9.5, 22.25, 33.0])
    np.testing.assert_allclose(first.tip_mm, [-8.5, 22.25, 29.5])
    np.testing.assert_allclose(second.entry_mm, [-9.0, 0.0, 6.0])


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("[TRAJECTORY]", "[ELLIPS]", "TRAJECTORY"),
        ("1 9.5 -20.25 26.5", "0 9.5 -20.25 26.5", "line 5"),
        ("10.5 -20.25 30.0", "10.5 -20.25", "line 5"),
        ("10.5 -20.25 30.0", "10.5 nan 30.0", "line 5"),
    ],
)
def test_a_broken_rosa_plan_is_refused_with_its_line(was, now, told, tmp_path):
    path = tmp_path / "case.ros"
    path.write_text(ROS.replace(was, now))
    with pytest.raises(FormatError, match=told):
        read_rosa(path, centre_mm=np.zeros(3))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FormatError, match="markups"):
        read_trajectories(tmp_path / "plan.txt", centre_mm=np.zeros(3))
