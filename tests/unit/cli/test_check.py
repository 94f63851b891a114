from __future__ import annotations

import json
from pathlib import Path

import pytest

from trephine.cli.main import call


def _check(study: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    code = call(["check", str(study), *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_good_study_is_accepted_and_described(tiny_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = _check(tiny_study, capsys)
    assert code == 0
    person = document["participants"][0]
    assert person["problem"] is None
    assert person["found"]["T1w"] == "20x20x20 voxels of 8.00 x 8.00 x 8.00 mm"
    assert person["found"]["BOLD"] == "task-hand: 30 volumes, 6 events"
    assert not (tiny_study / "derivatives").exists()


def test_one_bad_person_is_named_and_the_others_are_still_checked(
    tiny_study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tiny_study / "sub-00" / "anat").mkdir(parents=True)
    code, document = _check(tiny_study, capsys)
    assert code == 3
    problems = {person["subject"]: person["problem"] for person in document["participants"]}
    assert problems["sub-01"] is None
    assert "sub-00/func: found no BOLD run" in problems["sub-00"]["message"]
    assert _check(tiny_study, capsys, "sub-01")[0] == 0


def test_words_for_people(tiny_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["check", str(tiny_study)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("sub-01: accepted\n")
    assert captured.err == "check 0/1 sub-01\n"


def test_a_setting_chooses_between_two_t1(tiny_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = tiny_study / "sub-01/anat/sub-01_T1w.nii.gz"
    first.with_name("sub-01_run-2_T1w.nii.gz").write_bytes(first.read_bytes())
    assert _check(tiny_study, capsys)[0] == 3
    code, document = _check(tiny_study, capsys, "--set", "input.t1w=sub-01_run-2_T1w.nii.gz")
    assert (code, document["participants"][0]["problem"]) == (0, None)


def test_an_unknown_setting_is_wrong_usage(tiny_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = _check(tiny_study, capsys, "--set", "input.flair=x")
    assert (code, document["error"]["kind"]) == (2, "ConfigError")
