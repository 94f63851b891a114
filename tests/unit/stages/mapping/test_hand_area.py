from types import SimpleNamespace

import numpy as np
import pytest

from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.hand_area import find_area, knob_of, opposite, region_of
from trephine.stages.mapping.planning_grid import place_on
from trephine.stages.mapping.settings import Settings
from trephine.stages.mapping.target import crown_near
from trephine.stages.mapping.worth import Worth, weight_of


@pytest.fixture(scope="module")
def where(ball_anatomy: Anatomy):
    return place_on(ball_anatomy, 2.0)


def bell(region, centre_mm, height, sd_mm=5.0):
    distance = np.linalg.norm(region.points_mm - centre_mm, axis=-1)
    return height * np.exp(-0.5 * (distance / sd_mm) ** 2)


def test_the_knob_is_mirrored_and_mapped(ball_anatomy: Anatomy) -> None:
    np.testing.assert_allclose(knob_of(ball_anatomy, "left", Settings()), [-40, -23, 37])
    np.testing.assert_allclose(knob_of(ball_anatomy, "right", Settings()), [40, -23, 37])
    assert opposite("left") == "right"


def test_the_prior_prefers_the_response_near_the_knob(ball_anatomy: Anatomy, where) -> None:
    region = region_of(where, ball_anatomy, "left", Settings())
    near, far = np.array([-38.0, -20.0, 36.0]), np.array([-22.0, -36.0, 40.0])
    z = bell(region, near, 8.0) + bell(region, far, 9.0)
    area = find_area(z, region, Settings(), least_z=3.5)
    assert area is not None
    assert np.linalg.norm(area.centroid_mm - near) < 3.0
    assert area.volume_mm3 > 200


def test_a_weak_response_is_none(ball_anatomy: Anatomy, where) -> None:
    region = region_of(where, ball_anatomy, "left", Settings())
    z = bell(region, region.knob_mm, 3.4)
    assert find_area(z, region, Settings(), least_z=3.5) is None
    assert find_area(z, region, Settings(), least_z=3.0) is not None


def test_no_search_crosses_the_midline(ball_anatomy: Anatomy, where) -> None:
    region = region_of(where, ball_anatomy, "left", Settings(search_radius_mm=60.0))
    assert region.points_mm[region.is_searched][:, 0].max() < -3.9


def test_the_target_lies_on_a_crown_and_weight_peaks_there(ball_anatomy: Anatomy, where) -> None:
    settings = Settings(crown_depth_mm=6.0)
    centre = np.array([-34.0, -18.0, 32.0])
    crown = crown_near(ball_anatomy, centre, settings)
    assert crown.is_on_crown
    assert crown.distance_mm < 15
    away = np.random.default_rng(0).normal(0, 2.0, (50, 3))
    worth = Worth(centres_mm=centre + away, up_mm=crown.position_mm - centre, hemisphere="left")
    weight, sd = weight_of(where, worth, settings)
    assert weight.values.max() == pytest.approx(1.0)
    assert 0.02 < sd.values[weight.values > 0.5].mean() < 0.3
    sure = Worth(centres_mm=np.repeat(centre[None], 3, axis=0), up_mm=worth.up_mm, hemisphere="left")
    assert weight_of(where, sure, settings)[1].values.max() < 1e-6
    assert weight.values.min() >= 0
    x = where.points_mm[:, 0].reshape(where.grid.shape)
    assert weight.values[x > 0].max() == 0


def test_deep_cortex_alone_is_said_to_be_deep(ball_anatomy: Anatomy) -> None:
    crown = crown_near(ball_anatomy, np.array([-34.0, -18.0, 32.0]), Settings(crown_depth_mm=0.5))
    assert not crown.is_on_crown


def test_the_target_takes_the_crowns_that_imaging_found_on_its_own_side(ball_anatomy: Anatomy) -> None:
    lip, crown = (-30.0, -18.0, 40.0), (-30.0, -10.0, 44.0)

    def half(side: str, points: list, is_crown: list) -> SimpleNamespace:
        return SimpleNamespace(
            hemisphere=side, pial=SimpleNamespace(points_mm=np.array(points)), is_crown=np.array(is_crown)
        )

    halves = (half("left", [lip, crown], [False, True]), half("right", [(-30.0, -18.0, 41.0)], [True]))
    anatomy = SimpleNamespace(hemispheres=halves)
    centre = np.array([-30.0, -18.0, 36.0])
    found = crown_near(anatomy, centre, Settings(), hemisphere="left")
    assert found.is_on_crown
    np.testing.assert_allclose(found.position_mm, crown)
    np.testing.assert_allclose(crown_near(anatomy, centre, Settings()).position_mm, (-30.0, -18.0, 41.0))
    flat = SimpleNamespace(hemispheres=(half("left", [lip, crown], [False, False]),))
    none = crown_near(flat, centre, Settings(), hemisphere="left")
    assert not none.is_on_crown
    np.testing.assert_allclose(none.position_mm, lip)
