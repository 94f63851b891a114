"""The zones of the transverse sinuses in a ball of a head whose cerebrum ends at a known height."""

from types import SimpleNamespace

import numpy as np
import pytest
from skimage.measure import marching_cubes

from trephine.core.frames import SCANNER
from trephine.model.anatomy import Tissue
from trephine.model.surface import Surface
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging.sinuses import judge_sinuses
from trephine.stages.imaging.transverse_sinuses import transverse

CENTRE = np.array([0.0, -45.0, -5.0])
SKULL, BRAIN, STEP = 78.0, 74.0, 2.0


def head(edge_mm: float, *, slope: float = 0.0, lowest_mm: float = -60.0) -> SimpleNamespace:
    """A ball; the cerebrum lies above a plane that may rise to the right, other brain under it."""
    affine = np.diag([STEP, STEP, STEP, 1.0])
    affine[:3, 3] = CENTRE - 90
    grid = Grid(shape=(91, 91, 91), affine_mm=affine, frame=SCANNER)
    x, y, z = np.indices(grid.shape) * STEP - 90
    radius = np.sqrt(x**2 + y**2 + z**2)
    above = z - edge_mm - slope * x
    is_brain = (radius < BRAIN) & (z > lowest_mm)
    tissue = np.where(radius < SKULL, np.uint8(Tissue.CSF), np.uint8(0))
    tissue[is_brain] = Tissue.GREY
    halves = []
    for side, sign in (("left", -1), ("right", 1)):
        level = np.minimum(np.minimum(BRAIN - radius, above), sign * x)
        points, faces, _, _ = marching_cubes(level.astype(np.float32), 0.0, gradient_direction="ascent")
        mesh = Surface(points_mm=points * STEP + affine[:3, 3], faces=faces.astype(np.int32), frame=SCANNER)
        halves.append(SimpleNamespace(hemisphere=side, pial=mesh, is_cortex=np.ones(len(points), dtype=bool)))
    return SimpleNamespace(
        tissue=Volume(values=tissue, grid=grid, unit="label"),
        intracranial=Volume(values=(radius < SKULL).astype(np.uint8), grid=grid, unit="label"),
        scanner_from_mni=lambda points, *, frame: points,
        hemispheres=tuple(halves),
        sinuses=(),
    )


@pytest.mark.parametrize("edge_mm", [-18.0, 6.0])
def test_it_lies_on_the_inner_table_half_its_width_below_the_cerebrum(edge_mm: float) -> None:
    left, right = transverse(head(edge_mm))
    assert (left.name, right.name) == ("left transverse", "right transverse")
    for zone, width_mm, sign in ((left, 5.4, -1), (right, 6.7, 1)):
        way = zone.centre_mm - CENTRE
        # Rays part on their way from the layer of brain to the inner table: up to 2 mm at this height.
        assert way[:, 2] == pytest.approx(edge_mm - width_mm / 2, abs=3.0)
        assert np.linalg.norm(way, axis=1) == pytest.approx(SKULL - 2, abs=2.0)
        assert (sign * way[:, 0] > 0).all()
        assert way[0, 1] < -60  # it begins at the back
        assert way[-1, 1] == pytest.approx(0.0, abs=8.0)
        assert 2 * zone.half_width_mm == pytest.approx(width_mm)
        assert (np.diff(sign * way[:-1, 0]) > 0).all()


def test_sides_of_unlike_height_are_found_apart() -> None:
    left, right = transverse(head(-10.0, slope=0.2))
    assert right.centre_mm[-4:, 2].mean() - left.centre_mm[-4:, 2].mean() > 20


def test_without_a_cerebellum_there_is_no_zone_and_that_is_said() -> None:
    alone = head(-10.0, lowest_mm=-9.0)
    assert transverse(alone) == ()
    (finding,) = judge_sinuses(alone)
    assert finding.code == "SINUS_ZONE_UNKNOWN"
    assert "left transverse" in finding.message
    assert "superior sagittal" in finding.message
    alone.hemispheres = ()
    assert transverse(alone) == ()


def test_where_all_zones_are_laid_nothing_is_said() -> None:
    names = ("superior sagittal", "left transverse", "right transverse")
    assert judge_sinuses(SimpleNamespace(sinuses=[SimpleNamespace(name=name) for name in names])) == ()
