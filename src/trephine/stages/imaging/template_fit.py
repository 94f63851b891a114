# SPDX-License-Identifier: Apache-2.0
"""Map the planning T1 to the template: an affine map, then a smooth one inside the skull."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3, Matrix4
from trephine.core.frames import MNI152, SCANNER, Affine
from trephine.kernels.registration.affine import AffineFit, register_affine
from trephine.kernels.registration.deformable import register_deformable
from trephine.kernels.registration.images import Sampled, resampled, upright
from trephine.kernels.segmentation.masks import closed, grown
from trephine.model.template import Template
from trephine.model.volume import Grid, Volume
from trephine.model.warp import Warp

_PREPARED_STEP_MM = 2.0
_VAULT_RADIUS_MM = 25.0
_BASE_RADIUS_MM = 6.0
_VAULT_FLOOR_MM = 5.0
"""Above this height in mni152 the inside of the skull is nearly convex; below are orbits and petrous bone."""
_COMPARED_RIM_MM = 6.0
_BELOW_TOP_MM = 80.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedTemplate:
    """The template at 2 mm with its brain and the hull that stands for the inside of the skull.

    Parameters
    ----------
    t1
        Brain only.
    brain, hull
        On the same grid, shape (i, j, k).
    """

    t1: Sampled
    brain: Mask3
    hull: Mask3


@dataclass(frozen=True, kw_only=True, eq=False)
class TemplateFit:
    """Maps both ways, and how well they were found.

    Parameters
    ----------
    mni_from_scanner, scanner_from_mni
        The maps.
    agreeing_starts, finalists
        Of the affine search.
    """

    mni_from_scanner: Warp
    scanner_from_mni: Warp
    agreeing_starts: int
    finalists: int


def sampled_of(volume: Volume) -> Sampled:
    """Return a volume's values and affine as kernels take them."""
    return Sampled(values=volume.values.astype(np.float32), affine_mm=volume.grid.affine_mm)


def prepare(template: Template) -> PreparedTemplate:
    """Coarsen the template and close its brain to a hull: wide over the vault, narrow at the base."""
    t1 = upright(sampled_of(template.t1), _PREPARED_STEP_MM)
    brain = np.asarray(ndimage.binary_fill_holes(t1.values > 0.1 * float(t1.values.max())))
    height_mm = t1.affine_mm[2, 3] + _PREPARED_STEP_MM * np.arange(brain.shape[2])
    is_vault = height_mm[None, None, :] > _VAULT_FLOOR_MM
    vault = closed(brain, _VAULT_RADIUS_MM, t1.voxel_mm)
    base = closed(brain, _BASE_RADIUS_MM, t1.voxel_mm)
    hull = np.asarray(ndimage.binary_fill_holes(np.where(is_vault, vault, base)))
    return PreparedTemplate(t1=t1, brain=brain, hull=hull)


def fit_affine(prepared: PreparedTemplate, head: Sampled, head_mask: Mask3) -> AffineFit:
    """Fit the template's brain to a whole head.

    Parameters
    ----------
    prepared
        The template.
    head
        Planning T1 on an upright grid, shading removed.
    head_mask
        Where the head is, on that grid.

    Returns
    -------
    AffineFit
        From ``mni152`` to ``scanner``.
    """
    compared = grown(prepared.brain, _COMPARED_RIM_MM, prepared.t1.voxel_mm)
    return register_affine(prepared.t1, compared, head, _brain_guess_mm(head, head_mask))


def _brain_guess_mm(head: Sampled, mask: Mask3) -> AnyArray:
    """Guess the brain's centre: the middle of the upper 130 mm of the head, 80 mm below its top."""
    step_mm = float(head.voxel_mm[2])
    area = mask.sum(axis=(0, 1))
    top = int(np.flatnonzero(area > 0.05 * area.max()).max())
    low = max(0, top - int(130.0 / step_mm))
    middle = np.array(ndimage.center_of_mass(mask[:, :, low : top + 1]))
    middle[2] = top - _BELOW_TOP_MM / step_mm
    return head.affine_mm[:3, :3] @ middle + head.affine_mm[:3, 3]


def fit_smooth(
    prepared: PreparedTemplate, affine: AffineFit, head: Sampled, inside: Mask3, step_mm: float
) -> TemplateFit:
    """Add a smooth map that follows this person's gyri as far as a coarse grid can.

    Parameters
    ----------
    prepared
        The template.
    affine
        The affine fit.
    head
        Planning T1 on an upright grid.
    inside
        Inside of the skull on that grid.
    step_mm
        Voxel size.

    Returns
    -------
    TemplateFit
        Maps both ways.
    """
    matrix = affine.image_from_template
    fixed = upright(prepared.t1, step_mm)
    brain = upright(_of_mask(prepared.brain, prepared.t1.affine_mm), step_mm).values > 0.5
    shape = (int(brain.shape[0]), int(brain.shape[1]), int(brain.shape[2]))
    moving = resampled(head, fixed.affine_mm, shape, source_from_target=matrix)
    covered = resampled(_of_mask(inside, head.affine_mm), fixed.affine_mm, shape, source_from_target=matrix)
    field = register_deformable(fixed, brain, moving, covered.values > 0.5)
    scanner_from_mni = Affine(target=SCANNER, source=MNI152, matrix=matrix)
    grid = Grid(shape=shape, affine_mm=fixed.affine_mm, frame=MNI152)
    mni_from_scanner = Warp(affine=scanner_from_mni.inverse(), displacement_mm=field.inverse_mm, grid=grid)
    return TemplateFit(
        mni_from_scanner=mni_from_scanner,
        scanner_from_mni=_in_scanner(scanner_from_mni, field.forward_mm, grid),
        agreeing_starts=affine.agreeing_starts,
        finalists=affine.finalists,
    )


def _of_mask(mask: Mask3, affine_mm: Matrix4) -> Sampled:
    return Sampled(values=mask.astype(np.float32), affine_mm=affine_mm)


def _in_scanner(scanner_from_mni: Affine, displacement_mm: AnyArray, grid: Grid) -> Warp:
    """Carry a displacement along the template's axes over to an upright grid in ``scanner``."""
    corners = grid.mm_of(np.array(list(np.ndindex(2, 2, 2))) * (np.array(grid.shape) - 1.0))
    moved = scanner_from_mni(corners, frame=MNI152)
    step_mm = float(grid.affine_mm[0, 0])
    low, high = moved.min(axis=0), moved.max(axis=0)
    size = np.ceil((high - low) / step_mm).astype(int) + 1
    affine_mm = np.diag([step_mm, step_mm, step_mm, 1.0])
    affine_mm[:3, 3] = low
    between = np.linalg.inv(grid.affine_mm) @ scanner_from_mni.inverse().matrix @ affine_mm
    parts = [
        ndimage.affine_transform(
            displacement_mm[..., axis],
            between[:3, :3],
            between[:3, 3],
            output_shape=tuple(size),
            order=1,
            mode="nearest",
        )
        for axis in range(3)
    ]
    turned = np.stack(parts, axis=-1) @ scanner_from_mni.matrix[:3, :3].T
    shape = (int(size[0]), int(size[1]), int(size[2]))
    return Warp(
        affine=scanner_from_mni,
        displacement_mm=turned,
        grid=Grid(shape=shape, affine_mm=affine_mm, frame=SCANNER),
    )


def carried(image: Sampled, warp: Warp, affine_mm: Matrix4, shape: tuple[int, int, int]) -> AnyArray:
    """Look a template image up at every voxel of a grid in ``scanner``.

    Parameters
    ----------
    image
        In ``mni152``.
    warp
        ``mni_from_scanner``.
    affine_mm, shape
        The grid in ``scanner``.

    Returns
    -------
    numpy.ndarray
        float32, shape (i, j, k), 0 outside the template.
    """
    to_target = warp.affine.matrix @ affine_mm
    to_field = np.linalg.inv(warp.grid.affine_mm) @ to_target
    to_image = np.linalg.inv(image.affine_mm)
    index = np.ogrid[tuple(slice(0, n) for n in shape)]
    place = np.empty((3, *shape), dtype=np.float32)
    for axis in range(3):
        part = np.ascontiguousarray(warp.displacement_mm[..., axis])
        ndimage.affine_transform(
            part,
            to_field[:3, :3],
            to_field[:3, 3],
            output_shape=shape,
            output=place[axis],
            order=1,
            mode="nearest",
        )
        row = to_target[axis].astype(np.float32)
        place[axis] += row[0] * index[0] + row[1] * index[1] + row[2] * index[2] + row[3]
    # The template's grid is upright, so each index needs one axis only.
    for axis in range(3):
        place[axis] = place[axis] * np.float32(to_image[axis, axis]) + np.float32(to_image[axis, 3])
    return ndimage.map_coordinates(image.values, place, order=1, mode="constant", cval=0.0, output=np.float32)
