# SPDX-License-Identifier: Apache-2.0
"""Places of the vault that look operated upon: one side far from its mirror image, or hardly any bone."""

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
    area_mm2: AnyArray


def suspects(surface: Surface, skull: SkullThickness, mni_from_scanner: Warp) -> tuple[SkullSuspect, ...]:
    """Find places where the bone of the vault is far from that of the other side, or almost absent.

    Parameters
    ----------
    surface
        Outer skull in ``scanner``.
    skull
        Thickness at its corners.
    mni_from_scanner
        To the template, whose x = 0 is the mirror.

    Returns
    -------
    tuple
        Largest first; the side named is the one whose thickness is further from the usual.

    Notes
    -----
    Thickness is averaged over about 15 mm and compared with that at the mirrored place. A craniotomy on both
    sides, or on the midline, shows only where bone is almost absent.
    """
    cells = _cells(surface, skull, mni_from_scanner)
    if len(cells.place_mm) < 2:
        return ()
    mirrored_mm = cells.template_mm * np.array([-1.0, 1.0, 1.0])
    smooth = _smoothed(cells, cells.template_mm)
    difference = smooth - _smoothed(cells, mirrored_mm)
    far = (np.abs(difference) > LARGEST_DIFFERENCE_MM) & (np.abs(cells.template_mm[:, 0]) > _MIDLINE_MM)
    odd = far & (np.abs(smooth - _USUAL_MM) >= np.abs(smooth - difference - _USUAL_MM))
    odd |= smooth < _THINNEST_MM
    found = [
        _suspect(cells, smooth, difference, part)
        for part in _patches(cells.template_mm, odd)
        if float(cells.area_mm2[part].sum()) >= _LEAST_AREA_MM2
    ]
    return tuple(sorted(found, key=lambda each: -each.area_mm2))


def _cells(surface: Surface, skull: SkullThickness, mni_from_scanner: Warp) -> _Cells:
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
        area_mm2=np.bincount(cell, weights=corner_mm2[used]),
    )


def _smoothed(cells: _Cells, at_mm: AnyArray) -> AnyArray:
    """Average thickness around places of the template, weighed by area and nearness, shape (place,)."""
    tree, places = cKDTree(cells.template_mm), cKDTree(at_mm)
    pairs = places.sparse_distance_matrix(tree, 2.5 * _SMOOTHING_MM, output_type="coo_matrix")
    weight = np.exp(-0.5 * (pairs.data / _SMOOTHING_MM) ** 2) * cells.area_mm2[pairs.col]
    total = np.bincount(pairs.row, weights=weight, minlength=len(at_mm))
    summed = np.bincount(pairs.row, weights=weight * cells.thickness_mm[pairs.col], minlength=len(at_mm))
    alone = total < 1e-9
    return np.where(alone, cells.thickness_mm, summed / np.where(alone, 1.0, total))


def _patches(template_mm: AnyArray, odd: AnyArray) -> list[AnyArray]:
    """Return the odd cells as groups of neighbours, each an array of cell numbers."""
    chosen = np.flatnonzero(odd)
    if not len(chosen):
        return []
    pairs = cKDTree(template_mm[chosen]).query_pairs(_NEAR_MM, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(chosen), len(chosen)))
    count, part = connected_components(graph, directed=False)
    return [chosen[part == index] for index in range(count)]


def _suspect(cells: _Cells, smooth: AnyArray, difference: AnyArray, part: AnyArray) -> SkullSuspect:
    """Describe one patch; its centre is the cell nearest the patch's mean."""
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
