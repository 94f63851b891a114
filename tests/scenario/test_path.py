"""One person's case through the command line: run, look, approve, change, tamper, refuse."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trephine.cli.main import call

STAGES = ("imaging", "mapping", "screening", "opening", "placement", "insertion", "closure")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    """Run a command in this process and return its exit code and JSON document."""

    def run(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = call([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def _stage(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(stage for stage in document["stages"] if stage["stage"] == name)


def test_status_gathers_states_findings_figures_and_paths(small_case: Path, said) -> None:
    code, document = said("status", small_case, "sub-01")
    assert code == 0
    assert [stage["stage"] for stage in document["stages"]] == list(STAGES)
    assert document["is_complete"]
    assert (small_case / document["report"]).is_file()
    for stage in document["stages"]:
        assert stage["headlines"], stage["stage"]
        receipt = json.loads((small_case / stage["summary"]).read_text())
        assert receipt["findings"] == stage["findings"]
        assert all(headline["unit"] for headline in stage["headlines"])


def test_approve_then_change_upstream_then_tamper(
    small_case: Path, copy_of: Callable[[Path], Path], said
) -> None:
    study = copy_of(small_case)
    code, document = said("approve", study, "sub-01", "placement", "--as", "Dr A")
    assert code == 3
    assert "waiting for approval: registration" in document["error"]["message"]
    _, document = said("status", study, "sub-01")
    for stage in document["stages"]:
        for name in stage["registrations"]:
            words = ["approve", study, "sub-01", stage["stage"], "--registration", name, "--as", "Dr A"]
            assert said(*words)[0] == 0
    code, entry = said("approve", study, "sub-01", "placement", "--as", "Dr A", "--note", "agreed")
    assert (code, entry["act"], entry["who"]) == (0, "approved", "Dr A")
    _, document = said("status", study, "sub-01")
    assert _stage(document, "placement")["approval"]["state"] == "approved"
    words = ["--to", "opening", "--set", "opening.durectomy_limit_mm=6.5"]
    code, document = said("run", study, "sub-01", *words)
    assert code in (0, 4)
    assert [stage["done"] for stage in document["stages"]] == ["fresh"] * 3 + ["finished"]
    _, document = said("status", study, "sub-01")
    approval = _stage(document, "placement")["approval"]
    assert (approval["state"], approval["reason"]) == ("void", "opening changed since")
    assert _stage(document, "placement")["state"] == "stale"
    code, document = said("audit", study)
    assert (code, document["is_intact"]) == (0, True)
    path = study / "derivatives/trephine/sub-01/audit.jsonl"
    line = (
        path.read_bytes()
        .splitlines()
        .index(next(text for text in path.read_bytes().splitlines() if b"Dr A" in text))
    )
    path.write_bytes(path.read_bytes().replace(b"Dr A", b"Dr B"))
    for words in (["audit", study], ["status", study, "sub-01"], ["run", study, "sub-01"]):
        code, document = said(*words)
        assert code == 3
        assert f"audit.jsonl, line {line + 1}: found" in document["error"]["message"]


def test_a_dry_run_and_a_second_run_do_nothing(
    small_case: Path, copy_of: Callable[[Path], Path], results_of, said
) -> None:
    study = copy_of(small_case)
    before = results_of(study)
    _, document = said("run", study, "sub-01", "--dry-run")
    assert [stage["done"] for stage in document["stages"]] == ["fresh"] * len(STAGES)
    _, document = said("run", study, "sub-01")
    assert [stage["done"] for stage in document["stages"]] == ["fresh"] * len(STAGES)
    assert results_of(study) == before


def test_the_seated_implants_heat_is_told_and_judged(
    small_case: Path, small_study: Path, said, results_of
) -> None:
    before = results_of(small_case)
    quick = ("--set", "closure.draws=3", "--set", "closure.fine_mm=1.5", "--set", "closure.draw_mm=3")
    code, told = said("heat", small_case, "sub-01", "--power-mw", 10, *quick)
    assert code == 0
    assert told["imbalance_fraction"] <= 1e-6
    assert {each["tissue"] for each in told["hottest"]} == {"scalp", "bone", "csf", "grey", "white"}
    assert all(each["low_mw"] < each["high_mw"] for each in told["allowed"])
    code, hot = said("heat", small_case, "sub-01", "--power-mw", 1000, *quick)
    assert code == 4
    assert "IMPLANT_TOO_WARM" in {finding["code"] for finding in hot["findings"]}
    assert hot["hottest"] == told["hottest"]
    assert results_of(small_case) == before
    code, refused = said("heat", small_study, "sub-01")
    assert code == 3
    assert "--to opening" in refused["error"]["message"]


def test_ctrl_c_exits_130_and_keeps_the_last_result(
    small_case: Path, copy_of: Callable[[Path], Path], results_of
) -> None:
    study = copy_of(small_case)
    before = results_of(study)
    words = [sys.executable, "-m", "trephine.cli.main", "run", str(study), "sub-01", "--from", "insertion"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("insertion 0/"):
                process.send_signal(signal.SIGINT)
                break
        message = process.stderr.read()
    assert process.returncode == 130, message
    assert "Stopped. Finished stages stay" in message
    assert results_of(study) == before


def test_an_unknown_setting_exits_2_with_a_suggestion(small_case: Path, said) -> None:
    code, document = said("run", small_case, "sub-01", "--set", "placment.seed=1")
    assert code == 2
    assert "Did you mean 'placement'?" in document["error"]["message"]


def test_a_read_only_disk_is_refused_and_can_still_be_read(
    small_case: Path, copy_of, results_of, tiny_disk, said
) -> None:
    study = copy_of(small_case)
    disk = tiny_disk(_size(study) * 2)
    subprocess.run(["cp", "-a", str(study), str(disk / "study")], check=True)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    before = results_of(disk / "study")
    code, document = said("run", disk / "study", "sub-01", "--from", "opening")
    assert code == 3
    assert "found a read-only disk; expected a disk that may be written to" in document["error"]["message"]
    code, document = said("status", disk / "study", "sub-01")
    assert (code, document["is_complete"]) == (0, True)
    assert results_of(disk / "study") == before


def test_a_full_disk_is_refused_and_nothing_is_lost(
    small_case: Path, copy_of, results_of, tiny_disk, fill_disk, said
) -> None:
    study = copy_of(small_case)
    disk = tiny_disk(_size(study) * 2)
    subprocess.run(["cp", "-a", str(study), str(disk / "study")], check=True)
    before = results_of(disk / "study")
    filler = fill_disk(disk, free_bytes=24 * 1024)
    code, document = said("run", disk / "study", "sub-01", "--from", "opening", "--to", "opening")
    assert code == 3
    assert "found a full disk; expected free space" in document["error"]["message"]
    filler.unlink()
    code, document = said("run", disk / "study", "sub-01")
    assert [stage["done"] for stage in document["stages"]] == ["fresh"] * len(STAGES)
    assert results_of(disk / "study") == before


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) + (8 << 20)
