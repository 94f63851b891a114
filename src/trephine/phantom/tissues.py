# SPDX-License-Identifier: Apache-2.0
"""The head of one person, sampled on the grid of the planning T1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.core.arrays import AnyArray
from trephine.model.volume import Grid
from trephine.model.warp import Warp
from trephine.phantom.headshape import HeadFields
from trephine.phantom.person import Person
from trephine.phantom.template import TemplateBrain

Field = NDArray[np.float32]
_FAR = np.float32(60)
# Tops of face, neck and base, and backs of the orbits (mni152, mm): these parts are looked up only there.
_LOWER_PARTS_TOP_MM = 4.0
_ORBIT_BACK_MM = 10.0

LABELS = {"background": 0, "scalp": 1, "skull": 2, "csf": 3, "grey": 4, "white": 5}


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """Voxels of the head and what they hold; arrays have one entry a voxel within 3 mm of the skin.

    Parameters
    ----------
    grid
        The planning T1's grid.
    index
        Flat index of each voxel in the grid, shape (voxel,).
    mni_mm
        Position of each voxel in ``mni152``, shape (3, voxel), float32.
    distance_mm
        Signed distances by name, shape (voxel,); see ``HeadFields``.
    skull_mm
        Thickness of the vault near each voxel, shape (voxel,).
    tissue, white
        Level sets of brain tissue and white matter, positive inside, shape (voxel,).
    """

    grid: Grid
    index: NDArray[np.int64]
    mni_mm: Field
    distance_mm: dict[str, Field]
    skull_mm: Field
    tissue: Field
    white: Field

    def filled(self, values: AnyArray, background: float = 0.0) -> AnyArray:
        """Put one value a voxel, shape (voxel,), back on the grid, shape (i, j, k)."""
        volume = np.full(self.grid.shape, background, dtype=values.dtype)
        volume.reshape(-1)[self.index] = values
        return volume


def grid_positions_in_mni(warp: Warp, grid: Grid) -> Field:
    """Map every voxel centre of a grid into the template, shape (3, i, j, k), mm, float32.

    Parameters
    ----------
    warp
        Map from the grid's frame to ``mni152``.
    grid
        Grid in the warp's source frame.

    Returns
    -------
    numpy.ndarray
        The same as calling the warp on every centre, resampled by rows to be quick.
    """
    to_target = warp.affine.matrix @ grid.affine_mm
    to_field = np.linalg.inv(warp.grid.affine_mm) @ to_target
    axes = [np.arange(n, dtype=np.float32) for n in grid.shape]
    i, j, k = axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]
    result = np.empty((3, *grid.shape), dtype=np.float32)
    for axis in range(3):
        ndimage.affine_transform(
            warp.displacement_mm[..., axis],
            to_field[:3, :3],
            to_field[:3, 3],
            output_shape=grid.shape,
            output=result[axis],
            order=1,
            mode="nearest",
        )
        row = to_target[axis].astype(np.float32)
        result[axis] += row[0] * i + row[1] * j + row[2] * k + row[3]
    return result


def sample_field(field: Field, mni_from_ijk_mm: NDArray[np.float64], mni_mm: Field, value: float) -> Field:
    """Look a template field up at positions, linear between voxels.

    Parameters
    ----------
    field
        Values on an upright grid, shape (i, j, k).
    mni_from_ijk_mm
        Its affine, diagonal but for the shift, shape (4, 4).
    mni_mm
        Positions, shape (3, ...).
    value
        Value beyond the grid.

    Returns
    -------
    numpy.ndarray
        Values, float32, shape of one row of ``mni_mm``.
    """
    step = np.diag(mni_from_ijk_mm)[:3].astype(np.float32)
    low = mni_from_ijk_mm[:3, 3].astype(np.float32)
    ijk = [(mni_mm[axis] - low[axis]) / step[axis] for axis in range(3)]
    return ndimage.map_coordinates(field, ijk, order=1, mode="constant", cval=value, output=np.float32)


def build_head(person: Person, brain: TemplateBrain, fields: HeadFields) -> Head:
    """Sample the whole head on the planning T1's grid.

    Parameters
    ----------
    person
        Shape and grid.
    brain, fields
        Template brain and the head around it.

    Returns
    -------
    Head
        Only voxels within 3 mm of the skin are kept.
    """
    positions = grid_positions_in_mni(person.mni_from_scanner, person.t1_grid)
    index = np.flatnonzero(_near_head(fields, positions))
    mni_mm = np.ascontiguousarray(positions.reshape(3, -1)[:, index])
    low = mni_mm[2] < _LOWER_PARTS_TOP_MM
    orbit = low & (mni_mm[1] > _ORBIT_BACK_MM)
    where = {"head": None, "cranium": None, "fat": orbit, "eye": orbit, "lens": orbit}
    distance = {name: _looked_up(fields, name, mni_mm, where.get(name, low)) for name in fields.distance_mm}
    thickness = sample_field(fields.skull_mm, fields.mni_from_ijk_mm, mni_mm, 6.0)
    tissue, white = _brain_levels(person, brain, mni_mm, distance["cranium"])
    return Head(
        grid=person.t1_grid,
        index=index,
        mni_mm=mni_mm,
        distance_mm=distance,
        skull_mm=thickness,
        tissue=tissue,
        white=white,
    )


def _near_head(fields: HeadFields, positions: Field) -> NDArray[np.bool_]:
    """Tell which voxels lie within about 3 mm of the head, judged on every second voxel."""
    coarse = np.ascontiguousarray(positions[:, ::2, ::2, ::2])
    skin = sample_field(fields.distance_mm["head"], fields.mni_from_ijk_mm, coarse, float(_FAR))
    near = ndimage.binary_dilation(skin < 3)
    whole = near.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)
    shape = positions.shape[1:]
    cut: NDArray[np.bool_] = whole[: shape[0], : shape[1], : shape[2]]
    return cut


def _looked_up(fields: HeadFields, name: str, mni_mm: Field, where: NDArray[np.bool_] | None) -> Field:
    """Sample one distance field, only where it can be near; far elsewhere."""
    values = fields.distance_mm[name]
    if where is None:
        return sample_field(values, fields.mni_from_ijk_mm, mni_mm, float(_FAR))
    result = np.full(mni_mm.shape[1], _FAR, dtype=np.float32)
    result[where] = sample_field(values, fields.mni_from_ijk_mm, mni_mm[:, where], float(_FAR))
    return result


def _brain_levels(person: Person, brain: TemplateBrain, mni_mm: Field, cranium: Field) -> tuple[Field, Field]:
    """Sample the brain's level sets inside the skull; outside it there is none."""
    inside = cranium < 0.5
    within = mni_mm[:, inside]
    tissue = np.full(cranium.shape, -1, dtype=np.float32)
    white = np.full(cranium.shape, -1, dtype=np.float32)
    tissue[inside] = sample_field(brain.tissue, brain.mni_from_ijk_mm, within, -1.0)
    white[inside] = sample_field(brain.white, brain.mni_from_ijk_mm, within, -1.0)
    # A fluid layer always separates the pia from the inner table.
    tissue[inside] = np.minimum(tissue[inside], -cranium[inside] - np.float32(0.5 * person.traits.csf_mm))
    return tissue, np.minimum(white, tissue)


def truth_labels(head: Head) -> NDArray[np.uint8]:
    """Label every voxel by what fills its centre, shape (i, j, k); codes in ``LABELS``.

    Parameters
    ----------
    head
        The sampled head.

    Returns
    -------
    numpy.ndarray
        Air within the head is background; eyes, muscle, fat and skin are scalp; spinal fluid and cord are
        fluid and white matter.
    """
    d = head.distance_mm
    label = np.zeros(head.index.shape, dtype=np.uint8)
    label[d["head"] < 0] = LABELS["scalp"]
    label[d["bone"] < 0] = LABELS["skull"]
    label[(d["air"] < 0) | (d["head"] >= 0)] = LABELS["background"]
    label[(d["eye"] < 0) & (d["head"] < 0)] = LABELS["scalp"]
    label[(d["cranium"] < head.skull_mm) & (d["air"] >= 0)] = LABELS["skull"]
    label[d["canal"] < 0] = LABELS["csf"]
    label[d["cord"] < 0] = LABELS["white"]
    inside = d["cranium"] < 0
    label[inside] = LABELS["csf"]
    label[inside & (head.tissue > 0)] = LABELS["grey"]
    label[inside & (head.white > 0)] = LABELS["white"]
    label[inside & (d["cord"] < 0) & (head.mni_mm[2] < -68)] = LABELS["white"]
    filled: NDArray[np.uint8] = head.filled(label)
    return filled
