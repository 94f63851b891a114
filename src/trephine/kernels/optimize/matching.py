# SPDX-License-Identifier: Apache-2.0
"""Match anchors to places so that no two straight lines cross."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.geometry.segments import crossing_pairs


def matched(anchors_mm: Points2, places_mm: Points2, *, barred: AnyArray | None = None) -> AnyArray:
    """Give every place its own anchor with the least total length.

    Parameters
    ----------
    anchors_mm
        Shape (anchor, 2); at least as many as places.
    places_mm
        Shape (place, 2).
    barred
        True where a place must not have an anchor if that can be helped, shape (place, anchor).

    Returns
    -------
    numpy.ndarray
        Index of the anchor of every place, shape (place,).

    Notes
    -----
    In a plane a matching of least total length has no crossing: changing ends at a crossing would shorten
    it (triangle inequality). Rounding can leave ties crossed, so crossings are looked for and undone; every
    undoing shortens the total or leaves it, and the loop stops after as many rounds as there are pairs.
    With barred lines a crossing may be the price of keeping clear of them: it is left where undoing would
    take a barred line.
    """
    length = np.linalg.norm(places_mm[:, None] - anchors_mm[None], axis=2)
    if barred is not None:
        # One barred line costs more than all lines that are not.
        length = length + barred * (length.sum() + 1.0)
    _, anchor = linear_sum_assignment(length)
    anchor = anchor.astype(int)
    for _ in range(len(places_mm) ** 2):
        pairs = crossing_pairs(anchors_mm[anchor], places_mm)
        if barred is not None and len(pairs):
            i, j = pairs.T
            pairs = pairs[~(barred[i, anchor[j]] | barred[j, anchor[i]])]
        if len(pairs) == 0:
            break
        i, j = pairs[0]
        anchor[[i, j]] = anchor[[j, i]]
    return anchor
