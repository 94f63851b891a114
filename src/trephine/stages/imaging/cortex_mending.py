# SPDX-License-Identifier: Apache-2.0
"""Draw a mesh back towards a safe one wherever it runs through itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from trephine.core.arrays import AnyArray, Faces, Points
from trephine.kernels.geometry.crossings import crossing_faces

_GENTLE_ROUNDS = 6
_KEPT_FRACTION = 0.6
_MOST_ROUNDS = 30
_MUCH = 0.5
"""A corner that kept less than this of its way is marked as drawn back. Assumed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mended:
    """A mesh after mending.

    Parameters
    ----------
    points
        Corners, shape (corner, 3).
    is_drawn
        Corners that kept less than half of their way from the safe place, shape (corner,).
    crossings_mended, crossings_left
        Pairs of triangles.
    """

    points: Points
    is_drawn: AnyArray
    crossings_mended: int
    crossings_left: int


def mended(points: Points, safe: Points, faces: Faces, mean: csr_matrix[Any]) -> Mended:
    """Move corners of crossing triangles, and their neighbours, back towards a safe place.

    Parameters
    ----------
    points, safe
        Wanted corners, and corners of a mesh that does not cross itself, shape (corner, 3).
    faces
        Of both, shape (face, 3).
    mean
        Mean over neighbours.

    Returns
    -------
    Mended
        The mesh, and what it took.

    Notes
    -----
    Six rounds keep 60 % of the way from the safe place each; what still crosses is then laid on it. Two
    triangles that lie there do not cross, and every round lays further corners there, so none is left
    unless the safe mesh crosses itself: then the count says so.
    """
    share = np.ones(len(points))
    pairs = crossing_faces(points, faces)
    first = len(pairs)
    current = points
    for number in range(_MOST_ROUNDS):
        if not len(pairs):
            break
        touched = np.zeros(len(points), dtype=bool)
        touched[faces[np.unique(pairs)].ravel()] = True
        near = touched | (mean @ touched.astype(np.float32) > 0)
        share[near] *= _KEPT_FRACTION if number < _GENTLE_ROUNDS else 0.0
        share = np.where(near, np.minimum(share, mean @ share), share)
        moved = safe + share[:, None] * (points - safe)
        changed = np.any(moved != current, axis=1)
        current = moved
        pairs = crossing_faces(current, faces, moved=changed | touched)
    return Mended(
        points=current,
        is_drawn=share < _MUCH,
        crossings_mended=first - len(pairs),
        crossings_left=len(pairs),
    )
