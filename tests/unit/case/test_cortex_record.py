"""Surfaces of the hemispheres survive the case folder."""

import numpy as np
import pytest

from trephine.case.records import cortex, sinuses
from trephine.case.store import Case, Writer
from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.model.cortex import CortexQuality, CorticalSurface
from trephine.model.sinus import DuralSinus
from trephine.model.surface import Surface

POINTS = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], dtype=np.int32)


def half(side: str) -> CorticalSurface:
    quality = CortexQuality(
        rings_cut=3,
        voxels_cut=7,
        voxels_cut_near_hand=1,
        euler_number=2,
        crossings_mended=4,
        crossings_left=0,
        unsure_fraction=0.25,
    )
    return CorticalSurface(
        hemisphere=side,
        white=Surface(points_mm=POINTS, faces=FACES, frame=SCANNER),
        pial=Surface(points_mm=2 * POINTS, faces=FACES, frame=SCANNER),
        thickness_mm=np.array([2.5, 2.0, 3.0, 0.0]),
        thickness_sd_mm=np.array([0.2, 0.3, 0.4, 0.0]),
        curvature_per_mm=np.array([0.1, -0.2, 0.3, 0.0]),
        sulcal_depth_mm=np.array([1.0, 12.0, 0.0, 3.0]),
        is_cortex=np.array([True, True, True, False]),
        is_crown=np.array([True, False, True, False]),
        is_sure=np.array([True, True, False, False]),
        quality=quality,
    )


def written(case: Case, halves: tuple[CorticalSurface, ...], zones: tuple[DuralSinus, ...] = ()) -> None:
    writer = Writer(case=case, stage="imaging", stage_version="1", settings_sha256="0" * 64, inputs={})
    cortex.write(halves, writer)
    sinuses.write(zones, writer)
    for relative in writer.outputs:
        (case.folder / relative).parent.mkdir(parents=True, exist_ok=True)
    for path in sorted((case.folder / ".partial").rglob("*")) if (case.folder / ".partial").exists() else ():
        if path.is_file():
            path.replace(case.folder / path.relative_to(case.folder / ".partial"))


def test_every_measure_of_both_sides_comes_back(case: Case) -> None:
    written(case, (half("left"), half("right")))
    found = cortex.read(case)
    assert [each.hemisphere for each in found] == ["left", "right"]
    for each in found:
        wanted = half(each.hemisphere)
        assert each.quality == wanted.quality
        assert np.array_equal(each.pial.points_mm, wanted.pial.points_mm)
        for name in ("thickness_mm", "thickness_sd_mm", "curvature_per_mm", "sulcal_depth_mm"):
            assert np.array_equal(getattr(each, name), getattr(wanted, name)), name
        for name in ("is_cortex", "is_crown", "is_sure"):
            assert np.array_equal(getattr(each, name), getattr(wanted, name)), name


def test_units_and_frame_stand_beside_each_file(case: Case) -> None:
    written(case, (half("left"),))
    thickness = case.sidecar("cortex_length", hemi="L", measure="thickness")
    assert (thickness.units, thickness.spatial_reference) == ("mm", SCANNER)
    assert case.sidecar("cortex_curvature", hemi="L").units == "per_mm"


def test_a_case_without_surfaces_has_none(case: Case) -> None:
    assert cortex.read(case) == ()


def test_surfaces_with_different_triangles_are_refused() -> None:
    good = half("left")
    turned = Surface(points_mm=POINTS, faces=FACES[:, ::-1], frame=SCANNER)
    with pytest.raises(InputError, match="same triangles"):
        CorticalSurface(**{**vars(good), "pial": turned})


def test_zones_of_sinuses_come_back_and_widen_with_doubt(case: Case) -> None:
    line = np.column_stack([np.zeros(50), np.linspace(0, 49, 50), np.full(50, 60.0)])
    zone = DuralSinus(
        name="superior sagittal", centre_mm=line, half_width_mm=np.full(50, 2.5), sd_mm=np.full(50, 4.0)
    )
    written(case, (), (zone,))
    (found,) = sinuses.read(case)
    assert np.array_equal(found.centre_mm, line)
    aside = np.array([[20.0, 10, 60], [5.0, 10, 60]])
    assert found.clearance_mm(aside).tolist() == [9.5, -5.5]
    assert found.clearance_mm(aside, sigmas=0.0).tolist() == [17.5, 2.5]
