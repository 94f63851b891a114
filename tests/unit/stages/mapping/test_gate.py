"""What stops a run that does not belong."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.core.frames import BOLD, SCANNER, Affine
from trephine.model.activation import TaskRun
from trephine.model.anatomy import Anatomy
from trephine.model.volume import Series
from trephine.stages.mapping import bold_to_t1
from trephine.stages.mapping.bold_to_t1 import Placed, grey_white_boundary, place, trust_in
from trephine.stages.mapping.checks import _of_placing
from trephine.stages.mapping.preparation import PreparedRun
from trephine.stages.mapping.run import run
from trephine.stages.mapping.settings import Settings

_spec = importlib.util.spec_from_file_location("mapping_conftest", Path(__file__).with_name("conftest.py"))
assert _spec is not None
assert _spec.loader is not None
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)

SETTINGS = Settings(registration_starts=2, grid_mm=4.0)


def prepared(task: TaskRun, mean: np.ndarray | None = None) -> PreparedRun:
    """Skip what registration does not look at."""
    mean = task.bold.values.mean(axis=-1, dtype=np.float64) if mean is None else mean
    count = task.bold.values.shape[-1]
    return PreparedRun(
        name=task.name,
        affine_mm=task.bold.grid.affine_mm,
        mask=mean > 300,
        mean=mean,
        percent=np.zeros((count, int((mean > 300).sum()))),
        events=(),
        frame_s=np.arange(count) * 2.0,
        motion=np.zeros((count, 6)),
        displacement_mm=np.zeros(count),
        is_outlier=np.zeros(count, dtype=bool),
        is_slice_timing_corrected=False,
    )


@pytest.fixture(scope="module")
def task(ball_anatomy: Anatomy) -> TaskRun:
    return made.hand_run(ball_anatomy, volumes=24)


@pytest.fixture(scope="module")
def placed() -> Placed:
    """Fits as well as another person's outline, and hardly better than beside."""
    pose = np.linalg.inv(made.bold_from_scanner())
    return Placed(
        scanner_from_bold=Affine(target=SCANNER, source=BOLD, matrix=pose),
        error_mm=0.5,
        header_offset_mm=0.0,
        header_turn_rad=0.0,
        boundary_fraction=0.95,
        boundary_drop_fraction=0.1,
        overlap_fraction=1.0,
        trust=trust_in(0.95, 0.1, SETTINGS),
    )


def codes(placed: Placed) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in _of_placing("run", placed, SETTINGS)}


def test_folds_that_do_not_fit_better_than_beside_are_blocked(placed: Placed) -> None:
    assert not placed.is_trusted
    assert codes(placed)["BOLD_REGISTRATION_FAILED"] == Severity.BLOCK


@pytest.mark.parametrize(
    ("fraction", "drop", "trust"),
    [
        (0.88, 0.31, "trusted"),  # a real run in its own T1
        (0.85, 0.29, "trusted"),  # the same, bent by 1.5 mm
        (0.80, 0.24, "doubtful"),  # bent by 3 mm
        (0.72, 0.16, "doubtful"),  # blurred by 8 mm
        (0.87, 0.23, "doubtful"),  # a digital person's run in the T1 of a digital sibling
        (0.76, 0.14, "failed"),  # a digital run in a real T1
        (0.68, 0.13, "failed"),  # a real run, mirrored
        (0.56, 0.04, "failed"),  # a real run in a digital T1
        (0.60, 0.30, "failed"),  # hardly above chance, however much of it is lost
    ],
)
def test_measured_heads_get_the_answer_that_is_due(fraction: float, drop: float, trust: str) -> None:
    assert trust_in(fraction, drop, SETTINGS) == trust


def test_a_doubtful_run_warns_and_is_not_trusted(placed: Placed) -> None:
    doubted = replace(placed, trust="doubtful", boundary_drop_fraction=0.2)
    assert codes(doubted)["BOLD_REGISTRATION_DOUBTFUL"] == Severity.WARN
    assert "BOLD_REGISTRATION_FAILED" not in codes(doubted)
    assert not doubted.is_trusted
    assert not {"BOLD_REGISTRATION_DOUBTFUL", "BOLD_REGISTRATION_FAILED"} & set(
        codes(replace(placed, trust="trusted"))
    )


def test_a_doubtful_pose_is_no_surer_than_a_voxel(
    ball_anatomy: Anatomy, task: TaskRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The searches are shown to work elsewhere; here they find the truth at once and agree.
    truth = np.linalg.inv(made.bold_from_scanner())
    found = SimpleNamespace(target_from_source=truth, error_mm=0.1)
    monkeypatch.setattr(f"{bold_to_t1.__name__}.register_rigid", lambda *given: found)
    monkeypatch.setattr(f"{bold_to_t1.__name__}.align_to_boundary", lambda *given: (truth, 0.0))
    for name, least_mm in (("trusted", 1.0), ("doubtful", 5.0)):
        monkeypatch.setattr(f"{bold_to_t1.__name__}.trust_in", lambda *given, name=name: name)
        one = place(prepared(task), ball_anatomy, grey_white_boundary(ball_anatomy), SETTINGS)
        assert one.trust == name
        # Voxels of 5 mm: starts that agree are no proof.
        assert one.error_mm == pytest.approx(least_mm)


def test_an_empty_run_is_refused(ball_anatomy: Anatomy, task: TaskRun) -> None:
    empty = Series(
        values=np.zeros(task.bold.values.shape, dtype=np.float32), grid=task.bold.grid, repetition_time_s=2.0
    )
    with pytest.raises(InputError, match=r"signal|head"):
        run((replace(task, bold=empty),), ball_anatomy, SETTINGS)
