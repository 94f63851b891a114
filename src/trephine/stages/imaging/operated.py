# SPDX-License-Identifier: Apache-2.0
"""Places of the vault that look operated upon: bone or outer table unlike the other side's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from trephine.core.arrays import AnyArray
from trephine.core.frames import SCANNER
from trephine.model.skull import SkullSuspect, SkullThickness
from trephine.model.surface import Surface
from trephine.model.warp import Warp

LOWEST_MM = 15.0
"""Only above this height in mni152: below, temporal bone, muscle and ear differ between sides in a T1."""
_CELL_MM = 5.0
_SMOOTHING_MM = 7.0
_NEAR_MM = 8.0
_MIDLINE_MM = 10.0
LARGEST_DIFFERENCE_MM = 2.0
"""Healthy sides differ by less than about 1 mm when averaged over 15 mm. Recalled; see imaging-skull.md."""
LARGEST_TABLE_DIFFERENCE = 0.24
"""Of the outer table, averaged over 15 mm, as a share of white: one and a half of the spread of compact
bone (0.16, ``layer_costs``). The largest on two healthy adults is 0.22. Assumed."""
_THINNEST_MM = 1.5
_USUAL_MM = 6.5
_LEAST_AREA_MM2 = 600.0
"""A burr hole is 12 to 15 mm wide; a flap is at least 3 cm across. Assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """The vault in pieces of about 5 mm; arrays have one row a cell."""

    place_mm: AnyArray
    template_mm: AnyArray
    thickness_mm: AnyArray
    table_fraction: AnyArray
    area_mm2: AnyArray


def suspects(
    surface: Surface,
    skull: SkullThickness,
    mni_from_scanner: Warp,
    *,
    table_fraction: AnyArray | None = None,
) -> tuple[SkullSuspect, ...]:
    """Find places where the bone of the vault is far from that of the other side, or almost absent.

    Parameters
    ----------
    surface
        Outer skull in ``scanner``.
    skull
        Thickness at its corners.
    mni_from_scanner
        To the template, whose x = 0 is the mirror.
    table_fraction
        At the corners, how bright the T1 is where the outer table should be; absent with a CT.

    Returns
    -------
    tuple
        Largest first; the side named is the one whose thickness is further from the usual.

    Notes
    -----
    Thickness is averaged over about 15 mm and compared with that at the mirrored place; so is the darkness of
    the outer table, since scar in the place of bone has no dark layer under the scalp. A craniotomy on both
    sides, or on the midline, shows only where bone is almost absent.
    """
    seen = np.zeros(len(surface.points_mm)) if table_fraction is None else table_fraction
    cells = _cells(surface, skull, mni_from_scanner, seen)
    if len(cells.place_mm) < 2:
        return ()
    mirrored_mm = cells.template_mm * np.array([-1.0, 1.0, 1.0])
    smooth, table = _smoothed(cells, cells.template_mm).T
    there, table_there = _smoothed(cells, mirrored_mm).T
    difference, brighter = smooth - there, table - table_there
    aside = np.abs(cells.template_mm[:, 0]) > _MIDLINE_MM
    thick = aside & (np.abs(difference) > LARGEST_DIFFERENCE_MM)
    thick &= np.abs(smooth - _USUAL_MM) >= np.abs(there - _USUAL_MM)
    parts = [
        *_patches(cells, thick | (smooth < _THINNEST_MM)),
        *_patches(cells, aside & (brighter > LARGEST_TABLE_DIFFERENCE)),
    ]
    found = [_suspect(cells, (smooth, difference, brighter), part) for part in _joined(parts)]
    return tuple(sorted(found, key=lambda each: -each.area_mm2))


def _cells(
    surface: Surface, skull: SkullThickness, mni_from_scanner: Warp, table_fraction: AnyArray
) -> _Cells:
    """Average corners of the vault over cells of the template's space."""
    template_mm = mni_from_scanner(surface.points_mm, frame=SCANNER)
    used = template_mm[:, 2] > LOWEST_MM
    corner = surface.points_mm[surface.faces]
    face_mm2 = 0.5 * np.linalg.norm(
        np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1
    )
    corner_mm2 = np.bincount(
        surface.faces.ravel(), weights=np.repeat(face_mm2 / 3, 3), minlength=len(template_mm)
    )
    _, cell = np.unique(np.floor(template_mm[used] / _CELL_MM).astype(np.int64), axis=0, return_inverse=True)
    cell = cell.ravel()
    count = np.maximum(np.bincount(cell), 1)

    def mean(values: AnyArray) -> AnyArray:
        return np.bincount(cell, weights=values) / count

    return _Cells(
        place_mm=np.stack([mean(column) for column in surface.points_mm[used].T], axis=1),
        template_mm=np.stack([mean(column) for column in template_mm[used].T], axis=1),
        thickness_mm=mean(skull.thickness_mm[used]),
        table_fraction=mean(table_fraction[used]),
        area_mm2=np.bincount(cell, weights=corner_mm2[used]),
    )


def _smoothed(cells: _Cells, at_mm: AnyArray) -> AnyArray:
    """Average thickness and table around places of the template by area and nearness, shape (place, 2)."""
    tree, places = cKDTree(cells.template_mm), cKDTree(at_mm)
    pairs = places.sparse_distance_matrix(tree, 2.5 * _SMOOTHING_MM, output_type="coo_matrix")
    weight = np.exp(-0.5 * (pairs.data / _SMOOTHING_MM) ** 2) * cells.area_mm2[pairs.col]
    total = np.bincount(pairs.row, weights=weight, minlength=len(at_mm))
    alone = total < 1e-9
    result = np.stack([cells.thickness_mm, cells.table_fraction], axis=1)
    for column in result.T:
        summed = np.bincount(pairs.row, weights=weight * column[pairs.col], minlength=len(at_mm))
        column[~alone] = (summed / np.where(alone, 1.0, total))[~alone]
    return result


def _patches(cells: _Cells, odd: AnyArray) -> list[AnyArray]:
    """Return the odd cells as groups of neighbours that are large enough, each an array of cell numbers."""
    chosen = np.flatnonzero(odd)
    if not len(chosen):
        return []
    pairs = cKDTree(cells.template_mm[chosen]).query_pairs(_NEAR_MM, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(chosen), len(chosen)))
    count, part = connected_components(graph, directed=False)
    groups = [chosen[part == index] for index in range(count)]
    return [group for group in groups if float(cells.area_mm2[group].sum()) >= _LEAST_AREA_MM2]


def _joined(groups: list[AnyArray]) -> list[AnyArray]:
    """Join groups that share a cell: one place seen by thickness and by its table is one place."""
    result: list[AnyArray] = []
    for group in groups:
        apart = [each for each in result if not np.isin(each, group).any()]
        shared = [each for each in result if np.isin(each, group).any()]
        result = [*apart, np.unique(np.concatenate([group, *shared]))]
    return result


def _suspect(cells: _Cells, seen: tuple[AnyArray, AnyArray, AnyArray], part: AnyArray) -> SkullSuspect:
    """Describe one patch; its centre is the cell nearest the patch's mean."""
    smooth, difference, brighter = seen
    weight = cells.area_mm2[part] / cells.area_mm2[part].sum()
    middle = weight @ cells.place_mm[part]
    centre = part[np.argmin(np.linalg.norm(cells.place_mm[part] - middle, axis=1))]
    x_mm, y_mm, z_mm = cells.template_mm[centre]
    at_mm = cells.place_mm[centre]
    return SkullSuspect(
        centre_mm=(float(at_mm[0]), float(at_mm[1]), float(at_mm[2])),
        place=f"{_side(x_mm)}{_bone(y_mm, z_mm)}",
        area_mm2=float(cells.area_mm2[part].sum()),
        difference_mm=float(weight @ difference[part]),
        thickness_mm=float(weight @ smooth[part]),
        table_difference_fraction=float(weight @ brighter[part]),
    )


def _side(x_mm: float) -> str:
    if abs(x_mm) < _MIDLINE_MM:
        return "midline "
    return "right " if x_mm > 0 else "left "


def _bone(y_mm: float, z_mm: float) -> str:
    """Name the bone by the template's place; the coronal suture runs near y = 10, the lambdoid near -75."""
    if y_mm > 10.0:
        return "frontal"
    if y_mm < -75.0:
        return "occipital"
    return "temporal" if z_mm < 25.0 else "parietal"
