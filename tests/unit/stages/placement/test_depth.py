"""Depth of a thread: every electrode in, most where they count, honest when thickness is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from trephine.stages.placement.depth import (
    Thickness,
    depth_choices_mm,
    electrode_yield,
    layer_shares,
)
from trephine.stages.placement.settings import DepthSettings

SETTINGS = DepthSettings()


def thick(*mean_mm, sd_mm=0.2):
    return Thickness(mean_mm=np.array(mean_mm), sd_mm=np.full(len(mean_mm), sd_mm))


def test_choices_bring_every_electrode_below_the_pia(n1):
    choices = depth_choices_mm(n1, SETTINGS)
    assert (choices - n1.electrode_offsets_mm().max()).min() == pytest.approx(0.2)
    assert choices.max() == pytest.approx(5.0)
    np.testing.assert_allclose(np.diff(choices), 0.1)
    assert depth_choices_mm(n1, DepthSettings(is_chosen=False)).tolist() == [3.5]
    assert depth_choices_mm(n1, DepthSettings(shallowest_mm=3.0)).tolist() == [3.5]


def test_shares_of_layers_are_those_of_a_normal_thickness():
    draws = norm.rvs(2.6, 0.3, size=200_000, random_state=1)
    depth = np.array([[0.5, 1.3, 1.6, 2.5, 3.0, -0.1]])
    grey, fifth = layer_shares(depth, thick(2.6, sd_mm=0.3), SETTINGS)
    for place, value in enumerate(depth[0, :5]):
        assert grey[0, place] == pytest.approx((draws > value).mean(), abs=0.005)
        inside = (value > 0.45 * draws) & (value < 0.7 * draws)
        assert fifth[0, place] == pytest.approx(inside.mean(), abs=0.005)
    assert grey[0, 5] == fifth[0, 5] == 0


def test_yield_counts_electrodes_and_its_interval_holds_them(n1):
    told = electrode_yield(np.array([3.3, 3.3]), thick(2.5, 3.0), np.array([0.0, 0.0]), n1, SETTINGS)
    assert told.electrodes == 32
    # Electrodes at 0.2, 0.4 ... 3.2 mm: 12 lie above 2.5 mm, 14 or 15 above 3.0 mm.
    assert told.grey == pytest.approx(26.5, abs=0.6)
    assert told.grey_low < told.grey < told.grey_high
    assert told.layer5_low <= told.layer5 <= told.layer5_high
    assert told.threads_with_thickness == 2


def test_unknown_thickness_gives_the_labels_count_and_no_interval(n1):
    told = electrode_yield(np.array([3.3]), thick(np.nan), np.array([11.0]), n1, SETTINGS)
    assert (told.grey, told.grey_low, told.layer5) == (11.0, None, None)
    mixed = electrode_yield(np.array([3.3, 3.3]), thick(np.nan, 2.5), np.array([11.0, 0.0]), n1, SETTINGS)
    assert mixed.threads_with_thickness == 1
    assert mixed.grey == pytest.approx(23.0, abs=0.6)
