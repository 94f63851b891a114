"""Frames taken in surgery and the surgeon's zones: read as they are, or refused with what to do."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from trephine.core.errors import FormatError
from trephine.core.frames import IMPLANT, SCANNER, Affine
from trephine.formats.exclusions import read_exclusions
from trephine.formats.live_picture import read_live_picture

UPRIGHT = Affine(target=SCANNER, source=IMPLANT, matrix=np.eye(4))
SQUARE = [[10, 10], [90, 10], [90, 60], [10, 60]]


def picture(low: int = 0, high: int = 255) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high, (300, 400, 3)).astype(np.uint8)


def saved(folder, pixels, name="f.png", **fields):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(folder / name)
    if fields:
        (folder / name).with_suffix(".json").write_text(json.dumps(fields))
    return folder / name


def test_scale_from_the_person_or_the_sidecar(tmp_path) -> None:
    bare = read_live_picture(saved(tmp_path, picture()), scale_um=10.0)
    assert (bare.pixel_um, bare.pose, bare.name) == (10.0, None, "f.png")
    pose = {"ScannerFromImage": np.eye(4).tolist(), "RegistrationErrorUm": 500}
    path = saved(tmp_path, picture(), PixelSize=0.01, PixelSizeUnits="mm", **pose)
    full = read_live_picture(path, scale_um=None)
    assert full.pixel_um == pytest.approx(10.0)
    assert full.pose is not None
    assert full.pose.error_um == 500
    with pytest.raises(FormatError, match=r"found 20 and 10 um a pixel; expected one scale"):
        read_live_picture(path, scale_um=20.0)


@pytest.mark.parametrize(
    ("pixels", "scale_um", "words"),
    [
        (picture(), None, "found no scale"),
        (picture(), 0.01, "--scale: found 0.01 um a pixel"),
        (picture(), 2.0, "a view of"),
        (picture(0, 8), 10.0, "dark over 100 %"),
        (picture(252, 255), 10.0, "saturated with light over 100 %"),
        (np.dstack([picture(), np.full((300, 400), 99, np.uint8)]), 10.0, r"transparent pixels \(100 %\)"),
        (np.linspace(0, 4095, 120000).reshape(300, 400).astype(np.uint16), 10.0, "brightest is 4095"),
    ],
)
def test_a_picture_that_cannot_be_planned_on_is_refused(pixels, scale_um, words, tmp_path) -> None:
    with pytest.raises(FormatError, match=words):
        read_live_picture(saved(tmp_path, pixels), scale_um=scale_um)


def test_an_opaque_alpha_channel_changes_nothing(tmp_path) -> None:
    opaque = np.dstack([picture(), np.full((300, 400), 255, np.uint8)])
    np.testing.assert_array_equal(read_live_picture(saved(tmp_path, opaque), scale_um=10.0).rgb, picture())


def test_stacks_truncated_files_and_other_kinds_are_refused(tmp_path) -> None:
    one = Image.fromarray(picture())
    one.save(tmp_path / "pair.tif", save_all=True, append_images=[one])
    with pytest.raises(FormatError, match="2 pictures in one file"):
        read_live_picture(tmp_path / "pair.tif", scale_um=10.0)
    whole = saved(tmp_path, picture()).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match="cannot be read"):
        read_live_picture(tmp_path / "cut.png", scale_um=10.0)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(FormatError, match="cannot be read"):
        read_live_picture(tmp_path / "text.png", scale_um=10.0)
    with pytest.raises(FormatError, match="lose detail"):
        read_live_picture(saved(tmp_path, picture(), "f.jpg"), scale_um=10.0)


def test_half_a_pose_is_refused(tmp_path) -> None:
    path = saved(tmp_path, picture(), ScannerFromImage=np.eye(4).tolist())
    with pytest.raises(FormatError, match="RegistrationErrorUm"):
        read_live_picture(path, scale_um=10.0)


def zones(tmp_path, *given, image="f.png"):
    path = tmp_path / "zones.json"
    path.write_text(json.dumps({"image": image, "zones": list(given)}))
    return read_exclusions(path, image="f.png", pixel_um=20.0, shape=(300, 400), scanner_from_implant=UPRIGHT)


def drawn(**changed):
    return {"name": "vein", "frame": "image", "outline_pixel": SQUARE} | changed


def test_zones_come_in_millimetres_of_their_frame(tmp_path) -> None:
    flat = {"name": "knob", "rule": "stay within", "frame": "implant", "outline_mm": [[0, 0], [1, 0], [0, 1]]}
    one, two = zones(tmp_path, drawn(), flat)
    np.testing.assert_allclose(one.outline_mm[1], [1.8, 0.2, 0.0])
    assert one.place is None
    assert (two.rule, two.place.source) == ("stay within", IMPLANT)


@pytest.mark.parametrize(
    ("zone", "image", "words"),
    [
        (drawn(outline_pixel=[[10, 10], [90, 60], [90, 10], [10, 60]]), "f.png", "crosses itself"),
        (drawn(outline_pixel=[[10, 10], [90, 10]]), "f.png", "2 corners"),
        (drawn(outline_pixel=[[10, 10], [50, 10], [90, 10]]), "f.png", "an area of"),
        (drawn(outline_pixel=[[10, 10], [900, 10], [90, 60]]), "f.png", "column 900, row 10"),
        (drawn(), "other.png", "drawn on other.png"),
        (drawn(), None, "not named"),
        (drawn(outline_pixel=None, outline_mm=[[0, 0], [1, 0], [0, 1]]), "f.png", "in which frame"),
        (drawn(frame="scanner"), "f.png", "in which frame"),
        (drawn(frame="mni152"), "f.png", "zones.0.frame"),
        (drawn(colour="red"), "f.png", "zones.0.colour"),
    ],
)
def test_a_zone_that_means_nothing_is_refused(zone, image, words, tmp_path) -> None:
    with pytest.raises(FormatError, match=words):
        zones(tmp_path, zone, image=image)
