"""Each registration is shown with its numbers, and said to wait until a person approved it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.frames import CT, SCANNER, Affine
from trephine.model.activation import RunQuality
from trephine.model.registration import Registration
from trephine.model.summary import Headline
from trephine.model.volume import Volume
from trephine.report.contents import Approval, Contents
from trephine.report.figures import registration as figure_of
from trephine.report.tables import registrations
from trephine.report.verdict import verdict_of


def registration(*, reason: str = "") -> Registration:
    return Registration(
        moving="ct",
        scanner_from_moving=Affine.identity(target=SCANNER, source=CT),
        error_mm=0.3,
        mean_error_95_mm=0.62,
        header_offset_mm=4.0,
        header_offset_rad=0.1,
        is_trusted=not reason,
        reason=reason,
    )


@pytest.fixture
def waiting(contents: Contents) -> Contents:
    used = Headline(name="ct.used", value="yes", unit="word", label="ct used")
    imaging = contents.summaries["imaging"].model_copy(update={"headlines": (used,)})
    summaries = {**contents.summaries, "imaging": imaging}
    return replace(contents, summaries=summaries, registrations=(registration(),))


def approval(act: str, *, is_standing: bool = True) -> Approval:
    return Approval(
        act=act, stage="imaging", registration="ct", who="A", note="", time="", is_standing=is_standing
    )


def test_the_scan_and_the_t1_are_drawn_in_three_planes(anatomy) -> None:
    shown = np.full(anatomy.t1.values.shape, 200, dtype=np.uint8)
    pictures = {"ct": Volume(values=shown, grid=anatomy.t1.grid, unit="arbitrary")}
    (figure,) = figure_of.figures(anatomy, (registration(),), pictures)
    assert (figure.key, len(figure.drawings)) == ("registration-ct", 6)
    assert "below 0.62 mm in 95 % of cases" in figure.caption
    upper, lower = (np.asarray(figure.drawings[i].shapes[0].pixels) for i in (0, 3))
    assert upper.mean() > 100  # the scan fills the upper row; the T1 shows in half of the lower one
    assert not np.array_equal(upper, lower)


def test_a_scan_that_is_not_used_is_drawn_with_its_reason(anatomy) -> None:
    pictures = {"ct": Volume(values=np.zeros((4, 4, 4), np.uint8), grid=replace(anatomy.t1.grid, shape=(4, 4, 4)), unit="arbitrary")}  # fmt: skip # noqa: E501
    (figure,) = figure_of.figures(anatomy, (registration(reason="it is empty"),), pictures)
    assert figure.caption.startswith("The ct scan is not used: it is empty.")


def test_every_run_is_drawn_with_its_error(anatomy, hand_map) -> None:
    shown = Volume(
        values=np.full(anatomy.t1.values.shape, 200, np.uint8), grid=anatomy.t1.grid, unit="arbitrary"
    )
    run = RunQuality(
        name="task-hand_run-2",
        volumes=30,
        outlier_volumes=1,
        max_displacement_mm=0.4,
        mean_displacement_mm=0.1,
        registration_error_mm=1.3,
        header_offset_mm=3.0,
        is_registration_trusted=False,
        is_slice_timing_corrected=False,
    )
    two = replace(hand_map, runs=(replace(run, name="task-hand_run-1"), run), run_pictures=(shown, shown))
    figure = figure_of.run_figure(anatomy, two)
    assert (figure.key, len(figure.drawings)) == ("registration-bold", 12)
    assert "task-hand_run-2: 1.3 mm, not trusted" in figure.caption
    assert np.asarray(figure.drawings[6].shapes[0].pixels).mean() > 100


@pytest.mark.parametrize(
    ("words", "is_waiting"),
    [
        ((), True),
        ((approval("approved"),), False),
        ((approval("approved", is_standing=False),), True),
        ((approval("approved"), approval("rejected")), True),
    ],
)
def test_a_registration_waits_until_a_standing_approval(waiting: Contents, words, is_waiting) -> None:
    contents = replace(waiting, approvals=words)
    said = " ".join(verdict_of(contents).sentences)
    assert ("Waiting for approval: the registration of ct (imaging)." in said) is is_waiting
    table = registrations(contents)
    assert table is not None
    expected = words[-1].act if words and words[-1].is_standing else "waiting for approval"
    assert table.rows[0][2] == expected
