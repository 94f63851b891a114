"""Every noun comes back from the disk as it went in."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass, replace

import numpy as np
import pytest

from trephine.case.records import anatomy, angiogram, hand_map, insertion_log
from trephine.case.store import Case
from trephine.core.errors import InternalError
from trephine.core.frames import CT, MNI152, SCANNER, Affine, Frame
from trephine.model.activation import ContrastMap, HandMap, RunQuality
from trephine.model.anatomy import Anatomy, Angiogram, ImagingResult
from trephine.model.hand_evidence import Alternative, CentreCertainty, Cluster, NuisanceShift, Peak, Retest
from trephine.model.insertion_log import Attempt, ErrorSource, InsertionLog
from trephine.model.knob import OwnKnob
from trephine.model.registration import Registration
from trephine.model.scan import ScanKind
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.vessels import Detectability, VesselScan, VesselTree
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp

SHAPE = (4, 5, 6)


def _grid(frame: Frame = SCANNER) -> Grid:
    return Grid(shape=SHAPE, affine_mm=np.diag([1.5, 2.0, 2.5, 1.0]) + np.eye(4, k=3) * 7, frame=frame)


def _volume(unit: str, dtype: str = "float32") -> Volume:
    values = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(dtype)
    return Volume(values=values, grid=_grid(), unit=unit)


def _surface() -> Surface:
    points = [[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    return Surface(points_mm=points, faces=[[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], frame=SCANNER)


def _warp(target: Frame, source: Frame) -> Warp:
    field = np.random.default_rng(1).normal(size=(*SHAPE, 3))
    affine = Affine(target=target, source=source, matrix=np.eye(4) + np.eye(4, k=3) / 3)
    return Warp(affine=affine, displacement_mm=field, grid=_grid(target))


def _anatomy() -> Anatomy:
    return Anatomy(
        t1=_volume("arbitrary"),
        tissue=_volume("label", "uint8"),
        intracranial=_volume("label", "uint8"),
        sulcal_depth_mm=_volume("mm"),
        cortex=_surface(),
        outer_skull=_surface(),
        scalp=_surface(),
        skull=SkullThickness.everywhere(4, 8.0, 2.0, is_measured=True),
        mni_from_scanner=_warp(MNI152, SCANNER),
        scanner_from_mni=_warp(SCANNER, MNI152),
        has_ct=True,
    )


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == np.asarray(other).dtype and np.array_equal(
            one, other, equal_nan=one.dtype.kind == "f"
        )
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))  # type: ignore[arg-type]
    if is_dataclass(one) and not isinstance(one, type):
        return type(one) is type(other) and all(
            _equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    return bool(one == other)


def test_anatomy_angiogram_and_registrations(case: Case, through) -> None:
    registration = Registration(
        moving="ct",
        scanner_from_moving=Affine(target=SCANNER, source=CT, matrix=np.eye(4) + np.eye(4, k=3) / 7),
        error_mm=0.3,
        header_offset_mm=4.0,
        header_offset_rad=0.1,
        is_trusted=True,
        mean_error_95_mm=0.6,
        residual_mm=0.4,
        difference_low_mm=0.1,
        difference_high_mm=0.6,
        blocks=120,
    )
    vessels = _angiogram()
    result = ImagingResult(anatomy=_anatomy(), angiogram=vessels, registrations=(registration,))
    through(result, anatomy.write)
    assert _equal(anatomy.read(case), result.anatomy)
    assert _equal(angiogram.read(case), vessels)
    assert _equal(anatomy.read_registrations(case), (registration,))


def _angiogram() -> Angiogram:
    """A fork of three branches seen in two scans, one of which could not be tried."""
    curve = Detectability(diameter_mm=[0.3, 0.6, 1.2], recall_fraction=[0.0, 1 / 3, 1.0])
    known = {"smallest_diameter_mm": 0.7, "registration_error_mm": 0.4, "is_cut": False}
    scans = tuple(
        VesselScan(
            kind=kind, probability=_volume("1"), detectability=found, is_limit_known=bool(found), **known
        )  # type: ignore[arg-type]
        for kind, found in ((ScanKind.MRA, curve), (ScanKind.SWI, None))
    )
    tree = VesselTree(
        points_mm=[(0, 0, 0), (0, 0, 1.25), (1, 0, 2), (-1, 0.5, 2)],
        radius_mm=[1.5, 1.25, 0.5, 0.75],
        branch=[0, 0, 1, 2],
        edges=[(0, 1), (1, 2), (1, 3)],
        scan=[0, 0, 1],
        loop_count=0,
    )
    return Angiogram(
        vessels=_volume("label", "uint8"),
        smallest_diameter_mm=0.7,
        registration_error_mm=0.4,
        tree=tree,
        scans=scans,
    )


def test_an_anatomy_without_angiogram(case: Case, through) -> None:
    through(ImagingResult(anatomy=_anatomy(), angiogram=None, registrations=()), anatomy.write)
    assert angiogram.read(case) is None
    assert anatomy.read_registrations(case) == ()


def _contrast(name: str, **known: object) -> ContrastMap:
    return ContrastMap(name=name, z=_volume("1"), effect_percent=_volume("percent"), **known)  # type: ignore[arg-type]


def _evidence() -> dict[str, object]:
    said = {
        "hemisphere": "left",
        "peak_z": 7.5,
        "peak_probability": 1e-6,
        "discovery_fraction": 1e-5,
        "knob_distance_mm": 3.0,
    }
    cluster = Cluster(number=1, volume_mm3=30.0, centre_mm=[1.0, 2, 3], centre_mni_mm=[2.0, 2, 3], **said)  # type: ignore[arg-type]
    peak = Peak(cluster=1, position_mm=[1.0, 2, 4], position_mni_mm=[2.0, 2, 4], **said)  # type: ignore[arg-type]
    retest = Retest(
        kind="split-half",
        first="first half",
        second="second half",
        centroid_apart_mm=None,
        area_dice=0.5,
        map_correlation=0.8,
        consistency_correlation=0.7,
    )
    shift = NuisanceShift(change="without motion", shift_mm=1.5, peak_z=6.0)
    return {"clusters": (cluster,), "peaks": (peak,), "nuisance_shifts": (shift,), "retests": (retest,)}


def _hand_map(*names: str) -> HandMap:
    known = {
        "hemisphere": "left",
        "centroid_mm": [1.0, 2.0, 1 / 3],
        "peak_mm": [0.0, 1.0, 2.0],
        "peak_z": 7.5,
        "centroid_sd_mm": 0.5,
        "volume_mm3": 30.0,
        "centroid_mni_mm": [1.0, 2.0, 4.0],
        "peak_mni_mm": [1.0, 2.0, 5.0],
        "nuisance_shift_mm": 0.1,
        "run_shift_mm": 0.2,
        "variance_percent2": _volume("percent^2"),
        "laterality_index": 0.75,
        "expression": "+1 right",
        "excess_share": 1.25,
        **_evidence(),
    }
    return HandMap(
        contrasts=(_contrast(names[0], **known), *(_contrast(name) for name in names[1:])),
        hand="right",
        hemisphere="left",
        target_mm=[1.0, 2.0, 1 / 3],
        target_sd_mm=1.2,
        target_source="task",
        knob_mm=[2.0, 2.0, 2.0],
        disagreement_mm=None,
        weight=_volume("1"),
        runs=(_quality(),),
        target_mni_mm=[3.0, 2.0, 1.0],
        weight_sd=_volume("1"),
        certainty=_certainty(),
        alternatives=_alternatives(),
        own_knobs=_own_knobs(),
        run_pictures=(_volume("arbitrary"),),
    )


def _certainty() -> CentreCertainty:
    return CentreCertainty(
        centre_mm=[1.0, 2.0, 1 / 7],
        covariance_mm2=np.diag([1.0, 2.0, 1 / 3]),
        radius95_mm=4.5,
        parts_mm={"noise": 0.5, "registration": 1 / 3},
        probability=_volume("1"),
    )


def _alternatives() -> tuple[Alternative, ...]:
    none = {"position_mm": None, "sd_mm": None, "target_distance_mm": None}
    found = {"position_mm": [1.0, 2, 3], "sd_mm": 4.0, "target_distance_mm": 2.5}
    return (
        Alternative(name="resting state", remark="none", **none),  # type: ignore[arg-type]
        Alternative(name="own knob", remark="bend", **found),  # type: ignore[arg-type]
    )


def _own_knobs() -> tuple[OwnKnob, ...]:
    found = OwnKnob(
        hemisphere="left",
        position_mm=[1 / 3, 2.0, 3.0],
        position_mni_mm=[4.0, 5.0, 1 / 7],
        sd_mm=1.5,
        ends_mm=[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        height_mm=4.2,
        sulcus_mm=[[0.0, 1.0, 2.0], [0.5, 1.0, 1 / 3], [1.0, 1.0, 1.0]],
        template_distance_mm=2.5,
        task_distance_mm=3.5,
        remark="bulge",
    )
    fields_left_out = dict.fromkeys(
        ("position_mm", "position_mni_mm", "sd_mm", "ends_mm", "height_mm", "template_distance_mm"), None
    )
    none = replace(found, hemisphere="right", sulcus_mm=[], task_distance_mm=None, **fields_left_out)
    return found, none


def _quality() -> RunQuality:
    return RunQuality(
        name="task-hand",
        volumes=30,
        outlier_volumes=1,
        max_displacement_mm=0.4,
        mean_displacement_mm=0.1,
        registration_error_mm=0.5,
        header_offset_mm=3.0,
        is_registration_trusted=True,
        is_slice_timing_corrected=False,
    )


def test_hand_map(case: Case, through) -> None:
    noun = _hand_map("right", "right-left")
    for part in (noun, noun.contrasts[0]):
        unset = [
            f.name
            for f in fields(part)
            if f.default is not MISSING and _equal(getattr(part, f.name), f.default)
        ]
        assert unset == [], "give every field a value of its own, or losing it would not be noticed"
    through(noun, hand_map.write)
    assert _equal(hand_map.read(case), noun)
    assert case.has("contrast_z", contrast="rightLeft")
    table = case.read_bytes("cluster_table", contrast="right").decode().splitlines()
    assert table[0].startswith("number\tvolume_mm3\tcentre_x_mm")
    assert table[1].split("\t")[-4:] == ["7.5", "1e-06", "1e-05", "3.0"]
    assert len(case.read_bytes("peak_table", contrast="right").decode().splitlines()) == 2


def test_contrasts_that_would_share_a_file_are_refused(case: Case, through) -> None:
    with pytest.raises(InternalError, match="names that stay different"):
        through(_hand_map("right-left", "right left"), hand_map.write)


def test_a_volume_in_another_unit_than_declared_is_refused(case: Case, through) -> None:
    vessels = Angiogram(vessels=_volume("mm"), smallest_diameter_mm=0.6, registration_error_mm=0.4)
    with pytest.raises(InternalError, match="expected unit 'label'"):
        through(vessels, angiogram.write)


def _log() -> InsertionLog:
    attempt = Attempt(
        thread=1,
        attempt=1,
        start_s=0.0,
        duration_s=30.0,
        planned_entry_mm=(0.0, 0.0, 0.0),
        reached_entry_mm=(0.0, 0.01, 0.0),
        planned_tip_mm=(0.0, 0.0, -4.0),
        reached_tip_mm=(0.0, 0.01, -4.0),
        lateral_error_um=10.0,
        depth_error_um=0.0,
        clearance_um=None,
        result="inserted",
    )
    return InsertionLog(
        robot="r1",
        seed=1,
        attempts=(attempt,),
        error_sources=(ErrorSource(name="stage", sd_um=5.0, source="assumed"),),
        threads_planned=1,
        threads_inserted=1,
        vessel_hits=None,
        total_time_s=30.0,
    )


def test_logs(case: Case, through) -> None:
    through(_log(), insertion_log.write)
    assert insertion_log.read(case) == _log()
