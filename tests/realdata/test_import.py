"""A head CT as a scanner wrote it: gantry tilt, slices of 4 and 7 mm, one series."""

import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from scipy import ndimage

from trephine.core.errors import FormatError
from trephine.formats.dicom.convert import convert
from trephine.formats.dicom.geometry import geometry_of
from trephine.formats.dicom.order import ordered
from trephine.formats.dicom.search import find_pictures, unpacked
from trephine.formats.dicom.stacks import sort_into_stacks
from trephine.pipeline.intake.request import Request
from trephine.pipeline.intake.run import run

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def pictures(data_dir: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("ct")
    unpacked(data_dir / "imaging/ct/ge_head_ct_dicom.tar.xz", folder)
    return find_pictures(folder).pictures


def test_every_lost_inner_slice_is_named(pictures) -> None:
    by_number = sorted(pictures, key=lambda picture: picture.number)
    for lost in range(1, 27):
        left = [picture for picture in by_number if picture.number != lost + 1]
        (stack,) = sort_into_stacks(left)
        with pytest.raises(
            FormatError, match=rf"slice {lost + 1} of 28 \(InstanceNumber {lost + 1}\) missing"
        ):
            ordered(stack)
    (stack,) = sort_into_stacks(by_number[1:])
    assert [finding.code for finding in ordered(stack)[1]] == ["FIRST_SLICE_MAY_BE_MISSING"]


def test_tilt_and_spacing_come_from_positions(pictures) -> None:
    (stack,) = sort_into_stacks(pictures)
    order, findings = ordered(stack)
    assert findings == ()
    geometry = geometry_of(order)
    assert np.rad2deg(geometry.tilt_rad) == pytest.approx(-18.5, abs=0.01)
    step_mm = geometry.step_mm / np.cos(geometry.tilt_rad)
    assert step_mm[:13] == pytest.approx(4.22, abs=0.001)
    assert step_mm[13] == pytest.approx(1.14, abs=0.001)
    assert step_mm[14:] == pytest.approx(7.38, abs=0.001)


def test_the_image_agrees_with_raw_headers_and_stands_upright(pictures, tmp_path) -> None:
    (stack,) = sort_into_stacks(pictures)
    made = convert(ordered(stack)[0], tmp_path)
    assert made.agreement.agreeing_share == 1.0
    # Bone points straight from raw files, by arithmetic of this test alone, LPS to RAS.
    random = np.random.default_rng(4)
    inverse = np.linalg.inv(made.affine_mm)
    found, expected, mirrored = [], [], []
    for picture in pictures:
        file = pydicom.dcmread(picture.path)
        values = file.pixel_array.astype(float)
        rows, columns = np.nonzero(values > 60)
        chosen = random.integers(0, len(rows), 100)
        place = np.array(file.ImagePositionPatient, dtype=float)
        turn = np.array(file.ImageOrientationPatient, dtype=float)
        lps = (
            place
            + np.outer(columns[chosen], turn[:3]) * 0.4882812
            + np.outer(rows[chosen], turn[3:]) * 0.4882812
        )
        for ras, store in ((lps * (-1, -1, 1), found), (lps * (-1, 1, 1), mirrored)):
            voxels = ras @ inverse[:3, :3].T + inverse[:3, 3]
            store.append(ndimage.map_coordinates(made.values, voxels.T, order=1, output=np.float64))
        expected.append(values[rows[chosen], columns[chosen]])
    found, expected, mirrored = (np.concatenate(part) for part in (found, expected, mirrored))
    assert len(expected) == 2800
    # Between even planes a slice is blended with its neighbour by half a step (0.5 mm) at most.
    assert np.corrcoef(found, expected)[0, 1] > 0.98
    assert np.corrcoef(mirrored, expected)[0, 1] < 0.5


def test_the_whole_import_takes_the_face_and_nothing_else(data_dir, pictures, tmp_path) -> None:
    result = run(
        Request(source=data_dir / "imaging/ct/ge_head_ct_dicom.tar.xz", study=tmp_path / "s", label="01")
    )
    (line,) = result.lines
    assert (line.kind, line.face) == ("ct", "removed")
    image = nib.load(tmp_path / "s/sub-01/ct/sub-01_ct.nii.gz")
    (stack,) = sort_into_stacks(pictures)
    whole = convert(ordered(stack)[0], tmp_path).values
    kept = np.asarray(image.dataobj) == whole
    assert 0.02 < 1 - kept[whole > -500].mean() < 0.25
    assert set(np.unique(np.asarray(image.dataobj)[~kept])) == {-1024}
    # Soft tissue wholly inside bone is brain: none of it may go.
    brain = ndimage.binary_erosion((whole > 0) & (whole < 80), iterations=8)
    label, _ = ndimage.label(brain)
    largest = label == 1 + int(np.argmax(np.bincount(label.ravel())[1:]))
    assert kept[largest].all()


def test_a_copy_without_a_slice_writes_nothing(pictures, tmp_path) -> None:
    for picture in pictures:
        if picture.number != 17:
            shutil.copy(picture.path, tmp_path)
    from trephine.cli.main import call

    assert call(["import", str(tmp_path), str(tmp_path / "study"), "--subject", "01"]) == 3
    assert not (tmp_path / "study").exists()
