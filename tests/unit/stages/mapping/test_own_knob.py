"""The hand knob on made-up brains: balls with grooves that bulge where we say."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import marching_cubes

from trephine.core.frames import SCANNER
from trephine.kernels.geometry.mesh_graph import mean_curvature, neighbour_mean
from trephine.kernels.geometry.meshes import corner_normals
from trephine.model.cortex import CortexQuality, CorticalSurface
from trephine.model.surface import Surface
from trephine.model.volume import Grid, Volume
from trephine.stages.mapping.central_sulcus import find_sulcus
from trephine.stages.mapping.own_knob import own_knob

HUB = np.array([0.0, -20.0, 15.0])
RADIUS, DEEP, GREY = 60.0, 17.0, 2.5
QUALITY = CortexQuality(
    rings_cut=0,
    voxels_cut=0,
    voxels_cut_near_hand=0,
    euler_number=2,
    crossings_mended=0,
    crossings_left=0,
    unsure_fraction=0.0,
)


def course(across_rad: np.ndarray, bulges: tuple[tuple[float, float], ...]) -> np.ndarray:
    """y of a made-up central sulcus seen from the hub; each bulge goes back at an angle from the vertical."""
    y = np.interp(across_rad, [0.1, 0.62, 1.5], [-36.0, -27.0, -6.0])
    for place, height in bulges:
        y = y - height * np.exp(-0.5 * ((across_rad - place) * 52 / 5.5) ** 2)
    return y


def folded(grid: Grid, bulges: tuple, grooves_mm: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Distance from the hub, and which voxels are a left half ball with grooves."""
    way = grid.mm_of(np.indices(grid.shape).reshape(3, -1).T) - HUB
    radius = np.linalg.norm(way, axis=1)
    across = np.arctan2(-way[:, 0], way[:, 2])
    middle = course(across, bulges) - HUB[1]
    is_open = (across > 0.1) & (across < 1.5) & (radius > RADIUS - DEEP)
    groove = np.zeros(len(way), dtype=bool)
    for beside in grooves_mm:
        groove |= is_open & (np.abs(way[:, 1] - middle - beside) < 1.2)
    return radius, ((radius < RADIUS) & ~groove & (way[:, 0] < -1.5)).reshape(grid.shape)


def brain(bulges: tuple[tuple[float, float], ...], grooves_mm: tuple[float, ...] = (0.0,)) -> SimpleNamespace:
    """A left hemisphere with a groove, or several beside each other."""
    affine = np.eye(4)
    affine[:3, 3] = (-68.0, -68.0, -5.0)
    grid = Grid(shape=(70, 90, 88), affine_mm=affine, frame=SCANNER)
    radius, solid = folded(grid, bulges, grooves_mm)
    inside = ndimage.distance_transform_edt(solid) - GREY
    points, faces, _, _ = marching_cubes(
        ndimage.gaussian_filter(inside, 0.7), 0.0, gradient_direction="ascent"
    )
    white = points.astype(np.float64) + affine[:3, 3]
    faces = faces.astype(np.int32)
    pial = white + GREY * corner_normals(white, faces)
    bend = mean_curvature(white, faces)
    mean = neighbour_mean(faces, len(white))
    for _ in range(10):
        bend = 0.5 * (bend + mean @ bend)
    count = len(white)
    half = CorticalSurface(
        hemisphere="left",
        white=Surface(points_mm=white, faces=faces, frame=SCANNER),
        pial=Surface(points_mm=pial, faces=faces, frame=SCANNER),
        thickness_mm=np.full(count, GREY),
        thickness_sd_mm=np.full(count, 0.2),
        curvature_per_mm=bend,
        sulcal_depth_mm=np.maximum(RADIUS - np.linalg.norm(pial - HUB, axis=1), 0.0),
        is_cortex=np.ones(count, dtype=bool),
        is_crown=np.zeros(count, dtype=bool),
        is_sure=np.ones(count, dtype=bool),
        quality=QUALITY,
    )
    depth = np.maximum(RADIUS - radius, 0.0).reshape(grid.shape).astype(np.float32)
    return SimpleNamespace(
        hemispheres=(half,),
        sulcal_depth_mm=Volume(values=depth, grid=grid, unit="mm"),
        scanner_from_mni=lambda points, *, frame: np.asarray(points),
        mni_from_scanner=lambda points, *, frame: np.asarray(points),
    )


def test_it_is_found_at_the_top_of_the_bulge_on_the_front_bank() -> None:
    knob = own_knob(brain(((0.62, 9.0),)), "left")
    assert knob.position_mm is not None, knob.remark
    way = knob.position_mm - HUB
    assert abs(np.arctan2(-way[0], way[2]) - 0.62) * 52 < 2.5
    top = course(np.array([0.62]), ((0.62, 9.0),))[0]
    assert 0.5 < knob.position_mm[1] - top < 5.0
    assert 3.0 < knob.height_mm < 9.0
    assert knob.sd_mm < 4.0
    assert np.linalg.norm(knob.ends_mm - knob.position_mm, axis=1).max() < 12.0
    assert len(knob.sulcus_mm) > 80


def test_a_template_that_lies_off_does_not_move_it() -> None:
    anatomy = brain(((0.62, 9.0),))
    plain = own_knob(anatomy, "left").position_mm
    off = np.array([0.0, 5.0, 0.0])
    anatomy.scanner_from_mni = lambda points, *, frame: np.asarray(points) + off
    anatomy.mni_from_scanner = lambda points, *, frame: np.asarray(points) - off
    moved = own_knob(anatomy, "left")
    assert moved.position_mm is not None, moved.remark
    assert np.linalg.norm(moved.position_mm - plain) < 3.0


@pytest.mark.parametrize(
    ("bulges", "grooves", "reason"),
    [
        ((), (0.0,), "no bulge"),
        (((0.62, -3.0),), (0.0,), "no bulge"),
        (((0.46, 7.0), (0.86, 7.0)), (0.0,), "Two bulges"),
        (((0.62, 9.0),), (-4.0, 10.0), "not told apart"),
    ],
)
def test_what_cannot_be_told_is_not_forced(bulges: tuple, grooves: tuple, reason: str) -> None:
    knob = own_knob(brain(bulges, grooves), "left")
    assert knob.position_mm is None
    assert reason in knob.remark


def test_the_floor_is_followed_from_the_midline_down() -> None:
    anatomy = brain(((0.62, 9.0),))
    sulcus = find_sulcus(anatomy, anatomy.hemispheres[0])
    way = sulcus.floor_mm - HUB
    across = np.arctan2(-way[:, 0], way[:, 2])
    assert across[0] < 0.4
    assert across[-1] > 1.1
    inner = (across > 0.3) & (across < 1.2)
    assert np.abs(sulcus.floor_mm[inner, 1] - course(across[inner], ((0.62, 9.0),))).max() < 3.0
    assert sulcus.rival_cost - sulcus.cost > 3.0


def test_a_side_without_surfaces_says_so() -> None:
    assert "surfaces" in own_knob(brain(((0.62, 9.0),)), "right").remark
