"""Parts of the digital participant whose answer is known by other means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.model.volume import Grid
from trephine.phantom.bold import slice_times_s, task_course, task_events
from trephine.phantom.motion import MotionSettings, brain_motion
from trephine.phantom.person import rigid_about
from trephine.phantom.raster import blood_share, drawn_vessels
from trephine.phantom.template import largest_curvature
from trephine.phantom.vessels import VesselTree, curved, grow, joined, murray_radius_um


def straight(radius_um: float, start: tuple[float, ...], end: tuple[float, ...]) -> VesselTree:
    return VesselTree(
        position_mm=np.array([start, end]),
        parent=np.array([-1, 0]),
        radius_um=np.full(2, radius_um),
        kind=np.zeros(2, dtype=np.int64),
    )


def test_blood_share_holds_the_volume_of_a_tube() -> None:
    grid = Grid(shape=(40, 40, 40), affine_mm=np.diag([0.5, 0.5, 0.5, 1]), frame=SCANNER)
    tree = straight(1500, (10, 10, 4), (10, 10.3, 16))
    volume_mm3 = blood_share(tree, grid, 0.0).sum() * 0.5**3
    exact = np.pi * 1.5**2 * 12 + 4 / 3 * np.pi * 1.5**3
    assert volume_mm3 == pytest.approx(exact, rel=0.03)
    assert blood_share(tree, grid, 1600.0).sum() == 0


def test_vessel_mask_is_exact_and_its_chord_is_that_of_a_cylinder() -> None:
    tree = straight(200, (2, 5, 0), (8, 5, 0))
    chord, across, mask = drawn_vessels(tree, tree.position_mm, 0.05, 200, 0)
    column, row = np.meshgrid(np.arange(200) * 0.05, np.arange(200) * 0.05)
    reach = np.clip(column, 2, 8)
    inside = (column - reach) ** 2 + (row - 5) ** 2 <= 0.2**2 + 1e-12
    assert np.count_nonzero(inside != mask) <= 4  # pixels whose centre lies on the wall
    assert chord[100, 100] == pytest.approx(0.4, rel=1e-5)
    assert abs(across[100, 100]) < 1e-6
    assert abs(across[102, 100]) == pytest.approx(0.5, rel=1e-5)


def test_murray_adds_cubes() -> None:
    parent = np.array([-1, 0, 1, 1, 0])
    radius = murray_radius_um(parent, np.full(5, 10.0), 1000.0)
    np.testing.assert_allclose(radius, [10 * 3 ** (1 / 3), 10 * 2 ** (1 / 3), 10, 10, 10])
    assert murray_radius_um(parent, np.full(5, 10.0), 11.0).max() == 11.0


def test_grown_tree_without_balance_is_the_shortest() -> None:
    rng = np.random.default_rng(0)
    roots, targets = rng.uniform(0, 10, (1, 2)), rng.uniform(0, 10, (30, 2))
    nodes = np.concatenate([roots, targets])
    parent = grow(roots, targets, np.ones(30), 0.0)
    length = np.linalg.norm(nodes[1:] - nodes[parent[1:]], axis=1).sum()
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial.distance import cdist

    assert length == pytest.approx(minimum_spanning_tree(cdist(nodes, nodes)).sum())


def test_curves_keep_their_ends_and_belong_to_their_wire() -> None:
    points = np.array([[0.0, 0], [5, 0], [5, 5]])
    fine, parent, owner = curved(points, np.array([-1, 0, 1]), 0.5, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(fine[:3], points)
    steps = parent >= 0
    assert np.linalg.norm(fine[steps] - fine[parent[steps]], axis=1).max() < 0.9
    node, path = 2, []
    while node != 1:
        path.append(owner[node])
        node = parent[node]
    assert set(path) == {2}
    assert len(path) == 10


def test_joined_trees_keep_their_links() -> None:
    both = joined([straight(10, (0, 0, 0), (1, 0, 0)), straight(20, (5, 0, 0), (6, 0, 0))])
    np.testing.assert_array_equal(both.parent, [-1, 0, -1, 2])


def test_largest_curvature_agrees_with_eigenvalues() -> None:
    rng = np.random.default_rng(1)
    x, y, z = np.indices((13, 13, 13)) - 6.0
    matrix = rng.normal(size=(3, 3))
    matrix += matrix.T
    quadratic = 0.5 * sum(
        matrix[i, j] * p * q for i, p in enumerate((x, y, z)) for j, q in enumerate((x, y, z))
    )
    mask = np.zeros(x.shape, dtype=bool)
    mask[6, 6, 6] = True
    found = largest_curvature(quadratic.astype(np.float32), mask, 0.8)
    assert found[6, 6, 6] == pytest.approx(max(np.linalg.eigvalsh(matrix).max(), 0), rel=1e-3)
    assert np.count_nonzero(found) <= 1


def test_rigid_map_keeps_its_centre_but_for_the_shift() -> None:
    centre, shift = np.array([1.0, 2, 3]), np.array([0.5, 0, -0.5])
    matrix = rigid_about(centre, np.array([0.1, -0.2, 0.3]), shift)
    np.testing.assert_allclose(matrix @ [*centre, 1], [*(centre + shift), 1])
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_task_reaches_its_plateau_late_and_slices_are_all_different() -> None:
    events = task_events()
    assert {event.trial_type for event in events} == {"rest", "right", "left", "both"}
    course = task_course(events, "right", 260)
    first = next(event for event in events if event.trial_type == "right")
    assert course[round(first.onset_s * 10)] == pytest.approx(0, abs=1e-9)
    assert course[round((first.onset_s + 12) * 10)] > 0.8
    assert len(set(slice_times_s())) == 30
    assert slice_times_s().max() < 2.0


def test_motion_has_the_three_rhythms_and_the_stated_limit() -> None:
    motion = brain_motion(3, MotionSettings(rate_hz=50), 600)
    height = motion.displacement_mm[:, 2]
    assert np.ptp(height) <= 0.8 + 1e-12
    assert np.ptp(height) > 0.4
    assert np.ptp(motion.displacement_mm[:, :2], axis=0).max() < 0.3 * 0.8 * 1.3
    np.testing.assert_allclose(motion.displacement_mm.mean(axis=0), 0, atol=1e-12)
    strong = brain_motion(3, MotionSettings(rate_hz=50, breath_mm=5), 60)
    assert np.ptp(strong.displacement_mm[:, 2]) == pytest.approx(0.8)
    rate, power = signal.welch(height, 50, nperseg=2**13)
    for low, high, expected in ((0.015, 0.1, 0.04), (0.12, 0.5, 0.22), (0.7, 1.5, 1.05)):
        band = (rate > low) & (rate < high)
        assert rate[band][power[band].argmax()] == pytest.approx(expected, rel=0.2)


def test_motion_is_the_same_again_and_another_seed_moves_otherwise() -> None:
    first = brain_motion(1, MotionSettings(), 20)
    np.testing.assert_array_equal(
        first.displacement_mm, brain_motion(1, MotionSettings(), 20).displacement_mm
    )
    assert not np.allclose(first.displacement_mm, brain_motion(2, MotionSettings(), 20).displacement_mm)
    still = MotionSettings(slow_mm=0, breath_mm=0, pulse_mm=0)
    assert np.all(brain_motion(1, still, 5).displacement_mm == 0)


def test_motion_refuses_a_moment() -> None:
    with pytest.raises(InputError, match="at least"):
        brain_motion(1, MotionSettings(), 0.0)
