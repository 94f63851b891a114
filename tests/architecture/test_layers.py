"""Every import contract is kept, and each is seen to fail when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREAKS = {
    "Imports point down": ("core/units.py", "import trephine.model.volume"),
    "Stages do not know each other": ("stages/mapping/checks.py", "import trephine.stages.imaging.settings"),
    "Files, screens and schedulers stay at the border": ("model/volume.py", "import nibabel"),
    "The report computes nothing": ("report/__init__.py", "import trephine.kernels.geometry"),
}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    program = (
        "import sys; sys.path.insert(0, 'src'); "
        "from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", program], cwd=tree, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_are_the_ones_broken_here() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    declared = [line.split('"')[1] for line in text.splitlines() if line.startswith("name = ")][1:]
    assert sorted(declared) == sorted(BREAKS)


def test_all_contracts_are_kept(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("contract", BREAKS)
def test_contract_fails_when_broken(tree: Path, contract: str) -> None:
    name, line = BREAKS[contract]
    path = tree / "src" / "trephine" / name
    path.write_text(path.read_text() + f"\n{line}\n")
    done = lint(tree)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
