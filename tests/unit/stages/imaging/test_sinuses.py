"""The zone of the superior sagittal sinus in a ball of a head."""

from types import SimpleNamespace

import numpy as np
import pytest

from trephine.core.frames import SCANNER
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging.sinuses import superior_sagittal

CENTRE = np.array([0.0, -20.0, 5.0])


def head(radius: float, halves: tuple = ()) -> SimpleNamespace:
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = CENTRE - 100
    grid = Grid(shape=(101, 101, 101), affine_mm=affine, frame=SCANNER)
    i, j, k = np.indices(grid.shape) * 2.0 - 100
    inside = (np.sqrt(i**2 + j**2 + k**2) < radius).astype(np.uint8)
    return SimpleNamespace(
        intracranial=Volume(values=inside, grid=grid, unit="label"),
        scanner_from_mni=lambda points, *, frame: points,
        hemispheres=halves,
    )


def plane(x: float) -> SimpleNamespace:
    y, z = np.meshgrid(np.arange(-120.0, 80, 2), np.arange(-60.0, 100, 2))
    points = np.column_stack([np.full(y.size, x), y.ravel(), z.ravel()])
    return SimpleNamespace(white=SimpleNamespace(points_mm=points))


def test_it_runs_under_the_inner_table_in_the_midplane_and_widens_backwards() -> None:
    zone = superior_sagittal(head(80.0))
    assert np.abs(zone.centre_mm[:, 0]).max() < 1e-6
    assert np.linalg.norm(zone.centre_mm - CENTRE, axis=1) == pytest.approx(77.5, abs=1.2)  # voxels of 2 mm
    assert zone.half_width_mm[0] == pytest.approx(1.3)
    assert zone.half_width_mm[-1] == pytest.approx(2.85)
    assert (np.diff(zone.half_width_mm) >= 0).all()


def test_it_follows_the_gap_between_the_hemispheres_with_more_doubt() -> None:
    zone = superior_sagittal(head(80.0, (plane(-6.0), plane(12.0))))
    assert zone.centre_mm[:, 0] == pytest.approx(3.0, abs=0.2)
    assert zone.sd_mm == pytest.approx(np.hypot(4.0, 1.5), abs=0.1)
    far = superior_sagittal(head(80.0, (plane(-6.0), plane(60.0))))
    assert far.centre_mm[:, 0].max() <= 8.0 + 1e-9


def test_without_an_inner_table_there_is_no_zone() -> None:
    assert superior_sagittal(head(140.0)) is None
