"""Where the inner table is put along single lines out of a hull that was fitted to the brain."""

import numpy as np
import pytest
from scipy import ndimage

from trephine.stages.imaging.brightness import Levels
from trephine.stages.imaging.intracranial import wall_costs

LEVELS = Levels(bone_signal=10.0, fluid_signal=30.0, grey_signal=75.0, white_signal=100.0)
PLACES_MM = np.arange(-8.0, 13.5, 1.0)
BRAIN, FLUID, BONE, MARROW, FAT = 80.0, 30.0, 5.0, 75.0, 130.0


def best_mm(*layers: tuple[float, float]) -> float:
    """The cheapest place where layers (signal, thickness in mm) follow the brain from 0 mm on."""

    def sampled(at_mm: np.ndarray) -> np.ndarray:
        fine = np.arange(-30.0, 60.0, 0.1)
        signal = np.full(fine.shape, BRAIN)
        start = 0.0
        for value, thick_mm in layers:
            signal[fine >= start] = value
            start += thick_mm
        blurred = ndimage.gaussian_filter1d(signal, 5.0)  # sd 0.5 mm: a voxel of 1 mm and a little more
        return np.interp(at_mm, fine, blurred)[None]

    return float(PLACES_MM[wall_costs(sampled, LEVELS, PLACES_MM)[0].argmin()])


@pytest.mark.parametrize("fluid_mm", [0.0, 2.0, 5.0, 8.0])
@pytest.mark.parametrize(("bone_mm", "beyond"), [(2.0, MARROW), (2.0, FAT), (30.0, BONE)])
def test_fluid_of_any_width_is_inside_up_to_the_bone(fluid_mm: float, bone_mm: float, beyond: float) -> None:
    assert best_mm((FLUID, fluid_mm), (BONE, bone_mm), (beyond, 40.0)) == pytest.approx(fluid_mm, abs=1.0)


def test_brain_a_little_outside_the_hull_is_taken_in() -> None:
    assert best_mm((BRAIN, 3.0), (FLUID, 1.0), (BONE, 4.0), (FAT, 40.0)) == pytest.approx(4.0, abs=1.0)


def test_a_table_too_thin_to_be_black_holds_back_marrow() -> None:
    # 0.8 mm of bone between fluid and marrow is as bright as fluid: some fluid may be lost, no marrow gained.
    assert 1.0 <= best_mm((FLUID, 4.0), (BONE, 0.8), (MARROW, 40.0)) <= 5.0


def test_marrow_as_bright_as_brain_is_taken_in_by_no_more_than_the_fit_leaves_open() -> None:
    # A table of 1 mm without fluid before it is hardly seen: a known weakness, held to a few millimetres.
    assert best_mm((BONE, 1.0), (MARROW, 40.0)) <= 7.0
    assert best_mm((BONE, 1.5), (MARROW, 40.0)) <= 1.0


def test_costs_start_at_nothing() -> None:
    costs = wall_costs(lambda at_mm: np.full((3, len(at_mm)), FLUID), LEVELS, PLACES_MM)
    assert costs.shape == (3, len(PLACES_MM))
    assert (costs.min(axis=1) == 0).all()
