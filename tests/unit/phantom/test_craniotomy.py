"""An earlier operation on a digital participant, against where it says it was."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.phantom.craniotomy import Craniotomy, draw_craniotomy, operated_on
from trephine.phantom.headshape import HeadFields, build_head_fields
from trephine.phantom.person import Person, draw_person
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import LABELS, Head, build_head, truth_labels

KINDS = ("flap", "plate", "open")


@pytest.fixture(scope="module")
def made() -> tuple[Person, HeadFields, Head]:
    person = draw_person(3, 3.0)
    brain = load_template_brain(person.traits.sulcus_gain_fraction)
    fields = build_head_fields(brain, skull_mm=7.0, scalp_mm=5.5, csf_mm=1.0)
    return person, fields, build_head(person, brain, fields)


def aside_mm(head: Head, craniotomy: Craniotomy) -> tuple[np.ndarray, np.ndarray]:
    outward = np.array(craniotomy.outward)
    away = head.mni_mm.T - np.array(craniotomy.centre_mm)
    above = away @ outward
    return np.linalg.norm(away - above[:, None] * outward, axis=1), above


@pytest.mark.parametrize("kind", KINDS)
def test_bone_is_taken_out_only_where_it_says(made, kind) -> None:
    person, fields, head = made
    craniotomy = draw_craniotomy(person, fields, kind)
    after = operated_on(head, craniotomy)
    aside, above = aside_mm(head, craniotomy)
    elsewhere = (aside > craniotomy.radius_mm) | (above < -60)
    assert np.array_equal(after.skull_mm[elsewhere], head.skull_mm[elsewhere])
    assert np.array_equal(after.distance_mm["head"][elsewhere], head.distance_mm["head"][elsewhere])
    assert np.array_equal(after.distance_mm["cranium"], head.distance_mm["cranium"])
    near = (above > -20) & (aside < craniotomy.radius_mm - craniotomy.gap_mm - 1)
    wanted = {
        "flap": craniotomy.bone_share_fraction * head.skull_mm[near],
        "plate": np.full(near.sum(), craniotomy.plate_mm),
        "open": np.zeros(near.sum()),
    }[kind]
    assert after.skull_mm[near] == pytest.approx(wanted, abs=1e-4)
    cut = (above > -20) & (aside > craniotomy.radius_mm - craniotomy.gap_mm) & (aside < craniotomy.radius_mm)
    assert (after.skull_mm[cut] == 0).all()
    assert after.distance_mm["head"][near].mean() > head.distance_mm["head"][near].mean() + 0.1


def test_labels_lose_bone_and_never_brain(made) -> None:
    person, fields, head = made
    craniotomy = draw_craniotomy(person, fields, "open")
    before, after = truth_labels(head), truth_labels(operated_on(head, craniotomy))
    lost = before != after
    assert set(np.unique(before[lost])) <= {LABELS["skull"], LABELS["scalp"]}
    assert set(np.unique(after[lost])) <= {LABELS["scalp"], LABELS["background"]}
    lost_mm3 = 27.0 * (lost & (before == LABELS["skull"])).sum()
    disc_mm3 = np.pi * craniotomy.radius_mm**2 * 6.5
    assert 0.5 * disc_mm3 < lost_mm3 < 2.0 * disc_mm3


def test_the_seed_decides_and_places_lie_on_the_vault(made) -> None:
    _, fields, _ = made
    people = [draw_person(seed, 3.0) for seed in range(6)]
    drawn = [draw_craniotomy(person, fields, "flap") for person in people]
    assert drawn[0] == draw_craniotomy(people[0], fields, "flap")
    assert len({each.centre_mm for each in drawn}) == 6
    for each in drawn:
        assert each.centre_mm[2] > 25
        assert abs(each.centre_mm[0]) > 30
        assert np.linalg.norm(each.outward) == pytest.approx(1)
        assert np.dot(each.outward, np.array(each.centre_mm) - [0, -15, 15]) > 0
