# SPDX-License-Identifier: Apache-2.0
"""The seated implant in a person's labels, as cells in the implant's own frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from trephine.core.arrays import AnyArray, Points
from trephine.core.errors import InputError
from trephine.core.frames import IMPLANT
from trephine.kernels.heat.grid import BoxGrid, graded_edges_mm
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.device import Device
from trephine.model.opening import Opening
from trephine.stages.closure.settings import Settings

NAMES = {
    int(Tissue.SCALP): "scalp",
    int(Tissue.SKULL): "bone",
    int(Tissue.CSF): "csf",
    int(Tissue.GREY): "grey",
    int(Tissue.WHITE): "white",
}
"""Label to name in the table of tissues."""
HOLE = 6
"""Label of air inside the head."""
TAPER_MM = 10.0
"""Over this distance beyond the implant's edge the scalp comes down from the bump; assumed."""
LARGEST_HOLE_ML = 20.0
"""More air than this inside the labels, near the implant, is no sinus but a broken label map; assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seat:
    """Cells about a seated implant.

    Parameters
    ----------
    grid
        Cells in the implant's frame: the foot's centre at the origin, z outward.
    labels
        ``Tissue``, or ``HOLE``, of every cell as if the implant were not there, shape of the cells.
    outside
        Cells of the air about the head.
    radius_mm, thickness_mm
        Of the implant's body.
    is_square
        Whether it is a square plate.
    hole_ml
        Air inside the head.
    """

    grid: BoxGrid
    labels: AnyArray
    outside: AnyArray
    radius_mm: float
    thickness_mm: float
    is_square: bool
    hole_ml: float

    def body(self, points_mm: Points, *, inset_mm: float = 0.0) -> AnyArray:
        """Tell which points lie in the implant, ``inset_mm`` or more below its surface."""
        x, y, z = points_mm.T
        away = np.maximum(np.abs(x), np.abs(y)) if self.is_square else np.hypot(x, y)
        return (away <= self.radius_mm - inset_mm) & (z >= inset_mm) & (z <= self.thickness_mm - inset_mm)


def seated(anatomy: Anatomy, opening: Opening, device: Device, settings: Settings, fine_mm: float) -> Seat:
    """Seat the implant.

    Fluid fills the hole under the foot. Scalp keeps its thickness over what stands above the bone.

    Parameters
    ----------
    anatomy, opening, device, settings
        Whose head, where, what and how.
    fine_mm
        Width of cells near the implant.

    Returns
    -------
    Seat
        The cells.

    Raises
    ------
    InputError
        If the implant does not lie in the head's bone, or the labels have holes.
    """
    radius = device.body.width_mm.value / 2
    thick, bump = device.body.thickness_mm.value, device.body.bump_mm.value
    grid = _grid(radius, thick, settings, fine_mm)
    x, y, z = np.meshgrid(*grid.centres_mm, indexing="ij")
    away = np.hypot(x, y)
    labels = _labels(anatomy, opening, np.stack([x, y, z], axis=-1).reshape(-1, 3)).reshape(grid.shape)
    _check_inside(labels, away <= radius, (z > 0) & (z < thick))
    raised = bump * np.clip((radius + TAPER_MM - away) / TAPER_MM, 0, 1)
    lifted = np.stack([x, y, z - raised], axis=-1).reshape(-1, 3)
    above = _labels(anatomy, opening, lifted).reshape(grid.shape)
    soft = np.isin(labels, (Tissue.BACKGROUND, Tissue.SCALP)) & (z > 0)
    labels = np.where(soft, np.where(above == Tissue.BACKGROUND, Tissue.BACKGROUND, Tissue.SCALP), labels)
    opened = (away <= radius) & (z < thick) & (labels == Tissue.SKULL)
    labels = np.where(opened, Tissue.CSF, labels)
    parts, _ = label(labels == Tissue.BACKGROUND)
    free = np.unique(parts[:, :, -1])
    outside = np.isin(parts, free[free > 0])
    hole = (labels == Tissue.BACKGROUND) & ~outside
    hole_ml = float((grid.volume_mm3() * hole).sum()) / 1000
    if not outside.any() or hole_ml > LARGEST_HOLE_ML:
        raise InputError.because(
            where="tissue labels about the implant",
            found=f"{hole_ml:.1f} ml unlabelled in the head" if outside.any() else "no air above the implant",
            expected=f"at most {LARGEST_HOLE_ML:.0f} ml (air of sinuses), and air above the scalp",
            remedy="Look at the labels in the report and run imaging again.",
        )
    return Seat(
        grid=grid, labels=np.where(hole, HOLE, labels), outside=outside, radius_mm=radius, thickness_mm=thick,
        is_square=device.body.shape == "square", hole_ml=hole_ml,
    )  # fmt: skip


def _grid(radius: float, thick: float, settings: Settings, fine_mm: float) -> BoxGrid:
    """Lay cells that are fine about the implant, and whose faces lie on its top and foot."""
    coarse = max(settings.coarse_mm, fine_mm)
    reach = radius + settings.reach_mm
    flat = graded_edges_mm(-reach, reach, fine=(-radius - 2, radius + 2), fine_mm=fine_mm, coarse_mm=coarse)
    # Fine cells reach from the cortex to the skin: some 8 mm below the foot and 6 mm above the top.
    low, high = -8.0, thick + 6.0
    inside = np.linspace(0, thick, max(1, round(thick / fine_mm)) + 1)
    below = graded_edges_mm(-settings.reach_mm, 0, fine=(low, 0), fine_mm=fine_mm, coarse_mm=coarse)
    over = graded_edges_mm(thick, thick + 30, fine=(thick, high), fine_mm=fine_mm, coarse_mm=coarse)
    return BoxGrid(edges_mm=(flat, flat, np.concatenate([below, inside[1:-1], over])))


def _labels(anatomy: Anatomy, opening: Opening, points_mm: Points) -> AnyArray:
    """Look labels up at points of the implant's frame; beyond the scan is background."""
    volume = anatomy.tissue
    ijk = np.rint(volume.grid.ijk_of(opening.pose(points_mm, frame=IMPLANT))).astype(int)
    inside = ((ijk >= 0) & (ijk < np.array(volume.grid.shape))).all(axis=1)
    found = np.full(len(ijk), int(Tissue.BACKGROUND))
    found[inside] = volume.values[tuple(ijk[inside].T)]
    return found


def _check_inside(labels: AnyArray, under: AnyArray, within: AnyArray) -> None:
    """Refuse an implant that is nowhere in bone."""
    share = float((labels == Tissue.SKULL)[under & within].mean())
    if share < 0.05:
        raise InputError.because(
            where="implant's seat",
            found=f"bone in {100 * share:.0f} % of the implant's place",
            expected="an implant that replaces bone",
            remedy="Run the opening stage again on these labels.",
        )
