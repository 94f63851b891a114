import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.frames import BOLD
from trephine.model.activation import Event, TaskRun
from trephine.model.volume import Grid, Series
from trephine.stages.mapping.checks import of_names
from trephine.stages.mapping.conditions import check_hand_is_shown, condition_of, named_events
from trephine.stages.mapping.settings import Settings


def a_run(*names: str) -> TaskRun:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.eye(4), frame=BOLD)
    series = Series(values=np.ones((2, 2, 2, 30), dtype=np.float32), grid=grid, repetition_time_s=2.0)
    events = tuple(Event(onset_s=10.0 * n, duration_s=5.0, trial_type=name) for n, name in enumerate(names))
    return TaskRun(name="task-hand", bold=series, events=events)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("right", "right"),
        ("hand_right", "right"),
        ("attempted_right", "right"),
        ("RightHand", "right"),
        ("LH", "left"),
        ("left-squeeze", "left"),
        ("both", "both"),
        ("right_and_left", "both"),
        ("Rest", "rest"),
        ("baseline", "rest"),
        ("right_foot", "other"),
        ("tongue", "other"),
        ("attemptRight", "right"),
        ("try_left_hand", "left"),
        ("imagine_right", "other"),
        ("left_hand_imagery", "other"),
        ("watchRight", "other"),
        ("bright_light", "other"),
        ("squeeze", "other"),
    ],
)
def test_words_give_the_condition(name: str, meaning: str) -> None:
    assert condition_of(name, Settings()) == meaning


def test_settings_overrule_words() -> None:
    assert condition_of("right", Settings(trial_types={"right": "left"})) == "left"
    ruled = Settings(trial_types={"imagine_right": "right"})
    assert condition_of("imagine_right", ruled) == "right"
    assert of_names(a_run("imagine_right"), ruled) == []


def test_attempts_and_imagined_movements_are_told_apart_and_said() -> None:
    said = {
        one.code: one.message
        for one in of_names(a_run("attempted_right", "imagine_right", "tongue", "right"), Settings())
    }
    assert set(said) == {"TRIAL_TYPE_NOT_USED", "IMAGINED_MOVEMENT_APART", "ATTEMPT_COUNTS_AS_MOVEMENT"}
    assert "imagine_right" in said["IMAGINED_MOVEMENT_APART"]
    assert "attempted_right" in said["ATTEMPT_COUNTS_AS_MOVEMENT"]
    assert "imagine" not in said["TRIAL_TYPE_NOT_USED"]
    names = [
        event.trial_type for event in named_events(a_run("imagine_right", "attempted_right"), Settings())
    ]
    assert names == ["other.imagine_right", "right"]


def test_a_missing_hand_is_refused_with_what_was_found() -> None:
    with pytest.raises(InputError, match=r"'left' \(taken for left\).*right hand alone"):
        check_hand_is_shown((a_run("left", "rest"),), Settings())


def test_no_runs_are_refused() -> None:
    with pytest.raises(InputError, match="found none"):
        check_hand_is_shown((), Settings())


def test_events_after_the_run_and_rest_do_not_count() -> None:
    run = a_run("rest", "right", "tongue", "left", "left", "left", "right")
    names = [event.trial_type for event in named_events(run, Settings())]
    assert names == ["right", "other.tongue", "left", "left", "left"]
