import numpy as np
import pytest

from trephine.core.errors import FrameError, InputError
from trephine.core.frames import CT, MNI152, SCANNER, Affine
from trephine.model.brain_motion import BrainMotion
from trephine.model.surface import Surface
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp

TWO_MM = np.diag([2.0, 2.0, 3.0, 1.0])


def test_grid_maps_indices_both_ways() -> None:
    grid = Grid(shape=(4, 5, 6), affine_mm=TWO_MM, frame=SCANNER)
    ijk = np.array([[1.0, 2.0, 3.0]])
    assert grid.mm_of(ijk).tolist() == [[2.0, 4.0, 9.0]]
    assert np.allclose(grid.ijk_of(grid.mm_of(ijk)), ijk)
    assert grid.voxel_mm == (2.0, 2.0, 3.0)
    assert grid.voxel_volume_mm3 == pytest.approx(12.0)


def test_grid_refuses_a_flat_affine() -> None:
    with pytest.raises(InputError, match="invertible"):
        Grid(shape=(2, 2, 2), affine_mm=np.diag([1.0, 0.0, 1.0, 1.0]), frame=SCANNER)


def test_grid_moves_by_maps_of_its_frame_only() -> None:
    grid = Grid(shape=(2, 2, 2), affine_mm=TWO_MM, frame=CT)
    moved = grid.moved(Affine.identity(target=SCANNER, source=CT))
    assert moved.frame == SCANNER
    assert not moved.is_same_as(grid)
    with pytest.raises(InputError, match="from 'scanner'"):
        grid.moved(Affine.identity(target=CT, source=SCANNER))


def test_volume_keeps_type_and_refuses_another_shape() -> None:
    grid = Grid(shape=(2, 2, 2), affine_mm=TWO_MM, frame=SCANNER)
    volume = Volume(values=np.zeros((2, 2, 2), np.uint8), grid=grid, unit="label")
    assert volume.values.dtype == np.uint8
    with pytest.raises(InputError, match=r"expected shape \(2, 2, 2\)"):
        Volume(values=np.zeros((2, 2, 3)), grid=grid, unit="1")


def test_surface_refuses_faces_without_corners() -> None:
    with pytest.raises(InputError, match="indices from 0 to 2"):
        Surface(points_mm=np.zeros((3, 3)), faces=np.array([[0, 1, 3]]), frame=SCANNER)


def test_warp_adds_the_displacement_of_its_target() -> None:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.diag([10.0, 10.0, 10.0, 1.0]), frame=SCANNER)
    field = np.zeros((2, 2, 2, 3))
    field[1, ..., 0] = 4.0
    warp = Warp(affine=Affine.identity(target=SCANNER, source=MNI152), displacement_mm=field, grid=grid)
    got = warp(np.array([[5.0, 0.0, 0.0], [99.0, 0.0, 0.0]]), frame=MNI152)
    assert got.tolist() == [[7.0, 0.0, 0.0], [103.0, 0.0, 0.0]]
    with pytest.raises(FrameError):
        Warp(affine=Affine.identity(target=MNI152, source=SCANNER), displacement_mm=field, grid=grid)


def test_brain_motion_needs_even_times() -> None:
    with pytest.raises(InputError, match="evenly"):
        BrainMotion(time_s=np.array([0.0, 1.0, 3.0]), displacement_mm=np.zeros((3, 3)), origin="simulated")
