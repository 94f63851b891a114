# SPDX-License-Identifier: Apache-2.0
"""Runs, or the halves of one run, against each other."""

from __future__ import annotations

from itertools import combinations
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.kernels.statistics.agreement import consistency, dice, pearson
from trephine.model.hand_evidence import Retest
from trephine.stages.mapping.hand_area import HandArea
from trephine.stages.mapping.pieces import Piece, RegionMap, Search, apart_mm, area_in, map_of


def retests_of(pieces: list[Piece], whole: HandArea, search: Search) -> tuple[Retest, ...]:
    """Compare every two runs; with one run alone, its halves.

    Parameters
    ----------
    pieces
        Series and designs of all runs.
    whole
        The hand area over all of them, whose size sets how many voxels are compared.
    search
        What is looked for.

    Returns
    -------
    tuple of Retest
        Halves are named as such: each has half the blocks, so they differ by more than two runs would.
    """
    size = round(whole.volume_mm3 / search.region.voxel_mm3)
    kind: Literal["runs", "split-half"] = "runs" if len(pieces) > 1 else "split-half"
    parts = [(piece.name, piece) for piece in pieces] if len(pieces) > 1 else _halves(pieces[0])
    maps = [(name, map_of([piece], search)) for name, piece in parts]
    return tuple(
        _compared(kind, a, b, search, size)
        for a, b in combinations([(name, one) for name, one in maps if one is not None], 2)
    )


def _halves(piece: Piece) -> list[tuple[str, Piece]]:
    half = np.arange(len(piece.rows)) < len(piece.rows) // 2
    return [
        (f"{piece.name}, first half", piece.only(half)),
        (f"{piece.name}, second half", piece.only(~half)),
    ]


def _compared(
    kind: Literal["runs", "split-half"],
    one: tuple[str, RegionMap],
    other: tuple[str, RegionMap],
    search: Search,
    size: int,
) -> Retest:
    (first, a), (second, b) = one, other
    seen = search.region.is_searched & (a.variance > 0) & (b.variance > 0)
    areas = [area_in(a.z, search), area_in(b.z, search)]
    both = areas[0] is not None and areas[1] is not None
    return Retest(
        kind=kind,
        first=first,
        second=second,
        centroid_apart_mm=apart_mm(areas[0], areas[1]) if areas[0] and areas[1] else None,
        area_dice=dice(_strongest(a.z[seen], size), _strongest(b.z[seen], size)) if both else None,
        map_correlation=pearson(a.effect[seen], b.effect[seen]),
        consistency_correlation=consistency(a.effect[seen], b.effect[seen]),
    )


def _strongest(z: AnyArray, size: int) -> AnyArray:
    """Mark the ``size`` largest values, shape of ``z``."""
    marked = np.zeros(len(z), dtype=bool)
    marked[np.argsort(-z, kind="stable")[:size]] = True
    return marked
