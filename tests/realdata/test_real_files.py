"""Files that nobody here made are read as they are, or refused for a true reason."""

import numpy as np
import pytest

from trephine.core.errors import FormatError
from trephine.core.frames import SCANNER
from trephine.formats.bids import participant_labels, read_participant_files
from trephine.formats.inputs import read_inputs
from trephine.formats.nifti import read_volume, volume_bytes

pytestmark = pytest.mark.realdata

IMAGES = [
    "chris/chris_t1.nii.gz",
    "chris/chris_MRA.nii.gz",
    "chris/chris_PD.nii.gz",
    "chris/motor_tmap_mni.nii.gz",
    "skull-labels/T1w.nii.gz",
    "angiography/avm_head_angiography.nii.gz",
    "ct/scct_mni_2mm.nii",
]


def test_the_hand_study_is_read_whole(data_dir) -> None:
    study = data_dir / "imaging" / "bids-hand"
    assert participant_labels(study) == ("01",)
    inputs = read_inputs(read_participant_files(study, "sub-01"))
    run = inputs.runs[0]
    assert run.name == "task-hand_run-1"
    assert run.bold.values.shape == (64, 64, 30, 135)
    assert run.bold.repetition_time_s == 2.0
    # Interleaved, odd slices first; the file runs right to left, so only i was turned and slices were not.
    assert run.bold.slice_time_s[:3] == (1.005, 0.0, 1.0725)
    assert run.bold.grid.affine_mm[0, 0] > 0
    assert {event.trial_type for event in run.events} == {"rest", "right", "left", "both"}
    assert inputs.t1.grid.shape == (176, 224, 256)
    assert (inputs.others, inputs.live_view) == ((), None)
    assert inputs.participant.answers == {}


@pytest.mark.parametrize("name", IMAGES)
def test_every_image_comes_back_as_it_was_written(name, data_dir, tmp_path) -> None:
    first = read_volume(data_dir / "imaging" / name, SCANNER)
    assert np.all(np.diag(first.grid.affine_mm)[:3] > 0)
    path = tmp_path / "again.nii.gz"
    path.write_bytes(volume_bytes(first))
    again = read_volume(path, SCANNER)
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_allclose(again.grid.affine_mm, first.grid.affine_mm, atol=1e-4)


def test_a_real_image_cut_in_half_is_refused(data_dir, tmp_path) -> None:
    data = (data_dir / "imaging/chris/chris_t1.nii.gz").read_bytes()
    path = tmp_path / "half.nii.gz"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FormatError, match="cut short"):
        read_volume(path, SCANNER)


def test_labels_in_another_format_are_refused_by_name(data_dir) -> None:
    with pytest.raises(FormatError, match=r"brain\.nrrd: found a name ending in '\.nrrd'"):
        read_volume(data_dir / "imaging/skull-labels/brain.nrrd", SCANNER)
