# SPDX-License-Identifier: Apache-2.0
"""A small network on maps of several resolutions, and the cascade taught on labelled pictures."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.core.random import generator
from trephine.kernels.segmentation.pixel_network import PixelNetwork, Schedule, logits, sampled, trained
from trephine.kernels.segmentation.vessel_score import learnt, learnt_score, unlearnt_score
from trephine.phantom.vessel_pictures import labelled_picture

SIDE = 224


@pytest.fixture(scope="module")
def pictures():
    """Corners of made-up pictures, with light of 0 to 1."""
    made = [labelled_picture(7, number) for number in range(6)]
    everywhere = np.ones((SIDE, SIDE), dtype=bool)
    return [
        (one.rgb[:SIDE, :SIDE].astype(np.float32) / 255, everywhere, one.vessel[:SIDE, :SIDE]) for one in made
    ]


def area(score, truth):
    rank = np.empty(score.size)
    rank[np.argsort(score.ravel())] = np.arange(score.size)
    count = int(truth.sum())
    low = rank[truth.ravel()].sum() - count * (count - 1) / 2
    return low / (count * (score.size - count))


@pytest.mark.parametrize("shape", [(64, 48), (67, 45)])
def test_a_network_sees_the_same_in_a_picture_and_in_samples(shape):
    rng = np.random.default_rng(0)
    levels, size = [], shape
    for count in (3, 2, 4):
        levels.append(rng.standard_normal((count, *size)).astype(np.float32))
        size = tuple(-(-length // 2) for length in size)
    network = PixelNetwork(
        weights=tuple(rng.standard_normal(s).astype(np.float32) for s in ((5, 9), (4, 5), (1, 4))),
        offsets=tuple(rng.standard_normal(s).astype(np.float32) for s in (5, 4, 1)),
    )
    rows, columns = (values.ravel() for values in np.indices(shape))
    now = sampled(levels, rows, columns)
    for weights, offsets in zip(network.weights, network.offsets, strict=True):
        now = now @ weights.T + offsets
        now = np.maximum(now, 0) if len(weights) > 1 else now
    np.testing.assert_allclose(logits(network, levels).ravel(), now[:, 0], atol=2e-4)


def test_a_network_learns_what_no_straight_cut_tells_apart():
    rng = np.random.default_rng(0)
    samples = rng.uniform(-1, 1, (6000, 2)) * (3, 50) + (2, 100)
    truth = (samples[:, 0] > 2) ^ (samples[:, 1] > 100)
    network = trained(samples, truth, Schedule(epochs=20, batch=100), generator(1, "test"))
    levels = [samples.T.reshape(2, 60, 100).astype(np.float32)]
    assert ((logits(network, levels).ravel() > 0) == truth).mean() > 0.95
    again = trained(samples, truth, Schedule(epochs=20, batch=100), generator(1, "test"))
    np.testing.assert_array_equal(again.weights[0], network.weights[0])


def test_a_cascade_taught_on_one_half_of_pictures_beats_filters_on_the_other(pictures):
    half = np.s_[:, : SIDE // 2]
    cascade = learnt(
        [tuple(part[half] for part in picture) for picture in pictures],
        stages=2,
        context_from=1,
        samples=6000,
        schedule=Schedule(epochs=6, batch=128),
        rng=generator(1, "test"),
    )
    other = np.s_[:, SIDE // 2 :]
    taught, plain = [], []
    for picture in pictures:
        rgb, seen, vessel = (part[other] for part in picture)
        taught.append(area(learnt_score(cascade, rgb, seen), vessel))
        plain.append(area(unlearnt_score(rgb[..., 1], seen, 20.0), vessel))
    assert np.mean(taught) > np.mean(plain) > 0.8


def test_filters_do_not_care_for_exposure(pictures):
    rgb, seen, _ = pictures[0]
    half, whole = (unlearnt_score(rgb[..., 1] * share, seen, 20.0) for share in (0.5, 1.0))
    np.testing.assert_allclose(half, whole, rtol=1e-3, atol=1e-3)


def test_a_picture_that_shows_nothing_has_no_vessels():
    nothing = np.zeros((40, 40), dtype=bool)
    assert not unlearnt_score(np.zeros((40, 40)), nothing, 20.0).any()
