# SPDX-License-Identifier: Apache-2.0
"""What the hand area would be had the noise been other noise of the same kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.random import generator
from trephine.kernels.statistics.wild_bootstrap import noise_draws, stretches
from trephine.stages.mapping.pieces import Piece, RegionMap, Search, area_in

_STRETCH_S = 16.0
"""Long against the noise's memory and the response's delay, short against the run; assumed."""
_RANK_TOLERANCE = 1e-7


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """The contrast over a region, once for every draw of the noise.

    Parameters
    ----------
    z
        Shape (draw, i, j, k).
    centroids_mm
        Of the draws in which the area stands, shape (stood, 3).
    stood
        Which draws those are, shape (draw,).
    """

    z: AnyArray
    centroids_mm: Points
    stood: AnyArray


def draws_of(pieces: list[Piece], whole: RegionMap, search: Search, repetition_s: float) -> Draws:
    """Draw the map of a contrast again and again.

    Parameters
    ----------
    pieces
        Series and designs of all runs.
    whole
        The contrast's map by the same estimate.
    search
        What is looked for.
    repetition_s
        Time from one volume to the next.

    Returns
    -------
    Draws
        As many as the settings ask for; equal inputs give equal draws.

    Notes
    -----
    The wild bootstrap in stretches of 16 s gives noise its pattern; it is then scaled, one number a region,
    so that its mean variance is that of the model's own estimate: signs of few stretches give too little.
    """
    count = search.settings.noise_draws
    rng = generator(search.settings.seed, f"mapping.noise.{search.region.hemisphere}")
    shape = search.region.is_searched.shape
    total, weight = np.zeros((count, whole.effect.size)), np.zeros(whole.effect.size)
    for piece in pieces:
        if piece.series.shape[1] == 0:
            continue
        drawn, variance = _of_piece(piece, search, count, rng, repetition_s)
        per = np.where(variance > 0, 1.0 / np.where(variance > 0, variance, 1.0), 0.0)
        total += drawn * per
        weight += per
    noise = total / np.where(weight > 0, weight, 1.0)
    sd = np.sqrt(np.where(whole.variance > 0, whole.variance, np.inf)).ravel()
    z = (whole.z.ravel() + noise / sd).reshape(count, *shape)
    areas = [area_in(one, search) for one in z]
    found = [area.centroid_mm for area in areas if area is not None]
    return Draws(
        z=z,
        centroids_mm=np.array(found).reshape(-1, 3),
        stood=np.array([area is not None for area in areas]),
    )


def _of_piece(
    piece: Piece, search: Search, count: int, rng: np.random.Generator, repetition_s: float
) -> tuple[AnyArray, AnyArray]:
    """Return one run's drawn noise, shape (draw, point), and the variance of its estimate, shape (point,)."""
    matrix, data = piece.design.matrix[piece.rows], piece.series[piece.rows]
    inverse = np.linalg.pinv(matrix, rcond=_RANK_TOLERANCE)
    left = data - matrix @ (inverse @ data)
    vector = piece.design.contrast(search.weights)
    leverage = np.einsum("ij,ji->i", matrix, inverse)
    free = max(1.0, float(len(matrix)) - float(leverage.sum()))
    variance = np.einsum("ij,ij->j", left, left) / free * float(vector @ inverse @ inverse.T @ vector)
    variance *= search.excess_share**2
    stretch = stretches(len(matrix), round(_STRETCH_S / repetition_s))
    signs = rng.choice([-1.0, 1.0], size=(count, int(stretch.max()) + 1))
    drawn = noise_draws(left, vector @ inverse, stretch, signs, leverage)
    size = float(np.sqrt(variance.mean() / max(float((drawn**2).mean()), 1e-30)))
    looked_up = np.array([piece.lookup(one * max(size, 1.0)) for one in drawn])
    return looked_up, piece.lookup(variance)
