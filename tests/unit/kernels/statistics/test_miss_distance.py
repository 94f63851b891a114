# SPDX-License-Identifier: Apache-2.0
"""The distance within which what is sought lies from a mark."""

from __future__ import annotations

import numpy as np

from trephine.kernels.statistics.miss_distance import Asked, calibrated, wide_parts, within_reach

EVERYWHERE = np.ones((20, 20), dtype=bool)


def stripes(shift):
    """A sought stripe and a score that marks another, some pixels beside it."""
    sought = np.zeros((20, 20), dtype=bool)
    sought[:, 8] = True
    score = np.where(np.roll(sought, shift, axis=1), 1.0, -9.0)
    return score, sought


def counted(shift, asked):
    score, sought = stripes(shift)
    found = within_reach(score, EVERYWHERE, sought, asked.thresholds, asked.reaches_pixel)
    return (*found, int(sought.sum()), EVERYWHERE.size)


def test_reach_and_what_stays_free_are_counted_by_distance():
    score, sought = stripes(2)
    reached, free = within_reach(score, EVERYWHERE, sought, (0.0, 2.0), (1.0, 2.0))
    np.testing.assert_array_equal(reached, [[0, 20], [0, 0]])
    np.testing.assert_array_equal(free, [[340, 300], [400, 400]])


def test_marks_and_what_is_sought_beyond_the_seen_do_not_count():
    score, sought = stripes(0)
    seen = EVERYWHERE.copy()
    seen[:10] = False
    reached, free = within_reach(score, seen, sought, (0.0,), (0.0,))
    assert (reached[0, 0], free[0, 0]) == (10, 190)


def test_the_worst_picture_sets_the_distance():
    asked = Asked(thresholds=(0.0,), reaches_pixel=(1.0, 2.0, 3.0), pooled_fraction=0.9, worst_fraction=0.9)
    near, far = counted(1, asked), counted(3, asked)
    assert calibrated([near] * 10, asked).miss_pixel == 1.0
    found = calibrated([*[near] * 10, far], asked)
    assert (found.miss_pixel, found.picture_count, found.worst_fraction) == (3.0, 11, 1.0)
    assert calibrated([near, counted(5, asked)], asked) is None


def test_of_what_reaches_enough_that_which_leaves_most_free_is_taken():
    asked = Asked(thresholds=(-10.0, 0.0), reaches_pixel=(1.0, 3.0))
    found = calibrated([counted(1, asked)], asked)
    assert (found.score, found.miss_pixel, found.free_fraction) == (0.0, 1.0, 0.85)


def test_wide_parts_leave_narrow_ones_out():
    mask = np.zeros((20, 20), dtype=bool)
    mask[2:4, 2:18] = True
    mask[10:13, 2:18] = True
    found = wide_parts(mask, 3)
    assert not found[:6].any()
    assert found[10:13, 2:18].all()
