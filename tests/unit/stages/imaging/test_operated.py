"""Bone that differs from the other side, on a sphere of a skull with known places."""

import numpy as np
import pytest
from skimage.measure import marching_cubes

from trephine.core.frames import MNI152, SCANNER, Affine
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.volume import Grid
from trephine.model.warp import Warp
from trephine.stages.imaging.checks import _operated
from trephine.stages.imaging.operated import suspects

RADIUS_MM = 85.0


@pytest.fixture(scope="module")
def sphere() -> Surface:
    axis = 4.0 * (np.arange(48) - 23.5)
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    points, faces, _, _ = marching_cubes(-radius, -RADIUS_MM)
    return Surface(points_mm=4.0 * (points - 23.5), faces=faces[:, ::-1], frame=SCANNER)


@pytest.fixture(scope="module")
def same_place() -> Warp:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.diag([200.0, 200.0, 200.0, 1.0]), frame=MNI152)
    affine = Affine(target=MNI152, source=SCANNER, matrix=np.eye(4))
    return Warp(affine=affine, displacement_mm=np.zeros((2, 2, 2, 3)), grid=grid)


def bone(surface: Surface, seed: int, centre=None, radius_mm=25.0, change_mm=0.0) -> SkullThickness:
    """Bone of 6.5 mm, thicker behind, uneven by 1 mm, with one disc of it changed."""
    points = surface.points_mm
    thickness = 6.5 - 0.01 * points[:, 1] + np.random.default_rng(seed).normal(0, 1.0, len(points))
    if centre is not None:
        thickness = thickness + change_mm * (np.linalg.norm(points - centre, axis=1) < radius_mm)
    thickness = np.maximum(thickness, 0)
    return SkullThickness(thickness_mm=thickness, low_mm=thickness, high_mm=thickness, is_measured=True)


@pytest.mark.parametrize("seed", range(5))
def test_even_bone_is_not_suspected(sphere, same_place, seed: int) -> None:
    assert suspects(sphere, bone(sphere, seed), same_place) == ()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("change_mm", [-5.0, 5.0])
def test_a_changed_disc_is_found_where_it_is(sphere, same_place, seed: int, change_mm: float) -> None:
    rng = np.random.default_rng(100 + seed)
    side, azimuth, polar = (
        rng.choice([-1.0, 1.0]),
        np.deg2rad(rng.uniform(-55, 55)),
        np.deg2rad(rng.uniform(35, 60)),
    )
    centre = RADIUS_MM * np.array(
        [side * np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)]
    )
    (found,) = suspects(sphere, bone(sphere, seed, centre, change_mm=change_mm), same_place)
    assert np.linalg.norm(np.array(found.centre_mm) - centre) < 10
    assert found.place.startswith("right" if side > 0 else "left")
    assert np.sign(found.difference_mm) == np.sign(change_mm)
    assert 600 <= found.area_mm2 <= 1.5 * np.pi * 25.0**2


@pytest.mark.parametrize(
    ("radius_mm", "brighter", "is_found"), [(25, 0.35, True), (25, 0.18, False), (9, 0.5, False)]
)
def test_a_disc_without_a_dark_outer_table_is_found_on_its_own_side(
    sphere, same_place, radius_mm: float, brighter: float, is_found: bool
) -> None:
    centre = np.array([-50.0, 0.0, 68.7])
    disc = np.linalg.norm(sphere.points_mm - centre, axis=1) < radius_mm
    table = np.random.default_rng(1).normal(0.1, 0.05, len(disc)) + brighter * disc
    found = suspects(sphere, bone(sphere, 1), same_place, table_fraction=table)
    assert bool(found) == is_found
    for each in found:
        assert np.linalg.norm(np.array(each.centre_mm) - centre) < 10
        assert each.place == "left parietal"
        assert each.table_difference_fraction == pytest.approx(brighter, abs=0.08)
        (finding,) = [_operated(each)]
        assert "not dark" in finding.message
        assert finding.unit == "1"


def test_islands_of_marrow_on_both_sides_are_not_suspected(sphere, same_place) -> None:
    aside = np.abs(sphere.points_mm[:, 0])[:, None] * [1, 0, 0] + sphere.points_mm * [0, 1, 1]
    table = 0.4 * (np.linalg.norm(aside - [50.0, 0.0, 68.7], axis=1) < 25)
    assert suspects(sphere, bone(sphere, 1), same_place, table_fraction=table) == ()


def test_one_place_seen_by_thickness_and_by_its_table_is_named_once(sphere, same_place) -> None:
    centre = np.array([50.0, 0.0, 68.7])
    disc = np.linalg.norm(sphere.points_mm - centre, axis=1) < 25
    thin = bone(sphere, 1, centre, change_mm=-5.0)
    (found,) = suspects(sphere, thin, same_place, table_fraction=0.4 * disc)
    assert found.difference_mm < -2
    assert found.table_difference_fraction > 0.2
    assert found.place == "right parietal"


def test_a_few_burr_holes_beside_each_other_are_too_small(sphere, same_place) -> None:
    hole = bone(sphere, 1, np.array([50.0, 0.0, 68.7]), radius_mm=11.0, change_mm=-6.0)
    assert suspects(sphere, hole, same_place) == ()


def test_bone_missing_on_both_sides_is_found(sphere, same_place) -> None:
    one = bone(sphere, 1, np.array([50.0, 0.0, 68.7]), change_mm=-9.0)
    both = np.where(np.linalg.norm(sphere.points_mm - [-50.0, 0.0, 68.7], axis=1) < 25, 0.0, one.thickness_mm)
    places = suspects(
        sphere, SkullThickness(thickness_mm=both, low_mm=both, high_mm=both, is_measured=True), same_place
    )
    assert {each.place for each in places} == {"left parietal", "right parietal"}
