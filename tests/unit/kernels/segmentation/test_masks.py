"""Masks on shapes whose answer is known."""

import numpy as np
import pytest

from trephine.kernels.segmentation.masks import (
    box_of,
    closed,
    distance_from_level,
    foreground,
    largest_part,
    shrunk,
    signed_distance,
)

UNIT = np.ones(3)


def ball(radius: float, size: int = 41) -> np.ndarray:
    i, j, k = np.indices((size, size, size)) - size // 2
    return i**2 + j**2 + k**2 <= radius**2


def test_largest_part_keeps_one() -> None:
    mask = np.zeros((10, 10, 10), dtype=bool)
    mask[1:3, 1:3, 1:3] = mask[5:9, 5:9, 5:9] = True
    assert largest_part(mask).sum() == 64
    assert not largest_part(np.zeros((3, 3, 3), dtype=bool)).any()


def test_closing_fills_a_narrow_gap_and_not_a_wide_one() -> None:
    mask = ball(12)
    mask[20:22] = False
    assert closed(mask, 3.0, UNIT)[20:22, 20, 20].all()
    mask[14:28] = False
    assert not closed(mask, 3.0, UNIT)[20, 20, 20]


def test_closing_at_the_edge_of_the_grid_adds_nothing() -> None:
    mask = np.ones((8, 8, 8), dtype=bool)
    assert closed(mask, 3.0, UNIT).all()
    assert closed(ball(5, 11), 3.0, UNIT).sum() <= ball(5, 11).sum() * 1.1


def test_signed_distance_has_the_voxel_size() -> None:
    distance = signed_distance(ball(10), UNIT * 2)
    assert distance[20, 20, 20] < -18
    assert abs(distance[35, 20, 20] - 9.0) < 1.1  # 15 - 10 voxels of 2 mm, less half a voxel


def test_shrinking_takes_a_rim() -> None:
    assert not shrunk(ball(10), 2.0, UNIT)[29, 20, 20]
    assert shrunk(ball(10), 2.0, UNIT)[26, 20, 20]


def test_foreground_is_the_bright_object() -> None:
    rng = np.random.default_rng(0)
    values = np.where(ball(12), 100.0, 0.0) + rng.random((41, 41, 41)) * 5
    mask = foreground(values, UNIT, gap_mm=2.0)
    far = np.asarray(~ball(15))
    assert (mask & ball(12)).sum() > 0.97 * ball(12).sum()
    assert not (mask & far).any()


def test_a_constant_image_has_no_foreground() -> None:
    assert not foreground(np.ones((5, 5, 5)), UNIT).any()


def test_box_stays_within_the_grid() -> None:
    mask = np.zeros((6, 6, 6), dtype=bool)
    mask[1, 2, 5] = True
    assert box_of(mask, 2) == (slice(0, 4), slice(0, 5), slice(3, 6))
    assert box_of(np.zeros((2, 3, 4), dtype=bool), 1) == (slice(0, 2), slice(0, 3), slice(0, 4))


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_distance_from_a_level_is_right_far_from_the_surface_as_well(scale: float) -> None:
    edges = np.array([1.5, 1.0, 2.0])
    where = (np.indices((48, 70, 36)) - np.array([23.3, 34.6, 17.8])[:, None, None, None]) * edges[
        :, None, None, None
    ]
    truth = np.sqrt((where**2).sum(axis=0)) - 20.0
    error = distance_from_level(scale * truth, edges) - truth
    for low, high in ((-15, -8), (-8, -2), (-2, 2), (2, 8), (8, 14)):
        ring = (truth > low) & (truth < high)
        assert abs(error[ring].mean()) < 0.12
        assert np.abs(error[ring]).max() < 0.75


def test_distance_of_a_level_of_one_sign_keeps_the_sign() -> None:
    level = np.broadcast_to(np.arange(2.0, 9.0)[:, None, None], (7, 5, 5))
    assert (distance_from_level(level, UNIT) > 0).all()
    assert (distance_from_level(-level, UNIT) < 0).all()
