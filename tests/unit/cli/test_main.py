from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trephine.cli import init
from trephine.cli.main import call
from trephine.core.errors import CancelledError

COMMANDS = ("init", "check", "run", "status", "report", "approve", "audit", "demo", "phantom", "bench")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_has_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["nothing"], ["check"], ["check", "x", "--wrong"], ["phantom", "x", "--seed", "a"]]
)
def test_wrong_words_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Error" in captured.err


def test_with_json_even_an_error_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["check", str(tmp_path), "--json"]) == 3
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["exit_code"] == 3
    assert document["error"]["kind"] == "FormatError"
    assert "dataset_description.json" in document["error"]["message"]
    assert document["error"]["message"] in captured.err


def test_an_unforeseen_error_is_our_fault_and_its_details_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("an odd thing")

    monkeypatch.setattr(init, "print_words", break_down)
    assert call(["init", str(tmp_path / "study")]) == 1
    message = capsys.readouterr().err
    assert "our fault" in message
    assert "ZeroDivisionError: an odd thing" in message
    details = Path(message.partition("details are in ")[2].partition(". Please")[0])
    assert "break_down" in details.read_text()
    details.unlink()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CancelledError("Stopped.")])
def test_ctrl_c_exits_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    def stop(*_: object) -> None:
        raise error

    monkeypatch.setattr(init, "print_words", stop)
    assert call(["init", str(tmp_path / "study")]) == 130
    assert capsys.readouterr().err == "trephine: Stopped.\n"


def test_init_makes_a_study_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = tmp_path / "study"
    assert call(["init", str(study), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["made"]
    assert len(made) == 5
    (study / "dataset_description.json").write_text('{"Name": "Mine", "BIDSVersion": "1.9.0"}')
    (study / "README").unlink()
    (study / "README.md").write_text("mine")
    assert call(["init", str(study), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == []
    assert "Mine" in (study / "dataset_description.json").read_text()
    assert not (study / "README").exists()
    about = json.loads((study / "derivatives/trephine/dataset_description.json").read_text())
    assert about["Name"] == "trephine: plans for Mine"


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from trephine.cli.main import call; call(['--help']); "
        "heavy = ('numpy', 'nibabel', 'ants', 'SimpleITK', 'matplotlib'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - start < 5.0
