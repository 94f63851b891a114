"""One small digital participant: files, geometry, known answers, refusals."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.phantom import Settings, make_study
from trephine.phantom.person import draw_person

VOXEL_MM = 3.0


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("phantom") / "study", Settings(seed=1, voxel_mm=VOXEL_MM))


@pytest.fixture(scope="module")
def truth(study: Path) -> dict:
    return json.loads((study / "derivatives/phantom/sub-01/sub-01_truth.json").read_text())


def image(study: Path, name: str) -> nib.Nifti1Image:
    return nib.load(next(study.rglob(name)))


def hashes(study: Path) -> dict[str, str]:
    files = sorted(path for path in study.rglob("*") if path.is_file())
    return {str(path.relative_to(study)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_same_bytes_and_another_seed_another_person(study: Path, tmp_path: Path) -> None:
    again = make_study(tmp_path / "again", Settings(seed=1, voxel_mm=VOXEL_MM))
    assert hashes(again) == hashes(study)
    other = draw_person(2, VOXEL_MM)
    mine = draw_person(1, VOXEL_MM)
    assert not np.allclose(
        other.scanner_from_mni.affine.matrix, mine.scanner_from_mni.affine.matrix, atol=0.01
    )


def test_every_scan_has_its_sidecar_and_a_header_that_agrees_with_itself(study: Path) -> None:
    scans = sorted((study / "sub-01").rglob("*.nii.gz"))
    assert [path.name for path in scans] == [
        "sub-01_T1w.nii.gz",
        "sub-01_angio.nii.gz",
        "sub-01_ct.nii.gz",
        "sub-01_task-hand_run-1_bold.nii.gz",
    ]
    for path in scans:
        assert path.with_name(path.name.replace(".nii.gz", ".json")).exists()
        header = nib.load(path).header
        np.testing.assert_allclose(header.get_sform(), header.get_qform(), atol=1e-3)
        assert int(header["sform_code"]) == int(header["qform_code"]) == 1
        assert path.read_bytes()[4:8] == b"\0\0\0\0"  # gzip's time stamp


def test_tissues_look_as_they_should(study: Path) -> None:
    t1 = np.asarray(image(study, "sub-01_T1w.nii.gz").dataobj, dtype=float)
    label = np.asarray(image(study, "*desc-truth_dseg.nii.gz").dataobj)
    mask = np.asarray(image(study, "*desc-truth_mask.nii.gz").dataobj) > 0
    inner = ndimage.binary_erosion(label == 5)
    mean = {code: t1[label == code].mean() for code in range(6)}
    assert 0.65 < mean[4] / t1[inner].mean() < 0.9  # coarse voxels mix in white matter and fluid
    assert mean[3] < 0.65 * mean[4]
    assert mean[2] < mean[1]
    voxel_ml = VOXEL_MM**3 / 1000
    assert 1150 < mask.sum() * voxel_ml < 2100  # adult intracranial volumes
    assert 0.9 < (label == 4).sum() / (label == 5).sum() < 2.2
    assert ndimage.label(mask)[1] == 1


def test_skull_over_the_hand_has_its_thickness(study: Path, truth: dict) -> None:
    ct = image(study, "sub-01_ct.nii.gz")
    hand = truth["Hands"]["left"]
    scan_from_scanner = np.linalg.inv(np.array(truth["HeaderErrors"]["ct"]["scanner_from_scan"]))
    steps = np.arange(-4, 22, 0.25)[:, None]
    line = np.array(hand["hull_scanner_mm"]) + steps * np.array(hand["hull_normal_scanner"])
    ijk = np.linalg.inv(ct.affine) @ scan_from_scanner @ np.c_[line, np.ones(len(line))].T
    hu = ndimage.map_coordinates(np.asarray(ct.dataobj, dtype=float), ijk[:3], order=1)
    bone_mm = 0.25 * np.count_nonzero(hu > 350)
    assert abs(bone_mm - truth["Traits"]["skull_mm"]) < 2.5  # a voxel is 3 mm
    assert hu[:8].mean() < 200
    assert hu[-1] < -500


def test_hand_area_is_grey_and_in_the_knob_of_the_right_side(study: Path, truth: dict) -> None:
    dseg = image(study, "*desc-truth_dseg.nii.gz")
    label = np.asarray(dseg.dataobj)
    for side, sign in (("left", -1), ("right", 1)):
        hand = truth["Hands"][side]
        x, y, z = hand["centre_mni_mm"]
        assert abs(sign * x - 37) < 8
        assert abs(y + 22) < 8
        assert abs(z - 59) < 8
        at = np.linalg.inv(dseg.affine) @ [*hand["centre_scanner_mm"], 1]
        near = np.round(at[:3]).astype(int)
        around = label[tuple(slice(n - 1, n + 2) for n in near)]
        assert (around == 4).any()


def test_bold_answers_the_task_where_the_hand_is(study: Path, truth: dict) -> None:
    bold = image(study, "*_bold.nii.gz")
    values = np.asarray(bold.dataobj, dtype=float)
    assert values.shape == (64, 64, 30, 130)
    np.testing.assert_allclose(bold.header.get_zooms(), (3, 3, 3, 2), atol=1e-4)
    rows = [line.split("\t") for line in next(study.rglob("*_events.tsv")).read_text().splitlines()[1:]]
    seconds = np.arange(130) * 2.0
    course = {"left": np.zeros(130), "right": np.zeros(130)}
    for onset, duration, kind in rows:
        during = (seconds >= float(onset) + 5) & (seconds < float(onset) + float(duration) + 5)
        for hand in course:
            course[hand][during] = kind in (hand, "both")
    scanner_from_scan = np.array(truth["HeaderErrors"]["bold"]["scanner_from_scan"])
    for side, hand in (("left", "right"), ("right", "left")):
        at = np.linalg.inv(scanner_from_scan @ bold.affine) @ [*truth["Hands"][side]["centre_scanner_mm"], 1]
        i, j, k = np.round(at[:3]).astype(int)
        signal = values[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2].mean(axis=(0, 1, 2))
        signal -= np.polyval(np.polyfit(seconds, signal, 3), seconds)
        own = np.corrcoef(signal, course[hand])[0, 1]
        assert own > 0.4
        assert own > np.corrcoef(signal, course[side])[0, 1] + 0.2
    assert max(float(row[0]) + float(row[1]) for row in rows) <= 260


def test_headers_are_off_as_the_truth_says(study: Path, truth: dict) -> None:
    errors = truth["HeaderErrors"]
    assert set(errors) == {"ct", "angio", "bold"}
    for name, error in errors.items():
        matrix = np.array(error["scanner_from_scan"])
        np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
        assert 0 < error["turn_rad"] <= np.deg2rad(10)
        assert 0.3 < error["shift_at_hand_mm"] < (6 if name == "bold" else 25)


def test_live_view_shows_the_vessels_it_claims(study: Path, truth: dict) -> None:
    sidecar = json.loads((study / "sub-01/micr/sub-01_sample-cortex_photo.json").read_text())
    rgb = np.asarray(Image.open(study / "sub-01/micr/sub-01_sample-cortex_photo.png"), dtype=float)
    vessel = np.asarray(Image.open(next(study.rglob("*desc-vessels_mask.png")))) > 0
    sulcus = np.asarray(Image.open(next(study.rglob("*desc-sulcus_mask.png")))) > 0
    assert rgb.shape[:2] == vessel.shape == sulcus.shape
    pixel_mm = sidecar["PixelSize"][0] / 1000
    assert len(rgb) * pixel_mm > 33  # an implant of 23 mm, 5 mm off the centre
    assert set(np.unique(np.asarray(Image.open(next(study.rglob("*desc-vessels_mask.png")))))) == {0, 255}
    green = rgb[..., 1]
    assert green[vessel & ~sulcus].mean() < green[~vessel & ~sulcus].mean() - 15
    stated = np.array(sidecar["ScannerFromImage"])
    true = np.array(truth["LiveView"]["scanner_from_image_true"])
    assert np.linalg.norm(stated[:3, 3] - true[:3, 3]) < 0.1
    middle = (len(rgb) - 1) / 2 * pixel_mm
    centre = true @ [middle, middle, 0, 1]
    assert np.linalg.norm(centre[:3] - truth["Hands"]["left"]["hull_scanner_mm"]) < 1


def test_vessels_are_where_their_table_says(study: Path, truth: dict) -> None:
    table = np.genfromtxt(
        next(study.rglob("*desc-vessels_tree.tsv")), delimiter="\t", skip_header=1, usecols=range(6)
    )
    angio = image(study, "sub-01_angio.nii.gz")
    values = np.asarray(angio.dataobj, dtype=float)
    scanner_from_angio = np.array(truth["HeaderErrors"]["angio"]["scanner_from_scan"]) @ angio.affine
    wide = table[table[:, 5] > 600, 2:5]
    ijk = np.linalg.inv(scanner_from_angio) @ np.c_[wide, np.ones(len(wide))].T
    within = np.all((ijk[:3] > 2) & (ijk[:3] < np.array(values.shape)[:, None] - 3), axis=0)
    assert within.sum() > 50
    at_vessels = ndimage.map_coordinates(values, ijk[:3, within], order=1)
    assert np.median(at_vessels) > 3 * np.median(values[values > 60])
    mask = np.asarray(Image.open(next(study.rglob("*desc-vessels_mask.png")))) > 0
    image_from_scanner = np.linalg.inv(np.array(truth["LiveView"]["scanner_from_image_true"]))
    # A root has no segment of its own, so only nodes with a parent must be drawn.
    plane = image_from_scanner @ np.c_[table[table[:, 1] >= 0, 2:5], np.ones((table[:, 1] >= 0).sum())].T
    pixel = np.round(plane[:2] / (truth["LiveView"]["pixel_um"] / 1000)).astype(int)
    seen = np.all((pixel >= 0) & (pixel < len(mask)), axis=0) & (np.abs(plane[2]) < 8)
    assert seen.sum() > 5000
    assert mask[pixel[1, seen], pixel[0, seen]].mean() > 0.95  # a centre line runs between pixel centres


def test_crown_leaves_room_for_threads(study: Path, truth: dict) -> None:
    vessel = np.asarray(Image.open(next(study.rglob("*desc-vessels_mask.png")))) > 0
    sulcus = np.asarray(Image.open(next(study.rglob("*desc-sulcus_mask.png")))) > 0
    pixel_um = truth["LiveView"]["pixel_um"]
    row, column = np.indices(vessel.shape) - (len(vessel) - 1) / 2
    crown = (np.hypot(row, column) * pixel_um < 4500) & ~sulcus
    free = (ndimage.distance_transform_edt(~vessel) * pixel_um > 100) & crown
    assert 0.3 < free.sum() / crown.sum() < 0.6
    assert free.sum() * (pixel_um / 1000) ** 2 > 3 * 4.99  # mm2; 64 threads at 300 um need 4.99 in one piece


def test_vessel_table_is_a_forest_within_the_head(study: Path) -> None:
    table = np.genfromtxt(
        next(study.rglob("*desc-vessels_tree.tsv")), delimiter="\t", skip_header=1, usecols=range(6)
    )
    node, parent = table[:, 0].astype(int), table[:, 1].astype(int)
    np.testing.assert_array_equal(node, np.arange(len(node)))
    assert parent.max() < len(node)
    link = parent.copy()
    for _ in range(20):  # each round doubles the stride; only a ring would never reach a root
        link = np.where(link >= 0, link[link], -1)
    assert (link == -1).all()
    steps = parent >= 0
    length = np.linalg.norm(table[steps, 2:5] - table[parent[steps], 2:5], axis=1)
    assert np.percentile(length, 99) < 3
    assert table[:, 5].min() >= 15
    kind = np.loadtxt(next(study.rglob("*desc-vessels_tree.tsv")), dtype=str, skiprows=1, usecols=6)
    for name in ("artery", "vein"):
        assert 300 < table[kind == name, 5].max() <= 900


def test_refuses_to_overwrite_a_participant(study: Path) -> None:
    with pytest.raises(InputError, match="a participant of that label"):
        make_study(study, Settings(seed=1, voxel_mm=VOXEL_MM))


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"voxel_mm": 0.2}, {"voxel_mm": 9.0}, {"label": "a_b"}, {"colour": 1}]
)
def test_settings_refuse(wrong: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Settings(**wrong)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_shape_maps_are_inverse_to_each_other(seed: int) -> None:
    person = draw_person(seed, 3.0)
    rng = np.random.default_rng(0)
    mni = rng.uniform((-70, -100, -50), (70, 70, 80), (300, 3))
    scanner = person.scanner_from_mni(mni, frame=person.scanner_from_mni.source)
    back = person.mni_from_scanner(scanner, frame=SCANNER)
    assert np.linalg.norm(back - mni, axis=1).max() < 0.35  # linear look-up on a 5 mm grid
    spread = scanner - person.scanner_from_mni.affine(mni, frame=person.scanner_from_mni.source)
    assert 1.5 < np.linalg.norm(spread, axis=1).mean() < 8
