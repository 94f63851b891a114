"""The resting-state alternative: a place that goes with the other knob more than with other places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from trephine.core.frames import BOLD, SCANNER, Affine
from trephine.model.anatomy import Anatomy, Tissue
from trephine.stages.mapping.alternatives import alternatives_to
from trephine.stages.mapping.bold_to_t1 import Placed
from trephine.stages.mapping.checks import of_rest
from trephine.stages.mapping.glm import design_of
from trephine.stages.mapping.hand_area import knob_of
from trephine.stages.mapping.noise_field import Scene
from trephine.stages.mapping.own_knob import own_knob
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.planning_grid import place_on
from trephine.stages.mapping.preparation import PreparedRun
from trephine.stages.mapping.resting import resting_area
from trephine.stages.mapping.settings import Settings

SETTINGS = Settings(grid_mm=4.0)
VOLUMES, STEP_S, EDGE_MM = 150, 2.0, 5.0
TRUE_MM = np.array([-36.0, -18.0, 38.0])
PLACED = Placed(
    scanner_from_bold=Affine(target=SCANNER, source=BOLD, matrix=np.eye(4)),
    error_mm=1.0,
    header_offset_mm=0.0,
    header_turn_rad=0.0,
    boundary_fraction=0.9,
    boundary_drop_fraction=0.3,
    overlap_fraction=1.0,
    trust="trusted",
)


def at_rest(anatomy: Anatomy, *, is_everywhere: bool) -> RunModel:
    """Noise, and one slow wave in the left hand area and the right knob, or in bands of the right side."""
    shape, affine = (28, 32, 21), np.diag([EDGE_MM, EDGE_MM, EDGE_MM, 1.0])
    affine[:3, 3] = -EDGE_MM * (np.array(shape) - 1) / 2
    points = np.argwhere(np.ones(shape)) @ affine[:3, :3].T + affine[:3, 3]
    tissue = map_coordinates(anatomy.tissue.values, anatomy.tissue.grid.ijk_of(points).T, order=0)
    inside = points[tissue >= Tissue.GREY]

    def bell(centre_mm: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * np.sum((inside - centre_mm) ** 2, axis=1) / 8.0**2)

    knob = knob_of(anatomy, "right", SETTINGS)
    bands = (inside[:, 0] > 0) & (np.cos(2 * np.pi * (inside[:, 1] - knob[1]) / 60) > 0.3)
    right = 1.0 * bands if is_everywhere else bell(knob)
    # With a mean of nothing the mean over the head cannot take the wave away.
    pattern = bell(TRUE_MM) + right
    time_s = (np.arange(VOLUMES) + 0.5) * STEP_S
    rng = np.random.default_rng(5)
    wave = sum(np.sin(2 * np.pi * (f * time_s + rng.uniform())) for f in (0.017, 0.031, 0.047, 0.063, 0.083))
    series = 100 + rng.normal(0, 1, (VOLUMES, len(inside))) + 0.6 * np.outer(wave, pattern - pattern.mean())
    run = PreparedRun(
        name="task-rest",
        affine_mm=affine,
        mask=(tissue >= Tissue.GREY).reshape(shape),
        mean=np.ones(shape),
        percent=series,
        events=(),
        frame_s=time_s,
        motion=np.zeros((VOLUMES, 6)),
        displacement_mm=np.zeros(VOLUMES),
        is_outlier=np.zeros(VOLUMES, dtype=bool),
        is_slice_timing_corrected=True,
    )
    design = design_of(run, 128.0, np.empty((VOLUMES, 0)), [])
    return RunModel(run=run, placed=PLACED, design=design, variants={})


def scene_of(model: RunModel, anatomy: Anatomy) -> Scene:
    return Scene.of((model,), anatomy, place_on(anatomy, SETTINGS.grid_mm), SETTINGS)


def test_a_network_of_both_hands_is_found_and_named(ball_anatomy: Anatomy) -> None:
    model = at_rest(ball_anatomy, is_everywhere=False)
    scene = scene_of(model, ball_anatomy)
    found = resting_area((model,), "left", scene)
    assert found is not None
    assert found.centre_mm is not None
    assert np.linalg.norm(found.centre_mm - TRUE_MM) < EDGE_MM
    assert found.chance_fraction <= SETTINGS.false_found_fraction
    assert found.source == "rest"
    knob_mm = knob_of(ball_anatomy, "left", SETTINGS)
    own = own_knob(ball_anatomy, "left")
    _, cortex, alternative = alternatives_to(TRUE_MM, "left", knob_mm, own, ((model,), scene))
    assert cortex.position_mm is None
    assert "surfaces" in cortex.remark
    assert alternative.remark.startswith("Rest runs")


def test_what_many_places_of_the_other_side_share_is_no_network(ball_anatomy: Anatomy) -> None:
    model = at_rest(ball_anatomy, is_everywhere=True)
    found = resting_area((model,), "left", scene_of(model, ball_anatomy))
    assert found is not None
    # Against independent noise alone it would count.
    assert found.peak_z > found.least_z
    assert found.chance_fraction > SETTINGS.false_found_fraction
    assert found.centre_mm is None


@pytest.mark.parametrize(("trust", "said"), [("failed", ["REST_RUN_NOT_USED"]), ("trusted", [])])
def test_a_rest_run_of_nobody_knows_where_is_left_out_and_said(
    ball_anatomy: Anatomy, trust: str, said: list[str]
) -> None:
    model = at_rest(ball_anatomy, is_everywhere=False)
    model = replace(model, placed=replace(PLACED, trust=trust))
    assert [finding.code for finding in of_rest((model,), SETTINGS)] == said
