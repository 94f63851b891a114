# SPDX-License-Identifier: Apache-2.0
"""Place every thread."""

from __future__ import annotations

from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device, Robot
from trephine.model.live_view import LiveView
from trephine.model.obstacles import PlacementResult
from trephine.model.opening import Opening
from trephine.safety.rules import Limits
from trephine.stages.placement.ground import Worth, ground
from trephine.stages.placement.margins import margins
from trephine.stages.placement.obstacle_map import obstacle_map
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means, Scene, plan_on


def run(
    opening: Opening,
    anatomy: Anatomy,
    hand_map: HandMap,
    angiogram: Angiogram | None,
    live_view: LiveView | None,
    device: Device,
    robot: Robot,
    *,
    limits: Limits,
    settings: Settings,
    progress: Progress = silent,
) -> Outcome[PlacementResult]:
    """Choose, anchor and order the threads of one implant.

    Parameters
    ----------
    opening
        Pose and dura outline.
    anatomy, hand_map
        Cortex, tissue and functional weight in ``scanner``.
    angiogram, live_view
        What vessels are known from: the live view where given, else the angiogram, else nothing.
    device, robot
        The implant, and the robot with its errors.
    limits
        Published ones that the plan is held against.
    settings
        Margins, errors and when to stop.
    progress
        Told after each of five steps.

    Returns
    -------
    Outcome
        The plan and the map it was made on. Without a live view every site is provisional and a finding
        says so. When fewer threads fit than the device has, a finding says how many and what binds.

    Raises
    ------
    InputError
        If the device's threads are rigid, the axis meets no cortex, or the live view misses the opening.
    NumericalError
        If a solver fails.

    Notes
    -----
    No randomness and no clock: the same inputs give the same plan.
    """
    _check(device, opening)
    progress(0, 5, "mapping the cortex under the opening")
    worth = Worth(anatomy=anatomy, hand_map=hand_map, device=device, robot=robot)
    mapped = ground(opening, angiogram, worth, settings)
    means = Means(device=device, robot=robot, limits=limits, settings=settings)
    progress(1, 5, "finding vessels")
    obstacles, origin = obstacle_map(mapped, settings, live_view=live_view)
    margin = margins(robot, settings, live_view=live_view, before=mapped.before)
    scene = Scene(ground=mapped, obstacles=obstacles, origin=origin, margin=margin)
    return plan_on(scene, means, progress=progress)


def _check(device: Device, opening: Opening) -> None:
    """Refuse what this stage cannot place."""
    if device.threads.kind != "flexible":
        raise InputError.because(
            where=f"device {device.name}, threads.kind",
            found=device.threads.kind,
            expected="flexible",
            remedy="Shanks of a rigid array stand on a fixed grid and cannot be placed one by one; choose a "
            "device with threads.",
        )
    if opening.device != device.name:
        raise InputError.because(
            where="opening, device",
            found=opening.device,
            expected=device.name,
            remedy="Plan the opening again for this device.",
        )
