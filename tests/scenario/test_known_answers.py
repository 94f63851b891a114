"""The digital participant's case against what is true of that person."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trephine.bench.known_answers import Score, dice, score, wrong_threads
from trephine.case.records import plan
from trephine.case.store import Case


@pytest.fixture(scope="module")
def found(small_case: Path) -> Score:
    return score(Case.of(small_case, "sub-01"), small_case / "derivatives" / "phantom" / "sub-01")


def test_both_hands_are_found(found: Score) -> None:
    # A centroid of 3 mm voxels on a bent ribbon: 5 mm is the bar, a finger's width on the knob.
    assert found.right_hand_error_mm < 5.0
    assert found.left_hand_error_mm < 5.0


def test_the_inside_of_the_skull_is_found(found: Score) -> None:
    assert found.intracranial_dice > 0.95
    # Sulci of a 2 mm scan are half a voxel wide, so the brain itself can only be found roughly.
    assert found.brain_dice > 0.85


def test_every_thread_is_placed_clear_of_vessels_and_sulci(found: Score) -> None:
    assert found.threads_placed == 64
    assert found.entries_in_vessel == 0
    assert found.entries_in_sulcus == 0
    assert found.shafts_across_sulcus == 0


def test_dice_counts_what_is_shared() -> None:
    one, other = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert dice(one, other) == 0.5
    assert dice(one, one) == 1.0


@pytest.mark.parametrize("what", ["vessel", "sulcus"])
def test_threads_moved_onto_what_they_must_avoid_are_counted(small_case: Path, what: str) -> None:
    truth = small_case / "derivatives" / "phantom" / "sub-01"
    name = f"sub-01_sample-cortex_desc-{'vessels' if what == 'vessel' else 'sulcus'}_mask.png"
    row, column = np.argwhere(np.asarray(Image.open(truth / "micr" / name).convert("L")) > 0)[7]
    view = json.loads((truth / "sub-01_truth.json").read_text())["LiveView"]
    in_image = np.array([column * view["pixel_um"] / 1000, row * view["pixel_um"] / 1000, 0.0, 1.0])
    there = tuple(np.array(view["scanner_from_image_true"])[:3] @ in_image)
    threads = plan.read(Case.of(small_case, "sub-01"))
    moved = [one.model_copy(update={"entry_mm": there}) for one in threads.threads[:3]]
    wrong = wrong_threads(threads.model_copy(update={"threads": (*moved, *threads.threads[3:])}), truth)
    assert wrong[f"entries_in_{what}"] == 3
