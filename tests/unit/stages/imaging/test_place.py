"""A further scan is laid on a made-up head: where it comes to lie, how sure that is, and what is drawn."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from trephine.kernels.registration.images import Sampled, resampled
from trephine.kernels.registration.pose_evidence import PoseEvidence
from trephine.kernels.registration.rigid import RigidSettings
from trephine.model.scan import Scan, ScanKind
from trephine.model.volume import Grid, Volume
from trephine.stages.imaging import other_scans
from trephine.stages.imaging.head import Head
from trephine.stages.imaging.other_scans import Placed, Reference, place
from trephine.stages.imaging.settings import Settings

SHAPE = (76, 84, 76)
STEP_MM = 2.0
AFFINE = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
AFFINE[:3, 3] = -STEP_MM * (np.array(SHAPE) - 1) / 2
TRUTH = np.eye(4)
TRUTH[:3, :3] = Rotation.from_rotvec((0.12, -0.08, 0.1)).as_matrix()
TRUTH[:3, 3] = (7.0, -9.0, 5.0)
"""From the scan's frame to the head's."""
POINTS = np.random.default_rng(3).uniform(-40, 40, (100, 3))


def head_values() -> np.ndarray:
    """A lumpy egg of 110 to 140 mm with texture in it."""
    where = np.indices(SHAPE).reshape(3, -1).T @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    radius = np.sqrt(((where / (56.0, 70.0, 60.0)) ** 2).sum(axis=1)).reshape(SHAPE)
    noise = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal(SHAPE), 2.0)
    return np.where(radius < 1, np.clip(200.0 + 60.0 * noise / noise.std(), 30, 400), 0.0)


@pytest.fixture(scope="module")
def reference() -> Reference:
    image = Sampled(values=head_values(), affine_mm=AFFINE)
    mask = image.values > 1
    head = Head(t1=image, mask=mask, coarse=image, coarse_mask=mask)
    brain = ndimage.binary_erosion(mask, iterations=2)
    return Reference(head=head, t1=image, brain=brain, points_mm=POINTS)


def scan_of(reference: Reference, pose: np.ndarray, kind: ScanKind = ScanKind.T2W) -> Scan:
    """Another contrast of the head on its own grid, in a frame from which ``pose`` leads to the head's."""
    seen = resampled(reference.t1, AFFINE, SHAPE, source_from_target=pose).values
    values = np.where(seen > 1, 500.0 - seen + 4.0 * np.random.default_rng(2).standard_normal(SHAPE), 0.0)
    grid = Grid(shape=SHAPE, affine_mm=AFFINE, frame=kind.frame)
    return Scan(kind=kind, volume=Volume(values=values.astype(np.float32), grid=grid, unit="arbitrary"))


@pytest.fixture(scope="module")
def placed(reference: Reference) -> Placed:
    quick = RigidSettings(starts=4, coarse_mm=8.0, fine_mm=4.0, with_halves=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other_scans, "_SEARCH", quick)
        return place(scan_of(reference, TRUTH), reference, Settings())


def test_the_pose_is_right_and_its_error_within_its_bounds(placed: Placed) -> None:
    found = placed.registration
    end = found.scanner_from_moving.matrix @ np.linalg.inv(TRUTH)
    off_mm = np.linalg.norm(POINTS @ end[:3, :3].T + end[:3, 3] - POINTS, axis=1)
    assert found.is_trusted
    assert found.mean_error_95_mm is not None
    assert found.largest_error_95_mm is not None
    assert off_mm.mean() <= found.mean_error_95_mm < 0.5
    assert off_mm.max() <= found.largest_error_95_mm
    assert found.scanner_from_moving.source == "t2w"


def test_what_the_header_was_off_is_said(placed: Placed) -> None:
    turn_rad = np.linalg.norm(Rotation.from_matrix(TRUTH[:3, :3]).as_rotvec())
    assert placed.registration.header_offset_rad == pytest.approx(turn_rad, abs=0.01)
    assert placed.registration.header_offset_mm == pytest.approx(13.0, abs=3.0)
    assert [finding.code for finding in placed.findings] == ["HEADER_MISALIGNED"]


def test_the_picture_shows_the_scan_where_it_was_found(placed: Placed, reference: Reference) -> None:
    picture = placed.picture
    ijk = np.rint(picture.grid.ijk_of(POINTS)).astype(int)
    seen = picture.values[tuple(ijk.T)].astype(float)
    there = ndimage.map_coordinates(reference.t1.values, (POINTS - AFFINE[:3, 3]).T / STEP_MM, order=1)
    assert np.corrcoef(seen, there)[0, 1] < -0.6  # the other contrast, at voxels of 1.5 mm


def test_a_small_object_is_not_searched_for(reference: Reference) -> None:
    values = np.zeros(SHAPE, dtype=np.float32)
    values[:16, :16, :16] = np.random.default_rng(1).uniform(100, 200, (16, 16, 16))
    values[16:40, 16:40, 16:40] = 1.0  # signal enough, but no object stands out of it
    grid = Grid(shape=SHAPE, affine_mm=AFFINE, frame=ScanKind.T2W.frame)
    given = Scan(kind=ScanKind.T2W, volume=Volume(values=values, grid=grid, unit="arbitrary"))
    found = place(given, reference, Settings()).registration
    assert not found.is_trusted
    assert found.starts == 0


def test_the_share_that_a_header_puts_in_the_skull_is_counted(reference: Reference) -> None:
    values = np.zeros(SHAPE)
    middle = np.array(SHAPE) // 2
    values[tuple(middle)] = 5.0
    values[0, 0, 0] = 5.0
    values[tuple(middle + (3, 0, 0))] = 5.0
    values[75, 83, 75] = 5.0
    assert other_scans._by_header(Sampled(values=values, affine_mm=AFFINE), reference) == 0.5
    away = AFFINE.copy()
    away[0, 3] += 500.0
    assert other_scans._by_header(Sampled(values=values, affine_mm=away), reference) == 0.0


def test_the_share_inside_the_head_follows_the_pose(reference: Reference) -> None:
    mask = reference.head.mask
    away = np.eye(4)
    assert other_scans._inside_fraction(away, reference.t1, mask, reference.head) == 1.0
    away[2, 3] = 60.0
    half = other_scans._inside_fraction(away, reference.t1, mask, reference.head)
    assert 0.3 < half < 0.7
    away[2, 3] = 300.0
    assert other_scans._inside_fraction(away, reference.t1, mask, reference.head) == 0.0


def test_hounsfield_units_are_cut_to_what_tells_tissue_apart() -> None:
    values = np.array([[[-1000.0, -200.0, 40.0, 1000.0, 3000.0]]], dtype=np.float32)
    for kind, shown in ((ScanKind.CT, [0, 0, 240, 1200, 1200]), (ScanKind.MRA, [0, 0, 40, 1000, 3000])):
        grid = Grid(shape=(1, 1, 5), affine_mm=np.eye(4), frame=kind.frame)
        given = Scan(kind=kind, volume=Volume(values=values, grid=grid, unit="arbitrary"))
        assert other_scans._shown(given).values.ravel().tolist() == shown


def evidence(step_mm: tuple[float, ...], variance_mm2: float = 0.0) -> PoseEvidence:
    return PoseEvidence(
        correction=np.eye(4),
        step_mm=np.array(step_mm),
        covariance_mm2=variance_mm2 * np.eye(6),
        centre_mm=np.zeros(3),
        residual_mm=0.1,
        residual_error_mm=0.1,
        noise_mm=0.1,
        stretch_fraction=0.0,
        stretch_error_fraction=0.01,
        blocks=100,
        tried=100,
    )


def test_the_error_holds_half_the_step_the_scatter_and_a_floor(reference: Reference) -> None:
    none = (0.0,) * 6
    sd = {
        name: other_scans._errors_mm(given, np.array(step), voxel_mm, reference)[0]
        for name, given, step, voxel_mm in (
            ("step", evidence(none), (0, 0, 4.0, 0, 0, 0), 0.0),
            ("scatter", evidence(none, 1.0), none, 0.0),
            ("floor", evidence(none), none, 2.0),
        )
    }
    assert sd["step"] == pytest.approx(2.0, rel=0.05)
    # Three shifts and three turns; 11 degrees of freedom widen the scatter.
    lever = np.sqrt(3 + 2 * (POINTS**2).sum(axis=1).mean() / 60.0**2)
    assert sd["scatter"] == pytest.approx(np.sqrt(11 / 9) * lever, rel=0.05)
    assert sd["floor"] == pytest.approx(0.06 * lever, rel=0.05)
    assert other_scans._errors_mm(None, np.zeros(6), 1.0, reference) is None


def test_a_search_that_stopped_early_is_done_again_once(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Corrections of 2 mm send the pose back to the search; what counts is where both then end."""
    steps = {"first": (1.0, 0, 0, 0, 0, 0), "again": (0.1, 0, 0, 0, 0, 0)}
    told = []

    def corrected(full: Sampled, pose: np.ndarray, given: Reference):
        told.append("again" if told else "first")
        step = np.array(steps[told[-1]]) * 2
        return pose, evidence(tuple(step)), step

    monkeypatch.setattr(other_scans, "_corrected", corrected)
    fit = type("Fit", (), {"target_from_source": np.eye(4), "agreeing_starts": 3, "starts": 4})
    monkeypatch.setattr(other_scans, "register_rigid", lambda *given: fit)
    monkeypatch.setattr(other_scans, "refine_rigid", lambda *given: np.eye(4))
    given = scan_of(reference, np.eye(4))
    found = place(given, reference, Settings()).registration
    assert told == ["first", "again"]
    assert found.mean_error_95_mm < 0.5
    told.clear()
    steps["first"] = (0.5, 0, 0, 0, 0, 0)  # 1 mm: no second search
    place(given, reference, Settings())
    assert told == ["first"]


def test_two_corrections_add_up_and_go_after_the_pose(
    reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_rotvec((0, 0, 0.5)).as_matrix()
    step = evidence((0, 0, 0, 0, 0, 1.0))
    object.__setattr__(step, "correction", TRUTH)
    monkeypatch.setattr(other_scans, "evidence_of", lambda shifts: step)
    monkeypatch.setattr(other_scans, "local_shifts", lambda *given: None)
    pose, found, steps_mm = other_scans._corrected(reference.t1, turn, reference)
    assert np.allclose(pose, TRUTH @ TRUTH @ turn)
    assert found is step
    assert steps_mm.tolist() == [0, 0, 0, 0, 0, 2.0]


def test_places_that_a_scan_does_not_cover_are_known(reference: Reference) -> None:
    half = Sampled(values=reference.t1.values[:38], affine_mm=AFFINE)
    _, covered = other_scans._moved(half, np.eye(4), reference.t1)
    assert covered[:37].all()
    assert not covered[39:].any()
