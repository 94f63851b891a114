"""A shrunken brain against the layer it lost."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import ndimage

from trephine.phantom import Settings
from trephine.phantom.atrophy import fluid_shares, shrunken
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.person import draw_person
from trephine.phantom.template import TemplateBrain, load_template_brain
from trephine.phantom.tissues import build_head


def ball(outer_mm: float, inner_mm: float, ventricle_mm: float) -> TemplateBrain:
    """A ball of brain of a white core with a round ventricle in it."""
    axis = np.arange(96) - 47.5
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2).astype(np.float32)
    hollow = radius - np.float32(ventricle_mm)
    return TemplateBrain(
        tissue=np.clip(np.minimum(outer_mm - radius, hollow), -1, 0.5),
        white=np.clip(np.minimum(inner_mm - radius, hollow), -1, 0.5),
        brain_mask=radius < outer_mm + 1,
        mni_from_ijk_mm=np.eye(4),
    )


def radius_mm(mask: np.ndarray) -> float:
    return float(np.cbrt(mask.sum() * 3 / (4 * np.pi)))


def test_pia_and_white_matter_lose_one_layer_and_ventricles_two() -> None:
    before = ball(44.0, 40.0, 6.0)
    after = shrunken(before, 1.0)
    assert after.brain_mask is before.brain_mask
    for level, outer_mm in ((after.tissue, 43.0), (after.white, 39.0)):
        assert radius_mm(ndimage.binary_fill_holes(level > 0)) == pytest.approx(outer_mm, abs=0.15)
        hollow = ndimage.binary_fill_holes(level > 0) & (level <= 0)
        assert radius_mm(hollow) == pytest.approx(8.0, abs=0.3)


def test_no_atrophy_changes_nothing() -> None:
    brain = ball(44.0, 40.0, 6.0)
    assert shrunken(brain, 0.0) is brain


def test_more_atrophy_gives_more_fluid_within_the_same_skull() -> None:
    person = draw_person(3, 3.0)
    brain = load_template_brain(person.traits.sulcus_gain_fraction)
    shares, inside = [], []
    for atrophy_mm in (0.0, 0.4):
        changed = shrunken(brain, atrophy_mm)
        head = build_head(person, changed, build_head_fields(changed, skull_mm=7.0, scalp_mm=5.5, csf_mm=1.0))
        shares.append(fluid_shares(head))
        inside.append(head.distance_mm["cranium"])
        assert (changed.tissue <= brain.tissue).all()
        assert (changed.white <= brain.white).all()
    assert all(np.array_equal(each, inside[0]) for each in inside)
    whole = [each.whole_fraction for each in shares]
    assert np.diff(whole).min() > 0.04
    assert 0.1 < whole[0] < 0.22
    assert np.diff([each.above_base_fraction for each in shares]).min() > 0.04


def test_more_than_a_brain_can_lose_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(atrophy_mm=3.0)
