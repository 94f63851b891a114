"""Which contrasts are mapped."""

from types import SimpleNamespace

import pytest

from trephine.core.errors import InputError
from trephine.stages.mapping.contrast_choice import choose
from trephine.stages.mapping.settings import Settings


def models(*runs: tuple[str, ...]):
    return tuple(SimpleNamespace(design=SimpleNamespace(names=names)) for names in runs)


HANDS = ("right", "left", "drift_1", "other.tongue", "other.right-foot")


def chosen(settings: Settings, *runs: tuple[str, ...]):
    return {one.name: one for one in choose(models(*runs), settings)}


def test_hands_come_by_themselves_and_others_when_asked_for() -> None:
    assert list(chosen(Settings(), HANDS)) == ["right", "left", "right-left", "left-right"]
    found = chosen(
        Settings(contrasts={"tongue": "tongue - rest", "foot": "2 * right-foot - 0.5*RightHand"}), HANDS
    )
    assert found["tongue"].weights == {"other.tongue": 1.0}
    assert found["tongue"].hand is None
    assert found["foot"].weights == {"other.right-foot": 2.0, "right": -0.5}
    assert found["foot"].expression == "+2 right-foot -0.5 right"


def test_a_contrast_uses_the_runs_that_show_it() -> None:
    found = chosen(Settings(contrasts={"t": "tongue"}), HANDS, ("right",), ("other.tongue",))
    assert found["right"].runs == (0, 1)
    assert found["right-left"].runs == (0,)
    assert found["t"].runs == (0, 2)


@pytest.mark.parametrize(
    ("contrasts", "words"),
    [
        ({"t": "wrist - rest"}, "'wrist', which no run has.*Known are rest, left, right"),
        ({"t": "rest"}, "nothing but rest"),
        ({"right": "tongue"}, "already in use"),
        ({"t": "tongue - tongue"}, "nothing but rest"),
    ],
)
def test_what_cannot_be_mapped_is_refused(contrasts: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        chosen(Settings(contrasts=contrasts), HANDS)


def test_no_run_with_all_of_it_is_refused() -> None:
    with pytest.raises(InputError, match="no run with all"):
        chosen(Settings(contrasts={"t": "tongue - right"}), ("right",), ("other.tongue",))
