"""Slicer markups: LPS outside, RAS+ inside."""

import json

import numpy as np
import pytest

from trephine.core.errors import FormatError, InputError
from trephine.core.frames import SCANNER
from trephine.formats.markups import SCHEMA, Markup, markups_bytes, plan_bytes, read_markups
from trephine.model.thread_plan import Thread, ThreadPlan

THREAD = Thread(
    number=7, anchor=0, order=1, anchor_mm=(0, 0, 9), entry_mm=(30, -20, 55), tip_mm=(29, -19, 51.5),
    electrodes_mm=(), clearance_um=None, margin_um=50, value=1, hit_probability=None, length_needed_mm=12,
)  # fmt: skip
PLAN = ThreadPlan(
    device="N1", vessels_from="nothing", threads_asked=1, threads=(THREAD,), objective=1, bound=1,
    gap_fraction=0, solver_status="optimal", candidate_count=1, candidate_spacing_um=100, spacing_um=300,
    smallest_spacing_um=None, smallest_clearance_um=None, crossings=0, under_laid=0,
)  # fmt: skip


def test_a_thread_is_a_line_in_lps() -> None:
    document = json.loads(plan_bytes(PLAN))
    assert document["@schema"] == SCHEMA
    line = document["markups"][0]
    assert (line["type"], line["coordinateSystem"], line["coordinateUnits"]) == ("Line", "LPS", "mm")
    assert line["name"] == "thread 07"
    assert [point["position"] for point in line["controlPoints"]] == [[-30, 20, 55], [-29, 19, 51.5]]


def test_points_in_ras_are_read_as_they_are(tmp_path) -> None:
    point = {"label": "F-1", "position": [1, 2, 3]}
    nodes = [{"type": "Fiducial", "coordinateSystem": "RAS", "controlPoints": [point]}]
    path = tmp_path / "a.mrk.json"
    path.write_text(json.dumps({"markups": nodes}))
    (markup,) = read_markups(path)
    assert (markup.kind, markup.labels, markup.positions_mm.tolist()) == ("points", ("F-1",), [[1, 2, 3]])


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"type": "ROI"}, "Fiducial, Line"),
        ({"type": "Line", "coordinateUnits": "um"}, "mm"),
        ({"type": "Line", "coordinateSystem": "IJK"}, "LPS or RAS"),
        ({"type": "Fiducial", "controlPoints": [{"label": "a"}]}, "without a position"),
        ({"type": "Fiducial", "controlPoints": [{"position": ["a", 1, 2]}]}, "without a position"),
        ({"type": "Fiducial", "controlPoints": [7]}, "without a position"),
    ],
)
def test_what_is_not_understood_is_refused(node, words, tmp_path) -> None:
    path = tmp_path / "a.mrk.json"
    path.write_text(json.dumps({"markups": [node]}))
    with pytest.raises(FormatError, match=words) as caught:
        read_markups(path)
    assert "a.mrk.json, markups[0]" in str(caught.value)


def test_a_file_without_markups_is_refused(tmp_path) -> None:
    path = tmp_path / "a.mrk.json"
    path.write_text("{}")
    with pytest.raises(FormatError, match="list of markups"):
        read_markups(path)


def test_lines_and_curves_have_points_enough_and_positions_are_finite() -> None:
    for kind, positions in (
        ("line", np.zeros((3, 3))),
        ("points", np.array([[np.nan, 0, 0]])),
        ("curve", np.zeros((1, 3))),
        ("closed curve", np.zeros((2, 3))),
    ):
        labels = tuple("abc"[: len(positions)])
        with pytest.raises(InputError, match="finite positions"):
            Markup(kind=kind, name="m", positions_mm=positions, labels=labels, frame=SCANNER)


def test_zero_is_written_without_a_sign() -> None:
    markup = Markup(kind="points", name="m", positions_mm=np.zeros((1, 3)), labels=("a",), frame=SCANNER)
    assert b"-0.0" not in markups_bytes([markup]).split(b'"orientation"')[0]
