"""The benchmark of imaging: its clock, its rows, and what it says without a peer."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from trephine.core.frames import SCANNER
from trephine.formats.nifti import image_bytes
from trephine.model.volume import Grid, Volume
from trephine.pipeline.request import Event

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delenv("TREPHINE_BENCH_PEER_PYTHON", raising=False)
    return load("imaging")


def clocked(bench: ModuleType, monkeypatch: pytest.MonkeyPatch):
    """Return the clock of a run in which every step takes 2 s, but head motion 3 times 2 s."""
    ticks = iter(range(0, 1000, 2))
    monkeypatch.setattr(bench.time, "perf_counter", lambda: next(ticks))
    work = iter(range(0, 1000, 3))
    monkeypatch.setattr(bench.time, "process_time", lambda: next(work))
    clock = bench.Clock()
    labels = {
        "imaging": ("shading", "template, affine", "inside of the skull", "tissue", "done"),
        "mapping": ("run-1: head motion",) * 3 + ("run-1: registration to the T1",),
        "screening": ("measuring",),
    }
    for stage, steps in labels.items():
        clock.tell(Event(stage=stage, kind="started", label=""))
        for label in steps:
            clock.tell(Event(stage=stage, kind="progress", label=label))
        clock.tell(Event(stage=stage, kind="finished", label=""))
    return clock


def test_the_clock_adds_what_lies_between_events(bench, monkeypatch) -> None:
    clock = clocked(bench, monkeypatch)
    assert clock.of(("head motion",)) == 6
    assert clock.of(bench.STEPS_OF["template"][1]) == 4
    assert clock.of(("no such step",)) == 0
    assert clock.stages == {"imaging": 12, "mapping": 10, "screening": 4}
    assert clock.cpu == {"imaging": 3, "mapping": 3, "screening": 3}  # read where a stage starts and ends


def test_steps_of_the_peer_stand_beside_ours(bench, monkeypatch, tmp_path) -> None:
    clock = clocked(bench, monkeypatch)
    monkeypatch.setattr(bench, "ours", lambda study: clock)
    times = {"shading": 4.0, "template": 8.0, "motion": 60.0}
    cpu = {"recommended": {"shading": 5.0, "motion": 13.0}, "fast": {"motion": 4.5}}
    peer = {"version": "1", "recommended": times, "fast": {"motion": 3.0}, "cpu": cpu}
    rows = {(row.figure, row.peer_name): row for row in bench._case(tmp_path, "work", peer)}
    assert rows["head motion of the BOLD run", "ANTs, recommended"].ratio == 0.1
    assert rows["head motion of the BOLD run", "ANTs, fast"].ratio == 2.0
    both = rows["all steps that both do", "ANTs, recommended"]
    assert (both.ours, both.peer) == (12, 72)
    assert ("tissue, and our surfaces with it", "ANTs, recommended") not in rows
    work = "the three stages against the peer's steps alone, processor time"
    assert (rows[work, "ANTs, recommended"].ratio, rows[work, "ANTs, fast"].ratio) == (0.5, 2.0)
    assert rows["processor time of the three stages", None].ours == 9
    assert rows["time of the three stages (within the bar of 180 s)", None].ours == 26


def test_without_a_peer_the_row_says_how_to_get_one(bench, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    assert bench.peer_times(tmp_path, tmp_path) is None
    clock = clocked(bench, monkeypatch)
    monkeypatch.setattr(bench, "ours", lambda study: clock)
    last = list(bench._case(tmp_path, "work", None, last=True))[-1]
    assert last.peer is None
    assert "requirements-peers.txt" in last.note
    assert "antspyx==" in (BENCHMARKS / "requirements-peers.txt").read_text()


def test_the_peer_is_another_process_with_its_own_packages(bench, monkeypatch, tmp_path) -> None:
    """A made-up peer stands in for ANTs: it is given the files, two threads, and nothing of ours."""
    study = tmp_path / "study" / "sub-01"
    for folder in ("anat", "func"):
        (study / folder).mkdir(parents=True)
    image = image_bytes(np.zeros((2, 2, 2), np.float32), np.eye(4))
    (study / "anat" / "sub-01_T1w.nii.gz").write_bytes(image)
    (study / "func" / "sub-01_task-hand_bold.nii.gz").write_bytes(image)
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers" / "ants_imaging.py").write_text(
        "import json, os, sys\n"
        "job = json.load(open(sys.argv[1]))\n"
        "job['threads'] = os.environ['ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS']\n"
        "job['path'] = os.environ.get('PYTHONPATH', '')\n"
        "print(json.dumps(job))\n"
    )
    small = Volume(
        values=np.ones((2, 2, 2), np.float32),
        grid=Grid(shape=(2, 2, 2), affine_mm=np.eye(4), frame=SCANNER),
        unit="1",
    )
    template = type("Template", (), {"t1": small, "grey": small, "white": small})
    monkeypatch.setattr(bench, "read_template", lambda: template)
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    monkeypatch.setenv("TREPHINE_BENCH_PEER_PYTHON", sys.executable)
    told = bench.peer_times(tmp_path / "study", tmp_path)
    assert (told["threads"], told["path"], told["angio"], told["volumes"]) == ("2", "", None, 27)
    assert Path(told["t1"]).name == "sub-01_T1w.nii.gz"
    assert told["settings"] == ["recommended", "fast"]
    monkeypatch.setenv("TREPHINE_BENCH_PARTS", "angiogram,fast")
    assert bench.peer_times(tmp_path / "study", tmp_path)["settings"] == ["fast"]
    monkeypatch.setenv("TREPHINE_BENCH_PARTS", "plain")
    assert bench.peer_times(tmp_path / "study", tmp_path) is None


def test_the_real_person_is_looked_for_where_it_is_said(monkeypatch, tmp_path) -> None:
    person = load("_person")
    monkeypatch.setenv("TREPHINE_BENCH_DATA", str(tmp_path))
    assert person.real_study() is None
    (tmp_path / "imaging" / "bids-hand" / "sub-01").mkdir(parents=True)
    assert person.real_study() == tmp_path / "imaging" / "bids-hand"
