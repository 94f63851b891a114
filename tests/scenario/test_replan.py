"""Planning again on a picture through the command line: what is written, kept, refused and approved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from trephine.cli.main import call
from trephine.formats.live_picture import read_live_picture
from trephine.model.live_picture import LivePicture
from trephine.pipeline import replan as pipeline


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run a command in this process and return its exit code and JSON document."""

    def run(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = call([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def frame_of(study: Path, folder: Path) -> Path:
    """Copy the study's own live view with its sidecar."""
    for ending in ("png", "json"):
        shutil.copy(next(study.glob(f"sub-01/micr/*.{ending}")), folder / f"frame.{ending}")
    return folder / "frame.png"


def case_of(study: Path) -> Path:
    return study / "derivatives" / "trephine" / "sub-01"


def states_of(study: Path, said) -> dict[str, str]:
    _, status = said("status", study, "sub-01")
    assert status["is_complete"]
    return {stage["stage"]: stage["state"] for stage in status["stages"]}


def test_two_plans_on_pictures_follow_each_other_and_wait_for_a_person(
    small_case: Path, copy_of: Callable[[Path], Path], results_of, tmp_path: Path, said
) -> None:
    study = copy_of(small_case)
    frame = frame_of(study, tmp_path)
    before = results_of(study)
    _, first = said("replan", study, "sub-01", "--image", frame)
    _, second = said("replan", study, "sub-01", "--image", frame, "--lock", "1")
    assert (first["follows"], second["follows"]) == ("placement", "replan1")
    assert sum(first["steps_s"].values()) <= first["duration_s"] + 0.05
    # The second picture is laid on the first one's vessels: its error holds the first one's.
    assert first["place"]["laid_by"] == second["place"]["laid_by"] == "earlier picture"
    assert second["place"]["error_mm"] > first["place"]["error_mm"]
    assert {name: data for name, data in results_of(study).items() if name in before} == before
    _check_pages(first, second)
    _check_log(study, second)
    _, document = said("replan", study, "sub-01", "--image", frame, "--lock", "999")
    assert "thread 999 that replan2 has not" in document["error"]["message"]
    _check_rehearsed(study, results_of, second, said)
    assert second["inputs"]["given:picture"] == sha256(frame.read_bytes()).hexdigest()
    _check_tampered(study, said)
    _check_made_on_another_placement(study, frame, said)


def _check_pages(first: dict[str, Any], second: dict[str, Any]) -> None:
    for told in (first, second):
        plan = json.loads(Path(told["plan"]).read_text())
        assert len(plan["threads"]) == told["threads_placed"]
        page = Path(told["page"]).read_text()
        assert page.count("<circle") == len(plan["threads"]) + first["threads_placed"]
        assert f"{plan['bound']:.3f}" in page
        assert told["inputs"]["placement"] in page
    assert "No thread was locked." in Path(first["page"]).read_text()
    assert "Locked threads: 1." in Path(second["page"]).read_text()
    assert "Follows replan1, on the picture frame.png" in Path(second["page"]).read_text()


def _check_log(study: Path, second: dict[str, Any]) -> None:
    """Every run has its log, and the audit names it and everything upstream."""
    entries = [json.loads(line) for line in (case_of(study) / "audit.jsonl").read_text().splitlines()]
    noted = {entry["stage"]: entry for entry in entries if entry["stage"].startswith("replan")}
    assert sorted(noted) == ["replan1", "replan2"]
    assert {"imaging", "placement", "replan2"} <= set(noted["replan2"]["receipts"])
    about = json.loads((case_of(study) / "log" / noted["replan2"]["run"] / "run.json").read_text())
    assert about["state"] == "done"
    assert about["stages"][0]["stage"] == "replan2"
    assert set(about["stages"][0]["steps_s"]) == set(second["steps_s"])


def _check_rehearsed(study: Path, results_of, second: dict[str, Any], said) -> None:
    """A rehearsal leaves plans alone, and is of that plan."""
    code, refused = said("rehearse", study, "sub-01", "replan9")
    assert code == 3
    assert "replan1, replan2" in refused["error"]["message"]
    assert said("rehearse", study, "sub-01", "placement")[0] == 2
    before = results_of(study)
    _, rehearsed = said("rehearse", study, "sub-01", "replan2", "--set", "insertion.surgeries=20")
    assert rehearsed["stage"] == "rehearsal2"
    assert rehearsed["threads_planned"] == second["threads_placed"]
    assert 0 < rehearsed["threads_inserted"] <= rehearsed["threads_planned"]
    assert {name: data for name, data in results_of(study).items() if name in before} == before
    states = states_of(study, said)
    assert (states["replan1"], states["replan2"], states["rehearsal2"]) == ("fresh",) * 3


def _check_tampered(study: Path, said) -> None:
    """A changed picture, kept among the results, makes plan and rehearsal stale and bars approval."""
    kept = case_of(study) / "replan" / "sub-01_run-2_desc-picture_photo.png"
    kept.write_bytes(kept.read_bytes() + b" ")
    code, refused = said("approve", study, "sub-01", "replan2", "--as", "Dr A")
    assert code == 3
    assert "changed by something else" in refused["error"]["message"]
    states = states_of(study, said)
    assert (states["replan1"], states["replan2"], states["rehearsal2"]) == ("fresh", "stale", "stale")


def _check_made_on_another_placement(study: Path, frame: Path, said) -> None:
    """A plan made on another placement than the present one is not followed."""
    receipt = case_of(study) / "receipts" / "sub-01_desc-replan2_summary.json"
    values = json.loads(receipt.read_text())
    values["inputs"]["placement"] = "0" * 64
    receipt.write_text(json.dumps(values))
    _, document = said("replan", study, "sub-01", "--image", frame, "--lock", "999")
    assert "thread 999 that replan1 has not" in document["error"]["message"]


def _still_written(path: Path) -> LivePicture:
    """Read a picture that a microscope goes on writing."""
    picture = read_live_picture(path, scale_um=None)
    with path.open("ab") as stream:
        stream.write(b"more")
    return picture


def test_what_is_refused_leaves_no_plan_and_a_log(
    small_case: Path, copy_of: Callable[[Path], Path], results_of, tmp_path: Path, said, monkeypatch
) -> None:
    study = copy_of(small_case)
    frame = frame_of(study, tmp_path)
    before = results_of(study)
    cut = tmp_path / "cut.png"
    cut.write_bytes(frame.read_bytes()[:-3000])
    shutil.copy(frame.with_suffix(".json"), cut.with_suffix(".json"))
    for words, told in (
        (["--image", cut], "cannot be read"),
        (["--image", frame, "--lock", "999"], "thread 999"),
        (["--image", frame, "--lock", "1,1"], "twice"),
        (["--image", frame, "--set", "placement.pixel_mm=0.03"], "another value than the earlier plan"),
        (["--image", frame, "--watch", tmp_path], "both"),
        ([], "neither"),
        (["--watch", tmp_path / "none"], "no such folder"),
    ):
        code, document = said("replan", study, "sub-01", *words)
        assert code in (2, 3), words
        assert told in document["error"]["message"], words
    assert results_of(study) == before
    monkeypatch.setattr(pipeline, "read_live_picture", lambda path, **_: _still_written(path))
    code, document = said("replan", study, "sub-01", "--image", frame)
    assert "changes while it is read" in document["error"]["message"]
    assert results_of(study) == before
    monkeypatch.undo()
    states = [json.loads(path.read_text())["state"] for path in case_of(study).glob("log/*/run.json")]
    assert states.count("failed") == 5
    # A placement made again since is followed; a receipt that the audit does not know is not.
    receipt = case_of(study) / "receipts" / "sub-01_desc-placement_summary.json"
    receipt.write_text(receipt.read_text().replace('"schema_version": 1', '"schema_version":  1', 1))
    code, document = said("replan", study, "sub-01", "--image", frame)
    assert code == 3
    assert "another receipt of placement" in document["error"]["message"]
