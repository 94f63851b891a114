from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trephine.case import lock
from trephine.core.errors import StorageError

_HOLD = """
import sys, time
from pathlib import Path
from trephine.case import lock
with lock.hold(Path(sys.argv[1]), purpose="a long run"):
    print("held", flush=True)
    time.sleep(60)
"""


def _holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with _holder(path) as process:
        try:
            with (
                pytest.raises(StorageError, match=rf"held by process {process.pid} .*a long run"),
                lock.hold(path, purpose="another"),
            ):
                pass
        finally:
            process.kill()


def test_a_killed_holder_leaves_a_stale_lock_that_is_taken_and_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "run.lock"
    with _holder(path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with caplog.at_level(logging.WARNING), lock.hold(path, purpose="the next"):
        assert f"process {process.pid} ended without letting go" in caplog.text
    assert path.read_bytes() == b""


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with pytest.raises(ValueError, match="mine"), lock.hold(path, purpose="one"):
        raise ValueError("mine")
    assert path.read_bytes() == b"", "a lock let go after an error is not stale"
    with lock.hold(path, purpose="two"):
        pass
