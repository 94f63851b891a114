"""The benchmark of the skull: its measures on balls whose answer is known, and its rows."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.volume import Grid

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
STEP_MM, HALF = 2.0, 45


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_skull", BENCHMARKS / "skull.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def radius() -> np.ndarray:
    axis = STEP_MM * (np.arange(2 * HALF) - HALF)
    return np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)


def head(**parts: object) -> SimpleNamespace:
    affine_mm = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    affine_mm[:3, 3] = -STEP_MM * HALF
    grid = Grid(shape=(2 * HALF,) * 3, affine_mm=affine_mm, frame=SCANNER)
    return SimpleNamespace(
        t1=SimpleNamespace(grid=grid), mni_from_scanner=lambda points, frame: points, **parts
    )


def test_the_distance_is_told_apart_by_region(bench: ModuleType) -> None:
    found, truth = radius() < 70, radius() < 70
    bulge = np.zeros(found.shape, dtype=bool)
    bulge[:, :, : HALF - 10] = True
    far = bench.distances_mm(head(), found | (bulge & (radius() < 80)), truth)
    assert set(far) == set(bench.REGIONS)
    assert far["crown"] == 0
    assert far["base"] == pytest.approx(10, abs=STEP_MM)


def test_thickness_is_measured_along_normals_beside_the_best_constant(bench: ModuleType) -> None:
    from skimage.measure import marching_cubes

    points, faces, _, _ = marching_cubes(-radius(), -80.0)
    surface = Surface(points_mm=STEP_MM * (points - HALF), faces=faces[:, ::-1], frame=SCANNER)
    skull = SkullThickness.everywhere(len(points), 7.0, 2.0, is_measured=False)
    bone = (radius() < 80) & (radius() > 72)
    error_mm, constant_mm, held = bench.thickness_errors_mm(head(outer_skull=surface, skull=skull), bone)
    assert error_mm == pytest.approx(1.0, abs=0.5)
    assert constant_mm < 0.8
    assert held > 0.95


def test_the_upper_half_follows_the_axis_that_points_up(bench: ModuleType) -> None:
    mask = np.zeros((4, 10, 4), dtype=bool)
    mask[1, 2:7, 1] = True
    assert np.flatnonzero(bench.upper(mask, 1, is_rising=True)[0, :, 0]).tolist() == [4, 5, 6, 7, 8, 9]
    assert np.flatnonzero(bench.upper(mask, 1, is_rising=False)[0, :, 0]).tolist() == [0, 1, 2, 3]


def test_hits_and_false_places_are_counted_by_part(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREPHINE_BENCH_PARTS", "open")
    one = bench.Scored(
        figures={"thickness on the vault: mean error": (0.9, "mm", "lower")},
        constant_error_mm=0.6, hits=1, false_places=2, is_flagged=True,
    )  # fmt: skip
    monkeypatch.setattr(bench, "scored", lambda known: one)
    monkeypatch.setattr(
        bench.heads_of, "heads", lambda part: iter([SimpleNamespace(name=f"{part} head")] * 3)
    )
    rows = {row.figure: row for row in bench.rows(lambda *_: None)}
    assert rows["operations found"].ours == 3
    assert rows["places named elsewhere"].ours == 6
    assert rows["heads flagged for atrophy"].ours == 3
    assert rows["thickness on the vault: mean error"].ratio == pytest.approx(1.5)
    assert rows["operations found"].work == "open: 3 heads"


def test_an_unknown_part_is_refused(bench: ModuleType) -> None:
    with pytest.raises(InputError, match="burr"):
        next(bench.heads_of.heads("burr"))
