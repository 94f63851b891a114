"""Broken studies: every one is refused by name, with what was found, what was expected and what to do."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from trephine.cli.main import call
from trephine.core.errors import EXIT_DONE, EXIT_INPUT_REFUSED

T1 = "sub-01/anat/sub-01_T1w.nii.gz"
CT = "sub-01/ct/sub-01_ct.nii.gz"
BOLD = "sub-01/func/sub-01_task-hand_bold.nii.gz"
TIMING = "sub-01/func/sub-01_task-hand_bold.json"
EVENTS = "sub-01/func/sub-01_task-hand_events.tsv"
PHOTO = "sub-01/micr/sub-01_sample-cortex_photo.png"
POSE = "sub-01/micr/sub-01_sample-cortex_photo.json"
MESSAGE = re.compile(
    r"(?P<where>.+): found (?P<found>.+); expected (?P<expected>.+?)\. (?P<remedy>[A-Z].+)", re.S
)

Break = Callable[[Path], None]


def image(name: str, change: Callable[[nib.Nifti1Image], nib.Nifti1Image]) -> Break:
    """Save an image anew after a change."""

    def broken(study: Path) -> None:
        old = nib.load(study / name)
        old = nib.Nifti1Image(np.asarray(old.dataobj), old.affine, old.header)
        nib.save(change(old), study / name)

    return broken


def values(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Break:
    """Save an image with other values."""
    return image(name, lambda old: nib.Nifti1Image(change(old.get_fdata(dtype=np.float32)), old.affine))


def affine(change: Callable[[np.ndarray], np.ndarray]) -> Break:
    """Save the T1 with another orientation, in sform alone."""

    def changed(old: nib.Nifti1Image) -> nib.Nifti1Image:
        old.set_qform(None, 0)
        matrix = change(old.affine.copy())
        old.header.set_sform(matrix, 1)
        sizes = np.linalg.norm(matrix[:3, :3], axis=0)
        old.header["pixdim"][1:4] = np.where(sizes > 0, sizes, 1.0)
        old._affine = None
        return nib.Nifti1Image(np.asarray(old.dataobj), None, old.header)

    return image(T1, changed)


def qform_apart(old: nib.Nifti1Image) -> nib.Nifti1Image:
    matrix = old.affine.copy()
    matrix[0, 3] += 5.0
    old.set_qform(matrix, 1)
    return old


def uncoded(old: nib.Nifti1Image) -> nib.Nifti1Image:
    old.header["sform_code"] = old.header["qform_code"] = 0
    return nib.Nifti1Image(np.asarray(old.dataobj), None, old.header)


def in_microns(old: nib.Nifti1Image) -> nib.Nifti1Image:
    old.header.set_xyzt_units("micron", "sec")
    return old


def complexed(old: nib.Nifti1Image) -> nib.Nifti1Image:
    return nib.Nifti1Image(np.asarray(old.dataobj).astype(np.complex64), old.affine)


def with_nan(data: np.ndarray) -> np.ndarray:
    data[3, 3, 3] = np.nan
    return data


def turned(matrix: np.ndarray) -> np.ndarray:
    half = np.deg2rad(44)
    turn = np.array([[np.cos(half), -np.sin(half), 0], [np.sin(half), np.cos(half), 0], [0, 0, 1]])
    matrix[:3, :3] = turn @ matrix[:3, :3]
    return matrix


def sheared(matrix: np.ndarray) -> np.ndarray:
    matrix[0, 1] = 0.3 * matrix[0, 0]
    return matrix


def singular(matrix: np.ndarray) -> np.ndarray:
    matrix[:3, 2] = 0.0
    return matrix


def text(name: str, old: str, new: str) -> Break:
    """Replace text in a file."""

    def broken(study: Path) -> None:
        content = (study / name).read_text()
        assert old in content
        (study / name).write_text(content.replace(old, new))

    return broken


def field(name: str, key: str, value: object = None) -> Break:
    """Set, or remove, one field of a JSON file."""

    def broken(study: Path) -> None:
        fields = json.loads((study / name).read_text())
        fields.pop(key)
        if value is not None:
            fields[key] = value
        (study / name).write_text(json.dumps(fields))

    return broken


def content(name: str, data: bytes) -> Break:
    """Replace a file's whole content."""
    return lambda study: (study / name).write_bytes(data) and None


def rows(*lines: str) -> Break:
    """Replace the events."""
    return content(EVENTS, "\n".join(["onset\tduration\ttrial_type", *lines, ""]).encode())


def removed(name: str) -> Break:
    return lambda study: (study / name).unlink()


def renamed(old: str, new: str) -> Break:
    return lambda study: (study / old).rename(study / new) and None


def copied(old: str, new: str) -> Break:
    return lambda study: (study / new).write_bytes((study / old).read_bytes()) and None


def truncated(study: Path) -> None:
    data = (study / T1).read_bytes()
    (study / T1).write_bytes(data[: len(data) // 2])


def unzipped(study: Path) -> None:
    (study / T1).write_bytes(gzip.decompress((study / T1).read_bytes()))


def cut_plain(study: Path) -> None:
    data = gzip.decompress((study / T1).read_bytes())
    (study / T1.removesuffix(".gz")).write_bytes(data[:-500])
    (study / T1).unlink()


def unreadable(study: Path) -> None:
    """A link that leads to itself: the system refuses it even to the superuser, whom no permission stops."""
    (study / T1).unlink()
    (study / T1).symlink_to((study / T1).name)


def in_ms(study: Path) -> None:
    lines = (study / EVENTS).read_text().splitlines()
    cells = [line.split("\t") for line in lines[1:]]
    rows(*(f"{float(a) * 1000}\t{float(b) * 1000}\t{kind}" for a, b, kind in cells))(study)


BROKEN: dict[str, tuple[Break, str, str]] = {
    # name: (how it is broken, file named in the message, words in the message)
    "truncated gzip": (truncated, T1, "cut short"),
    "plain content named .nii.gz": (unzipped, T1, "uncompressed"),
    "gzip content named .nii": (renamed(T1, T1.removesuffix(".gz")), "T1w.nii", "gzip-compressed"),
    "plain image cut short": (cut_plain, "T1w.nii", "bytes of image"),
    "JPEG renamed": (content(T1, b"\xff\xd8\xff\xe0" + bytes(500)), T1, "JPEG"),
    "JPEG in gzip": (content(T1, gzip.compress(b"\xff\xd8\xff\xe0" + bytes(500))), T1, "JPEG"),
    "DICOM renamed": (content(T1, bytes(128) + b"DICM" + bytes(500)), T1, "DICOM"),
    "Git LFS pointer": (content(T1, b"version https://git-lfs.github.com/spec/v1\n"), T1, "LFS"),
    "empty file": (content(T1, b""), T1, "0 bytes"),
    "grid turned absurdly": (affine(turned), T1, "44 degrees"),
    "sheared grid": (affine(sheared), T1, "right angles"),
    "singular affine": (affine(singular), T1, "inverted"),
    "zero affine": (affine(lambda m: np.diag([0.0, 0.0, 0.0, 1.0])), T1, "inverted"),
    "voxels in metres": (affine(lambda m: np.diag([0.008, 0.008, 0.008, 1.0])), T1, "metres"),
    "sform and qform apart": (image(T1, qform_apart), T1, "5.0 mm"),
    "no orientation code": (image(T1, uncoded), T1, "both 0"),
    "header in micrometres": (image(T1, in_microns), T1, "micrometres"),
    "complex values": (image(T1, complexed), T1, "complex"),
    "NaN voxels": (values(T1, with_nan), T1, "NaN"),
    "all-zero image": (values(T1, np.zeros_like), T1, "every voxel"),
    "four-dimensional T1": (values(T1, lambda d: np.stack([d, d + 1], axis=3)), T1, "three-dimensional"),
    "three-dimensional BOLD": (values(BOLD, lambda d: d[..., 0]), BOLD, "time series"),
    "empty CT": (values(CT, np.zeros_like), CT, "every voxel"),
    "CT mask instead of CT": (values(CT, lambda d: (d > 0).astype(np.uint8)), CT, "Hounsfield"),
    "BOLD shorter than events": (image(BOLD, lambda i: i.slicer[..., :12]), EVENTS, "after the end"),
    "events in milliseconds": (in_ms, EVENTS, "milliseconds"),
    "events in volumes": (rows("0\t5\trest", "5\t5\tright", "10\t20\tleft"), EVENTS, "volumes"),
    "events in minutes": (rows("0\t0.5\trest", "0.5\t0.5\tright"), EVENTS, "minutes"),
    "events without duration": (text(EVENTS, "duration", "length"), EVENTS, "duration"),
    "events with commas": (text(EVENTS, "\t", ","), EVENTS, "commas"),
    "text as onset": (text(EVENTS, "20.0\t", "twenty\t"), EVENTS, "twenty"),
    "onset not finite": (text(EVENTS, "20.0\t", "inf\t"), EVENTS, "inf"),
    "unsorted events": (rows("20\t10\tright", "0\t10\trest", "30\t25\tleft"), EVENTS, "order"),
    "negative onset": (rows("-10\t10\trest", "0\t50\tright"), EVENTS, "-10"),
    "trial type not said": (rows("0\t10\tn/a", "10\t50\tright"), EVENTS, "trial_type"),
    "no hand contrast": (rows("0\t30\tfaces", "30\t30\thouses"), EVENTS, "movement of a hand"),
    "events missing": (removed(EVENTS), BOLD, "without events"),
    "RepetitionTime in milliseconds": (field(TIMING, "RepetitionTime", 2000), TIMING, "milliseconds"),
    "RepetitionTime missing": (field(TIMING, "RepetitionTime"), TIMING, "RepetitionTime"),
    "RepetitionTime other than the header's": (field(TIMING, "RepetitionTime", 3.0), BOLD, "header"),
    "too few slice times": (field(TIMING, "SliceTiming", [0.0, 1.0]), BOLD, "SliceTiming"),
    "slice times in milliseconds": (
        field(TIMING, "SliceTiming", [0, 1000, 300, 1300, 600, 1600]),
        TIMING,
        "milliseconds",
    ),
    "broken JSON": (content(TIMING, b'{"RepetitionTime": 2.0,}'), TIMING, "JSON"),
    "mixed subjects": (
        copied(T1, "sub-01/anat/sub-02_T1w.nii.gz"),
        "sub-02_T1w",
        "another person|sub-01 only",
    ),
    "missing T1": (removed(T1), "anat", "no T1-weighted"),
    "two T1": (copied(T1, "sub-01/anat/sub-01_run-2_T1w.nii.gz"), "anat", "2 T1-weighted"),
    "T1 compressed and plain": (copied(T1, T1.removesuffix(".gz")), "anat", "2 T1-weighted"),
    "BOLD missing": (removed(BOLD), "func", "no BOLD run"),
    "dataset description missing": (removed("dataset_description.json"), "study", "dataset_description.json"),
    "study of derivatives": (
        field("dataset_description.json", "DatasetType", "derivative"),
        "dataset_description.json",
        "derivative",
    ),
    "person not in the table": (text("participants.tsv", "sub-01", "sub-07"), "participants.tsv", "0 rows"),
    "answer not understood": (text("participants.tsv", "\tno", "\tperhaps"), "participants.tsv", "perhaps"),
    "age in months": (text("participants.tsv", "\t34", "\t408"), "participants.tsv", "408"),
    "live view without PixelSize": (field(POSE, "PixelSize"), POSE, "PixelSize"),
    "live view's scale in mm": (field(POSE, "PixelSize", [0.1, 0.1]), POSE, "in mm"),
    "live view without pose": (field(POSE, "ScannerFromImage"), POSE, "ScannerFromImage"),
    "live view's pose with scale": (
        field(POSE, "ScannerFromImage", np.diag([0.1, 0.1, 1, 1]).tolist()),
        POSE,
        "without scale",
    ),
    "live view without sidecar": (removed(POSE), PHOTO, "sidecar"),
    "live view cut short": (content(PHOTO, b"\x89PNG\r\n\x1a\n" + bytes(40)), PHOTO, "cannot be read"),
    "unreadable file": (unreadable, T1, "does not let us read"),
}


def refusal(capsys: pytest.CaptureFixture[str], words: list[str]) -> str:
    """Run a command that must be refused; return its message."""
    assert call(words) == EXIT_INPUT_REFUSED
    printed = capsys.readouterr()
    return printed.out + printed.err


def assert_says_all(message: str, named: str, said: str) -> None:
    line = next(line for line in message.splitlines() if ": found " in line)
    match = MESSAGE.match(line)
    assert match, line
    assert Path(named).name in match["where"], line
    assert re.search(said, line), line


def test_the_study_is_accepted_before_it_is_broken(
    tiny_study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["check", str(tiny_study), "sub-01"]) == EXIT_DONE, capsys.readouterr()


@pytest.mark.parametrize("name", BROKEN)
def test_check_refuses(name: str, tiny_study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_it, named, said = BROKEN[name]
    break_it(tiny_study)
    assert_says_all(refusal(capsys, ["check", str(tiny_study), "sub-01"]), named, said)


@pytest.mark.parametrize("name", BROKEN)
def test_run_refuses_before_it_computes(
    name: str, tiny_study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it, named, said = BROKEN[name]
    break_it(tiny_study)
    assert_says_all(refusal(capsys, ["run", str(tiny_study), "sub-01"]), named, said)
    assert not list(tiny_study.glob("derivatives/trephine/sub-01/receipts/*"))


@pytest.mark.parametrize("kind", ["device", "robot"])
def test_run_refuses_a_broken_toml(
    kind: str, tiny_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('schema_version = 1\nname = "mine"\n')
    message = refusal(capsys, ["run", str(tiny_study), "sub-01", "--set", f"{kind}.name={path}"])
    assert_says_all(message, "mine.toml", "Field required")


def test_the_command_itself_refuses(tiny_study: Path, run_trephine) -> None:
    truncated(tiny_study)
    done = run_trephine("check", tiny_study, "sub-01", "--json", check=False)
    assert done.returncode == EXIT_INPUT_REFUSED
    document = json.loads(done.stdout)
    assert document["exit_code"] == EXIT_INPUT_REFUSED
    assert "cut short" in document["participants"][0]["problem"]["message"]
