import importlib.util
from pathlib import Path

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.frames import BOLD, SCANNER, Affine
from trephine.model.activation import Event, HandMap, TaskRun
from trephine.model.anatomy import Anatomy
from trephine.stages.mapping.bold_to_t1 import Placed, place, trust_in
from trephine.stages.mapping.glm import design_of
from trephine.stages.mapping.headlines import headlines
from trephine.stages.mapping.preparation import prepare
from trephine.stages.mapping.run import run
from trephine.stages.mapping.settings import Settings

_spec = importlib.util.spec_from_file_location("mapping_conftest", Path(__file__).with_name("conftest.py"))
assert _spec is not None
assert _spec.loader is not None
made = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(made)

# Made-up folds are smoother than real ones, so moving the run loses less.
EASY = {"least_boundary_drop_fraction": 0.03, "sure_boundary_drop_fraction": 0.05}
SETTINGS = Settings(crown_depth_mm=6.0, grid_mm=4.0, noise_draws=20, registration_starts=2, **EASY)


PLACED: list[Placed] = []


@pytest.fixture(scope="module")
def outcome(ball_anatomy: Anatomy) -> Outcome[HandMap]:
    def kept(*given) -> Placed:
        PLACED.append(place(*given))
        return PLACED[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trephine.stages.mapping.run.place", kept)
        return run((made.hand_run(ball_anatomy, volumes=54),), ball_anatomy, SETTINGS)


@pytest.mark.usefixtures("outcome")
def test_folds_as_smooth_as_an_outline_would_fail_with_the_limits_for_people() -> None:
    # The share of boundary is high everywhere near: another person's head does the same.
    (placed,) = PLACED
    assert placed.boundary_fraction > 0.9
    assert 0.05 < placed.boundary_drop_fraction < Settings().least_boundary_drop_fraction
    assert trust_in(placed.boundary_fraction, placed.boundary_drop_fraction, Settings()) == "failed"


def codes(outcome: Outcome[HandMap]) -> set[str]:
    return {finding.code for finding in outcome.findings}


def test_both_hands_are_found_where_they_were_put(outcome: Outcome[HandMap]) -> None:
    for name, centre in made.CENTRES_MM.items():
        contrast = next(one for one in outcome.value.contrasts if one.name == name)
        assert contrast.hemisphere != name
        # One BOLD voxel is 5 mm; grey matter holds only part of the bell.
        assert np.linalg.norm(contrast.centroid_mm - centre) < 5.0
        assert contrast.centroid_sd_mm < 2.0
        assert contrast.nuisance_shift_mm < 4.0


def test_the_wrong_header_is_found_and_said(outcome: Outcome[HandMap]) -> None:
    quality = outcome.value.runs[0]
    assert quality.is_registration_trusted
    assert quality.header_offset_mm == pytest.approx(float(np.linalg.norm(made.TRUE_OFFSET_MM)), abs=2.5)
    assert "BOLD_HEADER_MISALIGNED" in codes(outcome)
    assert "SLICE_TIMES_UNKNOWN" in codes(outcome)


def test_contrasts_and_headlines_are_complete(outcome: Outcome[HandMap]) -> None:
    names = [contrast.name for contrast in outcome.value.contrasts]
    assert names == ["right", "left", "right-left", "left-right"]
    figures = {headline.name: headline for headline in headlines(outcome.value)}
    mni, scanner = figures["right.centroid_mni"].value, figures["right.centroid_scanner"].value
    assert mni[2] - scanner[2] == pytest.approx(made.TEMPLATE_SHIFT_MM, abs=1e-3)
    assert figures["target_source"].value == "task"
    assert figures["task-hand.registration_error"].value < 2.0


def test_the_target_follows_the_task(outcome: Outcome[HandMap]) -> None:
    value = outcome.value
    assert value.target_source == "task"
    assert value.target_mm[0] < 0
    assert value.weight.values.max() == pytest.approx(1.0)
    assert value.disagreement_mm < 12


@pytest.fixture
def known_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the registration, which the first fixture shows to work."""
    placed = Placed(
        scanner_from_bold=Affine(target=SCANNER, source=BOLD, matrix=np.linalg.inv(made.bold_from_scanner())),
        error_mm=0.5,
        header_offset_mm=0.0,
        header_turn_rad=0.0,
        boundary_fraction=0.9,
        boundary_drop_fraction=0.3,
        overlap_fraction=1.0,
        trust="trusted",
    )
    monkeypatch.setattr("trephine.stages.mapping.run.place", lambda *given: placed)


@pytest.mark.usefixtures("known_place")
def test_without_a_response_the_knob_stands_in_and_says_so(ball_anatomy: Anatomy) -> None:
    task = made.hand_run(ball_anatomy, percent=0.0, volumes=36)
    still = TaskRun(name="task-rest", bold=task.bold, events=())
    found = run((task,), ball_anatomy, SETTINGS, rest=(still,))
    assert found.value.alternatives[-1].remark.startswith("Rest runs")
    assert [quality.name for quality in found.value.runs] == ["task-hand"]
    assert {"HAND_RESPONSE_ABSENT", "TARGET_FROM_ANATOMY"} <= codes(found)
    assert found.value.target_source == "knob"
    assert found.value.disagreement_mm is None
    assert found.value.target_sd_mm == SETTINGS.knob_sd_mm


@pytest.mark.usefixtures("known_place")
def test_swapped_sides_are_flagged(ball_anatomy: Anatomy) -> None:
    task = made.hand_run(ball_anatomy, side_swap=True, volumes=36)
    found = run((task,), ball_anatomy, SETTINGS)
    assert {"HAND_RESPONSE_IPSILATERAL", "SIDES_MAY_BE_SWAPPED", "TARGET_FROM_ANATOMY"} <= codes(found)
    # Never the side that answers: the target stays opposite to the hand, as unsure as anatomy is.
    assert found.value.target_mm[0] < 0
    assert found.value.target_source == "knob"
    assert found.value.target_sd_mm == SETTINGS.knob_sd_mm


def test_conditions_that_never_part_are_refused(ball_anatomy: Anatomy) -> None:
    task = made.hand_run(ball_anatomy, volumes=24)
    twins = tuple(
        Event(onset_s=event.onset_s, duration_s=event.duration_s, trial_type=name)
        for event in task.events
        if event.trial_type == "right"
        for name in ("right", "left")
    )
    same = TaskRun(name=task.name, bold=task.bold, events=twins)
    prepared = prepare(same, SETTINGS, lambda done, total, label: None)
    with pytest.raises(InputError, match="rank"):
        design_of(prepared, 128.0, np.empty((24, 0)), [])
