# SPDX-License-Identifier: Apache-2.0
"""Refine how one flat picture lies on another, with the error of the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trephine.core.arrays import AnyArray, Points2
from trephine.kernels.registration.planar import Flat, Turn, turn_matrix


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
    across, down = (cell - cell.min(axis=0)).T
    _, block = np.unique(across * (int(down.max()) + 1) + down, return_inverse=True)
    return block


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
