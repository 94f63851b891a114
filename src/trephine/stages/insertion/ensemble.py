# SPDX-License-Identifier: Apache-2.0
"""Many surgeries at once, for what to expect and its spread."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.random import generator
from trephine.core.units import UM_PER_MM
from trephine.model.insertion_log import ExpectedFigure
from trephine.stages.insertion.errors import piercing_mm, registration_mm, split, spread
from trephine.stages.insertion.scene import Scene, displacement_mm

_TAIL_FRACTION = 0.025


def expected(scene: Scene) -> tuple[ExpectedFigure, ...]:
    """Rehearse many surgeries without their clock and return what to expect of one.

    Parameters
    ----------
    scene
        Plan, obstacles, robot, motion.

    Returns
    -------
    tuple
        Lateral error (mean, 95th percentile), depth error, share inserted, and vessel hits where vessels are
        known: each with the interval that holds 95 % of the surgeries. Empty without threads.

    Notes
    -----
    The registration error is one draw a surgery, so it moves all threads together: an interval over the
    threads of one surgery would be far too narrow. Brain motion is looked up at times drawn evenly, since
    the hold on fast motion changes its size by little.
    """
    threads, surgeries = len(scene.number), scene.settings.surgeries
    if threads == 0:
        return ()
    rng = generator(scene.settings.seed, "insertion.ensemble")
    across, along = _errors(scene, rng)
    lateral = np.linalg.norm(across, axis=2) * UM_PER_MM
    pierced, stays = _tries(scene, rng)
    figures = [
        _figure("mean_lateral_error", "um", lateral.mean(axis=1)),
        _figure("p95_lateral_error", "um", np.quantile(lateral, 0.95, axis=1)),
        _figure("depth_error_rms", "um", np.sqrt((along**2).mean(axis=1)) * UM_PER_MM),
        _figure("inserted", "1", stays.mean(axis=1)),
    ]
    clearance = scene.clearance_mm((scene.entry_mm[None] + across).reshape(-1, 3))
    if clearance is not None:
        hit = clearance.reshape(surgeries, threads) < scene.needle_radius_mm
        figures.append(_figure("vessel_hits", "1", (hit * pierced).sum(axis=1)))
    return tuple(figures)


def _errors(scene: Scene, rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
    """Draw one piercing a thread and surgery: error across (surgery, thread, 3), along (surgery, thread)."""
    threads, surgeries = len(scene.number), scene.settings.surgeries
    sizes = spread(scene.robot, scene.settings)
    common = np.repeat(registration_mm(rng, sizes, surgeries), threads, axis=0)
    own = piercing_mm(rng, sizes, surgeries * threads)
    time_s = rng.uniform(0, scene.motion.time_s[-1], surgeries * threads)
    left = scene.robot.tracking_residual_fraction.value * displacement_mm(scene.motion, time_s)
    across, along = split(common + own - left, np.tile(scene.inward, (surgeries, 1)))
    return across.reshape(surgeries, threads, 3), along.reshape(surgeries, threads)


def _tries(scene: Scene, rng: np.random.Generator) -> tuple[AnyArray, AnyArray]:
    """Draw how often each thread's site is pierced, and whether the thread stays, shape (surgery, thread)."""
    shape = (scene.settings.surgeries, len(scene.number))
    pierced, stays = np.zeros(shape, dtype=int), np.zeros(shape, dtype=bool)
    for _ in range(scene.settings.attempts_limit):
        picked = ~stays & (rng.random(shape) < scene.robot.pick_success_fraction.value)
        pierced += picked
        stays |= picked & (rng.random(shape) < scene.robot.release_success_fraction.value)
    return pierced, stays


def _figure(name: str, unit: str, values: AnyArray) -> ExpectedFigure:
    low, high = np.quantile(values, (_TAIL_FRACTION, 1 - _TAIL_FRACTION))
    return ExpectedFigure(name=name, unit=unit, mean=float(np.mean(values)), low=float(low), high=float(high))
