# SPDX-License-Identifier: Apache-2.0
"""Draw a mesh back towards a safe one wherever it runs through itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from trephine.core.arrays import AnyArray, Faces, Points
from trephine.kernels.geometry.crossings import crossing_faces

_ROUNDS = 6
_KEPT_FRACTION = 0.6


def mended(points: Points, safe: Points, faces: Faces, mean: csr_matrix[Any]) -> tuple[Points, int, int]:
    """Move corners of crossing triangles, and their neighbours, back towards a safe place.

    Parameters
    ----------
    points, safe
        Wanted corners and corners of a mesh that hardly crosses itself, shape (corner, 3).
    faces
        Of both, shape (face, 3).
    mean
        Mean over neighbours.

    Returns
    -------
    tuple
        The corners, and the pairs of crossing triangles before and after.

    Notes
    -----
    Each round keeps 60 % of the way from the safe place, at most six rounds. What crosses in the
    safe mesh stays, and is counted.
    """
    share = np.ones(len(points))
    pairs = crossing_faces(points, faces)
    first = len(pairs)
    current = points
    for _ in range(_ROUNDS):
        if not len(pairs):
            break
        touched = np.zeros(len(points), dtype=bool)
        touched[faces[np.unique(pairs)].ravel()] = True
        near = touched | (mean @ touched.astype(np.float32) > 0)
        share[near] *= _KEPT_FRACTION
        share = np.where(near, np.minimum(share, mean @ share), share)
        moved = _blend(points, safe, share)
        changed = np.any(moved != current, axis=1)
        current = moved
        pairs = crossing_faces(current, faces, moved=changed | touched)
    return current, first, len(pairs)


def _blend(points: Points, safe: Points, share: AnyArray) -> Points:
    return np.asarray(safe + share[:, None] * (points - safe))
