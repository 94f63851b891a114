# SPDX-License-Identifier: Apache-2.0
"""March rays to the first surface they meet."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.report.render.camera import Camera
from trephine.report.render.field import SAFE_MM, Cut, Field, Floats

_STEP_MM = np.float32(0.7)
_COARSE = 6
"""First pass: one ray for a square of this many pixels."""
_WORKERS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Solid:
    """A field less what is cut away.

    Parameters
    ----------
    body
        The field.
    hollow
        Field whose inside is taken away, such as the inside of the skull.
    cuts
        Regions taken away.
    shell_mm
        Thickness left when all deeper is taken away, such as the dura's; solid when absent.
    """

    body: Field
    hollow: Field | None = None
    cuts: tuple[Cut, ...] = field(default=())
    shell_mm: float | None = None

    def signed_mm(self, points_mm: Floats) -> Floats:
        """Return about the signed distance to what is left, negative inside."""
        value = self.body.signed_mm(points_mm)
        if self.hollow is not None:
            value = np.maximum(value, -self.hollow.signed_mm(points_mm))
        if self.shell_mm is not None:
            value = np.maximum(value, -(value + np.float32(self.shell_mm)))
        for cut in self.cuts:
            value = np.maximum(value, -cut(points_mm))
        return value


def first_hits(solid: Solid, camera: Camera, limit_mm: Floats) -> Floats:
    """Find where each ray of a camera first meets a solid.

    Parameters
    ----------
    solid
        What is met.
    camera
        Whose rays.
    limit_mm
        Depth beyond which nothing is seen, shape (row, column).

    Returns
    -------
    numpy.ndarray
        Depth along the ray, infinite where nothing is met before the limit, shape (row, column).

    Notes
    -----
    A coarse pass finds about how deep the surface lies, taking long steps where the coarse distance allows;
    the fine pass starts just before it and ends with two secant steps, to about 0.05 mm.
    """
    into = camera.axes[2].astype(np.float32)[:, None]
    start = camera.starts_mm(_COARSE)
    rows, columns = start.shape[1:]
    begin = np.zeros(rows * columns, np.float32)
    end = np.full(begin.shape, 2 * camera.reach_mm, np.float32)
    depth = _march(solid, start.reshape(3, -1), into, begin, end).reshape(rows, columns)
    near = ndimage.minimum_filter(depth, size=3, mode="nearest")
    guess = np.repeat(np.repeat(near, _COARSE, axis=0), _COARSE, axis=1)[: camera.shape[0], : camera.shape[1]]
    fine = np.full(camera.shape, np.inf, np.float32)
    wanted = np.isfinite(guess) & (guess - 3 < limit_mm)
    starts = camera.starts_mm()[:, wanted]
    begin = np.maximum(guess[wanted] - 1.5, 0)
    end = np.minimum(begin + 90, limit_mm[wanted])
    fine[wanted] = _shared(
        lambda part: _finely(solid, starts[:, part], into, begin[part], end[part]), begin.size
    )
    return fine


def _finely(solid: Solid, start: Floats, into: Floats, begin: Floats, end: Floats) -> Floats:
    """March on from a guess, stepping back first where the guess lies inside already."""
    begin = begin.copy()
    back = np.arange(begin.size)
    for _ in range(6):
        value = solid.signed_mm(start[:, back] + into * begin[back])
        back = back[value < 0]
        if not back.size:
            break
        begin[back] -= 3.0
    return _march(solid, start, into, begin, end)


def _shared(work: Callable[[slice], Floats], count: int) -> Floats:
    """Do work on equal shares of the rays in threads; the sharing does not change the answer."""
    edges = np.linspace(0, count, 4 * _WORKERS + 1).astype(int)
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    with ThreadPoolExecutor(_WORKERS) as pool:
        return np.concatenate(list(pool.map(work, parts)))


def _march(solid: Solid, start: Floats, into: Floats, begin: Floats, end: Floats) -> Floats:
    """March rays on from ``begin`` until they enter the solid or come to ``end``."""
    depth = np.full(begin.shape, np.inf, np.float32)
    live = np.arange(begin.size)
    here = begin.copy()
    before, last = here - _STEP_MM, np.full(begin.shape, 1.0, np.float32)
    while live.size:
        point = start[:, live] + into * here[live]
        value = solid.signed_mm(point)
        entered = value < 0
        if entered.any():
            rays = live[entered]
            depth[rays] = _refined(
                solid, start[:, rays], into, (before[rays], here[rays]), (last[rays], value[entered])
            )
        on = ~entered
        live, value, point = live[on], value[on], point[:, on]
        before[live], last[live] = here[live], value
        skip = np.maximum(solid.body.far_mm(point) - np.float32(SAFE_MM), _STEP_MM)
        here[live] += np.maximum(skip, value)  # never more than the distance: see signed_mm
        live = live[here[live] < end[live]]
    return depth


def _refined(
    solid: Solid, start: Floats, into: Floats, depths: tuple[Floats, Floats], values: tuple[Floats, Floats]
) -> Floats:
    """Return the depth of the surface between the last step outside and the first inside."""
    low, high = depths
    low_value, high_value = np.maximum(values[0], np.float32(1e-6)), np.minimum(values[1], np.float32(-1e-6))
    for _ in range(3):
        middle = low + (high - low) * low_value / (low_value - high_value)
        found = solid.signed_mm(start + into * middle)
        is_in = found < 0
        high, high_value = np.where(is_in, middle, high), np.where(is_in, found, high_value)
        low, low_value = np.where(is_in, low, middle), np.where(is_in, low_value, np.maximum(found, 1e-6))
    answer: NDArray[np.float32] = (low + (high - low) * low_value / (low_value - high_value)).astype(
        np.float32
    )
    return answer
