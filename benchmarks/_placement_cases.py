"""Patches to place threads on: digital persons, a photograph, and made-up fields with and without vessels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from trephine.bench.data import real_data
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.core.random import generator
from trephine.kernels.geometry.clearance import clearance_map
from trephine.model.live_view import LiveView
from trephine.phantom.hand import find_hand_area
from trephine.phantom.headshape import build_head_fields
from trephine.phantom.hull import build_hull
from trephine.phantom.live_view import STATED_ERROR_UM, build_scene
from trephine.phantom.microscope import photograph
from trephine.phantom.person import draw_person
from trephine.phantom.settings import Settings as PhantomSettings
from trephine.phantom.template import load_template_brain
from trephine.phantom.tissues import build_head
from trephine.phantom.vessels import grow_large_vessels
from trephine.stages.placement.live_vessels import seen_vessels
from trephine.stages.placement.settings import VesselSettings

SPACING_MM = 0.3
GRID_MM = 0.06
MARGIN_MM = 0.058
PHANTOM_MARGIN_MM = 0.116
WINDOW_WIDTH_UM = 5000.0
WINDOW_PIXELS = 900
PATCH_RADIUS_MM = 4.3
HAND_SIGMA_MM = 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Patch:
    """Sites with their value, and the mask that they keep their margin from."""

    name: str
    sites_mm: np.ndarray
    value: np.ndarray
    blocked: np.ndarray
    pixel_mm: float
    margin_mm: float
    count: int = 64

    def exact_clearance_mm(self, chosen: np.ndarray) -> float:
        """Return the least distance from a chosen site to a blocked pixel's square, the slow, plain way."""
        row_column = self.sites_mm[chosen][:, ::-1] / self.pixel_mm
        blocked = np.argwhere(self.blocked)
        if len(blocked) == 0:
            return np.inf
        gaps = (np.maximum(np.abs(blocked - one) - 0.5, 0) for one in row_column)
        return min(float(np.hypot(*gap.T).min()) for gap in gaps) * self.pixel_mm


def _patch(name: str, blocked: np.ndarray, pixel_mm: float, step: int, **more: object) -> Patch:
    """List the sites of a grid that keep the margin; ``centre_mm`` and ``sigma_mm`` give a smooth value."""
    margin_mm, centre, sigma = more["margin_mm"], more["centre_mm"], more["sigma_mm"]
    clear = clearance_map(blocked, pixel_mm) if blocked.any() else np.full(blocked.shape, np.inf)
    row, column = np.nonzero(clear[::step, ::step] >= margin_mm)
    sites = np.stack([column, row], axis=1) * step * pixel_mm
    value = np.exp(-((sites - centre) ** 2).sum(axis=1) / (2 * sigma**2))
    return Patch(
        name=name, sites_mm=sites, value=value, blocked=blocked, pixel_mm=pixel_mm, margin_mm=margin_mm,
        count=more.get("count", 64),
    )  # fmt: skip


def nearer(patch: Patch, margin_mm: float) -> Patch:
    """List the sites of a patch's grid that keep a smaller margin; what each is worth plays no part."""
    step_mm = float(np.diff(np.unique(np.round(patch.sites_mm[:, 0], 6))).min())
    step = round(step_mm / patch.pixel_mm)
    middle = patch.sites_mm.mean(axis=0)
    return _patch(
        patch.name, patch.blocked, patch.pixel_mm, step,
        margin_mm=margin_mm, centre_mm=middle, sigma_mm=1.0, count=patch.count,
    )  # fmt: skip


def phantom(seed: int) -> Patch:
    """Show a digital person's hand area to the vessel finder, as a live view would be."""
    voxel_mm = 1.0
    person = draw_person(seed, voxel_mm)
    traits = person.traits
    brain = load_template_brain(traits.sulcus_gain_fraction)
    fluid_mm = traits.csf_mm / person.size_fraction
    fields = build_head_fields(
        brain,
        skull_mm=traits.skull_mm / person.size_fraction,
        scalp_mm=traits.scalp_mm / person.size_fraction,
        csf_mm=fluid_mm,
    )
    hull = build_hull(brain, fields, fluid_mm)
    hand = find_hand_area(person, build_head(person, brain, fields), hull, "left")
    pixel_um = PhantomSettings(seed=seed, voxel_mm=voxel_mm).pixel_um
    scene = build_scene(person, hull, hand, grow_large_vessels(person, hull), pixel_um)
    picture, _ = photograph(person, scene)
    half = round(PATCH_RADIUS_MM * 1000 / pixel_um)
    middle = scene.size // 2
    cut = slice(middle - half, middle + half + 1)
    seen = seen_vessels(_view(picture[cut, cut], pixel_um, STATED_ERROR_UM), VesselSettings())
    rows, columns = np.indices(seen.vessel.shape)
    off = np.hypot(rows - half, columns - half) > half
    blocked = seen.vessel | seen.hidden | off | scene.sulcus_mask[cut, cut]
    hot = np.random.default_rng(seed).uniform(-2, 2, 2) + half * pixel_um / 1000
    return _patch(
        f"digital person, seed {seed}", blocked, pixel_um / 1000, 3,
        margin_mm=PHANTOM_MARGIN_MM, centre_mm=hot, sigma_mm=HAND_SIGMA_MM,
    )  # fmt: skip


def window(step: int) -> Patch | None:
    """Use the photograph of a mouse's cortex; nothing where it is not at hand."""
    folder = real_data()
    path = None if folder is None else folder / "vessels" / "cortex_window_left.png"
    if path is None or not path.is_file():
        return None
    with Image.open(path) as file:
        levels = np.asarray(file)
    grey = (levels // 256).astype(np.uint8)
    pixel_um = WINDOW_WIDTH_UM / WINDOW_PIXELS
    seen = seen_vessels(_view(np.stack([grey] * 3, axis=-1), pixel_um, 0.0), VesselSettings())
    blocked = seen.vessel | seen.hidden
    return _patch(
        f"photograph, {step * seen.pixel_um:.0f} um grid", blocked, seen.pixel_um / 1000, step,
        margin_mm=MARGIN_MM, centre_mm=np.array([2.5, 2.5]), sigma_mm=1.5,
    )  # fmt: skip


def _view(rgb: np.ndarray, pixel_um: float, error_um: float) -> LiveView:
    pose = Affine(source=IMAGE, target=SCANNER, matrix=np.eye(4))
    return LiveView(rgb=rgb, pixel_um=pixel_um, scanner_from_image=pose, registration_error_um=error_um)


def made_up(seed: int, *, side_mm: float = 8.0, step: int = 3, count: int = 64) -> Patch:
    """Make a field up of which vessels of three widths cover about half."""
    rng = generator(seed, "bench.placement")
    n = round(side_mm / 0.02)
    vessel = np.zeros((n, n), dtype=bool)
    for scale, share in ((24, 0.10), (10, 0.12), (5, 0.14)):
        field = np.abs(gaussian_filter(rng.standard_normal((n, n)), scale, mode="wrap"))
        vessel |= field < np.quantile(field, share)
    return _patch(
        f"made-up {side_mm:.3g} mm patch, seed {seed}", vessel, 0.02, step, count=count,
        margin_mm=MARGIN_MM, centre_mm=side_mm * rng.uniform(0.35, 0.65, 2), sigma_mm=side_mm / 4,
    )  # fmt: skip


def loose(step: int) -> Patch:
    """Make a free field of 25 mm with a smooth value, for 1,024 threads."""
    blocked = np.zeros((1250, 1250), dtype=bool)
    return _patch(
        f"free 25 mm field, {step * 20} um grid", blocked, 0.02, step, count=1024,
        margin_mm=MARGIN_MM, centre_mm=np.array([11.0, 13.5]), sigma_mm=8.0,
    )  # fmt: skip


def tight(count: int, filled_fraction: float) -> Patch:
    """Make a field up in which the threads fill a share of hexagonal packing of the area left for them."""
    side_mm, made = 10.0, made_up(0, side_mm=10.0)
    for _ in range(3):
        needed = count * np.sqrt(0.75) * SPACING_MM**2 / filled_fraction
        side_mm *= float(np.sqrt(needed / (len(made.value) * GRID_MM**2)))
        made = made_up(0, side_mm=side_mm, count=count)
    return replace(made, name=f"{filled_fraction:.0%} of hexagonal packing, {made.name}")
