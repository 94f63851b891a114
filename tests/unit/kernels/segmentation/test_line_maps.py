# SPDX-License-Identifier: Apache-2.0
"""Pictures made smaller and larger, filled, and searched for dark lines in any direction."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from trephine.kernels.segmentation.line_maps import LEAST, LEVEL, LONG, LONGEST, SHORT, SLOPE, line_maps
from trephine.kernels.segmentation.picture_pyramid import doubled, filled_in, halved, smoothed


def bar(angle, width=3.0, size=97):
    rows, columns = np.indices((size, size)) - size // 2
    away = np.abs(columns * np.cos(angle) + rows * np.sin(angle))
    return 1 - 0.5 * np.clip(width / 2 + 0.5 - away, 0, 1)


def test_doubling_after_halving_keeps_a_slope_but_for_the_edge():
    slope = np.add.outer(0.5 * np.arange(21), np.arange(34)).astype(np.float32)
    there_and_back = doubled(halved(slope), slope.shape)
    np.testing.assert_allclose(there_and_back[3:-4, 3:-4], slope[3:-4, 3:-4], atol=1e-4)


def test_smoothing_is_that_of_scipy():
    picture = np.random.default_rng(0).random((40, 31))
    expected = ndimage.gaussian_filter(picture, 1.5, mode="nearest", radius=5)
    np.testing.assert_allclose(smoothed(picture, 1.5), expected, atol=1e-5)


def test_what_is_not_seen_is_filled_from_about_it():
    picture = np.full((32, 32), 2.0)
    picture[:, 16:] = 4.0
    seen = np.ones(picture.shape, dtype=bool)
    seen[10:20, 2:10] = False
    seen[25:, 28:] = False
    filled = filled_in(np.where(seen, picture, 99.0), seen)
    np.testing.assert_array_equal(filled[seen], picture[seen])
    assert np.abs(filled[10:20, 2:8] - 2).max() < 0.3
    assert filled[-1, -1] == pytest.approx(4.0, abs=1e-4)
    assert not filled_in(picture, np.zeros_like(seen)).any()


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 4, 2.0])
def test_a_line_answers_alike_in_every_direction_and_more_than_its_ends(angle):
    maps = line_maps(bar(angle), 1.5, lengths=3)  # whole-pixel taps, directions 15 degrees apart
    middle = maps[:, 48, 48]
    straight = line_maps(bar(0.0), 1.5, lengths=3)[:, 48, 48]
    for name, tolerance in ((SHORT, 0.2), (LONG, 0.2)):
        assert middle[name] == pytest.approx(straight[name], rel=tolerance)
        assert middle[name] > 0.05
    beside = int(48 + 12 * np.sin(angle)), int(48 + 12 * np.cos(angle))
    assert maps[LONG][beside] < 0.2 * middle[LONG]


def test_a_dot_is_no_line_and_an_edge_is_steep():
    rows, columns = np.indices((97, 97)) - 48
    dot = 1 - 0.5 * (rows**2 + columns**2 <= 4)
    of_dot, of_line = (line_maps(one, 1.5, lengths=3)[:, 48, 48] for one in (dot, bar(0.3)))
    assert of_dot[LEAST] > 0.5 * of_dot[SHORT] > of_line[LEAST]
    assert of_dot[LONGEST] / of_dot[SHORT] < 0.3 < of_line[LONGEST] / of_line[SHORT]
    edge = line_maps((columns > 0).astype(float), 1.5, lengths=2)
    assert edge[SLOPE, 48, 48] > 0.2 > edge[SLOPE, 48, 30]


def test_bands_and_a_constant_leave_no_trace():
    picture = np.random.default_rng(1).random((230, 40))
    whole = line_maps(picture, 1.0, lengths=2)
    part = line_maps(picture[60:160], 1.0, lengths=2)
    np.testing.assert_array_equal(part[:, 30:70], whole[:, 90:130])
    brighter = line_maps(picture + 2, 1.0, lengths=2)
    np.testing.assert_allclose(np.delete(brighter - whole, LEVEL, axis=0), 0, atol=1e-5)
