from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from trephine.case import audit, lock
from trephine.core.errors import CancelledError, ConfigError, InputError, NumericalError, StorageError


def test_everything_is_run_once_and_then_fresh(path3) -> None:
    path3.run()
    assert path3.ran == ["opening", "placement", "insertion"]
    assert path3.case.read_json("insertion") == {"text": "saaa"}
    before = path3.results()
    result = path3.run()
    assert path3.ran == []
    assert [stage.done for stage in result.stages] == ["fresh"] * 3
    assert path3.results() == before


def test_two_people_with_the_same_scans_get_the_same_bytes(path3, tmp_path) -> None:
    path3.run()
    first = path3.results()
    for path in sorted(path3.case.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    path3.run()
    assert path3.results() == first


def test_a_changed_scan_makes_everything_stale(path3) -> None:
    path3.run()
    (path3.case.study / "sub-01/anat/sub-01_T1w.nii.gz").write_text("t")
    result = path3.run()
    assert path3.ran == ["opening", "placement", "insertion"]
    assert result.stages[0].reason == "input bids::sub-01/anat/sub-01_T1w.nii.gz changed"
    assert result.stages[1].reason == "input opening changed"


def test_a_touched_scan_with_the_same_bytes_changes_nothing(path3) -> None:
    path3.run()
    os.utime(path3.case.study / "sub-01/anat/sub-01_T1w.nii.gz", (1, 1))
    path3.run()
    assert path3.ran == []


def test_a_setting_makes_its_stage_and_those_after_it_stale(path3) -> None:
    path3.run()
    result = path3.run("placement.word=b")
    assert path3.ran == ["placement", "insertion"]
    assert result.stages[1].reason == "setting placement.word changed from a to b"


def test_an_upstream_change_without_effect_stops_there(path3) -> None:
    path3.run("opening.times=1", "opening.word=''", "placement.times=1", "placement.word=''")
    path3.run("opening.times=1", "opening.word=''", "placement.times=1", "placement.word=''")
    assert path3.ran == []
    steps = (path3.steps[0], replace(path3.steps[1], version="2"), path3.steps[2])
    path3.steps = steps
    result = path3.run("opening.times=1", "opening.word=''", "placement.times=1", "placement.word=''")
    # Sidecars name the stage's version, so even equal results are other outputs.
    assert result.stages[1].reason == "the method changed from version 1 to 2"
    assert path3.ran == ["placement", "insertion"]


@pytest.mark.parametrize("damage", ["change", "delete", "sidecar", "receipt"])
def test_a_damaged_result_is_made_again(path3, damage) -> None:
    path3.run()
    before = path3.results()
    plan = path3.case.path("plan")
    if damage == "change":
        plan.write_bytes(b"{}")
    elif damage == "delete":
        plan.unlink()
    elif damage == "sidecar":
        plan.with_name(plan.name + ".sidecar.json").write_bytes(b"{}")
    else:
        receipt = path3.case.path("receipt", stage="placement")
        receipt.write_bytes(receipt.read_bytes().replace(b'"findings": []', b'"findings": [ ]'))
    path3.run()
    assert path3.ran == ["placement"]
    assert path3.results() == before


def test_from_runs_anew_and_to_stops(path3) -> None:
    path3.run(last="placement")
    assert path3.ran == ["opening", "placement"]
    result = path3.run(first="placement")
    assert path3.ran == ["placement", "insertion"]
    assert result.stages[1].reason == "asked for"
    with pytest.raises(ConfigError, match="one of opening, placement, insertion"):
        path3.run(last="nothing")


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(path3) -> None:
    result = path3.run(is_dry=True)
    assert [stage.done for stage in result.stages] == ["would run"] * 3
    assert not path3.case.derivatives.exists()
    path3.run()
    before = path3.results()
    result = path3.run("placement.word=b", is_dry=True)
    assert [stage.done for stage in result.stages] == ["fresh", "would run", "would run"]
    assert "upstream stage would run" in result.stages[2].reason
    assert path3.results() == before


def test_each_finished_stage_is_in_the_audit_with_its_receipt(path3) -> None:
    path3.run()
    entries = audit.read(path3.case)
    assert [entry.stage for entry in entries] == ["opening", "placement", "insertion"]
    assert entries[2].receipts == {step.name: path3.case.receipt_sha256(step.name) for step in path3.steps}


def test_the_log_keeps_settings_machine_and_events(path3) -> None:
    result = path3.run("placement.word=b")
    folder = path3.case.folder / "log" / str(result.run)
    assert 'word = "b"' in (folder / "settings.toml").read_text()
    about = json.loads((folder / "run.json").read_text())
    assert about["state"] == "done"
    assert about["versions"]["numpy"]
    assert [stage["done"] for stage in about["stages"]] == ["finished"] * 3
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert {"kind": "progress", "stage": "opening", "done": 0, "total": 2, "label": "reading"}.items() <= (
        events[1].items()
    )


def test_a_failing_stage_keeps_those_before_it_and_says_where_its_log_is(path3) -> None:
    def fail() -> None:
        raise NumericalError("no convergence")

    path3.during["placement"] = fail
    with pytest.raises(NumericalError) as caught:
        path3.run()
    assert caught.value.__notes__[0] == "in stage placement"
    assert caught.value.__notes__[1].startswith("the log of this run is ")
    path3.during.clear()
    path3.run()
    assert path3.ran == ["placement", "insertion"]


def test_ctrl_c_keeps_finished_stages_and_leaves_nothing_half_written(path3) -> None:
    path3.during["placement"] = lambda: os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(CancelledError, match="run again"):
        path3.run()
    logs = sorted(path3.case.folder.glob("log/*/run.json"))
    assert json.loads(logs[-1].read_text())["state"] == "cancelled"
    assert path3.case.receipt("placement") is None
    path3.during.clear()
    path3.run()
    assert path3.ran == ["placement", "insertion"]


def test_a_run_that_dies_before_its_renames_is_made_again(path3, monkeypatch) -> None:
    from trephine.case.store import Writer

    path3.run()
    before = path3.results()

    def die(_: Writer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "commit", die)
    with pytest.raises(CancelledError):
        path3.run("placement.word=b")
    monkeypatch.undo()
    path3.run()
    assert path3.ran == ["placement"]
    assert path3.results() == before


@pytest.mark.parametrize("rename", range(11))
def test_a_run_that_dies_at_any_rename_is_made_good_by_the_next(path3, monkeypatch, rename) -> None:
    path3.run()
    path3.run("placement.word=b")
    before = path3.results()
    path3.run()
    renames = []
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        renames.append(target)
        if len(renames) > rename + 2:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises((CancelledError, KeyboardInterrupt)):
        path3.run("placement.word=b")
    monkeypatch.undo()
    path3.run("placement.word=b")
    assert path3.results() == before


@pytest.mark.parametrize("free_kib", [0, 4, 8, 12, 16, 20, 24, 32, 40])
def test_a_full_disk_at_any_point_leaves_earlier_results_intact(
    path3, tiny_disk, fill_disk, free_kib
) -> None:
    disk = tiny_disk(400 * 1024)
    shutil.copytree(path3.case.study, disk / "study")
    path3.case = replace(path3.case, study=disk / "study")
    path3.run()
    before = path3.results()
    filler = fill_disk(disk, free_bytes=free_kib * 1024)
    with pytest.raises(StorageError, match="a full disk; expected free space"):
        path3.run(f"opening.word={'w' * 50_000}")
    assert {name: data for name, data in path3.results().items() if ".partial" not in name} == before
    filler.unlink()
    path3.run()
    assert path3.ran == []
    assert path3.results() == before


def test_a_second_run_at_the_same_time_is_refused(path3) -> None:
    with (
        lock.hold(path3.case.path("lock"), purpose="the first"),
        pytest.raises(StorageError, match="the first"),
    ):
        path3.run()
    assert path3.ran == []


def test_a_run_on_a_broken_audit_is_refused(path3) -> None:
    path3.run()
    path = path3.case.path("audit")
    path.write_bytes(path.read_bytes().replace(b"placement", b"plasement"))
    with pytest.raises(InputError, match=r"audit.jsonl, line 2"):
        path3.run()


def test_the_derivatives_say_what_they_are(path3) -> None:
    path3.run()
    about = json.loads((path3.case.derivatives / "dataset_description.json").read_text())
    assert about["DatasetType"] == "derivative"
    assert about["GeneratedBy"][0]["Name"] == "trephine"
    labels = (path3.case.derivatives / "descriptions.tsv").read_text().splitlines()
    assert labels[0] == "desc_id\tdescription"
    assert any(line.startswith("threads\t") for line in labels)
    assert "*/plan/" in (path3.case.derivatives / ".bidsignore").read_text()


def test_leftovers_of_a_killed_run_are_gone_after_the_next_even_when_all_is_fresh(path3) -> None:
    path3.run()
    before = path3.results()
    leftover = path3.case.folder / ".partial" / "plan" / "half.json"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    path3.run()
    assert path3.ran == []
    assert path3.results() == before
