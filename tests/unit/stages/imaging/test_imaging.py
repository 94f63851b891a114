"""The stage's own rules: levels, depth, trust in other scans, refusal of what is not a head."""

import numpy as np
import pytest

from trephine.core.errors import InputError
from trephine.core.frames import MNI152, SCANNER, Affine
from trephine.kernels.registration.images import Sampled
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp
from trephine.stages.imaging.brightness import measured
from trephine.stages.imaging.head import Head, prepare_head
from trephine.stages.imaging.outer_skull import from_bone
from trephine.stages.imaging.surfaces import depth_below_hull
from trephine.stages.imaging.template_fit import _in_scanner, carried

UNIT = np.ones(3)


def radius_of(size: int) -> np.ndarray:
    i, j, k = np.indices((size, size, size)) - size // 2
    return np.sqrt(i**2 + j**2 + k**2)


def volume(values: np.ndarray, frame: str = SCANNER, voxel_mm: float = 4.0) -> Volume:
    affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    return Volume(
        values=values, grid=Grid(shape=values.shape, affine_mm=affine, frame=frame), unit="arbitrary"
    )


def head_of(values: np.ndarray) -> Head:
    image = Sampled(values=values, affine_mm=np.diag([4.0, 4.0, 4.0, 1.0]))
    return Head(t1=image, mask=values > 1, coarse=image, coarse_mask=values > 1)


def test_a_small_object_is_no_head() -> None:
    with pytest.raises(InputError, match="whole head of at least"):
        prepare_head(volume(np.where(radius_of(40) < 8, 100.0, 0.0)))


def test_levels_ascend_and_a_t2_is_refused() -> None:
    radius = radius_of(81)
    white, grey = (radius < 24).astype(float), ((radius >= 24) & (radius < 30)).astype(float)
    values = np.select([radius < 24, radius < 30, radius < 34, radius < 38], [100.0, 70.0, 25.0, 5.0], 80.0)
    levels = measured(values, grey, white, radius < 34, 1.0)
    assert levels.white_signal == 100
    assert levels.grey_signal == 70
    assert levels.bone_signal < levels.fluid_signal < levels.grey_signal
    with pytest.raises(InputError, match="T1-weighted"):
        measured(200 - values, grey, white, radius < 34, 1.0)


def test_depth_counts_from_the_hull_into_a_sulcus() -> None:
    brain = radius_of(61) < 25
    brain[29:32, :, 36:] = False
    depth = depth_below_hull(brain, radius_of(61) < 28, UNIT, 6.0)
    assert 10 < depth[30, 30, 41] < 16  # 25 - 11 mm below the top, closed over the 3 mm slit
    assert depth[30, 30, 58] == 0


def test_bone_is_filled_to_the_outer_table_only_near_the_wall() -> None:
    radius = radius_of(81)
    tables = ((radius > 22) & (radius < 24)) | ((radius > 27) & (radius < 29))
    tables[0:3, 0:3, 0:3] = True
    filled = from_bone(tables, (radius - 22).astype(np.float32), UNIT)
    assert filled[40, 40, 40 + 26]
    assert not filled[0, 0, 0]
    assert not filled[40, 40, 40 + 31]


def test_template_images_are_carried_as_the_warp_says() -> None:
    grid = Grid(shape=(20, 20, 20), affine_mm=np.diag([3.0, 3.0, 3.0, 1.0]), frame=MNI152)
    field = np.zeros((20, 20, 20, 3), dtype=np.float32)
    field[..., 0] = 2.0
    matrix = np.diag([1.1, 0.9, 1.0, 1.0])
    matrix[:3, 3] = (1.0, -2.0, 3.0)
    forward = Affine(target=MNI152, source=SCANNER, matrix=matrix)
    warp = Warp(affine=forward, displacement_mm=field, grid=grid)
    image = Sampled(values=np.indices((60, 60, 60))[0].astype(np.float32), affine_mm=np.eye(4))
    found = carried(image, warp, np.eye(4), (30, 30, 30))
    point = np.array([[12.0, 7.0, 20.0]])
    assert found[12, 7, 20] == pytest.approx(warp(point, frame=SCANNER)[0, 0], abs=1e-4)
    back = _in_scanner(forward.inverse(), -field, grid)
    there = warp(point, frame=SCANNER)
    assert np.allclose(back(there, frame=MNI152), point, atol=1e-4)
