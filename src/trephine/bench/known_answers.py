# SPDX-License-Identifier: Apache-2.0
"""Hold a digital participant's case against what is known to be true of that person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt

from trephine.case.records import anatomy, hand_map, plan
from trephine.case.store import Case
from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.formats.nifti import read_volume
from trephine.model.thread_plan import ThreadPlan
from trephine.model.volume import Volume

NEEDLE_RADIUS_MM = 0.012
SHAFT_STEP_MM = 0.1
SHAFT_START_MM = 0.5
"""Where the judging of a shaft starts below its entry: the label volume's steps at the pia are not sulci."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How far a case is from the truth.

    Parameters
    ----------
    right_hand_error_mm, left_hand_error_mm
        Distance of each hand's centroid from the true centre of its response.
    intracranial_dice, brain_dice
        Overlap of the inside of the skull, and of grey and white matter, with the true labels.
    threads_placed
        Count.
    entries_in_vessel
        Entries whose needle touches a true vessel in the live view.
    entries_in_sulcus, shafts_across_sulcus
        Entries over a true sulcus, and threads whose shaft passes one.
    """

    right_hand_error_mm: float
    left_hand_error_mm: float
    intracranial_dice: float
    brain_dice: float
    threads_placed: int
    entries_in_vessel: int
    entries_in_sulcus: int
    shafts_across_sulcus: int


def score(case: Case, truth: Path) -> Score:
    """Score one case.

    Parameters
    ----------
    case
        A case in which placement is done.
    truth
        The participant's folder of known answers, ``derivatives/phantom/sub-XX``.

    Returns
    -------
    Score
        Every figure.
    """
    told = json.loads((truth / f"{truth.name}_truth.json").read_text())
    threads = plan.read(case)
    intracranial_dice, brain_dice = _overlaps(case, _labels(truth, "truth_dseg"))
    return Score(
        right_hand_error_mm=_hand_error_mm(case, told, "right"),
        left_hand_error_mm=_hand_error_mm(case, told, "left"),
        intracranial_dice=intracranial_dice,
        brain_dice=brain_dice,
        threads_placed=len(threads.threads),
        **wrong_threads(threads, truth),
    )


def wrong_threads(threads: ThreadPlan, truth: Path) -> dict[str, int]:
    """Count the threads that meet what they should have kept away from.

    Parameters
    ----------
    threads
        The plan.
    truth
        The participant's folder of known answers.

    Returns
    -------
    dict
        ``entries_in_vessel``, ``entries_in_sulcus`` and ``shafts_across_sulcus``.
    """
    told = json.loads((truth / f"{truth.name}_truth.json").read_text())
    view = truth / "micr"
    entries = np.array([thread.entry_mm for thread in threads.threads]).reshape(-1, 3)
    rows, columns, pixel_mm = _pixels(told["LiveView"], entries)
    away_mm = _away_mm(view / f"{truth.name}_sample-cortex_desc-vessels_mask.png", pixel_mm)
    sulcus = _mask(view / f"{truth.name}_sample-cortex_desc-sulcus_mask.png")
    return {
        "entries_in_vessel": int((away_mm[rows, columns] <= 0).sum()),
        "entries_in_sulcus": int(sulcus[rows, columns].sum()),
        "shafts_across_sulcus": _shafts_across(threads, _labels(truth, "sulcus_mask")),
    }


def _labels(truth: Path, name: str) -> Volume:
    path = truth / "anat" / f"{truth.name}_desc-{name}.nii.gz"
    return read_volume(path, SCANNER, "label", is_own_result=True)


def _hand_error_mm(case: Case, told: dict[str, Any], hand: str) -> float:
    contrast = next(each for each in hand_map.read(case).contrasts if each.name == hand)
    side = next(each for each in told["Hands"].values() if each["hand"] == hand)
    if contrast.centroid_mm is None:
        return float("inf")
    return float(np.linalg.norm(contrast.centroid_mm - np.array(side["centre_scanner_mm"])))


def _overlaps(case: Case, truth: Volume) -> tuple[float, float]:
    """Return the Dice of the inside of the skull, and of grey and white matter."""
    found = anatomy.read(case)
    inside = read_like(found.intracranial, truth) > 0
    brain = read_like(found.tissue, truth) >= 4
    return dice(inside, truth.values >= 3), dice(brain, truth.values >= 4)


def read_like(volume: Volume, other: Volume) -> AnyArray:
    """Look a label volume up at another grid's voxels, nearest neighbour."""
    ijk = np.indices(other.grid.shape).reshape(3, -1).T
    there = np.rint(volume.grid.ijk_of(other.grid.mm_of(ijk))).astype(int)
    there = np.clip(there, 0, np.array(volume.grid.shape) - 1)
    return volume.values[tuple(there.T)].reshape(other.grid.shape)


def dice(one: AnyArray, other: AnyArray) -> float:
    """Return the overlap of two masks: twice what they share over what both hold."""
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))


def _pixels(view: dict[str, Any], entries_mm: Points) -> tuple[AnyArray, AnyArray, float]:
    """Return rows and columns of the live view under positions, and the pixel's edge."""
    pose = Affine(target=SCANNER, source=IMAGE, matrix=np.array(view["scanner_from_image_true"]))
    pixel_mm = float(view["pixel_um"]) / 1000
    at = np.rint(pose.inverse()(entries_mm, frame=SCANNER)[:, :2] / pixel_mm).astype(int)
    return at[:, 1], at[:, 0], pixel_mm


def _mask(path: Path) -> AnyArray:
    return np.asarray(Image.open(path).convert("L")) > 0


def _away_mm(path: Path, pixel_mm: float) -> AnyArray:
    """Distance from a needle's wall to the nearest vessel pixel's centre, less half a pixel."""
    distance: AnyArray = distance_transform_edt(~_mask(path)) * pixel_mm
    return np.where(distance > 0, distance - pixel_mm / 2 - NEEDLE_RADIUS_MM, -1.0)


def _shafts_across(threads: ThreadPlan, sulcus: Volume) -> int:
    across = 0
    for thread in threads.threads:
        entry, tip = np.array(thread.entry_mm), np.array(thread.tip_mm)
        length = float(np.linalg.norm(tip - entry))
        depth = np.arange(SHAFT_START_MM, length, SHAFT_STEP_MM)
        ijk = np.rint(sulcus.grid.ijk_of(entry + depth[:, None] * (tip - entry) / length)).astype(int)
        across += bool(sulcus.values[tuple(ijk.T)].any())
    return across
