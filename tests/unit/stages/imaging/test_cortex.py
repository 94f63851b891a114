"""White and pial surfaces of made-up cortex whose thickness is known."""

import numpy as np
import pytest
from scipy import ndimage

from trephine.kernels.geometry.crossings import crossing_faces
from trephine.kernels.geometry.mesh_graph import neighbour_mean
from trephine.kernels.geometry.topology import euler_number
from trephine.stages.imaging.cortex import thickness_mm
from trephine.stages.imaging.cortex_mending import mended
from trephine.stages.imaging.cortex_pial import pial_meshes
from trephine.stages.imaging.cortex_regions import Regions
from trephine.stages.imaging.cortex_shares import Shares
from trephine.stages.imaging.cortex_white import white_meshes

FINE = 3
SIZE = (68, 40, 40)
RADIUS = 12.0
WHITE, GREY, FLUID = 420.0, 300.0, 125.0


def shares(thickness: float, gap: float | None, noise: float = 6.0) -> Shares:
    """Two balls of white matter, one a hemisphere, with cortex around; the left has a slit with two banks."""
    axes = [(np.arange(n * FINE) + 0.5) / FINE - 0.5 for n in SIZE]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    left, right = (np.sqrt((x - at) ** 2 + (y - 20) ** 2 + (z - 20) ** 2) for at in (17.3, 50.7))
    if gap is not None:
        width = 2 * thickness + gap
        bottom = np.sqrt((y - 20.5) ** 2 + (z - 20) ** 2)
        slit = np.where(z > 20, np.abs(y - 20.5), bottom) - width / 2
        left = np.maximum(left, RADIUS - slit)
    white = (left < RADIUS) | (right < RADIUS)
    away = ndimage.distance_transform_edt(~white) / FINE - 0.5 / FINE
    parts = [_averaged(white), _averaged(away < thickness)]
    signal = parts[0] * (WHITE - GREY) + parts[1] * (GREY - FLUID) + FLUID
    signal += np.random.default_rng(1).normal(0, noise, SIZE)
    signal = ndimage.gaussian_filter(signal, 0.35)
    none = np.zeros(SIZE, dtype=np.float32)
    across = np.broadcast_to((np.arange(SIZE[0]) - 34.0).reshape(-1, 1, 1), SIZE).astype(np.float32)
    regions = Regions(is_cerebrum=np.ones(SIZE, bool), core=none, hind=none, across_mm=across)
    return Shares(
        white=np.clip((signal - GREY) / (WHITE - GREY), -1, 2).astype(np.float32),
        brain=np.clip((signal - FLUID) / (GREY - FLUID), 0, 1).astype(np.float32),
        regions=regions,
        affine_mm=np.eye(4),
        step_mm=1.0,
    )


def _averaged(mask: np.ndarray) -> np.ndarray:
    i, j, k = SIZE
    return mask.reshape(i, FINE, j, FINE, k, FINE).mean(axis=(1, 3, 5)).astype(np.float32)


def measured(given: Shares) -> tuple:
    whites = white_meshes(given)
    pials = pial_meshes(given, whites)
    return (
        whites,
        pials,
        [thickness_mm(w.points_ijk, p.points_ijk, w) for w, p in zip(whites, pials, strict=True)],
    )


@pytest.fixture(scope="module")
def narrow() -> tuple:
    """A sulcus whose banks are 0.4 mm apart: no voxel of pure fluid in it."""
    return measured(shares(2.5, 0.4))


def test_nested_balls_give_their_radius_and_thickness() -> None:
    for thickness in (1.5, 3.5):
        whites, pials, found = measured(shares(thickness, None))
        for white, pial, values, at in zip(whites, pials, found, (17.3, 50.7), strict=True):
            radius = np.linalg.norm(white.points_ijk - (at, 20, 20), axis=1)
            assert radius.mean() == pytest.approx(RADIUS, abs=0.15)
            far = np.abs(white.points_ijk[:, 0] - 34) > 8  # away from the other ball
            assert np.median(values[far]) == pytest.approx(thickness, abs=0.1)
            assert np.percentile(np.abs(values[far] - thickness), 95) < 0.3
            assert (pial.end[far] == 1).mean() > 0.95


def test_both_banks_of_a_narrow_sulcus_keep_their_thickness(narrow: tuple) -> None:
    whites, pials, found = narrow
    place = whites[0].points_ijk
    is_bank = (np.abs(place[:, 1] - 20.5) < 4) & (place[:, 2] > 22) & (place[:, 2] < 27)
    is_bank &= np.abs(place[:, 0] - 17.3) < 6
    assert is_bank.sum() > 80
    assert (pials[0].end[is_bank] == 2).mean() > 0.9
    assert np.median(found[0][is_bank]) == pytest.approx(2.5, abs=0.3)
    # No bank passes the middle of the sulcus.
    side = np.sign(place[is_bank, 1] - 20.5)
    assert ((pials[0].points_ijk[is_bank, 1] - 20.5) * side > -0.1).mean() > 0.97


def test_surfaces_are_balls_that_do_not_cross_themselves(narrow: tuple) -> None:
    whites, pials, _ = narrow
    for white, pial in zip(whites, pials, strict=True):
        assert euler_number(white.faces, len(white.points_ijk)) == 2
        assert pial.crossings_left == 0
        assert len(crossing_faces(pial.points_ijk, white.faces)) == 0


def test_a_dent_through_the_other_side_is_mended(narrow: tuple) -> None:
    white = narrow[0][1]
    mean = neighbour_mean(white.faces, len(white.points_ijk))
    pushed = white.points_ijk.copy()
    top = np.argsort(pushed[:, 2])[-30:]
    pushed[top, 2] -= 30.0
    result = mended(pushed, white.points_ijk, white.faces, mean)
    assert result.crossings_mended > 0
    assert result.crossings_left == 0
    assert len(crossing_faces(result.points, white.faces)) == 0
    way = np.linalg.norm(result.points - white.points_ijk, axis=1)
    assert way.max() < 30
    assert result.is_drawn[top].any()
    beside = np.hypot(white.points_ijk[:, 0] - 50.7, white.points_ijk[:, 1] - 20) > 11
    assert not result.is_drawn[beside].any()


def test_a_hopeless_tangle_is_laid_on_the_safe_mesh(narrow: tuple) -> None:
    white = narrow[0][1]
    mean = neighbour_mean(white.faces, len(white.points_ijk))
    tangle = white.points_ijk.copy()
    top = np.argsort(tangle[:, 2])[-60::12]
    tangle[top] += (300.0, 0.0, -60.0)  # after six gentle rounds still fourteen voxels off
    result = mended(tangle, white.points_ijk, white.faces, mean)
    assert result.crossings_left == 0
    assert len(crossing_faces(result.points, white.faces)) == 0
    assert result.is_drawn[top].all()
    assert np.any(np.all(result.points[top] == white.points_ijk[top], axis=1))


def test_crossings_of_the_safe_mesh_itself_are_counted(narrow: tuple) -> None:
    white = narrow[0][1]
    mean = neighbour_mean(white.faces, len(white.points_ijk))
    safe = white.points_ijk.copy()
    safe[np.argsort(safe[:, 2])[-30:], 2] -= 30.0
    result = mended(safe, safe, white.faces, mean)
    assert result.crossings_left == len(crossing_faces(safe, white.faces)) > 0
