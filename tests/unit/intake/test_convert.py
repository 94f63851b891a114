"""Converted images agree with their slices, and wrong ones are refused."""

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.frames import Frame
from trephine.formats.dicom import convert as module
from trephine.formats.dicom.agreement import agreement, check_agreement
from trephine.formats.dicom.convert import convert
from trephine.formats.dicom.geometry import geometry_of
from trephine.formats.dicom.order import ordered
from trephine.formats.dicom.search import find_pictures
from trephine.formats.dicom.stacks import sort_into_stacks
from trephine.model.volume import Grid

SYNTAXES = {"implicit": "1.2.840.10008.1.2", "big": "1.2.840.10008.1.2.2", "explicit": "1.2.840.10008.1.2.1"}


def order_of(folder):
    (stack,) = sort_into_stacks(find_pictures(folder).pictures)
    return ordered(stack)[0]


def value_at(made, series, index, row, column):
    """Look the image up where the series' own position says a pixel is, LPS to RAS by hand."""
    place = series.position(index) + np.array(series.turn[3:]) * row * series.spacing_mm[0]
    place = place + np.array(series.turn[:3]) * column * series.spacing_mm[1]
    grid = Grid(shape=made.values.shape[:3], affine_mm=made.affine_mm, frame=Frame("x"))
    voxel = grid.ijk_of((place * (-1, -1, 1))[None])[0]
    assert np.abs(voxel - np.rint(voxel)).max() < 0.02
    return made.values[tuple(np.rint(voxel).astype(int))]


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_a_classic_scan_is_converted_voxel_for_voxel(tmp_path, t1_series, syntax) -> None:
    t1_series.syntax = syntax
    t1_series.write(tmp_path / "in")
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    assert made.converter == "dcm2niix"
    assert made.agreement.agreeing_share == 1.0
    assert made.agreement.points >= 2000
    for index, row, column in ((0, 5, 6), (11, 20, 9), (4, 27, 25)):
        assert value_at(made, t1_series, index, row, column) == round(t1_series.values[index, row, column])


def test_an_oblique_scan_lies_where_its_header_says(tmp_path, t1_series) -> None:
    a, b = np.deg2rad(20.0), np.deg2rad(-12.0)
    t1_series.turn = (np.cos(a), np.sin(a), 0.0, -np.sin(a) * np.cos(b), np.cos(a) * np.cos(b), np.sin(b))
    t1_series.write(tmp_path / "in")
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    assert value_at(made, t1_series, 3, 21, 8) == round(t1_series.values[3, 21, 8])


def test_an_enhanced_file_is_converted(tmp_path, t1_series) -> None:
    t1_series.write_enhanced(tmp_path / "in" / "all")
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    assert made.agreement.is_good
    assert value_at(made, t1_series, 7, 12, 13) == round(t1_series.values[7, 12, 13])


def test_a_tilted_uneven_ct_is_set_upright_with_every_point_in_place(tmp_path, ct_series) -> None:
    ct_series.write(tmp_path / "in")
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    assert made.converter == "trephine"
    assert made.agreement.agreeing_share == 1.0
    axes = made.affine_mm[:3, :3] / np.linalg.norm(made.affine_mm[:3, :3], axis=0)
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-6)
    assert np.linalg.norm(made.affine_mm[:3, 2]) == pytest.approx(3.0 * np.cos(np.deg2rad(15.0)), abs=1e-3)


def test_a_tilt_of_the_wrong_sign_is_refused(tmp_path, ct_series, monkeypatch) -> None:
    ct_series.write(tmp_path / "in")

    def flipped(stack):
        geometry = geometry_of(stack)
        return replace(geometry, offset_mm=-geometry.offset_mm)

    monkeypatch.setattr(module, "geometry_of", flipped)
    with pytest.raises(InputError, match="converted image"):
        convert(order_of(tmp_path / "in"), tmp_path / "work")


def wrong_images(made):
    affine_mm, shape = made.affine_mm, np.array(made.values.shape)
    yield "mirrored values", made.values[::-1], affine_mm
    yield "slices upside down", made.values[:, :, ::-1], affine_mm
    for axis in range(3):
        moved = affine_mm.copy()
        moved[:3, 3] += moved[:3, axis]
        yield f"moved by one voxel along {axis}", made.values, moved
    wider = affine_mm.copy()
    wider[:3, 2] *= 1.05
    yield "spacing 5 % too wide", made.values, wider
    yield "another scale", made.values * 1.1, affine_mm
    yield "swapped axes", made.values.transpose(1, 0, 2), affine_mm[:, [1, 0, 2, 3]] * 1.0
    assert min(shape) > 1


def test_every_wrong_image_is_caught(tmp_path, t1_series) -> None:
    t1_series.write(tmp_path / "in")
    stack = order_of(tmp_path / "in")
    made = convert(stack, tmp_path / "work")
    for name, values, affine_mm in wrong_images(made):
        grid = Grid(shape=values.shape, affine_mm=affine_mm, frame=Frame("x"))
        found = agreement(stack, 0, np.ascontiguousarray(values), grid)
        if name == "swapped axes":  # the same image in another order is right
            assert found.is_good
            continue
        with pytest.raises(InputError, match="converted image"):
            check_agreement(found)


def test_slopes_that_differ_from_slice_to_slice_are_kept_apart(tmp_path, t1_series) -> None:
    t1_series.per_slice = lambda index: {
        "RescaleSlope": 1.0 + 0.25 * index,
        "RescaleIntercept": float(-index),
    }
    t1_series.write(tmp_path / "in")
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    stored = round(t1_series.values[6, 12, 13])
    assert value_at(made, t1_series, 6, 12, 13) == pytest.approx(2.5 * stored - 6.0, rel=1e-5)


def test_a_run_keeps_its_volumes_in_order(tmp_path, make_series, make_values) -> None:
    values = np.concatenate([make_values((6, 32, 30), seed=5) + 3.0 * t for t in range(12)])
    fields = {"ScanningSequence": "EP", "RepetitionTime": 2000.0, "EchoTime": 30.0}
    series = make_series(
        values=values,
        at_mm=np.tile(3.0 * np.arange(6), 12),
        fields=fields,
        per_slice=lambda index: {"AcquisitionNumber": index // 6 + 1},
    )
    series.write(tmp_path / "in")
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    assert made.values.shape[3] == 12
    middle = made.values[10, 10, 3].astype(float)
    assert np.allclose(np.diff(middle), 3.0, atol=1.0)


def mosaic(t1_series, values, across=3):
    """One file whose picture holds the slices as tiles; the header places the middle of the sheet."""
    count, rows, columns = values.shape
    sheet = np.zeros((across * rows, across * columns))
    for index in range(count):
        row, column = index // across * rows, index % across * columns
        sheet[row : row + rows, column : column + columns] = values[index]
    file = t1_series.dataset(0)
    t1_series._pixels(file, sheet)
    file.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    file.SpacingBetweenSlices = 3.0
    across_mm, down_mm = (np.array(t1_series.turn[part]) for part in (slice(3), slice(3, 6)))
    edge = (np.array(sheet.shape) - (rows, columns)) / 2 * t1_series.spacing_mm
    place = np.array(t1_series.corner_mm) - down_mm * edge[0] - across_mm * edge[1]
    file.ImagePositionPatient = [f"{x:.6f}" for x in place]
    block = file.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0A, "US", count)
    return file


def test_a_mosaic_is_cut_into_its_slices(tmp_path, t1_series) -> None:
    (tmp_path / "in").mkdir()
    mosaic(t1_series, t1_series.values[:8]).save_as(tmp_path / "in/m", enforce_file_format=True)
    stack = order_of(tmp_path / "in")
    assert len(stack.at_mm) == 8
    assert np.allclose(np.diff(stack.at_mm), 3.0)
    made = convert(stack, tmp_path / "work")
    assert made.agreement.is_good
    for index, row, column in ((0, 5, 6), (7, 20, 9), (4, 27, 25)):
        assert value_at(made, t1_series, index, row, column) == round(t1_series.values[index, row, column])


def test_a_compressed_scan_is_read_and_held_against_itself(tmp_path, t1_series) -> None:
    from pydicom.uid import RLELossless

    (tmp_path / "in").mkdir()
    for index in range(12):
        file = t1_series.dataset(index)
        file.compress(RLELossless)
        file.save_as(tmp_path / "in" / str(index), enforce_file_format=True)
    made = convert(order_of(tmp_path / "in"), tmp_path / "work")
    assert made.converter == "dcm2niix"
    assert made.agreement.agreeing_share == 1.0
    path = tmp_path / "in" / "4"
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(InputError, match=r"4 \(its picture is cut short\)"):
        find_pictures(tmp_path / "in")
