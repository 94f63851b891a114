"""Noise, ghosts and coverage of a made-up head whose truth is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from trephine.core.frames import SCANNER
from trephine.model.anatomy import Tissue
from trephine.model.volume import Grid, Volume
from trephine.stages.screening.image_quality import air_above_mm, ghosts_of, noise_of

SHAPE = (90, 100, 70)
SIGNAL = np.array([0, 80, 20, 30, 100, 150], np.float32)


def head(noise=3.0, voxel_mm=(2.0, 2.0, 2.0), lift=0, seed=0):
    """Return a ball of white in grey in fluid in skull in scalp, with Rician-like air."""
    axes = np.meshgrid(*[np.arange(n) - (n - 1) / 2 for n in SHAPE], indexing="ij")
    radius = np.sqrt(axes[0] ** 2 + axes[1] ** 2 + (axes[2] - lift) ** 2)
    tissue = np.zeros(SHAPE, np.uint8)
    for edge, label in ((28, 1), (25, 2), (22, 3), (21, 4), (17, 5)):
        tissue[radius < edge] = label
    rng = np.random.default_rng(seed)
    values = np.abs(SIGNAL[tissue] + rng.normal(0, noise, SHAPE)).astype(np.float32)
    grid = Grid(shape=SHAPE, affine_mm=np.diag([*voxel_mm, 1.0]), frame=SCANNER)
    return SimpleNamespace(
        t1=Volume(values=values, grid=grid, unit="arbitrary"),
        tissue=Volume(values=tissue, grid=grid, unit="label"),
    )


def with_t1(anatomy, values):
    return SimpleNamespace(t1=replace(anatomy.t1, values=values.astype(np.float32)), tissue=anatomy.tissue)


@pytest.mark.parametrize("noise", [2.0, 6.0])
def test_noise_and_contrast_are_those_that_were_put_in(noise) -> None:
    found = noise_of(head(noise))
    low, middle, high = found.percent
    assert low <= middle <= high
    assert middle == pytest.approx(100 * noise / 150, rel=0.05)
    assert found.contrast[1] == pytest.approx(50 / noise, rel=0.05)


def test_slow_shading_is_no_noise() -> None:
    anatomy = head(2.0)
    ramp = np.linspace(0.8, 1.2, SHAPE[0])[:, None, None]
    assert noise_of(with_t1(anatomy, anatomy.t1.values * ramp)).percent[1] == pytest.approx(1.33, rel=0.1)


def test_no_noise_or_no_brain_is_no_figure() -> None:
    anatomy = head()
    assert noise_of(with_t1(anatomy, SIGNAL[anatomy.tissue.values])) is None
    empty = SimpleNamespace(t1=anatomy.t1, tissue=replace(anatomy.tissue, values=np.zeros(SHAPE, np.uint8)))
    assert noise_of(empty) is None
    assert ghosts_of(empty) == "No brain was found."


@pytest.mark.parametrize(("axis", "where"), [(0, "left and right of"), (1, "in front of and behind")])
def test_a_ghost_is_found_along_its_axis(axis, where) -> None:
    anatomy = head(1.0)
    share = 0.06
    # A copy by half the field of view, as lines of an acquisition that alternate make it.
    copied = anatomy.t1.values + share * np.roll(anatomy.t1.values, SHAPE[axis] // 2, axis=axis)
    found = ghosts_of(with_t1(anatomy, copied))
    assert found.where == where
    assert 100 * share * 0.4 < found.level_percent < 100 * share * 1.2
    assert ghosts_of(anatomy).level_percent < 0.2


def test_more_ghost_is_a_higher_level() -> None:
    anatomy = head(1.0)
    ghost = np.roll(anatomy.t1.values, SHAPE[1] // 2, axis=1)
    levels = [
        ghosts_of(with_t1(anatomy, anatomy.t1.values + s * ghost)).level_percent for s in (0, 0.03, 0.1)
    ]
    assert levels == sorted(levels)
    assert levels[0] < levels[1] < levels[2]


def test_air_that_was_blanked_or_cut_away_tells_nothing() -> None:
    anatomy = head()
    blanked = np.where(anatomy.tissue.values == Tissue.BACKGROUND, 0, anatomy.t1.values)
    assert ghosts_of(with_t1(anatomy, blanked)) == "The air around the head was blanked."
    full = replace(anatomy.tissue, values=np.maximum(anatomy.tissue.values, 1).astype(np.uint8))
    assert "too little air" in ghosts_of(SimpleNamespace(t1=anatomy.t1, tissue=full))


@pytest.mark.parametrize(("lift", "air_mm"), [(0, 14.0), (5, 4.0), (7, 0.0), (20, 0.0)])
def test_air_above_the_vertex(lift, air_mm) -> None:
    assert air_above_mm(head(lift=lift)) == pytest.approx(air_mm, abs=1.0)
