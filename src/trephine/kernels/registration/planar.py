# SPDX-License-Identifier: Apache-2.0
"""Lay one flat picture on another by a turn and a shift, and say how far that can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from trephine.core.arrays import AnyArray, Mask2, Points2

_LEAST_OVERLAP = 0.3
"""Share of the fixed picture's seen area that a match must cover; assumed."""
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
    chance
        Probability that a picture of other things scores as high in as wide a search.
    rival_score
        Best correlation at a clearly different place.
    """

    turn: Turn
    score: float
    chance: float
    rival_score: float


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
    Correlation over what both show, for every shift at once by Fourier transform. ``chance`` is from a
    Gumbel law fitted to the best scores of the mirrored picture, one an angle.
    """
    best = [_best_shift(fixed, moving, angle, reach_mm) for angle in angles_rad]
    null = [_best_shift(fixed, _mirror(moving), angle, reach_mm) for angle in null_angles_rad]
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
        chance=float(chance),
        rival_score=float(max((one for one in rivals if np.isfinite(one)), default=-1.0)),
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A refined turn with its error.

    Parameters
    ----------
    turn
        Where the moving picture lies.
    covariance
        Of (angle, x, y), shape (3, 3), rad and mm, from the scatter between blocks of the picture.
    scatter_mm
        Standard deviation, one axis, of what single blocks still lie off.
    scale_off_fraction, scale_sd_fraction
        Excess of the moving picture's scale as a share, and its standard deviation.
    end_correlation
        After refining.
    block_count
        Blocks that say something.
    """

    turn: Turn
    covariance: AnyArray
    scatter_mm: float
    scale_off_fraction: float
    scale_sd_fraction: float
    end_correlation: float
    block_count: int

    def sd_mm(self, radius_mm: float) -> float:
        """Return the standard deviation of one axis at a distance from the middle, root mean square."""
        shift = float(np.trace(self.covariance[1:, 1:])) / 2
        return float(np.sqrt(shift + self.covariance[0, 0] * radius_mm**2 / 4))


def refined(
    fixed: Flat, moving: Flat, start: Turn, *, blurs_mm: tuple[float, ...], block_mm: float
) -> Fit | None:
    """Refine a turn by least squares on the pictures' own slopes, coarse to fine.

    Parameters
    ----------
    fixed, moving
        Pictures.
    start
        Near the answer: off by no more than the first blur.
    blurs_mm
        Standard deviations of the smoothing, falling.
    block_mm
        Edge of the blocks whose scatter gives the error: wider than what makes neighbouring pixels agree.

    Returns
    -------
    Fit
        Nothing when fewer than four blocks say something.

    Notes
    -----
    Gauss-Newton with brightness and contrast free, blocks down-weighted by Huber's rule, so that what
    changed between the two (an instrument, blood) does not pull. The covariance is the sandwich estimate
    clustered by block: it holds whatever pixels within a block have in common.
    """
    turn, last = start, None
    for blur in blurs_mm:
        a, b = _blurred(fixed, blur), _blurred(moving, blur)
        weights = None
        for _ in range(6):
            step = _step(a, b, turn, block_mm, weights)
            if step is None:
                return None
            turn = _moved(turn, step.change)
            weights, last = step.weights, step
            if np.hypot(step.change[1], step.change[2]) < 1e-4 and abs(step.change[0]) < 1e-5:
                break
    if last is None:
        return None
    return Fit(
        turn=turn,
        covariance=last.covariance[:3, :3],
        scatter_mm=last.scatter_mm,
        scale_off_fraction=float(last.change[3]),
        scale_sd_fraction=float(np.sqrt(last.covariance[3, 3])),
        end_correlation=last.end_correlation,
        block_count=last.block_count,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """One round of least squares: change of (angle, x, y, scale), and what comes with it."""

    change: AnyArray
    covariance: AnyArray
    weights: AnyArray
    scatter_mm: float
    end_correlation: float
    block_count: int


def _blurred(picture: Flat, sd_mm: float) -> Flat:
    """Smooth what is seen, and what is seen alone."""
    sd = sd_mm / picture.pixel_mm
    seen = picture.seen.astype(np.float64)
    share = ndimage.gaussian_filter(seen, sd)
    values = ndimage.gaussian_filter(picture.values * seen, sd) / np.maximum(share, 1e-3)
    return Flat(values=values, seen=picture.seen, origin_mm=picture.origin_mm, pixel_mm=picture.pixel_mm)


def _step(fixed: Flat, moving: Flat, turn: Turn, block_mm: float, weights: AnyArray | None) -> _Step | None:
    """Solve for the change that lets the moving picture fit better, block by block weighted."""
    xy = fixed.xy_mm()
    place = turn.back(xy)
    m, known = moving.at(place)
    use = known & fixed.seen.ravel()
    if use.sum() < 100:
        return None
    xy, m, f = xy[use], m[use], fixed.values.ravel()[use]
    down, across = np.gradient(moving.values, moving.pixel_mm)
    index = ((place[use] - moving.origin_mm) / moving.pixel_mm)[:, ::-1].T
    g = np.column_stack(
        [ndimage.map_coordinates(one, index, order=1, mode="nearest") for one in (across, down)]
    )
    g = g @ turn_matrix(turn.angle_rad).T
    block = _blocks(xy, block_mm)
    count = int(block.max()) + 1
    w = np.ones(count) if weights is None or len(weights) != count else weights
    contrast = float(np.cov(f, m)[0, 1] / max(m.var(), 1e-12))
    if contrast <= 0:
        return None
    perp = np.column_stack([-xy[:, 1], xy[:, 0]])
    pose = -contrast * np.column_stack([(g * perp).sum(axis=1), g, (g * xy).sum(axis=1)])
    design = np.column_stack([pose, np.ones(len(m)), m])
    root = np.sqrt(w[block])
    answer, _, rank, _ = np.linalg.lstsq(design * root[:, None], f * root, rcond=None)
    if rank < design.shape[1]:
        return None
    rest = f - design @ answer
    return _judged(design, rest, block, w, answer, float(np.corrcoef(f, m)[0, 1]))


def _blocks(xy: Points2, block_mm: float) -> AnyArray:
    """Give every point the number of its square block, from 0."""
    cell = np.floor(xy / block_mm).astype(int)
    _, block = np.unique(cell, axis=0, return_inverse=True)
    return block.ravel()


def _judged(
    design: AnyArray, rest: AnyArray, block: AnyArray, w: AnyArray, answer: AnyArray, correlation: float
) -> _Step | None:
    """Work out errors from the scatter between blocks."""
    count, width = len(w), design.shape[1]
    information = np.zeros((count, width, width))
    pull = np.zeros((count, width))
    for each in range(count):
        part = block == each
        rows = design[part]
        information[each], pull[each] = rows.T @ rows, rows.T @ rest[part]
    size = np.bincount(block, minlength=count)
    says = np.trace(information[:, 1:3, 1:3], axis1=1, axis2=2)
    telling = says > 0.05 * says.max()
    if telling.sum() < 4:
        return None
    rms = np.sqrt(np.bincount(block, weights=rest**2, minlength=count) / np.maximum(size, 1))
    usual = float(np.median(rms[telling]))
    total = np.linalg.inv((information * w[:, None, None]).sum(axis=0))
    scores = pull * w[:, None]
    k = int(telling.sum())
    covariance = total @ (scores.T @ scores) @ total * k / max(k - 3, 1)
    return _Step(
        change=answer[:4],
        covariance=covariance[:4, :4],
        weights=np.minimum(1.0, 1.345 * usual / np.maximum(rms, 1e-12)),
        scatter_mm=_scatter(information[:, 1:3, 1:3], pull[:, 1:3], w * telling),
        end_correlation=correlation,
        block_count=k,
    )


def _scatter(information: AnyArray, pull: AnyArray, weights: AnyArray) -> float:
    """Return the spread of the shift that single blocks still ask for, one axis."""
    least = np.linalg.eigvalsh(information)[:, 0]
    is_firm = (least > 0.1 * np.median(least[weights > 0])) & (weights > 0)
    if not is_firm.any():
        return float("nan")
    off = np.linalg.solve(information[is_firm], pull[is_firm][..., None])[..., 0]
    share = weights[is_firm] / weights[is_firm].sum()
    return float(np.sqrt((share * (off**2).sum(axis=1)).sum() / 2))


def _moved(turn: Turn, change: AnyArray) -> Turn:
    """Turn and shift once more; a change of scale is told, not taken."""
    angle, x, y = (float(one) for one in change[:3])
    xy = turn_matrix(angle) @ np.array([turn.x_mm, turn.y_mm]) + (x, y)
    return Turn(angle_rad=turn.angle_rad + angle, x_mm=float(xy[0]), y_mm=float(xy[1]))
