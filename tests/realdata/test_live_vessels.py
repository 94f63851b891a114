"""The live view's vessels on photographs nobody here made, a person's labels beside some of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion, distance_transform_edt

from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.kernels.statistics.miss_distance import wide_parts
from trephine.model.live_view import LiveView
from trephine.stages.placement.live_vessels import SeenVessels, miss_um, seen_vessels
from trephine.stages.placement.settings import VesselSettings

pytestmark = pytest.mark.realdata

WINDOW_PIXEL_UM = 5000 / 900


def viewed(rgb: np.ndarray, pixel_um: float) -> LiveView:
    pose = Affine.identity(target=SCANNER, source=IMAGE)
    return LiveView(rgb=rgb, pixel_um=pixel_um, scanner_from_image=pose, registration_error_um=20.0)


def photograph(folder: Path, name: str) -> np.ndarray:
    return np.asarray(Image.open(next(folder.glob(name))))


def test_labelled_vessels_lie_within_the_stated_distance(data_dir: Path) -> None:
    """A retina's widest vessel has nine pixels; its disc ends in the dark."""
    settings = VesselSettings(widest_um=72.0, dark_rim_um=0.0)
    near, free, shares = 0, [], []
    wanted = 0
    for path in sorted((data_dir / "vessels/DRIVE/images").iterdir()):
        number = path.name.split("_")[0]
        field = photograph(path.parents[1] / "mask", f"{number}_*")
        manual = photograph(path.parents[1] / "manual", f"{number}_*")
        inside = binary_erosion((field if field.ndim == 2 else field[..., 0]) > 127, iterations=4)
        sought = wide_parts((manual if manual.ndim == 2 else manual[..., 0]) > 127, 3) & inside
        view = viewed(photograph(path.parent, path.name)[..., :3], 8.0)
        seen = seen_vessels(view, settings)
        inside &= ~seen.hidden
        away = distance_transform_edt(~seen.vessel) * seen.pixel_um
        reached = (away <= miss_um(view, settings))[sought & inside]
        near, wanted = near + int(reached.sum()), wanted + reached.size
        shares.append(reached.mean())
        free.append((away > miss_um(view, settings))[inside].mean())
    assert near / wanted >= 0.99
    assert min(shares) >= 0.98
    assert np.mean(free) >= 0.68


@pytest.fixture(scope="module")
def window(data_dir: Path) -> SeenVessels:
    grey = (photograph(data_dir / "vessels", "cortex_window_left.png") // 256).astype(np.uint8)
    return seen_vessels(viewed(np.stack([grey] * 3, axis=-1), WINDOW_PIXEL_UM), VesselSettings())


def test_a_window_s_rim_and_glare_are_no_vessels(window: SeenVessels) -> None:
    rows, columns = np.indices(window.vessel.shape)
    rim = (columns < 85) & (rows > 300) & (rows < 620)
    assert window.hidden[rim].all()
    assert not window.vessel[window.hidden].any()
    assert window.hidden[:250, :60].all()
    assert window.hidden[800:].all()


def test_fine_vessels_and_blurred_deep_ones_are_found(window: SeenVessels) -> None:
    marked = binary_dilation(window.vessel, iterations=2)
    for row, column, words in (
        (456, 390, "the trunk"),
        (500, 340, "its branch"),
        (412, 140, "a blurred one"),
        (677, 230, "a blurred one below"),
        (720, 378, "a deep one"),
        (590, 165, "a fine one"),
        (622, 412, "a fine fork"),
        (318, 330, "one in the upper half"),
    ):
        assert marked[row - 6 : row + 7, column - 6 : column + 7].any(), words
    assert window.vessel[100:250, 230:430].mean() < 0.01
