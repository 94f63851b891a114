"""Kill the run in every stage; the next run goes on, and ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

STAGES = ("imaging", "mapping", "screening", "opening", "placement", "insertion", "closure")


def _kill_in(study: Path, stage: str, *, after_lines: int) -> list[str]:
    """Run until so many progress lines of a stage were seen, then kill without warning."""
    words = [sys.executable, "-m", "trephine.cli.main", "run", str(study), "sub-01"]
    lines: list[str] = []
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.rstrip())
            seen = sum(text.startswith(f"{stage} ") and text.split()[1][0].isdigit() for text in lines)
            if seen >= after_lines:
                process.send_signal(signal.SIGKILL)
                break
        process.stderr.read()
    assert process.returncode == -signal.SIGKILL, "\n".join(lines)
    return lines


def _receipts(study: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of every receipt."""
    folder = study / "derivatives/trephine/sub-01/receipts"
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.glob("*.json")}


def _said_in_last_log(study: Path) -> dict[str, str]:
    logs = sorted(
        (study / "derivatives/trephine/sub-01/log").glob("*/run.json"), key=lambda p: p.stat().st_mtime_ns
    )
    return {stage["stage"]: stage["done"] for stage in json.loads(logs[-1].read_text())["stages"]}


def test_killed_in_every_stage_it_resumes_and_ends_the_same(
    small_study: Path,
    small_case: Path,
    copy_of: Callable[[Path], Path],
    results_of: Callable[[Path], dict[str, bytes]],
    run_trephine: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    study = copy_of(small_study)
    for number, stage in enumerate(STAGES):
        before = _receipts(study)
        lines = _kill_in(study, stage, after_lines=1 if number % 2 else 2)
        after = _receipts(study)
        assert {name: after[name] for name in before} == before, f"recomputed before {stage}"
        assert f"sub-01_desc-{stage}_summary.json" not in after
        assert len(after) == number
        assert sum(" fresh: " in line for line in lines) == max(number - 1, 0)
    before = _receipts(study)
    done = run_trephine("run", study, "sub-01", "--json")
    after = _receipts(study)
    assert {name: after[name] for name in before} == before
    assert _said_in_last_log(study) == dict.fromkeys(STAGES[:-1], "fresh") | {STAGES[-1]: "finished"}
    assert [stage["done"] for stage in json.loads(done.stdout)["stages"]] == ["fresh"] * 6 + ["finished"]
    leftovers = [path for path in (study / "derivatives").rglob("*") if ".partial" in path.name]
    assert leftovers == []
    ours, expected = results_of(study), results_of(small_case)
    assert list(ours) == list(expected)
    assert [name for name in ours if ours[name] != expected[name]] == []
