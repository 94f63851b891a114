"""The hand area of a real person; other runs and people are held back, so nothing is tuned to this one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trephine.core.findings import Outcome
from trephine.formats.bids import read_participant_files
from trephine.formats.inputs import read_t1, read_task_runs
from trephine.formats.template import read_template
from trephine.model.activation import HandMap
from trephine.stages.imaging.run import run as image
from trephine.stages.imaging.settings import Settings as ImagingSettings
from trephine.stages.mapping.run import run
from trephine.stages.mapping.settings import Settings

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def outcome(data_dir: Path) -> Outcome[HandMap]:
    files = read_participant_files(data_dir / "imaging" / "bids-hand", "01")
    pictured = image(read_t1(files), others=(), template=read_template(), settings=ImagingSettings())
    return run(read_task_runs(files), pictured.value.anatomy, Settings())


def contrast(outcome: Outcome[HandMap], name: str):
    return next(one for one in outcome.value.contrasts if one.name == name)


@pytest.mark.parametrize(("hand", "hemisphere"), [("right", "left"), ("left", "right")])
def test_the_hand_area_is_the_hand_knob_of_the_other_side(
    outcome: Outcome[HandMap], hand: str, hemisphere: str
) -> None:
    found = contrast(outcome, hand)
    assert found.hemisphere == hemisphere
    x, y, z = found.centroid_mni_mm
    sign = -1 if hemisphere == "left" else 1
    expected = np.array([sign * np.clip(abs(x), 39, 42), -23.0, np.clip(z, 54, 60)])
    assert np.linalg.norm(found.centroid_mni_mm - expected) <= 6.0
    assert sign * x > 0
    assert np.isfinite(y)


@pytest.mark.parametrize("name", ["right", "left", "right-left", "left-right"])
def test_nuisance_regressors_move_no_centroid_unsaid(outcome: Outcome[HandMap], name: str) -> None:
    shift = contrast(outcome, name).nuisance_shift_mm
    said = any(f.code == "NUISANCE_MOVES_HAND_AREA" and name in f.message for f in outcome.findings)
    assert shift <= 4.0 or said


def test_the_run_lies_where_the_t1_says(outcome: Outcome[HandMap]) -> None:
    quality = outcome.value.runs[0]
    assert quality.is_registration_trusted
    assert quality.registration_error_mm < 2.0


@pytest.mark.parametrize(("hand", "hemisphere"), [("right", "left"), ("left", "right")])
def test_the_knob_of_the_own_cortex_agrees_with_the_task_or_is_unknown(
    outcome: Outcome[HandMap], hand: str, hemisphere: str
) -> None:
    knob = next(one for one in outcome.value.own_knobs if one.hemisphere == hemisphere)
    assert len(knob.sulcus_mm), knob.remark
    if knob.position_mm is None:
        return
    x, _, z = knob.position_mni_mm
    assert 20 <= abs(x) <= 50
    assert z > 40
    # The task's centre is another measurement: 6 mm of spread between people, both doubts, twice over.
    assert knob.task_distance_mm <= 2 * np.hypot(6.0, contrast(outcome, hand).centroid_sd_mm)
