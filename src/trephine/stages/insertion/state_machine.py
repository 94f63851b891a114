# SPDX-License-Identifier: Apache-2.0
"""The robot at work, one event after another: pick, approach, wait for calm, insert, release, check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import IMPLANT
from trephine.core.random import generator
from trephine.core.units import UM_PER_MM
from trephine.model.insertion_log import Attempt
from trephine.model.opening import Position
from trephine.stages.insertion.errors import piercing_mm, registration_mm, split, spread
from trephine.stages.insertion.scene import Scene, displacement_mm, first_calm_s

Result = Literal["inserted", "not picked", "not released", "held: brain moving", "held: vessel too near"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _End:
    """How one try ended: when, how, and where the needle went (error across and along), if it did."""

    time_s: float
    result: Result
    across_mm: AnyArray | None = None
    along_mm: float = 0.0


def inserted(scene: Scene) -> tuple[Attempt, ...]:
    """Rehearse every thread of a plan once.

    Parameters
    ----------
    scene
        Plan, obstacles, robot, motion.

    Returns
    -------
    tuple
        Every try in the order of time.

    Notes
    -----
    Each thread has its own stream of random numbers, so that changing one leaves the others as they were.
    """
    sizes = spread(scene.robot, scene.settings)
    common = registration_mm(generator(scene.settings.seed, "insertion.registration"), sizes, 1)[0]
    attempts: list[Attempt] = []
    clock, here = 0.0, scene.anchor_mm.mean(axis=0) if len(scene.number) else np.zeros(3)
    for index, number in enumerate(scene.number):
        rng = generator(scene.settings.seed, f"insertion.thread.{number}")
        for attempt in range(1, scene.settings.attempts_limit + 1):
            end = _try(scene, index, (clock, here), common, rng)
            attempts.append(_written(scene, index, attempt, clock, end))
            clock, here = end.time_s, scene.entry_mm[index]
            if end.result in ("inserted", "held: vessel too near"):
                break
    return tuple(attempts)


def _try(
    scene: Scene, index: int, start: tuple[float, Points], common: AnyArray, rng: np.random.Generator
) -> _End:
    """Carry out one try at one thread from a time and place."""
    robot, settings = scene.robot, scene.settings
    clock, here = start
    anchor, entry = scene.anchor_mm[index], scene.entry_mm[index]
    thread_s, speed = robot.thread_time_s.value, robot.travel_mm_per_s.value
    clock += float(np.linalg.norm(anchor - here)) / speed + settings.pick_time_fraction * thread_s
    if rng.random() >= robot.pick_success_fraction.value:
        return _End(time_s=clock, result="not picked")
    clock += float(np.linalg.norm(entry - anchor)) / speed
    clearance = scene.clearance_mm(entry[None])
    if clearance is not None and clearance[0] < scene.needle_radius_mm:
        return _End(time_s=clock, result="held: vessel too near")
    calm_s = first_calm_s(scene, clock)
    if calm_s is None:
        return _End(time_s=clock + settings.hold_limit_s, result="held: brain moving")
    left = robot.tracking_residual_fraction.value * displacement_mm(scene.motion, np.array([calm_s]))[0]
    error = common + piercing_mm(rng, spread(robot, settings), 1)[0] - left
    across, along = split(error[None], scene.inward[index][None])
    clock = calm_s + settings.insert_time_fraction * thread_s
    is_released = rng.random() < robot.release_success_fraction.value
    rest = 1 - settings.pick_time_fraction - settings.insert_time_fraction
    return _End(
        time_s=clock + max(rest, 0) * thread_s,
        result="inserted" if is_released else "not released",
        across_mm=across[0],
        along_mm=float(along[0]),
    )


def _written(scene: Scene, index: int, attempt: int, start_s: float, end: _End) -> Attempt:
    """Write one try down in ``scanner``."""
    entry, tip = scene.entry_mm[index], scene.tip_mm[index]
    across = np.zeros(3) if end.across_mm is None else end.across_mm
    reached = entry + across
    stays = end.result == "inserted"
    reached_tip = tip + across + end.along_mm * scene.inward[index] if stays else reached
    clearance = None if end.across_mm is None else scene.clearance_mm(reached[None])
    return Attempt(
        thread=int(scene.number[index]),
        attempt=attempt,
        start_s=start_s,
        duration_s=end.time_s - start_s,
        planned_entry_mm=_placed(scene, entry),
        reached_entry_mm=_placed(scene, reached),
        planned_tip_mm=_placed(scene, tip),
        reached_tip_mm=_placed(scene, reached_tip),
        lateral_error_um=float(np.linalg.norm(across)) * UM_PER_MM,
        depth_error_um=end.along_mm * UM_PER_MM,
        clearance_um=_finite_um(clearance),
        result=end.result,
    )


def _placed(scene: Scene, place_mm: AnyArray) -> Position:
    x, y, z = scene.obstacles.scanner_from_implant(place_mm[None], frame=IMPLANT)[0]
    return float(x), float(y), float(z)


def _finite_um(clearance_mm: AnyArray | None) -> float | None:
    if clearance_mm is None or not np.isfinite(clearance_mm[0]):
        return None
    return float(clearance_mm[0]) * UM_PER_MM
