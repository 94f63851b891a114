"""Slices in order, complete and single, from positions alone."""

import shutil

import numpy as np
import pytest

from trephine.core.errors import FormatError
from trephine.formats.dicom.geometry import geometry_of
from trephine.formats.dicom.order import ordered
from trephine.formats.dicom.search import find_pictures
from trephine.formats.dicom.stacks import sort_into_stacks


def order_of(folder):
    (stack,) = sort_into_stacks(find_pictures(folder).pictures)
    return ordered(stack)


def test_file_names_and_numbers_out_of_order_do_not_matter(tmp_path, t1_series) -> None:
    shuffled = np.random.default_rng(3).permutation(12)
    t1_series.names = lambda index: f"x{shuffled[index]:02d}"
    t1_series.per_slice = lambda index: {"InstanceNumber": 12 - index}
    t1_series.write(tmp_path)
    found, findings = order_of(tmp_path)
    assert np.allclose(np.diff(found.at_mm), 3.0)
    assert [picture.number for picture in found.pictures[0]] == list(range(12, 0, -1))
    assert findings == ()


@pytest.mark.parametrize("lost", range(1, 15))
def test_every_inner_slice_of_an_uneven_tilted_ct_is_missed_by_its_number(tmp_path, ct_series, lost) -> None:
    ct_series.write(tmp_path)[lost].unlink()
    with pytest.raises(FormatError, match=rf"slice {lost + 1} of 16 \(InstanceNumber {lost + 1}\) missing"):
        order_of(tmp_path)


def test_a_lost_first_slice_is_warned_of_and_a_lost_last_one_cannot_be_known(tmp_path, ct_series) -> None:
    paths = ct_series.write(tmp_path)
    paths[0].unlink()
    assert [finding.code for finding in order_of(tmp_path)[1]] == ["FIRST_SLICE_MAY_BE_MISSING"]
    shutil.rmtree(tmp_path)
    ct_series.write(tmp_path)[-1].unlink()
    assert order_of(tmp_path)[1] == ()


def test_a_stated_count_shows_a_lost_last_slice(tmp_path, t1_series) -> None:
    t1_series.fields["ImagesInAcquisition"] = 12
    t1_series.write(tmp_path)[-1].unlink()
    with pytest.raises(FormatError, match="found 11 pictures; expected 12"):
        order_of(tmp_path)


def test_a_gap_is_seen_without_numbers(tmp_path, t1_series) -> None:
    t1_series.per_slice = lambda index: {"InstanceNumber": None}
    t1_series.write(tmp_path)[5].unlink()
    with pytest.raises(FormatError, match="slice 6 of 12 missing between"):
        order_of(tmp_path)


def test_a_gap_is_seen_though_numbers_were_given_anew(tmp_path, t1_series) -> None:
    t1_series.per_slice = lambda index: {"InstanceNumber": index + 1 - (index > 5)}
    t1_series.write(tmp_path)[5].unlink()
    with pytest.raises(FormatError, match="slice 6 of 12 missing"):
        order_of(tmp_path)


def test_a_real_change_of_spacing_is_no_gap(tmp_path, ct_series) -> None:
    ct_series.write(tmp_path)
    found, findings = order_of(tmp_path)
    geometry = geometry_of(found)
    assert findings == ()
    assert not geometry.is_even
    assert not geometry.is_upright
    assert np.rad2deg(geometry.tilt_rad) == pytest.approx(-15.0, abs=0.01)


def test_skipped_numbers_on_even_slices_are_noted(tmp_path, t1_series) -> None:
    t1_series.per_slice = lambda index: {"InstanceNumber": index + 1 + (index > 5)}
    t1_series.write(tmp_path)
    assert [finding.code for finding in order_of(tmp_path)[1]] == ["SLICE_NUMBERS_SKIPPED"]


def test_a_double_with_the_same_pixels_is_dropped_and_said(tmp_path, t1_series) -> None:
    paths = t1_series.write(tmp_path)
    shutil.copy(paths[4], tmp_path / "copy.dcm")
    t1_series.dataset(6).save_as(tmp_path / "again.dcm", enforce_file_format=True)
    found, findings = order_of(tmp_path)
    assert len(found.pictures[0]) == 12
    assert {finding.code for finding in findings} == {"DUPLICATE_SLICES_DROPPED"}


def test_two_pictures_at_one_place_are_refused(tmp_path, t1_series) -> None:
    t1_series.write(tmp_path)
    t1_series.values = t1_series.values + 7.0
    t1_series.dataset(6).save_as(tmp_path / "other.dcm", enforce_file_format=True)
    with pytest.raises(FormatError, match="two different pictures at one place: InstanceNumber 7"):
        order_of(tmp_path)


def test_a_slice_without_a_place_is_refused(tmp_path, t1_series) -> None:
    t1_series.per_slice = lambda index: {"ImagePositionPatient": None} if index == 4 else {}
    t1_series.write(tmp_path)
    with pytest.raises(FormatError, match=r"1 of 12 slices that do not say where .*InstanceNumber 5"):
        order_of(tmp_path)


def test_imager_spacing_does_not_stand_in_for_pixel_spacing(tmp_path, t1_series) -> None:
    t1_series.per_slice = lambda index: {"PixelSpacing": None, "ImagerPixelSpacing": [2.0, 1.5]}
    t1_series.write(tmp_path)
    with pytest.raises(FormatError, match="ImagerPixelSpacing"):
        order_of(tmp_path)


def test_a_tilt_that_positions_contradict_is_refused(tmp_path, ct_series) -> None:
    ct_series.fields["GantryDetectorTilt"] = 5.0
    ct_series.write(tmp_path)
    with pytest.raises(FormatError, match=r"stated tilt of 5\.0 degrees .* sheared by 15\.0 degrees"):
        geometry_of(order_of(tmp_path)[0])


def test_pictures_at_one_place_are_no_volume(tmp_path, t1_series) -> None:
    t1_series.at_mm = np.zeros(12)
    t1_series.per_slice = lambda index: {"AcquisitionNumber": index}
    t1_series.write(tmp_path)
    with pytest.raises(FormatError, match="all 12 pictures at one place"):
        order_of(tmp_path)


def bold(make_series, make_values, count=12, **per_slice):
    values = np.concatenate([make_values((4, 32, 30), seed=5) + 3.0 * t for t in range(count)])
    at_mm = np.tile(3.0 * np.arange(4), count)
    fields = {"ScanningSequence": "EP", "RepetitionTime": 2000.0, "EchoTime": 30.0}
    return make_series(
        values=values,
        at_mm=at_mm,
        fields=fields,
        per_slice=lambda index: {"AcquisitionNumber": index // 4 + 1, **per_slice},
    )


def test_repetitions_are_told_apart(tmp_path, make_series, make_values) -> None:
    bold(make_series, make_values).write(tmp_path)
    found, _ = order_of(tmp_path)
    assert len(found.pictures) == 12
    assert {len(part) for part in found.pictures} == {4}
    assert [part[0].times[2] for part in found.pictures] == list(range(1, 13))


def test_a_slice_missing_from_one_repetition_is_named(tmp_path, make_series, make_values) -> None:
    bold(make_series, make_values).write(tmp_path)[4 * 6 + 2].unlink()
    with pytest.raises(FormatError, match="volume 7 of 12: found no slice 3 of 4"):
        order_of(tmp_path)


def test_a_missing_repetition_is_named(tmp_path, make_series, make_values) -> None:
    for path in bold(make_series, make_values).write(tmp_path)[24:28]:
        path.unlink()
    with pytest.raises(FormatError, match="11 volumes; number 7 missing"):
        order_of(tmp_path)
