"""Fixtures for every test: the real data folder, and one small digital participant run once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data-dir", default="../shared/data", help="Folder of real recordings and scans.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a costly fixture in one worker when several run."""
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        group = folder if folder in ("scenario", "realdata") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def data_dir(request: pytest.FixtureRequest) -> Path:
    """The folder of real data; a test that needs it is skipped where it is absent."""
    folder = (ROOT / request.config.getoption("--data-dir")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {request.config.getoption('--data-dir')} (give --data-dir)")
    return folder


def trephine(*words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "trephine.cli.main", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if check and done.returncode not in (0, 4):
        pytest.fail(f"{' '.join(command[2:])} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done


@pytest.fixture(scope="session")
def run_trephine():
    """The command line as a function of its words."""
    return trephine


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digital participant with 2 mm voxels, made once; copy it before writing to it."""
    study = tmp_path_factory.mktemp("small") / "study"
    trephine("phantom", study, "--seed", 1, "--voxel-mm", 2)
    return study


@pytest.fixture(scope="session")
def small_case(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that study in which every stage was run; copy it before writing to it."""
    study = tmp_path_factory.mktemp("small-case") / "study"
    shutil.copytree(small_study, study)
    trephine("run", study, "sub-01")
    return study


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mount a disk of so many bytes in memory; skipped where that is not allowed."""
    mounted: list[Path] = []

    def mount(size_bytes: int) -> Path:
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
        if (
            shutil.which("mount") is None
            or subprocess.run(words, capture_output=True, check=False).returncode
        ):
            pytest.skip("a small disk cannot be mounted here (needs root)")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, *, free_bytes: int = 0) -> Path:
    """Fill a disk until only so many bytes are free."""
    filler = disk / "filler"
    status = os.statvfs(disk)
    filler.write_bytes(b"")
    with filler.open("wb") as stream:
        stream.write(b"0" * max(status.f_bavail * status.f_frsize - free_bytes, 0))
    return filler


@pytest.fixture
def fill_disk() -> Callable[..., Path]:
    """``fill`` as a fixture, so that tests need not import this file."""
    return fill


def _save(path: Path, values: np.ndarray, edge_mm: float, repetition_s: float | None = None) -> None:
    """Write an image centred on the origin."""
    import nibabel as nib

    affine = np.diag([edge_mm, edge_mm, edge_mm, 1.0])
    affine[:3, 3] = -edge_mm * (np.array(values.shape[:3]) - 1) / 2
    image = nib.Nifti1Image(values, affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    image.header.set_xyzt_units("mm", "sec")
    if repetition_s:
        image.header.set_zooms((edge_mm, edge_mm, edge_mm, repetition_s))
    nib.save(image, path)


@pytest.fixture
def tiny_study(tmp_path: Path) -> Path:
    """A whole BIDS study with images of a few voxels: readable in milliseconds, far too coarse to plan on."""
    from PIL import Image

    study = tmp_path / "study"
    person = study / "sub-01"
    for folder in ("anat", "func", "ct", "micr"):
        (person / folder).mkdir(parents=True)
    rng = np.random.default_rng(1)
    _save(person / "anat/sub-01_T1w.nii.gz", rng.integers(0, 900, (20, 20, 20)).astype(np.int16), 8.0)
    _save(person / "anat/sub-01_angio.nii.gz", rng.integers(0, 900, (12, 12, 12)).astype(np.int16), 9.0)
    _save(person / "ct/sub-01_ct.nii.gz", rng.integers(-1000, 1500, (12, 12, 12)).astype(np.int16), 9.0)
    bold = person / "func/sub-01_task-hand_bold.nii.gz"
    _save(bold, rng.normal(900, 9, (8, 8, 6, 30)).astype(np.float32), 9.0, 2.0)
    timing = {"TaskName": "hand", "RepetitionTime": 2.0, "SliceTiming": [0.0, 1.0, 0.3, 1.3, 0.6, 1.6]}
    (person / "func/sub-01_task-hand_bold.json").write_text(json.dumps(timing))
    kinds = ("rest", "right", "left") * 2
    rows = [f"{10.0 * index}\t10.0\t{kind}" for index, kind in enumerate(kinds)]
    events = "\n".join(["onset\tduration\ttrial_type", *rows]) + "\n"
    (person / "func/sub-01_task-hand_events.tsv").write_text(events)
    photo = Image.fromarray(rng.integers(0, 255, (48, 64, 3)).astype(np.uint8))
    photo.save(person / "micr/sub-01_sample-cortex_photo.png")
    pose = {"PixelSize": [100.0, 100.0], "PixelSizeUnits": "um", "ScannerFromImage": np.eye(4).tolist()}
    pose["RegistrationErrorUm"] = 20.0
    (person / "micr/sub-01_sample-cortex_photo.json").write_text(json.dumps(pose))
    description = {"Name": "tiny", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    (study / "dataset_description.json").write_text(json.dumps(description))
    (study / "participants.tsv").write_text("participant_id\tage\thas_seizures\nsub-01\t34\tno\n")
    return study
