"""Suspected places of the skull survive JSON."""

import json
from dataclasses import asdict

from trephine.case.records.skull import suspect_of
from trephine.model.skull import SkullSuspect


def test_a_suspected_place_comes_back_equal() -> None:
    suspect = SkullSuspect(
        centre_mm=(1.0, -2.5, 3.0),
        place="left frontal",
        area_mm2=700.0,
        difference_mm=-3.0,
        thickness_mm=2.0,
    )
    assert suspect_of(json.loads(json.dumps(asdict(suspect)))) == suspect
