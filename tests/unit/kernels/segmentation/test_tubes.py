"""Tubes of any width: found, solid, measured; and nothing found where there is none."""

import itertools

import numpy as np
import pytest
from scipy import ndimage

from trephine.kernels.segmentation.centre_lines import centre_lines
from trephine.kernels.segmentation.detectability import recall_by_diameter
from trephine.kernels.segmentation.knots import dense_knots, densest_of_one_tube
from trephine.kernels.segmentation.tube_radii import centred_and_measured, smoothed, tangents
from trephine.kernels.segmentation.tubes import Sureness, find_tubes

SURE = Sureness(least_probability=0.5, false_voxel=0.05, least_voxels=8, widest_mm=10.0)
CUBE = np.array([0.6, 0.6, 0.6])
SHAPE = (56, 56, 56)
LONG = (48, 48, 64)
DIAMETERS_MM = np.array([0.1, 0.6, 1.2, 2.4])


def share_of(shape, voxel_mm, points_mm, radius_mm) -> np.ndarray:
    """Share of each voxel filled by tubes round a polyline: distance with a ramp of one voxel."""
    where = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1) * voxel_mm
    edge_mm = float(np.prod(voxel_mm)) ** (1 / 3)
    away = np.full(shape, np.inf)
    for a, b in itertools.pairwise(points_mm):
        a, b = np.asarray(a, float), np.asarray(b, float)
        t = np.clip(((where - a) @ (b - a)) / max(((b - a) ** 2).sum(), 1e-9), 0, 1)
        away = np.minimum(away, np.linalg.norm(where - a - t[..., None] * (b - a), axis=-1))
    full = np.clip(0.5 + (max(radius_mm, edge_mm / 2) - away) / edge_mm, 0, 1)
    return full * min(1.0, np.pi * (radius_mm / edge_mm) ** 2)


def scan(share, *, blood=1000.0, tissue=200.0, noise=20.0, seed=0, blur=0.4) -> np.ndarray:
    """Turn blood shares into a scan with noise."""
    rng = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(tissue + (blood - tissue) * share, blur)
    return (image + noise * rng.standard_normal(share.shape)).astype(np.float32)


def found(image, voxel_mm=CUBE, mask=None):
    return find_tubes(image, np.ones(image.shape, bool) if mask is None else mask, voxel_mm, SURE)


def line(radius_mm, *, voxel_mm=CUBE, shape=SHAPE, axis=2, offset_mm=0.0):
    middle = (np.array(shape) - 1) / 2 * voxel_mm
    middle[(axis + 1) % 3] += offset_mm
    start, end = middle.copy(), middle.copy()
    start[axis], end[axis] = -5.0, 1e3
    return share_of(shape, voxel_mm, [start, end], radius_mm)


@pytest.mark.parametrize("radius_mm", [0.6, 1.5, 3.0, 5.0])
def test_a_tube_of_any_width_is_found_and_solid(radius_mm: float) -> None:
    share = line(radius_mm)
    tubes = found(scan(share))
    core = share > 0.9 * share.max()
    assert tubes.label[core].mean() == 1.0
    assert tubes.probability[core].min() > 0.9
    assert (share[tubes.label] > 0.1).mean() > 0.95
    extent = tubes.label.sum() / (share >= 0.5).sum()
    assert 0.9 < extent < 1.25


def test_slow_dark_blood_in_the_middle_leaves_no_hollow() -> None:
    share = line(3.0)
    image = scan(share)
    image[line(0.7) > 0.5] = 320.0
    assert found(image).label[share > 0.9].mean() > 0.98


def test_a_tube_half_a_voxel_wide_shows_as_a_line() -> None:
    share = line(0.2)
    tubes = found(scan(share, noise=15.0))
    core = share == share.max()
    assert tubes.label[core].mean() > 0.9
    assert tubes.label.sum() < 8 * core.any(axis=(0, 1)).sum()


def test_crossing_tubes_and_a_tube_on_the_edge_of_the_region() -> None:
    share = np.maximum(line(0.8, axis=0), line(0.8, axis=1, offset_mm=1.0))
    assert found(scan(share)).label[share > 0.9].mean() == 1.0
    mask = np.ones(SHAPE, bool)
    mask[:, :, 29:] = False
    sinus = line(2.0, axis=0)
    image = scan(sinus)
    image[:, :, 30:] = 20.0
    assert found(image, mask=mask).label[(sinus > 0.9) & mask].mean() > 0.97


def test_voxels_of_unequal_edges_and_swapped_axes() -> None:
    voxel_mm, shape = np.array([0.5, 0.5, 1.5]), (64, 64, 30)
    share = line(1.2, voxel_mm=voxel_mm, shape=shape, axis=0)
    image = scan(share)
    tubes = found(image, voxel_mm)
    assert tubes.label[share > 0.9].mean() == 1.0
    swapped = found(image.transpose(2, 0, 1), voxel_mm[[2, 0, 1]])
    same = swapped.label == tubes.label.transpose(2, 0, 1)
    assert same.mean() > 0.9995


def test_noise_alone_gives_nearly_nothing() -> None:
    rng = np.random.default_rng(3)
    labelled = 0
    for _ in range(3):
        image = (200 + 20 * rng.standard_normal((70, 70, 70))).astype(np.float32)
        tubes = found(image)
        labelled += int(tubes.label.sum())
        # Measured 0.0003: the largest of fifteen lines has a heavier tail than a bell curve.
        assert (tubes.probability > 0.5).mean() < 1e-3
    assert labelled == 0


def test_shading_is_no_vessel() -> None:
    ramp = np.linspace(0.6, 1.4, 56)[:, None, None] * np.ones(SHAPE)
    image = (scan(np.zeros(SHAPE)) * ramp).astype(np.float32)
    assert found(image).label.sum() == 0


def test_a_background_cut_to_zero_is_noticed_and_broad_remnants_are_left() -> None:
    share = line(1.2)
    image = scan(share)
    image[share < 0.3] = 0.0
    image[3:18, 3:18, 3:18] = 250.0
    tubes = found(image)
    assert tubes.calibration.background.is_cut
    assert tubes.label[share > 0.9].mean() == 1.0


def test_the_same_scan_gives_the_same_bytes() -> None:
    image = scan(line(0.6))
    assert found(image).probability.tobytes() == found(image).probability.tobytes()


def measured(share, signal, full, voxel_mm=CUBE):
    lines = centre_lines(share >= min(0.5, 0.5 * share.max()), voxel_mm)
    points = np.concatenate([smoothed(each) for each in lines.branches])
    along = np.concatenate([tangents(smoothed(each), voxel_mm) for each in lines.branches])
    half = ndimage.distance_transform_edt(share >= 0.5 * share.max(), sampling=voxel_mm)
    near = ndimage.map_coordinates(half, points.T, order=1)
    return centred_and_measured(signal, points, along, near, voxel_mm, full)


@pytest.mark.parametrize("radius_mm", [0.25, 0.4, 0.7, 1.2, 2.4])
def test_middle_and_radius_of_an_oblique_tube(radius_mm: float) -> None:
    start, end = np.array([8.3, 9.1, -4.0]), np.array([21.0, 18.7, 42.0])
    share = share_of(LONG, CUBE, [start, end], radius_mm)
    signal = scan(share, tissue=0.0, noise=10.0)
    points, found_mm = measured(share, signal, 1000.0)
    axis = (end - start) / np.linalg.norm(end - start)
    inner = (points[:, 2] > 8) & (points[:, 2] < 55)
    offset = points[inner] * CUBE - start
    away_mm = np.linalg.norm(offset - (offset @ axis)[:, None] * axis, axis=1)
    assert np.percentile(away_mm, 95) < 0.3  # half a voxel
    assert np.median(found_mm[inner]) == pytest.approx(radius_mm, abs=0.12)


def test_a_ring_is_one_loop_and_a_fork_has_three_branches() -> None:
    turn = np.linspace(0, 2 * np.pi, 40)
    ring = np.stack([14 + 8 * np.cos(turn), 14 + 8 * np.sin(turn), np.full(40, 18.0)], axis=1)
    lines = centre_lines(share_of(LONG, CUBE, ring, 1.2) >= 0.5, CUBE)
    assert lines.loop_count == 1
    middle = np.array([14.0, 14.0, 18.0])
    arms = [middle + np.array(each) for each in ([0, 0, -14], [9, 0, 12], [-9, 0, 12])]
    fork = np.max([share_of(LONG, CUBE, [middle, arm], 1.0) for arm in arms], axis=0) >= 0.5
    lines = centre_lines(fork, CUBE)
    assert len(lines.branches) == 3
    assert lines.loop_count == 0


def test_a_thick_rough_tube_has_no_stubs() -> None:
    rng = np.random.default_rng(5)
    share = share_of(LONG, CUBE, [(14, 14, -5), (14, 14, 60)], 3.0)
    mask = ndimage.gaussian_filter(share + 0.3 * rng.standard_normal(LONG), 0.7) >= 0.5
    mask = ndimage.binary_opening(mask)
    assert len(centre_lines(ndimage.label(mask)[0] == 1, CUBE).branches) == 1


def test_a_tube_that_thinning_would_erase_is_kept() -> None:
    mask = np.zeros((20, 20, 60), bool)
    mask[9:12, 9:11, 5:55] = True
    mask[10, 8:12, 5:55] = True
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        (branch,) = centre_lines(mask.transpose(order), CUBE).branches
        assert len(branch) > 40


def test_nothing_and_a_ball() -> None:
    assert centre_lines(np.zeros((8, 8, 8), bool), CUBE).branches == ()
    ball = np.linalg.norm(np.indices((15, 15, 15)) - 7, axis=0) < 4
    assert len(centre_lines(ball, CUBE).branches) == 1


def curve(noise: float) -> np.ndarray:
    share = share_of((80, 64, 64), CUBE, [(5, 19, -5), (5, 19, 60)], 2.0)
    image = scan(share, noise=noise)
    mask = np.ones(share.shape, bool)
    tubes = find_tubes(image, mask, CUBE, SURE)
    return recall_by_diameter(image, mask, tubes, CUBE, (800.0, DIAMETERS_MM, SURE))


def test_recall_rises_with_diameter_and_falls_with_noise() -> None:
    quiet, loud = curve(15.0), curve(150.0)
    assert quiet[0] < 0.05
    assert quiet[-1] > 0.99
    assert quiet[1] > 0.9
    assert loud[1] < 0.3
    assert (quiet >= loud - 0.02).all()


def test_a_scan_without_room_says_so() -> None:
    image = scan(np.zeros((20, 20, 20)))
    mask = np.ones(image.shape, bool)
    tubes = find_tubes(image, mask, CUBE, SURE)
    assert recall_by_diameter(image, mask, tubes, CUBE, (800.0, DIAMETERS_MM, SURE)) is None


def scene(*balls_mm, radius_mm=11.0):
    where = np.stack(np.meshgrid(*[np.arange(100.0)] * 3, indexing="ij"), -1)
    label = np.linalg.norm(where[..., :2] - (50, 20), axis=-1) < 4.5  # a sinus in the middle
    rng = np.random.default_rng(2)
    for ball in balls_mm:
        inside = np.linalg.norm(where - ball, axis=-1) < radius_mm
        label |= inside & (rng.random(label.shape) < 0.7)
    return label


def test_a_knot_on_one_side_is_found_where_it_is() -> None:
    (knot,) = dense_knots(scene((25, 60, 50)), np.eye(4), 10.0, 50.0)
    assert np.linalg.norm(np.array(knot.centre_mm) - (25, 60, 50)) < 3
    assert knot.density_fraction > densest_of_one_tube(10.0)
    assert knot.other_side_fraction < 0.05


def test_a_sinus_and_paired_dense_places_are_no_knot() -> None:
    assert dense_knots(scene(), np.eye(4), 10.0, 50.0) == ()
    assert dense_knots(scene((25, 60, 50), (75, 62, 50)), np.eye(4), 10.0, 50.0) == ()
