# SPDX-License-Identifier: Apache-2.0
"""The plan in the implant's frame, with what lies around it and how the brain moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import SCANNER
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.clearance import ClearanceField
from trephine.model.brain_motion import BrainMotion
from trephine.model.device import Robot
from trephine.model.obstacles import Obstacles
from trephine.model.thread_plan import ThreadPlan
from trephine.stages.insertion.settings import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What the rehearsal works on; positions in ``implant``, threads in the robot's order.

    Parameters
    ----------
    number
        Numbers of the threads, shape (thread,).
    anchor_mm, entry_mm, tip_mm
        Planned, shape (thread, 3).
    inward
        Unit direction of each thread, shape (thread, 3).
    obstacles
        Maps about the entries.
    field
        Distance to the nearest known vessel; absent when none are known.
    robot, motion, settings
        As given.
    """

    number: AnyArray
    anchor_mm: Points
    entry_mm: Points
    tip_mm: Points
    inward: Points
    obstacles: Obstacles
    field: ClearanceField | None
    robot: Robot
    motion: BrainMotion
    settings: Settings

    def clearance_mm(self, places_mm: Points) -> AnyArray | None:
        """Return the distance of places in ``implant`` to the nearest vessel wall, across the axis."""
        if self.field is None:
            return None
        return self.field(self.obstacles.row_column_of(places_mm[:, :2]))

    @property
    def needle_radius_mm(self) -> float:
        """Half the needle's width."""
        return self.robot.needle_diameter_um.value / 2 / UM_PER_MM


def scene(
    plan: ThreadPlan, obstacles: Obstacles, robot: Robot, motion: BrainMotion, settings: Settings
) -> Scene:
    """Bring a plan into the implant's frame, in the order of insertion."""
    ordered = sorted(plan.threads, key=lambda thread: thread.order)
    to_implant = obstacles.scanner_from_implant.inverse()

    def placed(name: str) -> Points:
        return to_implant(np.array([getattr(t, name) for t in ordered]).reshape(-1, 3), frame=SCANNER)

    entry, tip = placed("entry_mm"), placed("tip_mm")
    length = np.linalg.norm(tip - entry, axis=1, keepdims=True)
    is_known = plan.vessels_from != "nothing"
    return Scene(
        number=np.array([thread.number for thread in ordered], dtype=int),
        anchor_mm=placed("anchor_mm"),
        entry_mm=entry,
        tip_mm=tip,
        inward=(tip - entry) / np.maximum(length, 1e-9),
        obstacles=obstacles,
        field=ClearanceField(obstacles.vessel, obstacles.pixel_mm) if is_known else None,
        robot=robot,
        motion=motion,
        settings=settings,
    )


def displacement_mm(motion: BrainMotion, time_s: AnyArray) -> Points:
    """Look up the brain's displacement, starting the record over when it ends, shape (time, 3)."""
    step = motion.time_s[1] - motion.time_s[0]
    index = np.mod(np.asarray(time_s) / step, len(motion.time_s) - 1)
    low = index.astype(int)
    share = (index - low)[:, None]
    return (1 - share) * motion.displacement_mm[low] + share * motion.displacement_mm[low + 1]


def first_calm_s(scene: Scene, start_s: float) -> float | None:
    """Find when the brain, as seen a latency ago, first moves slower than the limit; nothing if too late."""
    settings, latency = scene.settings, scene.robot.latency_s.value
    step = float(scene.motion.time_s[1] - scene.motion.time_s[0])
    times = start_s + np.arange(0, settings.hold_limit_s + step, step)
    # A negative time at the very start means the record's end, which is as good a brain as its start.
    seen = times - latency
    speed = np.linalg.norm(
        displacement_mm(scene.motion, seen) - displacement_mm(scene.motion, seen - step), axis=1
    )
    calm = np.flatnonzero(speed / step <= settings.speed_limit_mm_per_s)
    return float(times[calm[0]]) if len(calm) else None
