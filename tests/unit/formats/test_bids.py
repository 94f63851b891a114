"""BIDS: what is found, what is inherited, what is left aside, what is chosen."""

import json
import shutil

import nibabel as nib
import numpy as np
import pytest

from trephine.core.errors import FormatError, InputError
from trephine.formats.bids import checked_label, participant_labels, read_participant_files
from trephine.formats.bids_scans import ScanFile, kind_of
from trephine.formats.inputs import read_inputs, read_task_runs
from trephine.formats.scans import read_scans
from trephine.model.scan import ScanKind


def names(study, *folders):
    return {path.name for folder in folders for path in (study / "sub-01" / folder).iterdir()}


def test_every_file_is_found_once(tiny_study) -> None:
    files = read_participant_files(tiny_study, "sub-01")
    assert {path.name for path in files.all_paths()} == names(tiny_study, "anat", "func", "ct", "micr") | {
        "participants.tsv"
    }
    assert files.label == "01"
    assert files.runs[0].name == "task-hand"


def test_every_noun_is_read(tiny_study) -> None:
    inputs = read_inputs(read_participant_files(tiny_study, "01"))
    assert inputs.participant.numbers == {"age": 34}
    assert inputs.participant.answers == {"has_seizures": False}
    assert inputs.t1.grid.frame == "scanner"
    assert [(scan.kind, scan.volume.grid.frame) for scan in inputs.others] == [
        ("angio", "angio"),
        ("ct", "ct"),
    ]
    assert inputs.others[1].volume.unit == "HU"
    assert inputs.live_view.pixel_um == 100.0
    assert [event.trial_type for event in inputs.runs[0].events][:3] == ["rest", "right", "left"]


def test_only_t1_and_a_run_are_needed(tiny_study) -> None:
    for folder in ("ct", "micr"):
        shutil.rmtree(tiny_study / "sub-01" / folder)
    (tiny_study / "sub-01/anat/sub-01_angio.nii.gz").unlink()
    (tiny_study / "participants.tsv").unlink()
    inputs = read_inputs(read_participant_files(tiny_study, "01"))
    assert (inputs.others, inputs.live_view) == ((), None)
    assert inputs.participant.label == "01"
    assert inputs.participant.answers == {}


def test_a_rest_run_is_read_without_events_and_is_no_task(tiny_study) -> None:
    func = tiny_study / "sub-01/func"
    shutil.copy(func / "sub-01_task-hand_bold.nii.gz", func / "sub-01_task-rest_bold.nii.gz")
    shutil.copy(func / "sub-01_task-hand_bold.json", func / "sub-01_task-rest_bold.json")
    files = read_participant_files(tiny_study, "01")
    assert len(files.runs) == 1
    assert {files.rest[0].bold, *files.rest[0].sidecars} <= set(files.all_paths())
    inputs = read_inputs(files)
    assert [(run.name, run.events, run.bold.values.shape[3]) for run in inputs.rest] == [
        ("task-rest", (), 30)
    ]
    assert [run.name for run in inputs.runs] == ["task-hand"]


def test_a_run_without_a_hand_is_left_aside(tiny_study) -> None:
    func = tiny_study / "sub-01/func"
    for ending in ("bold.nii.gz", "bold.json", "events.tsv"):
        shutil.copy(func / f"sub-01_task-hand_{ending}", func / f"sub-01_task-faces_{ending}")
    table = func / "sub-01_task-faces_events.tsv"
    table.write_text(table.read_text().replace("right", "happy").replace("left", "sad"))
    runs = read_task_runs(read_participant_files(tiny_study, "01"))
    assert [run.name for run in runs] == ["task-hand"]


def test_sidecar_and_events_are_inherited_and_the_nearer_field_wins(tiny_study) -> None:
    func = tiny_study / "sub-01/func"
    (tiny_study / "task-hand_bold.json").write_text(json.dumps({"RepetitionTime": 2.0}))
    (tiny_study / "task-feet_bold.json").write_text(json.dumps({"RepetitionTime": 9.0}))
    (func / "sub-01_task-hand_bold.json").write_text(json.dumps({"SliceTiming": [0, 1, 0.2, 1.2, 0.4, 1.4]}))
    shutil.move(func / "sub-01_task-hand_events.tsv", tiny_study / "task-hand_events.tsv")
    files = read_participant_files(tiny_study, "01")
    assert [path.parent.name for path in files.runs[0].sidecars] == ["func", "study"]
    run = read_task_runs(files)[0]
    assert run.bold.repetition_time_s == 2.0
    assert run.bold.slice_time_s[1] == 1.0
    (func / "sub-01_task-hand_bold.json").write_text(json.dumps({"RepetitionTime": 3.0}))
    with pytest.raises(FormatError, match="3 s in the sidecar, 2 s in the header"):
        read_task_runs(files)


def test_a_planning_t1_is_chosen_by_name(tiny_study) -> None:
    anat = tiny_study / "sub-01/anat"
    shutil.copy(anat / "sub-01_T1w.nii.gz", anat / "sub-01_run-2_T1w.nii.gz")
    with pytest.raises(FormatError, match="2 T1-weighted"):
        read_participant_files(tiny_study, "01")
    chosen = read_participant_files(tiny_study, "01", t1w="sub-01_run-2_T1w.nii.gz")
    assert chosen.t1w.name == "sub-01_run-2_T1w.nii.gz"
    with pytest.raises(FormatError, match="named other"):
        read_participant_files(tiny_study, "01", t1w="other")


def test_a_session_is_searched(tiny_study) -> None:
    person = tiny_study / "sub-01"
    (person / "ses-1").mkdir()
    for folder in ("anat", "func"):
        shutil.move(person / folder, person / "ses-1" / folder)
        for path in (person / "ses-1" / folder).iterdir():
            path.rename(path.with_name(path.name.replace("sub-01_", "sub-01_ses-1_")))
    files = read_participant_files(tiny_study, "01")
    assert files.t1w.name == "sub-01_ses-1_T1w.nii.gz"
    assert files.runs[0].name == "ses-1_task-hand"


def test_labels_are_listed_and_judged(tiny_study) -> None:
    (tiny_study / "sub-02").mkdir()
    assert participant_labels(tiny_study) == ("01", "02")
    assert checked_label("sub-A7") == "A7"
    for label in ("", "sub-", "0 1", "../x", "01_2"):
        with pytest.raises(InputError, match="participant label"):
            checked_label(label)
    with pytest.raises(FormatError, match=r"no folder sub-09; persons here: 01, 02"):
        read_participant_files(tiny_study, "09")


def test_a_study_without_persons_or_without_folder_is_refused(tiny_study) -> None:
    with pytest.raises(FormatError, match="no such folder"):
        participant_labels(tiny_study / "nowhere")
    shutil.rmtree(tiny_study / "sub-01")
    with pytest.raises(FormatError, match="no folder whose name begins with sub-"):
        participant_labels(tiny_study)


def beside(study, name, like="sub-01/anat/sub-01_angio.nii.gz"):
    """Put a copy of a scan under another name."""
    path = study / "sub-01" / name
    path.parent.mkdir(exist_ok=True)
    shutil.copy(study / like, path)
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("anat/sub-01_T2w.nii.gz", "t2w"),
        ("anat/sub-01_PDw.nii.gz", "pdw"),
        ("anat/sub-01_swi.nii.gz", "swi"),
        ("swi/sub-01_part-mag_swi.nii.gz", "swi"),
        ("anat/sub-01_T2starw.nii.gz", "swi"),
        ("anat/sub-01_ce-gadolinium_T1w.nii.gz", "cet1w"),
        ("ct/sub-01_acq-angio_ct.nii.gz", "cta"),
        ("ct/sub-01_ce-iodine_ct.nii.gz", "cta"),
    ],
)
def test_every_kind_of_scan_is_known_by_its_name(tiny_study, name, kind) -> None:
    path = beside(tiny_study, name)
    files = read_participant_files(tiny_study, "01")
    assert {scan.kind: scan.path for scan in files.scans}[ScanKind(kind)] == path
    assert len(files.scans) == 3
    assert path in files.all_paths()
    assert files.t1w.name == "sub-01_T1w.nii.gz"


def test_two_scans_of_a_kind_need_a_choice(tiny_study) -> None:
    beside(tiny_study, "anat/sub-01_acq-a_T2w.nii.gz")
    beside(tiny_study, "anat/sub-01_acq-b_T2w.nii.gz")
    with pytest.raises(FormatError, match=r"--set input\.t2w=sub-01_acq-a_T2w\.nii\.gz"):
        read_participant_files(tiny_study, "01")
    name = "sub-01_acq-b_T2w.nii.gz"
    files = read_participant_files(tiny_study, "01", chosen={ScanKind.T2W: name})
    assert files.scans[0].path.name == name
    assert "sub-01_acq-a_T2w.nii.gz: another t2w was chosen" in files.unused
    with pytest.raises(FormatError, match=r"no t2w named sub-01_T2w"):
        read_participant_files(tiny_study, "01", chosen={ScanKind.T2W: "sub-01_T2w.nii.gz"})


def test_images_that_no_stage_reads_are_named(tiny_study) -> None:
    beside(tiny_study, "anat/sub-01_FLAIR.nii.gz")
    beside(tiny_study, "anat/sub-01_part-phase_swi.nii.gz")
    files = read_participant_files(tiny_study, "01")
    assert [words.split(":")[0] for words in files.unused] == [
        "sub-01_FLAIR.nii.gz",
        "sub-01_part-phase_swi.nii.gz",
    ]


def test_a_t1_with_contrast_agent_is_the_planning_t1_only_when_chosen(tiny_study) -> None:
    path = beside(tiny_study, "anat/sub-01_ce-gadolinium_T1w.nii.gz")
    (tiny_study / "sub-01/anat/sub-01_T1w.nii.gz").unlink()
    with pytest.raises(FormatError, match="no T1-weighted image without contrast agent"):
        read_participant_files(tiny_study, "01")
    files = read_participant_files(tiny_study, "01", t1w=path.name)
    assert files.t1w == path
    assert ScanKind.CE_T1W not in {scan.kind for scan in files.scans}


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("anat/sub-01_T2w.nii.gz", np.linspace(-1000, 1500, 512), "below zero"),
        ("ct/sub-01_acq-angio_ct.nii.gz", np.linspace(-1000, 200, 512), "no value above 200"),
        ("ct/sub-01_acq-angio_ct.nii.gz", np.linspace(0, 1500, 512), "above 700"),
    ],
)
def test_values_must_be_what_the_kind_says(tmp_path, name, values, words) -> None:
    path = tmp_path / "sub-01" / name
    path.parent.mkdir(parents=True)
    nib.save(nib.Nifti1Image(values.reshape(8, 8, 8).astype(np.float32), np.eye(4)), path)
    with pytest.raises(FormatError, match=words):
        read_scans([ScanFile(kind=kind_of(path), path=path)])
