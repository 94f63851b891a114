from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

STAGES = ("imaging", "mapping", "screening", "opening", "placement", "insertion", "closure")


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """Copy a study with its times, so that a test may write to it."""

    def copied(study: Path) -> Path:
        return Path(shutil.copytree(study, tmp_path / "study"))

    return copied


@pytest.fixture
def results_of() -> Callable[[Path], dict[str, bytes]]:
    """Every file of a study's derivatives but logs and the audit, by its path."""

    def results(study: Path) -> dict[str, bytes]:
        folder = study / "derivatives" / "trephine"
        names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
        return {
            str(name): (folder / name).read_bytes()
            for name in names
            if "log" not in name.parts and not name.name.startswith("audit")
        }

    return results
