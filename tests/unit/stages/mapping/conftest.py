"""A small made-up head with folded cortex, and a hand task with known answers on it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.spatial.transform import Rotation

from trephine.core.frames import BOLD, MNI152, SCANNER, Affine
from trephine.model.activation import Event, TaskRun
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.skull import SkullThickness
from trephine.model.surface import Surface
from trephine.model.volume import Grid, Series, Volume
from trephine.model.warp import Warp

CENTRES_MM = {"right": np.array([-38.0, -20.0, 36.0]), "left": np.array([38.0, -20.0, 36.0])}
"""True centre of the response to each hand, ``scanner``; the template is the scanner itself, 20 mm lower."""
TEMPLATE_SHIFT_MM = 20.0
TRUE_OFFSET_MM = np.array([6.0, -4.0, 5.0])
_TR_S = 2.0


def _grid(shape: tuple[int, int, int], edge_mm: float, frame: str) -> Grid:
    affine = np.diag([edge_mm, edge_mm, edge_mm, 1.0])
    affine[:3, 3] = -edge_mm * (np.array(shape) - 1) / 2
    return Grid(shape=shape, affine_mm=affine, frame=frame)


def _shift(z_mm: float, target: str, source: str) -> Warp:
    matrix = np.eye(4)
    matrix[2, 3] = z_mm
    still = np.zeros((2, 2, 2, 3), dtype=np.float32)
    grid = Grid(shape=(2, 2, 2), affine_mm=np.diag([100.0, 100.0, 100.0, 1.0]), frame=target)
    return Warp(affine=Affine(target=target, source=source, matrix=matrix), displacement_mm=still, grid=grid)


def _tissue(grid: Grid) -> np.ndarray:
    x, y, z = grid.mm_of(np.argwhere(np.ones(grid.shape))).T
    radius = np.sqrt((x / 60) ** 2 + (y / 72) ** 2 + (z / 54) ** 2)
    inside_mm = (1 - radius) * 60
    folds = 3.0 * np.sin(x / 5.0 + 1.0) * np.sin(y / 6.0) + 2.5 * np.cos(z / 5.5 + x / 9.0)
    labels = np.full(len(x), Tissue.BACKGROUND, dtype=np.uint8)
    labels[inside_mm > -4] = Tissue.CSF
    labels[inside_mm > 0] = Tissue.GREY
    labels[inside_mm > 8 + folds] = Tissue.WHITE
    return labels.reshape(grid.shape)


@pytest.fixture(scope="session")
def ball_anatomy() -> Anatomy:
    grid = _grid((56, 64, 50), 2.5, SCANNER)
    labels = _tissue(grid)
    brain = labels >= Tissue.GREY
    shades = np.array([0, 0, 0, 120, 380, 600], dtype=np.float32)
    depth = distance_transform_edt(brain, sampling=2.5).astype(np.float32)
    rim = np.argwhere(brain & (depth <= 2.5))
    surface = Surface(points_mm=grid.mm_of(rim), faces=np.zeros((0, 3)), frame=SCANNER)

    def volume(values: np.ndarray, unit: str) -> Volume:
        return Volume(values=values, grid=grid, unit=unit)

    return Anatomy(
        t1=volume(shades[labels], "arbitrary"),
        tissue=volume(labels, "label"),
        intracranial=volume((labels >= Tissue.CSF).astype(np.uint8), "label"),
        sulcal_depth_mm=volume(depth, "mm"),
        cortex=surface,
        outer_skull=surface,
        scalp=surface,
        skull=SkullThickness.everywhere(len(rim), 6.0, 1.0, is_measured=False),
        mni_from_scanner=_shift(TEMPLATE_SHIFT_MM, MNI152, SCANNER),
        scanner_from_mni=_shift(-TEMPLATE_SHIFT_MM, SCANNER, MNI152),
        has_ct=False,
    )


def blocks(volumes: int) -> tuple[Event, ...]:
    """Rest, right, left in blocks of 12 s."""
    kinds = ("rest", "right", "left")
    count = int(volumes * _TR_S // 12)
    return tuple(Event(onset_s=12.0 * n, duration_s=12.0, trial_type=kinds[n % 3]) for n in range(count))


def bold_from_scanner() -> np.ndarray:
    """Return the pose that the run's header hides."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec([0.05, -0.03, 0.04]).as_matrix()
    matrix[:3, 3] = TRUE_OFFSET_MM
    return matrix


def hand_run(
    anatomy: Anatomy, *, percent: float = 3.0, volumes: int = 78, side_swap: bool = False
) -> TaskRun:
    """Make a run whose header is off by a known rigid motion, and which drifts slowly."""
    grid = _grid((28, 32, 21), 5.0, BOLD)
    scanner_from_bold = np.linalg.inv(bold_from_scanner())
    points = grid.mm_of(np.argwhere(np.ones(grid.shape)))
    scanner = points @ scanner_from_bold[:3, :3].T + scanner_from_bold[:3, 3]
    shades = np.array([0, 0, 0, 900, 1000, 800], dtype=np.float32)
    fine = shades[anatomy.tissue.values]
    ijk = anatomy.tissue.grid.ijk_of(scanner).T
    rest = map_coordinates(fine, ijk, order=1, mode="constant").reshape(grid.shape)
    rng = np.random.default_rng(3)
    series = np.repeat(rest[..., None], volumes, axis=3)
    time_s = (np.arange(volumes) + 0.5) * _TR_S
    for event in blocks(volumes):
        if event.trial_type == "rest":
            continue
        hand = event.trial_type
        if side_swap:
            hand = {"right": "left", "left": "right"}[hand]
        centre = CENTRES_MM[hand]
        bell = np.exp(-0.5 * np.sum((scanner - centre) ** 2, axis=1) / 6.0**2).reshape(grid.shape)
        on = (time_s >= event.onset_s + 5) & (time_s < event.onset_s + 17)
        series[..., on] += (percent / 100 * rest * bell)[..., None]
    noise = rng.normal(0, 8, series.shape) * (rest > 0)[..., None]
    values = np.maximum(series + noise, 0).astype(np.float32)
    bold = Series(values=values, grid=grid, repetition_time_s=_TR_S)
    return TaskRun(name="task-hand", bold=bold, events=blocks(volumes))
