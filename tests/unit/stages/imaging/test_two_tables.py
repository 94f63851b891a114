"""Both faces of the skull on a ball of a head whose layers are known."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from trephine.core.frames import MNI152, SCANNER, Affine
from trephine.kernels.registration.images import Sampled
from trephine.model.volume import Grid
from trephine.model.warp import Warp
from trephine.stages.imaging.brightness import Levels
from trephine.stages.imaging.head import Head
from trephine.stages.imaging.settings import Settings
from trephine.stages.imaging.two_tables import Tables, find_tables, rays_of

STEP_MM = 1.5
BRAIN_MM = 40.0
TABLE_MM = 1.75
LEVELS = Levels(bone_signal=5.0, fluid_signal=25.0, grey_signal=75.0, white_signal=100.0)
BONE, FLUID, BRAIN, MARROW, FAT = 5.0, 25.0, 85.0, 50.0, 120.0
UPPER_MM = 20.0
"""Well above the template's z = 0, where the order of layers holds."""


@cache
def tables(
    fluid_mm: float, skull_mm: float, scalp_mm: float = 6.0, marrow: float = MARROW, scalp: float = FAT
) -> Tables:
    count = 2 * int(68 / STEP_MM) + 1
    axis = (STEP_MM * (np.arange(count) - count // 2)).astype(np.float32)
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    inner, outer = BRAIN_MM + fluid_mm, BRAIN_MM + fluid_mm + skull_mm
    edges = [BRAIN_MM, inner, inner + TABLE_MM, outer - TABLE_MM, outer, outer + scalp_mm]
    values = np.zeros(radius.shape, np.float32)
    for edge, signal in reversed(list(zip(edges, (BRAIN, FLUID, BONE, marrow, BONE, scalp), strict=True))):
        share = np.clip(0.5 + (edge - radius) / STEP_MM, 0, 1)
        values += share * (signal - values)
    values += np.random.default_rng(1).normal(0, 2.0, values.shape).astype(np.float32)
    affine_mm = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    affine_mm[:3, 3] = axis[0]
    work = Sampled(values=values, affine_mm=affine_mm)
    mask = radius < edges[-1]
    head = Head(t1=work, mask=mask, coarse=work, coarse_mask=mask)
    still = Warp(
        affine=Affine(target=MNI152, source=SCANNER, matrix=np.eye(4)),
        displacement_mm=np.zeros((2, 2, 2, 3)),
        grid=Grid(shape=(2, 2, 2), affine_mm=np.diag([200.0, 200.0, 200.0, 1.0]), frame=MNI152),
    )
    return find_tables(head, work, rays_of(radius < BRAIN_MM, work, still), LEVELS, Settings())


def radii_mm(found: Tables) -> tuple[float, float]:
    """Of the inner and outer face over the vault, from the volume of the cap above ``UPPER_MM``."""
    count = found.wall_mm.shape[2]
    height = STEP_MM * (np.arange(count) - count // 2)
    upper = (height > UPPER_MM)[None, None, :]
    result = []
    for mask in (found.wall_mm < 0, found.within_mm < 0):
        volume = STEP_MM**3 * float((mask & upper).sum())
        tries = np.arange(30.0, 66.0, 0.05)
        cap = tries - (UPPER_MM + STEP_MM / 4)
        result.append(float(tries[np.argmin(np.abs(np.pi * cap**2 * (tries - cap / 3) - volume))]))
    return result[0], result[1]


@pytest.mark.parametrize(("fluid_mm", "skull_mm"), [(2.0, 6.5), (2.0, 9.0), (5.0, 7.0)])
def test_both_faces_lie_where_they_are(fluid_mm: float, skull_mm: float) -> None:
    inner_mm, outer_mm = radii_mm(tables(fluid_mm, skull_mm))
    assert inner_mm == pytest.approx(BRAIN_MM + fluid_mm, abs=1.0)
    assert outer_mm == pytest.approx(BRAIN_MM + fluid_mm + skull_mm, abs=1.0)


def test_the_outer_face_is_filled_up_to_the_places_found_on_it() -> None:
    found = tables(2.0, 9.0)
    upper = found.places_mm[:, 2] > UPPER_MM
    _, outer_mm = radii_mm(found)
    assert outer_mm == pytest.approx(np.linalg.norm(found.places_mm, axis=1)[upper].mean(), abs=0.3)
    to_voxel = (found.places_mm[upper] / STEP_MM + found.wall_mm.shape[0] // 2).T
    assert ndimage.map_coordinates(found.within_mm, to_voxel, order=1).mean() == pytest.approx(0, abs=0.2)


def test_marrow_as_bright_as_scalp_stays_in_the_bone() -> None:
    inner_mm, outer_mm = radii_mm(tables(2.0, 8.0, marrow=100.0))
    assert inner_mm == pytest.approx(BRAIN_MM + 2.0, abs=1.0)
    assert outer_mm == pytest.approx(BRAIN_MM + 10.0, abs=1.0)


def test_the_dark_table_ends_the_bone_where_usual_sizes_would_not() -> None:
    # Scalp as bright as marrow, thin bone: usual sizes alone would put the face 2 mm further out.
    inner_mm, outer_mm = radii_mm(tables(2.0, 5.0, scalp_mm=14.0, marrow=90.0, scalp=90.0))
    assert inner_mm == pytest.approx(BRAIN_MM + 2.0, abs=1.0)
    assert outer_mm == pytest.approx(BRAIN_MM + 7.0, abs=1.0)


@pytest.mark.parametrize(("fluid_mm", "skull_mm"), [(2.0, 6.5), (2.0, 9.0), (5.0, 7.0)])
def test_the_interval_holds_the_thickness_and_is_no_wider_than_needed(
    fluid_mm: float, skull_mm: float
) -> None:
    found = tables(fluid_mm, skull_mm)
    upper = found.places_mm[:, 2] > UPPER_MM
    held = (found.low_mm < skull_mm) & (skull_mm < found.high_mm)
    assert held[upper].mean() > 0.95
    assert 3.5 < np.median((found.high_mm - found.low_mm)[upper]) < 8.0
    assert np.linalg.norm(found.places_mm, axis=1)[upper] == pytest.approx(
        BRAIN_MM + fluid_mm + skull_mm, abs=2.0
    )


def test_faces_never_cross() -> None:
    found = tables(2.0, 6.5)
    assert not ((found.wall_mm < 0) & (found.within_mm >= 0)).any()
    assert (found.low_mm >= 0).all()
    assert (found.low_mm <= found.high_mm).all()
