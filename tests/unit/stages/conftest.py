"""A small head with known answers: spheres, one sulcus, vessels of choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import marching_cubes

from trephine.core.findings import Outcome
from trephine.core.frames import IMAGE, MNI152, SCANNER, Affine
from trephine.formats.device_file import read_device, read_robot
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram, Tissue
from trephine.model.brain_motion import BrainMotion
from trephine.model.device import Device, Robot
from trephine.model.live_view import LiveView
from trephine.model.obstacles import PlacementResult
from trephine.model.opening import Opening, OpeningResult
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp
from trephine.safety.reading import read_limits
from trephine.stages.opening.run import run as open_run
from trephine.stages.opening.settings import Settings as OpenSettings
from trephine.stages.placement.run import run as place_run
from trephine.stages.placement.settings import Settings as PlaceSettings

BRAIN_MM = 62.0
FLUID_MM = 1.5
SKULL_MM = 7.0
SCALP_MM = 5.0
GREY_MM = 4.0
SULCUS_WIDTH_MM = 2.0
SULCUS_DEPTH_MM = 12.0
HALF_BOX_MM = 40.0
TARGET = np.array([-34.0, -8.0, 50.0])
TARGET *= (BRAIN_MM - 2) / np.linalg.norm(TARGET)
UP = TARGET / np.linalg.norm(TARGET)
SULCUS_SIDE = np.cross(UP, [1.0, 0.0, 0.0])
SULCUS_SIDE /= np.linalg.norm(SULCUS_SIDE)
SULCUS_OFFSET_MM = 5.0
"""The sulcus is the slab |p . SULCUS_SIDE - SULCUS_OFFSET_MM| < half its width, above its depth."""


@dataclass(frozen=True)
class Head:
    anatomy: Anatomy
    hand_map: HandMap
    sulcus_side: np.ndarray
    sulcus_offset_mm: float = SULCUS_OFFSET_MM


def make_head(voxel_mm: float = 1.0, *, with_sulcus: bool = True, has_ct: bool = True) -> Head:
    # A box about the target is enough, and fast.
    count = int(2 * HALF_BOX_MM / voxel_mm) + 1
    affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[:3, 3] = np.round(TARGET) + (5.0, 0.0, 0.0) - voxel_mm * (count - 1) / 2
    grid = Grid(shape=(count, count, count), affine_mm=affine, frame=SCANNER)
    ijk = np.indices(grid.shape).reshape(3, -1).T.astype(float)
    place = grid.mm_of(ijk)
    radius = np.linalg.norm(place, axis=1)
    slab = np.abs(place @ SULCUS_SIDE - SULCUS_OFFSET_MM) - SULCUS_WIDTH_MM / 2
    near = np.linalg.norm(place - TARGET, axis=1) < 30
    cut = (slab < 0) & (radius > BRAIN_MM - SULCUS_DEPTH_MM) & near & with_sulcus
    brain = (radius < BRAIN_MM) & ~cut
    tissue = _labels(radius, brain, np.minimum(BRAIN_MM - radius, np.where(near, slab, 99.0)))
    tissue = tissue.reshape(grid.shape)
    depth = np.where(radius < BRAIN_MM, BRAIN_MM - radius, 0).astype(np.float32).reshape(grid.shape)
    weight = (
        np.exp(-((place - TARGET) ** 2).sum(axis=1) / (2 * 5.0**2)).astype(np.float32).reshape(grid.shape)
    )
    radius = radius.reshape(grid.shape)
    cortex_field = np.where(cut.reshape(grid.shape), 1.0, radius - BRAIN_MM)
    edge = BRAIN_MM + FLUID_MM
    outer_skull = _surface(radius - edge - SKULL_MM, grid)
    corners = len(outer_skull.points_mm)
    anatomy = Anatomy(
        t1=Volume(values=(tissue * 20).astype(np.float32), grid=grid, unit="arbitrary"),
        tissue=Volume(values=tissue, grid=grid, unit="label"),
        intracranial=Volume(values=(radius < edge).astype(np.uint8), grid=grid, unit="1"),
        sulcal_depth_mm=Volume(values=depth, grid=grid, unit="mm"),
        cortex=_surface(cortex_field, grid),
        outer_skull=outer_skull,
        scalp=_surface(radius - edge - SKULL_MM - SCALP_MM, grid),
        skull=SkullThickness.everywhere(corners, SKULL_MM, 1.0, is_measured=has_ct),
        mni_from_scanner=_identity(MNI152, SCANNER),
        scanner_from_mni=_identity(SCANNER, MNI152),
        has_ct=has_ct,
    )
    return Head(anatomy=anatomy, hand_map=_hand_map(weight, grid), sulcus_side=SULCUS_SIDE)


def _labels(radius: np.ndarray, brain: np.ndarray, depth: np.ndarray) -> np.ndarray:
    edge = BRAIN_MM + FLUID_MM
    tissue = np.full(len(radius), Tissue.BACKGROUND, dtype=np.uint8)
    for limit, label in (
        (edge + SKULL_MM + SCALP_MM, Tissue.SCALP),
        (edge + SKULL_MM, Tissue.SKULL),
        (edge, Tissue.CSF),
    ):
        tissue[radius < limit] = label
    tissue[brain] = np.where(depth[brain] < GREY_MM, Tissue.GREY, Tissue.WHITE)
    return tissue


def _hand_map(weight: np.ndarray, grid: Grid) -> HandMap:
    return HandMap(
        contrasts=(),
        hand="right",
        hemisphere="left",
        target_mm=TARGET,
        target_sd_mm=1.5,
        target_source="task",
        knob_mm=TARGET,
        disagreement_mm=0.0,
        weight=Volume(values=weight, grid=grid, unit="1"),
    )


def _surface(field: np.ndarray, grid: Grid) -> Surface:
    corners, faces, *_ = marching_cubes(field.astype(np.float32), 0.0, gradient_direction="ascent")
    points = grid.mm_of(corners.astype(float))
    a, b, c = (points[faces[:, k]] for k in range(3))
    if (np.cross(b - a, c - a) * (a + b + c)).sum() < 0:
        faces = faces[:, ::-1]
    return Surface(points_mm=points, faces=faces, frame=SCANNER)


def _identity(target: str, source: str) -> Warp:
    grid = Grid(shape=(2, 2, 2), affine_mm=np.diag([100.0, 100.0, 100.0, 1.0]), frame=target)
    return Warp(
        affine=Affine.identity(target=target, source=source),
        displacement_mm=np.zeros((2, 2, 2, 3)),
        grid=grid,
    )


def make_angiogram(head: Head, *, width_mm: float = 1.5, offset_mm: float = -3.0) -> Angiogram:
    """One straight vessel on the cortex, ``offset_mm`` from the target, across the sulcus's direction."""
    grid = head.anatomy.tissue.grid
    place = grid.mm_of(np.indices(grid.shape).reshape(3, -1).T.astype(float))
    along = np.cross(UP, SULCUS_SIDE)
    across = place - TARGET - ((place - TARGET) @ along)[:, None] * along
    centre = SULCUS_SIDE * offset_mm + UP * 2.0
    is_vessel = (np.linalg.norm(across - centre, axis=1) < width_mm / 2) & (
        np.linalg.norm(place - TARGET, axis=1) < 20
    )
    values = is_vessel.reshape(grid.shape).astype(np.uint8)
    return Angiogram(
        vessels=Volume(values=values, grid=grid, unit="label"),
        smallest_diameter_mm=1.0,
        registration_error_mm=0.5,
    )


def make_live_view(
    scanner_from_implant: Affine, *, size_mm: float = 16.0, pixel_um: float = 20.0, seed: int = 0
) -> tuple[LiveView, np.ndarray]:
    """A picture straight down the implant's axis, and the mask of the vessels drawn into it."""
    rng = np.random.default_rng(seed)
    count = int(size_mm * 1000 / pixel_um)
    vessel = np.zeros((count, count), dtype=bool)
    rows, columns = np.indices((count, count))
    for width_um in (700, 300, 200, 120, 120, 80, 80, 60):
        angle, shift = rng.uniform(0, np.pi), rng.uniform(-0.35, 0.35) * count
        bend = rng.uniform(-0.1, 0.1) * count
        u = (columns - count / 2) * np.cos(angle) + (rows - count / 2) * np.sin(angle)
        v = -(columns - count / 2) * np.sin(angle) + (rows - count / 2) * np.cos(angle)
        vessel |= np.abs(v - shift - bend * np.sin(u / count * 6)) < width_um / pixel_um / 2
    shade = 1 - 0.35 * ((rows / count - 0.4) ** 2 + (columns / count - 0.6) ** 2)
    light = shade * np.where(vessel, 0.62, 1.0)
    light = ndimage.gaussian_filter(light, 0.8) + rng.normal(0, 0.008, light.shape)
    grey = np.clip(light * 190, 0, 255)
    image = np.zeros((count, count, 3), dtype=np.uint8)
    image[..., 0] = np.clip(grey * 1.1, 0, 255)
    image[..., 1] = grey
    image[..., 2] = grey * 0.8
    pose = np.eye(4)
    # Columns along the implant's x, rows against its y, z towards the camera.
    pose[:3, 0] = [1, 0, 0]
    pose[:3, 1] = [0, -1, 0]
    pose[:3, 3] = [-size_mm / 2, size_mm / 2, 0]
    stated = Affine(target=SCANNER, source=IMAGE, matrix=scanner_from_implant.matrix @ pose)
    return LiveView(
        rgb=image, pixel_um=pixel_um, scanner_from_image=stated, registration_error_um=20.0
    ), vessel


@pytest.fixture(scope="session")
def head() -> Head:
    """A spherical head of 1 mm voxels with one sulcus 5 mm from the target."""
    return make_head()


@pytest.fixture(scope="session")
def smooth_head() -> Head:
    """The same without a sulcus and without a CT, at 2 mm."""
    return make_head(2.0, with_sulcus=False, has_ct=False)


@pytest.fixture(scope="session")
def n1() -> Device:
    return read_device("n1")


@pytest.fixture(scope="session")
def r1() -> Robot:
    return read_robot("r1")


@pytest.fixture(scope="session")
def planned(head: Head, n1: Device) -> OpeningResult:
    chosen = OpenSettings(search_radius_mm=6.0, search_step_mm=3.0)
    return open_run(head.anatomy, head.hand_map, None, n1, settings=chosen).value


@pytest.fixture(scope="session")
def opened(planned: OpeningResult) -> Opening:
    return planned.opening


@pytest.fixture(scope="session")
def view_down():
    """Take a live view down an implant's axis, with the vessels drawn into it."""
    return make_live_view


@pytest.fixture(scope="session")
def pictured(opened: Opening) -> tuple[LiveView, np.ndarray]:
    """A live view down the axis, and the vessels drawn into it."""
    return make_live_view(opened.pose)


@pytest.fixture(scope="session")
def placed(
    head: Head, opened: Opening, pictured: tuple[LiveView, np.ndarray], n1: Device, r1: Robot
) -> Outcome[PlacementResult]:
    """The plan on that view."""
    given = (opened, head.anatomy, head.hand_map, None, pictured[0], n1, r1)
    return place_run(*given, limits=read_limits(), settings=PlaceSettings())


@pytest.fixture(scope="session")
def angiogram(head: Head) -> Angiogram:
    return make_angiogram(head)


@pytest.fixture(scope="session")
def swaying() -> BrainMotion:
    """Pulse and breath as sines: 0.2 mm at 1 Hz across, 0.3 mm at 0.2 Hz along the axis."""
    time = np.arange(0, 120, 0.01)
    shift = np.column_stack(
        [
            0.2 * np.sin(2 * np.pi * time),
            0.1 * np.sin(0.4 * np.pi * time),
            0.3 * np.sin(0.4 * np.pi * time),
        ]
    )
    return BrainMotion(time_s=time, displacement_mm=shift, origin="simulated")
