"""The live view: pixels, scale and pose."""

import json

import numpy as np
import pytest
from PIL import Image

from trephine.core.errors import FormatError
from trephine.formats.live_view import read_live_view

POSE = np.array([[0.0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])
FIELDS = {
    "PixelSize": 10,
    "PixelSizeUnits": "um",
    "ScannerFromImage": POSE.tolist(),
    "RegistrationErrorUm": 30,
}


def files(folder, picture, name="v.png", **changed):
    picture.save(folder / name)
    sidecar = folder / "v.json"
    sidecar.write_text(json.dumps({**FIELDS, **changed}))
    return folder / name, sidecar


def ramp(dtype) -> np.ndarray:
    return np.linspace(0, np.iinfo(dtype).max, 300 * 400).reshape(300, 400).astype(dtype)


def test_a_picture_comes_with_scale_and_pose(tmp_path) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    view = read_live_view(*files(tmp_path, Image.fromarray(rgb)))
    np.testing.assert_array_equal(view.rgb, rgb)
    np.testing.assert_array_equal(view.scanner_from_image.matrix, POSE)
    assert (view.pixel_um, view.registration_error_um) == (10.0, 30.0)


@pytest.mark.parametrize("name", ["v.png", "v.tif"])
def test_grey_of_sixteen_bits_keeps_its_scale(name, tmp_path) -> None:
    view = read_live_view(*files(tmp_path, Image.fromarray(ramp(np.uint16)), name))
    np.testing.assert_array_equal(view.rgb[..., 0], ramp(np.uint16) // 257)
    np.testing.assert_array_equal(view.rgb[..., 0], view.rgb[..., 2])
    assert view.rgb.max() == 255


@pytest.mark.parametrize(("size", "unit"), [(10, "um"), ([10, 10], "um"), (0.01, "mm"), (10000, "nm")])
def test_every_unit_of_the_standard_is_read(size, unit, tmp_path) -> None:
    changed = {"PixelSize": size, "PixelSizeUnits": unit}
    view = read_live_view(*files(tmp_path, Image.fromarray(ramp(np.uint8)), **changed))
    assert view.pixel_um == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"PixelSize": [10, 12]}, "square"),
        ({"PixelSize": "10"}, "finite number"),
        ({"PixelSizeUnits": "pixel"}, "um, mm or nm"),
        ({"PixelSize": 1.0}, "0.4 x 0.3 mm"),
        ({"RegistrationErrorUm": -1}, "0 um or more"),
        ({"RegistrationErrorUm": None}, "RegistrationErrorUm"),
        ({"ScannerFromImage": [[1, 0], [0, 1]]}, "four rows"),
        ({"ScannerFromImage": "identity"}, "four rows"),
    ],
)
def test_an_impossible_sidecar_is_refused(changed, words, tmp_path) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        read_live_view(*files(tmp_path, Image.fromarray(ramp(np.uint8)), **changed))
    assert "v.json, " in str(caught.value)


def test_another_kind_than_the_suffix_and_one_tone_are_refused(tmp_path) -> None:
    picture, sidecar = files(tmp_path, Image.fromarray(ramp(np.uint8)))
    picture.rename(tmp_path / "v.tif")
    with pytest.raises(FormatError, match="PNG content"):
        read_live_view(tmp_path / "v.tif", sidecar)
    with pytest.raises(FormatError, match="more than one tone"):
        read_live_view(*files(tmp_path, Image.fromarray(np.full((300, 400), 7, np.uint8))))
