"""Each figure says where and what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trephine.core.frames import SCANNER
from trephine.model.anatomy import Angiogram
from trephine.model.scan import ScanKind
from trephine.model.sinus import DuralSinus
from trephine.model.skull import SkullSuspect
from trephine.model.vessels import VesselScan, VesselTree
from trephine.model.volume import Grid, Volume
from trephine.report.drawing import Circle, Drawing, Figure, Path, Text
from trephine.report.figures import anatomy as anatomy_figure
from trephine.report.figures import head, patch, rehearsal, threads, vessels, where_hand
from trephine.report.figures import opening as opening_figure


def words(drawing: Drawing) -> list[str]:
    return [shape.words for shape in drawing.shapes if isinstance(shape, Text)]


def check(figure: Figure) -> None:
    assert figure.caption.endswith(".")
    for drawing in figure.drawings:
        assert drawing.alt
        for shape in drawing.shapes:
            if isinstance(shape, Path):
                assert np.all(np.isfinite(shape.points))


def test_slices_carry_letters_scale_and_place(anatomy, hand_map, opening) -> None:
    figure = where_hand.figure(anatomy, hand_map, opening)
    check(figure)
    assert len(figure.drawings) == 7
    axial, coronal, sagittal = (words(drawing) for drawing in figure.drawings[:3])
    assert {"R", "L", "A", "P", "axial", "scanner z = 60.0 mm", "50 mm"} <= set(axial)
    assert {"R", "L", "S", "I", "scanner y = \u221210.0 mm"} <= set(coronal)
    assert {"A", "P", "S", "I", "scanner x = \u221230.0 mm"} <= set(sagittal)
    assert "right is on your left" in figure.caption


def test_right_of_the_person_is_on_the_left_of_axial_slices(anatomy, hand_map) -> None:
    drawing = where_hand.figure(anatomy, hand_map, None).drawings[0]
    place = {shape.words: shape.x for shape in drawing.shapes if isinstance(shape, Text)}
    assert place["R"] < place["L"]
    picture = drawing.shapes[0].pixels.astype(int)
    blue = (picture[..., 2] - picture[..., 0]) > 60  # the hand map, on the person's left
    assert np.argwhere(blue)[:, 1].mean() > picture.shape[1] / 2


def test_patch_numbers_every_thread_by_order(hand_map, opening, plan, obstacles) -> None:
    figure = patch.figure(hand_map, opening, plan, obstacles)
    check(figure)
    assert {str(order) for order in range(1, 7)} <= set(words(figure.drawings[0]))
    assert {"A", "P", "2 mm"} <= set(words(figure.drawings[0]))
    assert "6 of 64" in figure.caption


def test_patch_without_vessels_says_so(hand_map, opening, plan) -> None:
    blind = plan.model_copy(update={"vessels_from": "nothing"})
    assert "No vessels are known" in patch.figure(hand_map, opening, blind, None).caption


@pytest.mark.parametrize("body", [None, opening_figure.Body(width_mm=23.0, thickness_mm=8.0)])
def test_cut_along_the_axis(anatomy, opening, plan, body) -> None:
    figure = opening_figure.figure(anatomy, opening, plan, body)
    check(figure)
    assert ("body in white" in figure.caption) == (body is not None)
    assert "10 mm" in words(figure.drawings[0])


def test_layers_along_the_axis_are_those_of_the_head(anatomy, opening) -> None:
    runs = dict(anatomy_figure.layers_along_axis(anatomy, opening)[:3])
    assert runs["scalp"] == pytest.approx(6.0, abs=4.0)  # one voxel
    assert runs["skull"] == pytest.approx(8.0, abs=4.0)
    check(anatomy_figure.figure(anatomy, np.zeros(3)))
    check(anatomy_figure.axis_figure(anatomy, opening))


def test_a_suspected_place_of_the_skull_is_ringed_and_named(anatomy) -> None:
    place = SkullSuspect(
        centre_mm=(60.0, 30.0, 47.0),
        place="right frontal",
        area_mm2=np.pi * 20.0**2,
        difference_mm=-4.2,
        thickness_mm=2.0,
    )
    figure = anatomy_figure.figure(replace(anatomy, suspects=(place,) * 3), np.zeros(3))
    check(figure)
    assert len(figure.drawings) == 9
    assert "1 more" in figure.caption
    for drawing in figure.drawings[3:]:
        assert "right frontal, \u22124.2 mm" in words(drawing)
        rings = [shape for shape in drawing.shapes if isinstance(shape, Circle)]
        box_mm = 2 * (88 + 6)  # head_box shows the head and 6 mm
        assert rings[0].radius == pytest.approx(20.0 * drawing.width / box_mm, rel=0.06)
    axial = next(shape for shape in figure.drawings[3].shapes if isinstance(shape, Circle))
    assert axial.x < 170
    assert axial.y < 170  # right is on the left, front is up
    assert "ring" not in anatomy_figure.figure(anatomy, np.zeros(3)).caption


def test_thread_margins_without_known_vessels(plan) -> None:
    blind = plan.model_copy(
        update={"threads": tuple(t.model_copy(update={"clearance_um": None}) for t in plan.threads)}
    )
    assert len(threads.figure(plan).drawings) == 3
    figure = threads.figure(blind)
    check(figure)
    assert len(figure.drawings) == 2
    assert figure.caption.startswith("No vessel or sulcus was known")


def test_rehearsal_is_called_simulated(log, opening) -> None:
    for figure in (rehearsal.figure(log, opening), rehearsal.timeline(log)):
        check(figure)
        assert figure.caption.startswith("Simulated.")


def test_head_shows_the_hand_map_and_the_opening(anatomy, hand_map, opening, plan, obstacles) -> None:
    scene = head.Scene(
        anatomy=anatomy, angiogram=None, hand_map=hand_map, opening=opening, plan=plan, obstacles=obstacles
    )
    for figure in head.figures(scene, head.fields_of(scene.anatomy, scene.angiogram)):
        check(figure)
        picture = figure.drawings[0].shapes[0].pixels.astype(int)
        seen = picture[picture[..., 3] > 200]
        assert ((seen[:, 2] - seen[:, 0]) > 40).sum() > 20  # hand map, blue
        assert ((seen[:, 1] - seen[:, 0]) > 60).sum() > 20  # edges of what is cut, green


def test_head_draws_the_zone_of_a_sinus_and_says_that_it_was_not_seen(anatomy, hand_map, opening) -> None:
    line = np.mean(opening.craniectomy_mm, axis=0) + np.linspace(-15, 15, 20)[:, None] * (0.0, 1.0, 0.0)
    zone = DuralSinus(
        name="superior sagittal", centre_mm=line, half_width_mm=np.full(20, 2.0), sd_mm=np.full(20, 3.0)
    )

    def violet(seen) -> tuple[int, str]:
        scene = head.Scene(
            anatomy=seen, angiogram=None, hand_map=hand_map, opening=opening, plan=None, obstacles=None
        )
        drawn = head.figures(scene, head.fields_of(scene.anatomy, scene.angiogram))[0]
        pixels = drawn.drawings[0].shapes[0].pixels.astype(int)
        red, green, blue = (pixels[..., channel] for channel in range(3))
        return int(((blue - green > 90) & (red - green > 30)).sum()), drawn.caption

    with_zone, caption = violet(replace(anatomy, sinuses=(zone,)))
    without, plain = violet(anatomy)
    assert with_zone > without + 10
    assert "not seen in a scan" in caption
    assert "violet" not in plain


def test_knob_replaces_a_task_that_shows_nothing(anatomy, hand_map, opening) -> None:
    still = replace(hand_map, target_source="knob", disagreement_mm=None)
    figure = where_hand.figure(anatomy, still, opening)
    assert "weight of the knob" in figure.caption
    assert len(figure.drawings) == 6


def test_vessels_lie_where_they_are_and_the_missing_size_is_said(anatomy) -> None:
    label = Volume(
        values=np.zeros((2, 2, 2), np.uint8),
        grid=Grid(shape=(2, 2, 2), affine_mm=np.eye(4), frame=SCANNER),
        unit="label",
    )
    middle = anatomy.intracranial.grid.mm_of(np.argwhere(anatomy.intracranial.values > 0).astype(float)).mean(
        axis=0
    )
    right_front = middle + np.array([20.0, 30.0, 0.0])
    tree = VesselTree(
        points_mm=[right_front, right_front + (0, 0, 9)],
        radius_mm=[1.4, 1.6],
        branch=[0, 0],
        edges=[(0, 1)],
        scan=[0],
        loop_count=0,
    )
    scan = VesselScan(
        kind=ScanKind.MRA,
        probability=label,
        detectability=None,
        smallest_diameter_mm=1.1,
        is_limit_known=True,
        registration_error_mm=0.3,
        is_cut=False,
    )
    angiogram = Angiogram(
        vessels=label, smallest_diameter_mm=1.1, registration_error_mm=0.3, tree=tree, scans=(scan,)
    )
    figure = vessels.figure(anatomy, angiogram)
    check(figure)
    assert "angio: 1.1 mm" in figure.caption
    axial, coronal, sagittal = figure.drawings
    (line,) = [shape for shape in axial.shapes if isinstance(shape, Path)]
    assert (line.points < axial.width / 2).all()  # the person's right is on the left, the front is up
    assert {"R", "L"} <= set(words(coronal))
    assert {"A", "P"} <= set(words(sagittal))
