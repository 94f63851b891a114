# SPDX-License-Identifier: Apache-2.0
"""Rehearse the insertion of every thread."""

from __future__ import annotations

from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.model.brain_motion import BrainMotion
from trephine.model.device import Device, Robot
from trephine.model.insertion_log import Attempt, InsertionLog
from trephine.model.obstacles import Obstacles
from trephine.model.thread_plan import ThreadPlan
from trephine.stages.insertion.checks import findings
from trephine.stages.insertion.ensemble import expected
from trephine.stages.insertion.errors import error_sources
from trephine.stages.insertion.scene import Scene, scene
from trephine.stages.insertion.settings import Settings
from trephine.stages.insertion.state_machine import inserted


def run(
    plan: ThreadPlan,
    obstacles: Obstacles,
    device: Device,
    robot: Robot,
    motion: BrainMotion,
    *,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[InsertionLog]:
    """Rehearse every thread on a moving brain, and many surgeries for what to expect.

    Parameters
    ----------
    plan, obstacles
        What to insert, and the maps it was planned on.
    device
        Must be the plan's.
    robot
        Speeds, success shares and errors.
    motion
        How the cortex moves, in ``implant``.
    settings
        Seed, tries, limits.
    progress
        Told after each of two steps.

    Returns
    -------
    Outcome
        The log, all simulated, with findings on threads lost and vessels hit.

    Raises
    ------
    InputError
        If the plan is for another device.

    Notes
    -----
    Errors of one axis are normal and independent, apart from the registration, which is one draw for the
    whole surgery. Of the brain's motion the robot leaves a stated share. Tissue is not deformed and the
    needle does not bend.
    """
    if plan.device != device.name:
        raise InputError.because(
            where="plan, device",
            found=plan.device,
            expected=device.name,
            remedy="Place the threads again for this device.",
        )
    made = scene(plan, obstacles, robot, motion, settings)
    progress(0, 2, "rehearsing the surgery")
    attempts = inserted(made)
    progress(1, 2, "rehearsing many surgeries")
    log = _log(made, plan, attempts)
    progress(2, 2, "rehearsed")
    return Outcome(value=log, findings=findings(log, plan))


def _log(made: Scene, plan: ThreadPlan, attempts: tuple[Attempt, ...]) -> InsertionLog:
    """Count what happened."""
    hits = None
    if made.field is not None:
        radius_um = made.robot.needle_diameter_um.value / 2
        hits = sum(1 for one in attempts if one.clearance_um is not None and one.clearance_um < radius_um)
    last = attempts[-1] if attempts else None
    return InsertionLog(
        robot=made.robot.name,
        seed=made.settings.seed,
        attempts=attempts,
        error_sources=error_sources(made),
        threads_planned=len(plan.threads),
        threads_inserted=sum(1 for one in attempts if one.result == "inserted"),
        vessel_hits=hits,
        total_time_s=0.0 if last is None else last.start_s + last.duration_s,
        surgeries=made.settings.surgeries,
        expected=expected(made),
    )
