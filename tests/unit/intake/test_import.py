"""From a folder of DICOM files to a study: complete, nameless, and never half written."""

import csv
import io
import json
import subprocess
import tarfile
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom.datadict import DicomDictionary
from pydicom.dataset import FileDataset

from trephine.cli.main import call

CANARY = "Kanarienvogel"
TEXTS = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT", "DA", "TM", "DT"}
NEEDED = {"SpecificCharacterSet", "Modality", "ImageType", "PhotometricInterpretation", "ScanningSequence",
          "SequenceVariant", "MRAcquisitionType", "PatientPosition"}  # fmt: skip


def words(*arguments) -> list[str]:
    return ["import", *map(str, arguments), "--subject", "01"]


def content(study: Path) -> dict[str, bytes]:
    return {str(path.relative_to(study)): path.read_bytes() for path in study.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path, t1_series) -> Path:
    t1_series.write(tmp_path / "in" / "a")
    return tmp_path / "in"


def test_a_t1_becomes_a_study(folder, tmp_path) -> None:
    (folder / "readme.txt").write_text("x")
    assert call(words(folder, tmp_path / "study", "--keep-face")) == 0
    study = tmp_path / "study"
    image = nib.load(study / "sub-01/anat/sub-01_T1w.nii.gz")
    assert image.shape == (30, 32, 12)
    sidecar = json.loads((study / "sub-01/anat/sub-01_T1w.json").read_text())
    assert (sidecar["RepetitionTime"], sidecar["Face"]) == (2.3, "kept as asked")
    assert (study / "participants.tsv").read_text() == "participant_id\tage\nsub-01\t44\n"
    table = (study / "derivatives/trephine-import/sub-01_series.tsv").read_text()
    (row,) = csv.DictReader(table.splitlines(), delimiter="\t")
    assert (row["kind"], row["fate"], row["slices"]) == ("T1w", "import", "12")
    assert row["why"].startswith("inversion-prepared gradient echo")


def plant(file: FileDataset) -> None:
    """Put the canary into every text field that does not steer the import, private ones too."""
    for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
        if vr not in TEXTS or not keyword or keyword in NEEDED or tag < 0x00080000:
            continue
        try:
            value = {"DA": "19111111", "TM": "111111.111111", "DT": "19111111111111"}.get(vr, CANARY)
            setattr(file, keyword, value)
        except (ValueError, TypeError, KeyError):
            continue
    block = file.private_block(0x0029, CANARY, create=True)
    block.add_new(0x01, "LO", CANARY)
    file.add_new(0x60000022, "LO", CANARY)
    file.add_new(0x60004000, "LT", CANARY)


def test_no_text_of_any_field_reaches_the_study(tmp_path, t1_series, capfd) -> None:
    (tmp_path / "in").mkdir()
    for index in range(12):
        with warnings.catch_warnings():  # the canary is no proper value of many fields, and need not be
            warnings.simplefilter("ignore")
            file = t1_series.dataset(index)
            plant(file)
            file.save_as(tmp_path / "in" / f"{CANARY}{index}.dcm", enforce_file_format=True)
    assert call(words(tmp_path / "in", tmp_path / "study", "--keep-face", "--sex")) == 0
    shown = capfd.readouterr()
    uids = [t1_series.series_uid, t1_series.study_uid, t1_series.frame_uid]
    everything = {**content(tmp_path / "study"), "stdout": shown.out.encode(), "stderr": shown.err.encode()}
    for name, raw in everything.items():
        data = nib.load(tmp_path / "study" / name).header.binaryblock if name.endswith(".nii.gz") else raw
        for word in (CANARY, "19111111", "111111.1", "1911", *uids):
            assert word.lower().encode() not in data.lower(), (name, word)


def test_a_missing_slice_refuses_all_and_writes_nothing(folder, tmp_path, capfd) -> None:
    sorted((folder / "a").iterdir())[4].unlink()
    assert call(words(folder, tmp_path / "study", "--keep-face")) == 3
    shown = capfd.readouterr()
    assert "slice 5 of 12 (InstanceNumber 5) missing" in shown.err
    assert "refused" in shown.out
    assert not (tmp_path / "study").exists()


def test_a_truncated_file_is_named(folder, tmp_path, capfd) -> None:
    path = sorted((folder / "a").iterdir())[4]
    path.write_bytes(path.read_bytes()[:-100])
    assert call(words(folder, tmp_path / "study", "--keep-face")) == 3
    assert "0004.dcm (its picture is cut short)" in capfd.readouterr().err


def test_two_persons_are_refused_unless_one_is_chosen(
    folder, tmp_path, make_series, t1_series, capfd
) -> None:
    other = make_series(values=t1_series.values, fields=t1_series.fields, person="P2")
    other.write(folder / "b")
    assert call(words(folder, tmp_path / "study", "--keep-face")) == 3
    shown = capfd.readouterr().err
    assert "scans of 2 persons" in shown
    assert "P2" not in shown
    assert call(words(folder, tmp_path / "study", "--keep-face", "--person", 2)) == 0


def test_a_scout_and_a_screen_picture_are_left_aside_by_name(
    folder, tmp_path, make_series, make_values, capfd
) -> None:
    make_series(values=make_values((3, 16, 16)), fields={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"],
                                                         "SeriesNumber": 1}).write(folder / "s")  # fmt: skip
    make_series(values=make_values((4, 16, 16)), fields={"ImageType": ["DERIVED", "SECONDARY", "MIP"],
                                                         "SeriesNumber": 9}).write(folder / "m")  # fmt: skip
    assert call([*words(folder, tmp_path / "study"), "--dry-run"]) == 0
    shown = capfd.readouterr().out
    assert "a scout (localizer)" in shown
    assert "computed: a maximum intensity projection" in shown
    assert not (tmp_path / "study").exists()


def test_an_unknown_series_stays_unknown_until_told(
    folder, tmp_path, make_series, make_values, capfd
) -> None:
    make_series(values=make_values((5, 16, 16)), fields={"SeriesNumber": 7}).write(folder / "u")
    assert call(words(folder, tmp_path / "study", "--keep-face")) == 0
    assert "neither timing nor description is clear" in capfd.readouterr().out
    assert call([*words(folder, tmp_path / "other", "--keep-face"), "--series", "2=T2w"]) == 0
    assert (tmp_path / "other/sub-01/anat/sub-01_T2w.nii.gz").is_file()


def test_a_person_is_never_overwritten_and_a_replaced_one_is_kept(folder, tmp_path, capfd) -> None:
    study = tmp_path / "study"
    assert call(words(folder, study, "--keep-face")) == 0
    before = content(study)
    assert call(words(folder, study, "--keep-face")) == 3
    assert content(study) == before
    (study / "sub-01/anat/mine.txt").write_text("mine")
    assert call(words(folder, study, "--keep-face", "--replace")) == 0
    assert (study / ".sub-01.replaced-1/anat/mine.txt").read_text() == "mine"
    assert not (study / "sub-01/anat/mine.txt").exists()


def test_equal_input_gives_equal_bytes(folder, tmp_path) -> None:
    for name in ("x/study", "y/study"):
        assert call(words(folder, tmp_path / name, "--keep-face")) == 0
    assert content(tmp_path / "x/study") == content(tmp_path / "y/study")


def test_a_run_needs_its_task_and_takes_its_events(tmp_path, make_series, make_values, capfd) -> None:
    values = np.concatenate([make_values((6, 32, 30), seed=5) + 3.0 * t for t in range(12)])
    fields = {"ScanningSequence": "EP", "SequenceVariant": "SK", "RepetitionTime": 2000.0, "EchoTime": 30.0}
    fields["ScanningSequence"] = ["EP", "GR"]
    at_mm = np.tile(3.0 * np.arange(6), 12)
    series = make_series(values=values, at_mm=at_mm, fields=fields)
    series.per_slice = lambda index: {"AcquisitionNumber": index // 6 + 1}
    series.write(tmp_path / "in")
    assert call(words(tmp_path / "in", tmp_path / "study")) == 3
    assert "say its task" in capfd.readouterr().err
    events = tmp_path / "events.tsv"
    events.write_text(f"onset\tduration\ttrial_type\tnote\n0\t2\tright\t{CANARY}\n")
    assert call([*words(tmp_path / "in", tmp_path / "study"), "--task", "hand", "--events", str(events)]) == 0
    run = tmp_path / "study/sub-01/func/sub-01_task-hand_run-1_bold.nii.gz"
    assert nib.load(run).shape[3] == 12
    assert nib.load(run).header.get_zooms()[3] == 2.0
    assert CANARY not in run.with_name("sub-01_task-hand_run-1_events.tsv").read_text()
    assert json.loads(run.with_name("sub-01_task-hand_run-1_bold.json").read_text())["TaskName"] == "hand"


def test_nifti_files_are_taken_with_their_sidecars_filtered(tmp_path, tiny_study) -> None:
    sidecar = tiny_study / "sub-01/anat/sub-01_T1w.json"
    sidecar.write_text(json.dumps({"RepetitionTime": 2.3, "PatientName": CANARY, "Manufacturer": CANARY}))
    assert call(words(tiny_study, tmp_path / "new", "--keep-face", "--task", "hand")) == 0
    assert (tmp_path / "new/sub-01/ct/sub-01_ct.nii.gz").is_file()
    kept = json.loads((tmp_path / "new/sub-01/anat/sub-01_T1w.json").read_text())
    assert kept["RepetitionTime"] == 2.3
    assert not {"PatientName", "Manufacturer"} & set(kept)
    assert (tmp_path / "new/sub-01/func/sub-01_task-hand_run-1_events.tsv").is_file()


def test_an_archive_is_opened(folder, tmp_path) -> None:
    archive = tmp_path / "scans.tar.xz"
    subprocess.run(["tar", "cJf", archive, "-C", folder, "."], check=True)
    assert call(words(archive, tmp_path / "study", "--keep-face")) == 0


def test_an_archive_that_points_outside_itself_is_refused(tmp_path, capfd) -> None:
    archive = tmp_path / "scans.tar"
    with tarfile.open(archive, "w") as made:
        made.addfile(tarfile.TarInfo("../outside.dcm"), io.BytesIO(b""))
    assert call(words(archive, tmp_path / "study", "--keep-face")) == 3
    assert "points outside the archive" in capfd.readouterr().err
    assert not any(tmp_path.rglob("outside.dcm"))


def test_a_face_that_cannot_be_found_is_refused(folder, tmp_path, capfd) -> None:
    assert call(words(folder, tmp_path / "study")) == 3
    assert "face cannot be found with trust" in capfd.readouterr().err
    assert not (tmp_path / "study").exists()
