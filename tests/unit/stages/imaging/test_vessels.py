"""Vessels of every kind of scan, inside a ball for a skull."""

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.frames import SCANNER, Affine, Frame
from trephine.kernels.registration.images import Sampled
from trephine.model.registration import Registration
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.vessels import find_vessels, find_vessels_alone

SHAPE = (72, 72, 72)
SKULL_MM = 19.0
AFFINE_MM = np.diag([0.6, 0.6, 0.6, 1.0])
AFFINE_MM[:3, 3] = -21.3
WHERE_MM = np.stack(np.meshgrid(*[np.arange(72) * 0.6 - 21.3] * 3, indexing="ij"), -1)
OUT_MM = np.linalg.norm(WHERE_MM, axis=-1) - SKULL_MM
WALL = Sampled(values=OUT_MM, affine_mm=AFFINE_MM)
INSIDE = OUT_MM < 0


def vessel(x_mm: float = 4.0, radius_mm: float = 1.0) -> np.ndarray:
    away = np.hypot(WHERE_MM[..., 0] - x_mm, WHERE_MM[..., 1])
    return np.clip(0.5 + (radius_mm - away) / 0.6, 0, 1) * INSIDE


def noisy(image: np.ndarray, noise: float = 12.0) -> np.ndarray:
    return (image + noise * np.random.default_rng(0).standard_normal(SHAPE)).astype(np.float32)


def given(kind: ScanKind, values: np.ndarray, shift_mm: float = 0.0) -> tuple[Scan, Registration]:
    frame = Frame(str(kind))
    affine_mm = np.array(AFFINE_MM)
    affine_mm[0, 3] += shift_mm
    volume = Volume(values=values, grid=Grid(shape=SHAPE, affine_mm=affine_mm, frame=frame), unit="arbitrary")
    back = np.eye(4)
    back[0, 3] = -shift_mm
    pose = Registration(
        moving=str(kind),
        scanner_from_moving=Affine(target=SCANNER, source=frame, matrix=back),
        error_mm=0.4,
        header_offset_mm=0.0,
        header_offset_rad=0.0,
        is_trusted=True,
    )
    return Scan(kind=kind, volume=volume), pose


def angiography(share: np.ndarray) -> np.ndarray:
    return np.maximum(noisy((200 + 600 * share) * INSIDE + 5), 1)


def codes(outcome) -> set[str]:
    return {finding.code for finding in outcome.findings}


def test_angiography_gives_label_tree_and_size_in_scanner() -> None:
    share = vessel()
    outcome = find_vessels([given(ScanKind.MRA, angiography(share), shift_mm=3.0)], WALL, Settings())
    seen = outcome.value
    assert seen is not None
    assert (seen.vessels.values > 0)[share > 0.9].mean() > 0.99
    assert ((share > 0)[seen.vessels.values > 0]).mean() > 0.97
    assert seen.tree.branch_count == 1
    inner = np.abs(seen.tree.points_mm[:, 2]) < 14
    assert np.abs(seen.tree.points_mm[inner, 0] - 4.0).max() < 0.3
    assert np.median(seen.tree.radius_mm) == pytest.approx(1.0, abs=0.15)
    assert seen.smallest_diameter_mm < 1.2
    assert seen.registration_error_mm == 0.4
    assert codes(outcome) == {"SMALLEST_VESSEL_SHOWN"}


def test_dark_veins_of_swi_without_air_and_the_union_with_angiography() -> None:
    artery, vein = vessel(4.0), vessel(-6.0, 0.8)
    swi = (300 - 220 * vein) * INSIDE + 4
    swi[np.linalg.norm(WHERE_MM - (0, 0, -14), axis=-1) < 5] = 5.0  # air
    both = [given(ScanKind.MRA, angiography(artery)), given(ScanKind.SWI, np.maximum(noisy(swi), 1))]
    seen = find_vessels(both, WALL, Settings()).value
    assert seen is not None
    label = seen.vessels.values > 0
    deep = (OUT_MM < -2.5) & (np.abs(WHERE_MM[..., 2]) < 8)
    assert label[(artery > 0.9) & deep].mean() > 0.99
    assert label[(vein > 0.9) & deep].mean() > 0.97
    assert label[np.linalg.norm(WHERE_MM - (0, 0, -14), axis=-1) < 4].mean() < 0.05
    assert [scan.kind for scan in seen.scans] == [ScanKind.MRA, ScanKind.SWI]
    assert set(seen.tree.scan.tolist()) == {0, 1}
    assert seen.smallest_diameter_mm == max(scan.smallest_diameter_mm for scan in seen.scans)


def test_bone_of_a_ct_angiography_is_no_vessel() -> None:
    share = vessel(radius_mm=1.4)
    hounsfield = np.where(INSIDE, 40 + 300 * share, 1200.0)
    seen = find_vessels([given(ScanKind.CTA, noisy(hounsfield))], WALL, Settings()).value
    assert seen is not None
    label = seen.vessels.values > 0
    assert label[(share > 0.9) & (OUT_MM < -2.5)].mean() > 0.99
    assert (share > 0)[label].mean() > 0.97


def test_contrast_t1_says_that_dura_is_bright_too() -> None:
    outcome = find_vessels([given(ScanKind.CE_T1W, angiography(vessel()))], WALL, Settings())
    assert "DURA_ENHANCES" in codes(outcome)


def test_other_scans_and_none_at_all_give_none() -> None:
    assert find_vessels([given(ScanKind.T2W, angiography(vessel()))], WALL, Settings()).value is None
    assert find_vessels([], WALL, Settings()).value is None


@pytest.mark.parametrize("noise", [0.0, 12.0])
def test_a_scan_of_nothing_says_that_it_is_no_evidence(noise: float) -> None:
    values = np.maximum(noisy(200.0 * INSIDE, noise), 0) if noise else np.zeros(SHAPE, dtype=np.float32)
    outcome = find_vessels([given(ScanKind.MRA, values)], WALL, Settings())
    assert outcome.value is not None
    assert outcome.value.vessels.values.sum() == 0
    assert codes(outcome) & {"NO_VESSELS_SEEN", "VESSEL_SIZE_UNKNOWN"}
    assert "SMALLEST_VESSEL_SHOWN" not in codes(outcome)


def test_values_that_are_not_finite_are_refused() -> None:
    values = angiography(vessel())
    values[3, 3, 3] = np.nan
    with pytest.raises(InputError, match="1 voxels that are not finite"):
        find_vessels([given(ScanKind.MRA, values)], WALL, Settings())


def test_alone_a_cut_scan_is_labelled_and_a_dark_vessel_scan_is_refused() -> None:
    values = angiography(vessel())
    values[vessel() < 0.3] = 0
    scan, _ = given(ScanKind.MRA, values)
    outcome = find_vessels_alone(scan, Settings())
    assert outcome.value is not None
    assert (outcome.value.vessels.values > 0)[vessel() > 0.9].mean() > 0.99
    assert "VESSEL_SCAN_CUT" in codes(outcome)
    swi, _ = given(ScanKind.SWI, values)
    with pytest.raises(InputError, match="planning T1"):
        find_vessels_alone(swi, Settings())
