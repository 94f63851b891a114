"""However the axes of a file run, every value stays at its own place in the head."""

import itertools
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trephine.core.frames import SCANNER
from trephine.formats.nifti import read_volume, volume_bytes
from trephine.model.volume import Grid, Volume

SHAPE = (3, 4, 5)
ORIENTATIONS = list(itertools.product(itertools.permutations(range(3)), itertools.product((-1, 1), repeat=3)))


def affine_of(order, signs, sizes=(1.0, 2.0, 3.0), tilt_rad=0.0) -> np.ndarray:
    """Voxel axis ``a`` runs along world axis ``order[a]``, all turned by a tilt about x."""
    turn = np.eye(4)
    cos, sin = np.cos(tilt_rad), np.sin(tilt_rad)
    turn[1:3, 1:3] = [[cos, -sin], [sin, cos]]
    affine = np.zeros((4, 4))
    for axis in range(3):
        affine[order[axis], axis] = signs[axis] * sizes[axis]
    affine[:, 3] = (11.0, -7.0, 3.0, 1.0)
    return turn @ affine


def places(values: np.ndarray, affine: np.ndarray) -> dict[int, tuple[float, ...]]:
    """Where each (unique) value lies, mm."""
    ijk = np.argwhere(np.ones(values.shape, dtype=bool))
    mm = ijk @ affine[:3, :3].T + affine[:3, 3]
    return {
        int(value): tuple(np.round(place, 3) + 0.0)
        for value, place in zip(values[tuple(ijk.T)], mm, strict=True)
    }


def read_back(image: nib.Nifti1Image) -> Volume:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.nii"
        nib.save(image, path)
        return read_volume(path, SCANNER)


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_every_one_of_the_48_orientations_keeps_its_places(order, signs) -> None:
    affine = affine_of(order, signs)
    values = np.arange(60, dtype=np.int16).reshape(SHAPE)
    image = nib.Nifti1Image(values, affine)
    image.set_qform(affine, 1)
    image.set_sform(affine, 1)
    back = read_back(image)
    assert places(back.values, back.grid.affine_mm) == places(values, affine)
    assert nib.aff2axcodes(back.grid.affine_mm) == ("R", "A", "S")


@given(
    orientation=st.sampled_from(ORIENTATIONS),
    sizes=st.tuples(*[st.floats(0.3, 9.0)] * 3),
    tilt_rad=st.floats(-0.6, 0.6),
    has_sform=st.booleans(),
)
def test_oblique_grids_keep_their_places_too(orientation, sizes, tilt_rad, has_sform) -> None:
    affine = affine_of(*orientation, sizes, tilt_rad)
    values = np.arange(60, dtype=np.int16).reshape(SHAPE)
    image = nib.Nifti1Image(values, affine)
    image.set_sform(affine if has_sform else None, int(has_sform))
    image.set_qform(affine, 1)
    back = read_back(image)
    found, wanted = places(back.values, back.grid.affine_mm), places(values, affine)
    np.testing.assert_allclose([found[n] for n in range(60)], [wanted[n] for n in range(60)], atol=5e-3)


@given(orientation=st.sampled_from(ORIENTATIONS), tilt_rad=st.floats(-0.6, 0.6), seed=st.integers(0, 99))
def test_what_is_written_in_any_orientation_lies_where_it_was(orientation, tilt_rad, seed) -> None:
    affine = affine_of(*orientation, tilt_rad=tilt_rad)
    values = np.random.default_rng(seed).permutation(60).reshape(SHAPE).astype(np.int16)
    volume = Volume(values=values, grid=Grid(shape=SHAPE, affine_mm=affine, frame=SCANNER), unit="label")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.nii.gz"
        path.write_bytes(volume_bytes(volume))
        back = read_volume(path, SCANNER, "label")
    found, wanted = places(back.values, back.grid.affine_mm), places(values, affine)
    np.testing.assert_allclose([found[n] for n in range(60)], [wanted[n] for n in range(60)], atol=5e-3)
