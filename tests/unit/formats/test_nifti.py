"""NIfTI: what is written comes back, the same every time, on the grid closest to RAS+."""

import gzip

import nibabel as nib
import numpy as np
import pytest

from trephine.core.errors import FormatError, InputError, StorageError
from trephine.core.frames import BOLD, MNI152, SCANNER, Frame
from trephine.formats.nifti import read_series, read_volume, series_bytes, volume_bytes
from trephine.formats.nifti_timing import Timing
from trephine.model.volume import Grid, Series, Volume


def volume(dtype=np.int16, frame: Frame = SCANNER, affine=None) -> Volume:
    values = np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)
    affine = (
        np.array([[2.0, 0, 0, -9], [0, 1.5, 0, 7], [0, 0, 3, 1], [0, 0, 0, 1]]) if affine is None else affine
    )
    return Volume(values=values, grid=Grid(shape=(4, 5, 6), affine_mm=affine, frame=frame), unit="arbitrary")


def header_of(data: bytes) -> nib.Nifti1Header:
    return nib.Nifti1Image.from_bytes(gzip.decompress(data)).header


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_values_come_back_in_their_type(dtype, tmp_path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(volume_bytes(volume(dtype)))
    back = read_volume(path, SCANNER)
    assert back.values.dtype == dtype
    np.testing.assert_array_equal(back.values, volume(dtype).values)
    np.testing.assert_allclose(back.grid.affine_mm, volume().grid.affine_mm, atol=1e-6)
    assert not back.values.flags.writeable


@pytest.mark.parametrize(
    ("given", "stored"), [(np.bool_, np.uint8), (np.int64, np.int32), (np.float16, np.float32)]
)
def test_types_that_readers_may_not_know_are_widened(given, stored, tmp_path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(volume_bytes(volume(given)))
    assert read_volume(path, SCANNER).values.dtype == stored


def test_whole_numbers_too_large_are_refused() -> None:
    big = volume(np.int64)
    big = Volume(values=big.values + 2**40, grid=big.grid, unit="label")
    with pytest.raises(InputError, match="32 bits"):
        volume_bytes(big)


def test_the_same_volume_gives_the_same_bytes_without_a_time() -> None:
    data = volume_bytes(volume())
    assert data == volume_bytes(volume())
    assert data[4:8] == bytes(4)


def test_qform_equals_sform_and_unit_is_mm() -> None:
    header = header_of(volume_bytes(volume()))
    np.testing.assert_allclose(header.get_qform(), header.get_sform(), atol=1e-5)
    assert int(header["qform_code"]) == int(header["sform_code"]) == 1
    assert header.get_xyzt_units() == ("mm", "sec")
    assert int(header_of(volume_bytes(volume(frame=MNI152)))["sform_code"]) == 4


def test_a_sheared_grid_has_no_qform_and_is_read_as_own_result_only(tmp_path) -> None:
    affine = np.diag([2.0, 2, 2, 1])
    affine[0, 1] = 0.5
    path = tmp_path / "a.nii.gz"
    path.write_bytes(volume_bytes(volume(affine=affine)))
    assert int(header_of(path.read_bytes())["qform_code"]) == 0
    np.testing.assert_allclose(read_volume(path, SCANNER, is_own_result=True).grid.affine_mm, affine)
    with pytest.raises(FormatError, match="right angles"):
        read_volume(path, SCANNER)


def test_an_own_result_may_be_constant_and_fine(tmp_path) -> None:
    grid = Grid(shape=(3, 3, 3), affine_mm=np.diag([0.02, 0.02, 0.02, 1]), frame=SCANNER)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(volume_bytes(Volume(values=np.zeros((3, 3, 3), np.uint8), grid=grid, unit="label")))
    assert read_volume(path, SCANNER, "label", is_own_result=True).grid.is_same_as(grid)
    with pytest.raises(FormatError):
        read_volume(path, SCANNER)


def test_stored_scaling_is_applied(tmp_path) -> None:
    image = nib.Nifti1Image(np.arange(27, dtype=np.int16).reshape(3, 3, 3), np.eye(4))
    image.header.set_slope_inter(0.5, 10.0)
    nib.save(image, tmp_path / "a.nii")
    back = read_volume(tmp_path / "a.nii", SCANNER)
    assert back.values.dtype == np.float32
    np.testing.assert_allclose(back.values.max(), 10.0 + 0.5 * 26)


def test_big_endian_and_nifti2_are_read(tmp_path) -> None:
    values = np.arange(27, dtype=">i2").reshape(3, 3, 3)
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    nib.save(nib.Nifti1Image(values, np.eye(4), header), tmp_path / "a.nii")
    nib.save(nib.Nifti2Image(values.astype("i2"), np.eye(4)), tmp_path / "b.nii.gz")
    for name in ("a.nii", "b.nii.gz"):
        back = read_volume(tmp_path / name, SCANNER)
        np.testing.assert_array_equal(back.values, values)
        assert back.values.dtype.isnative


def test_trailing_axes_of_one_are_no_axes(tmp_path) -> None:
    nib.save(
        nib.Nifti1Image(np.arange(27, dtype=np.int16).reshape(3, 3, 3, 1), np.eye(4)), tmp_path / "a.nii"
    )
    assert read_volume(tmp_path / "a.nii", SCANNER).values.shape == (3, 3, 3)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.nii"
    path.write_bytes(b"x")

    def refused(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refused)
    with pytest.raises(
        StorageError, match=r"a\.nii: found .*Permission denied.*expected .*readable.*Give yourself"
    ):
        read_volume(path, SCANNER)


def test_a_missing_file_another_suffix_and_a_folder_are_refused(tmp_path) -> None:
    for name, words in (("none.nii", "no such file"), ("a.mgz", "NIfTI"), ("folder.nii", "a folder")):
        (tmp_path / "folder.nii").mkdir(exist_ok=True)
        with pytest.raises(FormatError, match=words):
            read_volume(tmp_path / name, SCANNER)


def series_file(folder, affine, repetition_s=2.0, unit="sec"):
    values = np.zeros((3, 4, 5, 6), np.float32)
    values += np.arange(5)[:, None]
    image = nib.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm", unit)
    image.header.set_zooms((*image.header.get_zooms()[:3], repetition_s))
    nib.save(image, folder / "b.nii.gz")
    return folder / "b.nii.gz"


TIMES_S = (0.0, 0.4, 0.8, 1.2, 1.6)


def test_slice_times_are_turned_with_the_slices(tmp_path) -> None:
    timing = Timing(repetition_time_s=2.0, slice_time_s=TIMES_S)
    up = read_series(series_file(tmp_path, np.diag([3.0, 3, 3, 1])), BOLD, timing)
    assert up.slice_time_s == TIMES_S
    assert up.values[0, 0, 0, 0] == 0
    down = read_series(series_file(tmp_path, np.diag([3.0, 3, -3, 1])), BOLD, timing)
    assert down.slice_time_s == TIMES_S[::-1]
    assert down.values[0, 0, 0, 0] == 4
    assert down.grid.affine_mm[2, 2] > 0


def test_slices_that_run_sideways_are_refused_with_times_and_read_without(tmp_path) -> None:
    sideways = np.array([[0, 0, 3.0, 0], [0, 3, 0, 0], [3, 0, 0, 0], [0, 0, 0, 1]])
    path = series_file(tmp_path, sideways)
    with pytest.raises(FormatError, match="left to right"):
        read_series(path, BOLD, Timing(repetition_time_s=2.0, slice_time_s=TIMES_S))
    assert read_series(path, BOLD, Timing(repetition_time_s=2.0)).grid.shape == (5, 4, 3)


def test_a_header_in_milliseconds_agrees_with_seconds_in_the_sidecar(tmp_path) -> None:
    path = series_file(tmp_path, np.diag([3.0, 3, 3, 1]), 2000.0, "msec")
    assert read_series(path, BOLD, Timing(repetition_time_s=2.0)).repetition_time_s == 2.0
    path = series_file(tmp_path, np.diag([3.0, 3, 3, 1]), 2000.0, "sec")
    with pytest.raises(FormatError, match="milliseconds marked as seconds"):
        read_series(path, BOLD, Timing(repetition_time_s=2.0))


def test_a_series_comes_back_with_its_time(tmp_path) -> None:
    grid = Grid(shape=(3, 4, 5), affine_mm=np.diag([3.0, 3, 3, 1]), frame=BOLD)
    values = np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype(np.float32)
    made = Series(values=values, grid=grid, repetition_time_s=1.5)
    path = tmp_path / "s.nii.gz"
    path.write_bytes(series_bytes(made))
    assert float(nib.load(path).header.get_zooms()[3]) == 1.5
    back = read_series(path, BOLD, Timing(repetition_time_s=1.5))
    np.testing.assert_array_equal(back.values, values)
