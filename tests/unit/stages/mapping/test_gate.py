"""What stops a run that does not belong."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.findings import Severity
from trephine.model.activation import TaskRun
from trephine.model.anatomy import Anatomy
from trephine.model.volume import Series
from trephine.stages.mapping.bold_to_t1 import Placed, grey_white_boundary, place
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


def codes(placed: Placed, settings: Settings) -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in _of_placing("run", placed, settings)}


def test_folds_that_do_not_fit_better_than_beside_are_blocked(ball_anatomy: Anatomy, task: TaskRun) -> None:
    # Made-up folds are as smooth as another person's outline: the share of boundary is high everywhere near.
    placed = place(prepared(task), ball_anatomy, grey_white_boundary(ball_anatomy), SETTINGS)
    assert placed.boundary_fraction > 0.9
    assert 0.05 < placed.boundary_drop_fraction < SETTINGS.least_boundary_drop_fraction
    assert codes(placed, SETTINGS)["BOLD_REGISTRATION_FAILED"] == Severity.BLOCK


def test_folds_that_fit_are_trusted_and_the_error_is_never_nothing(
    ball_anatomy: Anatomy, task: TaskRun
) -> None:
    mild = SETTINGS.model_copy(update={"least_boundary_drop_fraction": 0.05})
    placed = place(prepared(task), ball_anatomy, grey_white_boundary(ball_anatomy), mild)
    assert "BOLD_REGISTRATION_FAILED" not in codes(placed, mild)
    # A fifth of a voxel of 5 mm: starts that agree are no proof.
    assert placed.error_mm >= 1.0


def test_an_empty_run_is_refused(ball_anatomy: Anatomy, task: TaskRun) -> None:
    empty = Series(
        values=np.zeros(task.bold.values.shape, dtype=np.float32), grid=task.bold.grid, repetition_time_s=2.0
    )
    with pytest.raises(InputError, match=r"signal|head"):
        run((replace(task, bold=empty),), ball_anatomy, SETTINGS)
