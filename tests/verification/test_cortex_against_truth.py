"""White and pial surfaces and thickness of a digital participant against the level sets it was made from."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from trephine.core.frames import SCANNER
from trephine.formats.template import read_template
from trephine.kernels.geometry.crossings import crossing_faces
from trephine.kernels.geometry.meshes import corner_normals
from trephine.model.volume import Grid, Volume
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.mri import scan_t1, t1_signal
from trephine.phantom.person import draw_person
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import build_head, truth_labels
from trephine.stages.imaging.cortex import find_cortex, hand_mm

SEED = 1
HALF_MM = (64, 26, 24)
NEAR_MM = 20.0
CROWN_MM = 4.0
CLEAR_MM = (1.2, 4.5)
"""True thickness looked at: beyond it the average brain behind the participant has lost its sulci."""


class Known:
    """A true surface: signed distance of points outside it."""

    def __init__(self, level: np.ndarray, affine_mm: np.ndarray) -> None:
        points, faces, _, _ = marching_cubes(level, 0.0, gradient_direction="ascent")
        self.points = points @ affine_mm[:3, :3].T + affine_mm[:3, 3]
        self.normals = corner_normals(self.points, faces)
        self.tree = cKDTree(self.points)

    def outside_mm(self, points: np.ndarray) -> np.ndarray:
        distance, nearest = self.tree.query(points)
        along = np.einsum("ij,ij->i", points - self.points[nearest], self.normals[nearest])
        # Near the surface its plane is nearer the truth than its corner.
        return np.where(distance < 1.5, along, np.sign(along) * distance)


@pytest.fixture(scope="module")
def found() -> SimpleNamespace:
    """The cortex of a box about both hand areas, and what it truly is."""
    person = draw_person(SEED, 1.0)
    middle = person.scanner_from_mni(np.array([[0.0, -23.0, 52.0]]), frame="mni152")[0]
    affine = person.t1_grid.affine_mm.copy()
    affine[:3, 3] = middle - affine[:3, :3] @ HALF_MM
    grid = Grid(shape=tuple(2 * np.array(HALF_MM) + 1), affine_mm=affine, frame=SCANNER)
    person = replace(person, t1_grid=grid)
    traits, size = person.traits, person.size_fraction
    brain = load_template_brain(traits.sulcus_gain_fraction)
    fields = build_head_fields(
        brain, skull_mm=traits.skull_mm / size, scalp_mm=traits.scalp_mm / size, csf_mm=traits.csf_mm / size
    )
    head = build_head(person, brain, fields)
    signal = t1_signal(person, head, np.zeros(grid.shape, dtype=np.float32))
    t1 = scan_t1(person, signal, grid).astype(np.float32)
    anatomy = SimpleNamespace(
        t1=Volume(values=t1, grid=grid, unit="arbitrary"),
        tissue=Volume(values=truth_labels(head), grid=grid, unit="label"),
        sulcal_depth_mm=Volume(
            values=np.maximum(-head.filled(head.distance_mm["cranium"], 9.0) - traits.csf_mm, 0),
            grid=grid,
            unit="mm",
        ),
        mni_from_scanner=person.mni_from_scanner,
        scanner_from_mni=person.scanner_from_mni,
    )
    noisy = t1 + np.random.default_rng(1).normal(0, 0.03 * 420.0, t1.shape).astype(np.float32)
    halves = find_cortex(anatomy, read_template())
    again = find_cortex(
        SimpleNamespace(**(vars(anatomy) | {"t1": Volume(values=noisy, grid=grid, unit="arbitrary")})),
        read_template(),
    )
    return SimpleNamespace(
        halves=halves,
        noisy=again,
        hands=[hand_mm(anatomy, side) for side in ("left", "right")],
        white=Known(head.filled(head.white, -1.0), affine),
        pial=Known(head.filled(head.tissue, -1.0), affine),
    )


def errors(found: SimpleNamespace, halves: tuple) -> dict[str, np.ndarray]:
    """Errors on the crowns about both hands: of either surface outward, and of thickness, in mm."""
    result: dict[str, list] = {"white": [], "pial": [], "thickness": []}
    for half, hand in zip(halves, found.hands, strict=True):
        near = half.is_sure & (np.linalg.norm(half.pial.points_mm - hand, axis=1) < NEAR_MM)
        near &= half.sulcal_depth_mm < CROWN_MM
        inner, outer = half.white.points_mm[near], half.pial.points_mm[near]
        truth = 0.5 * (
            np.abs(found.pial.outside_mm(found.white.points[found.white.tree.query(inner)[1]]))
            + np.abs(found.white.outside_mm(found.pial.points[found.pial.tree.query(outer)[1]]))
        )
        clear = (truth > CLEAR_MM[0]) & (truth < CLEAR_MM[1])
        assert np.count_nonzero(clear) > 500
        result["white"].append(found.white.outside_mm(inner)[clear])
        result["pial"].append(found.pial.outside_mm(outer)[clear])
        result["thickness"].append(half.thickness_mm[near][clear] - truth[clear])
    return {name: np.concatenate(parts) for name, parts in result.items()}


def faults(error: dict[str, np.ndarray]) -> list[str]:
    """What is wrong with errors. Measured: medians of at most 0.07 mm, 95 % within 0.61 mm."""
    found = [f"{name}: median" for name, values in error.items() if abs(np.median(values)) > 0.2]
    found += [f"{name}: mean" for name, values in error.items() if abs(values.mean()) > 0.2]
    return found + [f"{name}: 95 %" for name in error if np.percentile(np.abs(error[name]), 95) > 0.9]


def test_surfaces_on_crowns_about_the_hand_are_the_true_ones(found: SimpleNamespace) -> None:
    error = errors(found, found.halves)
    assert faults(error) == []


def test_noise_of_three_percent_moves_thickness_little(found: SimpleNamespace) -> None:
    error = errors(found, found.noisy)
    # Measured -0.21 and 0.96 mm: a rough surface is nearer to everything, so noise makes cortex thin.
    assert abs(np.median(error["thickness"])) < 0.26
    assert np.percentile(np.abs(error["thickness"]), 95) < 1.1


def test_nothing_crosses(found: SimpleNamespace) -> None:
    for half in (*found.halves, *found.noisy):
        assert half.quality.crossings_left == 0
    assert len(crossing_faces(found.noisy[0].pial.points_mm, found.noisy[0].pial.faces)) == 0


def test_a_pial_surface_half_a_millimetre_off_is_told(found: SimpleNamespace) -> None:
    moved = tuple(
        replace(
            half,
            pial=replace(
                half.pial,
                points_mm=half.pial.points_mm - 0.5 * corner_normals(half.pial.points_mm, half.pial.faces),
            ),
        )
        for half in found.halves
    )
    assert "pial: median" in faults(errors(found, moved))
