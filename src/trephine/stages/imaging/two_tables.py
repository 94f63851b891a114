# SPDX-License-Identifier: Apache-2.0
"""Inner and outer face of the skull from a T1, chosen together from the whole profile through them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Mask3
from trephine.core.frames import SCANNER
from trephine.kernels.registration.images import Sampled
from trephine.kernels.segmentation.masks import signed_distance
from trephine.kernels.segmentation.neighbours import Neighbours
from trephine.kernels.segmentation.two_walls import PairedWalls, paired_costs, paired_walls
from trephine.kernels.segmentation.wall import Shell, Stiffness, moved_mask, shell_of
from trephine.model.warp import Warp
from trephine.stages.imaging.brightness import Levels
from trephine.stages.imaging.head import Head
from trephine.stages.imaging.intracranial import wall_costs
from trephine.stages.imaging.layer_costs import layer_costs, share_of_white
from trephine.stages.imaging.settings import Settings

_SAMPLE_MM = 0.5
_CHOICE_MM = 1.0
_FURTHEST_OUT_MM = 34.0
_OUTER_FROM_MM, _OUTER_TO_MM = -4.0, 26.0
_BLUR_MM2 = 0.25
"""Half the variance of the scan's point spread along a ray (sd 0.7 mm): undone to first order. Assumed."""
_TABLE_MM = 1.5
"""Each table is compact for at least this: medians 1.7 (inner) and 2.4 mm (outer)."""
_USUAL_SKULL_MM, _SKULL_SD_MM = 6.5, 1.8
"""Adult vault between people and places: means of 5 to 8 mm, sd 1 to 2 mm. Recalled; see imaging-skull.md."""
_USUAL_SCALP_MM, _SCALP_SD_MM = 6.5, 2.5
_HULL_COST_PER_MM2 = 0.03
_BASE_SKULL_SD_MM = 3.0
_VAULT_FROM_MM, _VAULT_WIDTH_MM = 0.0, 4.0
_SCALP_KNOWN_FROM_MM, _SCALP_KNOWN_WIDTH_MM = 30.0, 5.0
_LEAST_SKULL_MM = 1.0
_IMPOSSIBLE = np.float32(1e3)
_TABLE_LOOK_MM = np.arange(-2.5, 1.75, 0.5)
"""About the outer face, where the outer table's darkest sample is looked for: its usual 2.4 mm."""
_NATS_PER_COST = 1 / 3
_FACE_ERROR_MM = 1.0
_STIFFNESS = Stiffness(cost=0.7, most_offsets=6, rounds=24, smoothing_rounds=4)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """Both faces of the skull on the working grid, and how thick the bone between may be.

    Parameters
    ----------
    wall_mm
        Signed distance from the inner face, negative inside, shape (i, j, k).
    within_mm
        Signed distance from the outer face, never above ``wall_mm``, shape (i, j, k).
    places_mm
        Places on the outer face in ``scanner``, shape (place, 3).
    low_mm, high_mm
        There, between which the thickness is likely to lie, shape (place,).
    table_fraction
        There, the darkest signal about the outer face as a share of white's above bone's: near 0 where
        there is an outer table, shape (place,).
    """

    wall_mm: AnyArray
    within_mm: AnyArray
    places_mm: AnyArray
    low_mm: AnyArray
    high_mm: AnyArray
    table_fraction: AnyArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Rays:
    """Lines outward through the hull.

    Parameters
    ----------
    shell, mesh
        Corners on the working grid, and who is next to whom.
    start_mm, outward, template_mm
        Each corner in ``scanner``, its normal there, and the corner in ``mni152``, shapes (corner, 3).
    """

    shell: Shell
    mesh: Neighbours
    start_mm: AnyArray
    outward: AnyArray
    template_mm: AnyArray

    def sampled(self, image: Sampled, offsets_mm: AnyArray) -> AnyArray:
        """Sample an image along every ray, shape (corner, offset)."""
        to_voxel = np.linalg.inv(image.affine_mm)
        start = self.start_mm @ to_voxel[:3, :3].T + to_voxel[:3, 3]
        step = self.outward @ to_voxel[:3, :3].T
        place = start[:, None] + step[:, None] * offsets_mm[None, :, None]
        flat = ndimage.map_coordinates(image.values, place.reshape(-1, 3).T, order=1, mode="nearest")
        return np.asarray(flat.reshape(len(start), -1))


def rays_of(hull: Mask3, work: Sampled, mni_from_scanner: Warp) -> Rays:
    """Take rays outward from a hull on the working grid."""
    step_mm = float(work.voxel_mm[0])
    shell = shell_of(signed_distance(hull, np.full(3, step_mm)), step_mm)
    start_mm = shell.corners_voxel @ work.affine_mm[:3, :3].T + work.affine_mm[:3, 3]
    return Rays(
        shell=shell,
        mesh=Neighbours(shell.edges, len(start_mm)),
        start_mm=start_mm,
        outward=shell.normals @ work.affine_mm[:3, :3].T / step_mm,
        template_mm=mni_from_scanner(start_mm, frame=SCANNER),
    )


def find_tables(head: Head, work: Sampled, rays: Rays, levels: Levels, settings: Settings) -> Tables:
    """Find both faces of the skull around a hull that is near the inner one.

    Parameters
    ----------
    head
        Planning T1 on its own grid, and the skin.
    work
        The same on a grid of cubic voxels, on which the rays were made.
    rays
        Lines outward through the hull.
    levels
        Signal of the tissues.
    settings
        How far to search.

    Returns
    -------
    Tables
        Both faces with the spread of the thickness.

    Notes
    -----
    A pair of places costs what its layers cost: inside up to the inner face, a table, bone with or without
    marrow, a table, scalp up to the skin; and how unusual thickness, scalp and distance from the hull are.
    Neighbours move alike. Below the vault there is no such order of layers: there the inner face's own
    cost (``wall_costs``) takes over.
    """
    inner_mm = np.arange(-settings.largest_inward_mm, settings.largest_outward_mm + 0.5, _CHOICE_MM)
    outer_mm = np.arange(_OUTER_FROM_MM, _OUTER_TO_MM + 0.5, _CHOICE_MM)
    vault = _logistic(rays.template_mm[:, 2], _VAULT_FROM_MM, _VAULT_WIDTH_MM)[:, None, None]
    thick_mm = outer_mm[None, :] - inner_mm[:, None]
    one_face = wall_costs(lambda at_mm: rays.mesh.averaged(rays.sampled(head.t1, at_mm), 1), levels, inner_mm)
    unusual = 0.5 * ((thick_mm - _USUAL_SKULL_MM) / _BASE_SKULL_SD_MM) ** 2
    cost = vault * _pair_costs(head, rays, levels, inner_mm, outer_mm)
    cost += (1 - vault) * (one_face[:, :, None] + unusual)
    cost = np.where(thick_mm < _LEAST_SKULL_MM, _IMPOSSIBLE, cost).astype(np.float32)
    costs = paired_costs(cost, rays.mesh, _STIFFNESS)
    placed = _placed(rays, work, paired_walls(costs, inner_mm, outer_mm, _NATS_PER_COST))
    on_face = replace(rays, start_mm=placed.places_mm)
    darkest = on_face.sampled(head.t1, _TABLE_LOOK_MM).min(axis=1)
    return replace(placed, table_fraction=share_of_white(darkest, levels))


def _pair_costs(head: Head, rays: Rays, levels: Levels, inner_mm: AnyArray, outer_mm: AnyArray) -> AnyArray:
    """Return what each pair of places costs by brightness and usual sizes, shape (corner, inner, outer)."""
    sampled_mm = np.arange(float(inner_mm[0]) - 1.0, _FURTHEST_OUT_MM, _SAMPLE_MM)
    share = share_of_white(rays.sampled(head.t1, sampled_mm), levels)
    share = _sharpened(rays.mesh.averaged(share, 1))
    skin = Sampled(values=head.mask.astype(np.float32), affine_mm=head.t1.affine_mm)
    in_head = rays.sampled(skin, sampled_mm) > 0.5
    in_air = np.cumsum(in_head[:, ::-1], axis=1)[:, ::-1] == 0
    layer = layer_costs(share, levels, in_air)
    inside, table, bone, scalp, air = (
        _Summed(each, sampled_mm)
        for each in (layer.inside, layer.table, layer.bone, layer.scalp, np.float32(3.0) * in_air)
    )
    skin_mm = sampled_mm[-1] - _SAMPLE_MM * np.argmax(in_head[:, ::-1], axis=1)
    of_inner = inside.to(inner_mm) + _HULL_COST_PER_MM2 * inner_mm**2
    of_outer = scalp.all() - scalp.to(outer_mm) + air.to(outer_mm)
    of_outer += _scalp_costs(rays, rays.mesh.averaged(skin_mm, 6), outer_mm)
    table_in = table.to(inner_mm + _TABLE_MM) - table.to(inner_mm) - bone.to(inner_mm + _TABLE_MM)
    table_out = table.to(outer_mm) - table.to(outer_mm - _TABLE_MM) + bone.to(outer_mm - _TABLE_MM)
    thick_mm = outer_mm[None, :] - inner_mm[:, None]
    layered = table_in[:, :, None] + table_out[:, None, :]
    compact = table.to(outer_mm)[:, None, :] - table.to(inner_mm)[:, :, None]
    unusual = 0.5 * ((thick_mm - _USUAL_SKULL_MM) / _SKULL_SD_MM) ** 2
    cost = np.where(thick_mm > 2 * _TABLE_MM, layered, compact)
    cost += of_inner[:, :, None] + of_outer[:, None, :] + unusual
    possible = np.where(thick_mm < _LEAST_SKULL_MM, _IMPOSSIBLE, cost)
    return np.asarray(cost - possible.min(axis=(1, 2), keepdims=True), dtype=np.float32)


class _Summed:
    """A cost per mm along every ray, summed outward from the first sample."""

    def __init__(self, per_mm: AnyArray, sampled_mm: AnyArray) -> None:
        whole = np.cumsum(per_mm, axis=1, dtype=np.float64) * _SAMPLE_MM
        self._sum = np.pad(whole, ((0, 0), (1, 0))).astype(np.float32)
        self._start_mm = float(sampled_mm[0]) - _SAMPLE_MM / 2

    def to(self, place_mm: AnyArray) -> AnyArray:
        """Return the sum up to places, shape (corner, place)."""
        where = np.clip((place_mm - self._start_mm) / _SAMPLE_MM, 0, self._sum.shape[1] - 1.001)
        before = where.astype(int)
        share = (where - before).astype(np.float32)
        return np.asarray(self._sum[:, before] * (1 - share) + self._sum[:, before + 1] * share)

    def all(self) -> AnyArray:
        """Return the sum to the end, shape (corner, 1)."""
        return np.asarray(self._sum[:, -1:])


def _sharpened(share: AnyArray) -> AnyArray:
    """Undo the blur along rays to first order: thin tables between bright layers darken again."""
    reach = round(1.0 / _SAMPLE_MM)
    result = share.copy()
    bend = share[:, 2 * reach :] - 2 * share[:, reach:-reach] + share[:, : -2 * reach]
    result[:, reach:-reach] -= _BLUR_MM2 * bend
    return result


def _scalp_costs(rays: Rays, skin_mm: AnyArray, outer_mm: AnyArray) -> AnyArray:
    """Return how unusual the scalp would be over the upper vault, where no muscle lies, (corner, outer)."""
    known = _logistic(rays.template_mm[:, 2], _SCALP_KNOWN_FROM_MM, _SCALP_KNOWN_WIDTH_MM)
    off = (skin_mm[:, None] - outer_mm - _USUAL_SCALP_MM) / _SCALP_SD_MM
    return np.asarray(known[:, None] * np.minimum(0.5 * off**2, 12.0))


def _logistic(values: AnyArray, middle: float, width: float) -> AnyArray:
    return np.asarray(1 / (1 + np.exp(-np.clip((values - middle) / width, -40, 40))))


def _placed(rays: Rays, work: Sampled, walls: PairedWalls) -> Tables:
    """Move the hull to both faces, and even the spread out over neighbours."""
    rounds = _STIFFNESS.smoothing_rounds
    inner = rays.mesh.averaged(walls.inner_mm, rounds)
    outer = rays.mesh.averaged(walls.outer_mm, rounds)
    _, wall_mm = moved_mask(rays.shell, inner)
    _, outer_mm = moved_mask(rays.shell, outer)
    middle = outer - inner
    low = np.minimum(rays.mesh.averaged(walls.low_mm, rounds), middle) - _FACE_ERROR_MM
    high = np.maximum(rays.mesh.averaged(walls.high_mm, rounds), middle) + _FACE_ERROR_MM
    return Tables(
        wall_mm=wall_mm,
        within_mm=np.minimum(outer_mm, wall_mm),
        places_mm=rays.start_mm + rays.outward * outer[:, None],
        low_mm=np.maximum(low, 0.0),
        high_mm=high,
        table_fraction=np.zeros(len(outer)),
    )
