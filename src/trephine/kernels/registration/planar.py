# SPDX-License-Identifier: Apache-2.0
"""Look for one flat picture in another by turns and shifts, and say how rarely chance fits as well."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from trephine.core.arrays import AnyArray, Mask2, Points2

_LEAST_OVERLAP = 0.3
"""Share of the fixed picture's seen area that a match must cover; assumed."""
_HANDS = 2
"""Turns are tried side by side; what is found is the same in any number."""
_LEAST_SPREAD = 1e-6
_GUMBEL_MEAN = 0.5772156649015329


@dataclass(frozen=True, kw_only=True, eq=False)
class Flat:
    """A picture in a plane.

    Parameters
    ----------
    values
        Shape (row, column); rows run along y, columns along x.
    seen
        Where they are known, same shape.
    origin_mm
        (x, y) of pixel (0, 0), shape (2,).
    pixel_mm
        Edge of a pixel.
    """

    values: AnyArray
    seen: Mask2
    origin_mm: AnyArray
    pixel_mm: float

    def xy_mm(self) -> Points2:
        """Return (x, y) of every pixel, shape (row * column, 2)."""
        rows, columns = np.indices(self.values.shape)
        return np.column_stack([columns.ravel(), rows.ravel()]) * self.pixel_mm + self.origin_mm

    def at(self, xy_mm: Points2) -> tuple[AnyArray, AnyArray]:
        """Look values up, and whether they are known there, shape (point,) each."""
        place = ((xy_mm - self.origin_mm) / self.pixel_mm)[:, ::-1].T
        values = ndimage.map_coordinates(self.values, place, order=1, mode="constant")
        known = ndimage.map_coordinates(self.seen.astype(np.float32), place, order=1, mode="constant")
        return values, known > 0.99


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Turn about the origin, then shift: ``fixed = R(angle_rad) moving + shift``."""

    angle_rad: float
    x_mm: float
    y_mm: float

    def __call__(self, xy_mm: Points2) -> Points2:
        """Map (x, y), shape (point, 2), from the moving picture to the fixed one."""
        return xy_mm @ turn_matrix(self.angle_rad).T + (self.x_mm, self.y_mm)

    def back(self, xy_mm: Points2) -> Points2:
        """Map (x, y) from the fixed picture to the moving one."""
        return (xy_mm - (self.x_mm, self.y_mm)) @ turn_matrix(self.angle_rad)


def turn_matrix(angle_rad: float) -> AnyArray:
    """Return the matrix of a turn counter-clockwise."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.array([[c, -s], [s, c]])


@dataclass(frozen=True, kw_only=True)
class Match:
    """The best turn and shift of a search.

    Parameters
    ----------
    turn
        Where the moving picture lies best.
    score
        Correlation there, -1 to 1.
    chance_probability
        Probability that a picture of other things scores as high in as wide a search.
    rival_correlation
        Best correlation at a clearly different place.
    """

    turn: Turn
    score: float
    chance_probability: float
    rival_correlation: float


def searched(
    fixed: Flat, moving: Flat, angles_rad: AnyArray, reach_mm: float, *, null_angles_rad: AnyArray
) -> Match | None:
    """Search all turns of a list and all shifts within reach for the best correlation.

    Parameters
    ----------
    fixed, moving
        Pictures of one pixel size, their origins near each other once turned.
    angles_rad
        Turns of the moving picture to try, shape (angle,).
    reach_mm
        Largest shift along either axis.
    null_angles_rad
        Turns at which the mirrored moving picture is tried, which is of the same kind but cannot fit.

    Returns
    -------
    Match
        Nothing when the two share too little of what is seen, or nothing varies.

    Notes
    -----
    Correlation over what both show, for every shift at once by Fourier transform. The probability is from a
    Gumbel law fitted to the best scores of the mirrored picture, one an angle.
    """
    mirrored = _mirror(moving)
    with ThreadPoolExecutor(_HANDS) as hands:
        best = list(hands.map(lambda angle: _best_shift(fixed, moving, angle, reach_mm), angles_rad))
        null = list(hands.map(lambda angle: _best_shift(fixed, mirrored, angle, reach_mm), null_angles_rad))
    scores = np.array([found[0] for found in best])
    others = np.array([found[0] for found in null])
    if not np.isfinite(scores).any() or not np.isfinite(others).sum() > 2:
        return None
    others = others[np.isfinite(others)]
    top = int(np.nanargmax(np.where(np.isfinite(scores), scores, -np.inf)))
    score, turn = best[top]
    spread = max(float(others.std(ddof=1)) * np.sqrt(6) / np.pi, _LEAST_SPREAD)
    place = float(others.mean()) - _GUMBEL_MEAN * spread
    chance = -np.expm1(-len(angles_rad) * np.exp(-(score - place) / spread))
    rivals = [one for one, other in best if _is_elsewhere(other, turn, fixed)]
    return Match(
        turn=turn,
        score=float(score),
        chance_probability=float(chance),
        rival_correlation=float(max((one for one in rivals if np.isfinite(one)), default=-1.0)),
    )


def _mirror(moving: Flat) -> Flat:
    """Turn a picture over about the y axis of the plane."""
    columns = moving.values.shape[1]
    origin = np.array([-(moving.origin_mm[0] + (columns - 1) * moving.pixel_mm), moving.origin_mm[1]])
    return Flat(
        values=moving.values[:, ::-1], seen=moving.seen[:, ::-1], origin_mm=origin, pixel_mm=moving.pixel_mm
    )


def _is_elsewhere(other: Turn, turn: Turn, fixed: Flat) -> bool:
    """Whether two turns put the fixed picture's edge more than a tenth of its width apart."""
    half_mm = max(fixed.values.shape) * fixed.pixel_mm / 2
    away = abs(np.angle(np.exp(1j * (other.angle_rad - turn.angle_rad)))) * half_mm
    shift = float(np.hypot(other.x_mm - turn.x_mm, other.y_mm - turn.y_mm))
    return max(away, shift) > 0.2 * half_mm


def _best_shift(fixed: Flat, moving: Flat, angle_rad: float, reach_mm: float) -> tuple[float, Turn]:
    """Return the best correlation over all shifts within reach, and the turn and shift that gives it."""
    pixel = fixed.pixel_mm
    steps = int(reach_mm / pixel)
    # The moving picture, turned, on the fixed grid widened by the reach.
    rows, columns = (length + 2 * steps for length in fixed.values.shape)
    y, x = np.indices((rows, columns))
    xy = np.column_stack([x.ravel(), y.ravel()]) * pixel + fixed.origin_mm - steps * pixel
    values, known = moving.at(xy @ turn_matrix(angle_rad))
    g = np.where(known, values, 0.0).reshape(rows, columns).astype(np.float32)
    v = known.reshape(rows, columns).astype(np.float32)
    f = np.where(fixed.seen, fixed.values, 0.0).astype(np.float32)
    score = _correlations(f, fixed.seen.astype(np.float32), g, v)
    if not np.isfinite(score).any():
        return -np.inf, Turn(angle_rad=float(angle_rad), x_mm=0.0, y_mm=0.0)
    row, column = np.unravel_index(int(np.nanargmax(score)), score.shape)
    shift = (steps - np.array([column, row])) * pixel
    return float(score[row, column]), Turn(
        angle_rad=float(angle_rad), x_mm=float(shift[0]), y_mm=float(shift[1])
    )


def _correlations(f: AnyArray, w: AnyArray, g: AnyArray, v: AnyArray) -> AnyArray:
    """Correlate a small picture (values f where w) with a wide one (g where v) at every shift within it.

    Returns correlations, shape (rows of g - rows of f + 1, likewise); NaN where too little is shared.
    """
    size = [fft.next_fast_len(length, real=True) for length in g.shape]
    spectra = [fft.rfft2(one, size) for one in (f, w, f * f)]
    wide = [fft.rfft2(one, size) for one in (g, v, g * g)]
    keep = tuple(slice(0, b - a + 1) for a, b in zip(f.shape, g.shape, strict=True))

    def over(small: int, large: int) -> AnyArray:
        return fft.irfft2(np.conj(spectra[small]) * wide[large], size)[keep]

    n = np.maximum(over(1, 1), 1e-3)
    sf, sg = over(0, 1), over(1, 0)
    covariance = over(0, 0) - sf * sg / n
    vf = np.maximum(over(2, 1) - sf * sf / n, 0)
    vg = np.maximum(over(1, 2) - sg * sg / n, 0)
    shared = n >= _LEAST_OVERLAP * max(float(w.sum()), 1.0)
    power = np.sqrt(vf * vg)
    is_known = shared & (power > 1e-4 * n)
    return np.where(is_known, covariance / np.where(is_known, power, 1.0), np.nan)
