# SPDX-License-Identifier: Apache-2.0
"""The error sources of an insertion, drawn and listed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.units import UM_PER_MM
from trephine.model.device import Robot
from trephine.model.insertion_log import ErrorSource
from trephine.stages.insertion.scene import Scene
from trephine.stages.insertion.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Standard deviations of one axis, mm.

    Parameters
    ----------
    registration_mm
        Across the axis; one draw holds for a whole surgery.
    stage_mm, vision_mm
        Of each piercing; vision across the axis only.
    surface_mm
        Along the axis, of each piercing.
    """

    registration_mm: float
    stage_mm: float
    vision_mm: float
    surface_mm: float


def spread(robot: Robot, settings: Settings) -> Spread:
    """Collect the robot's stated errors."""
    return Spread(
        registration_mm=robot.registration_error_um.value / UM_PER_MM,
        stage_mm=robot.stage_error_um.value / UM_PER_MM,
        vision_mm=robot.vision_error_um.value / UM_PER_MM,
        surface_mm=settings.surface_error_um / UM_PER_MM,
    )


def registration_mm(rng: np.random.Generator, sizes: Spread, count: int) -> Points:
    """Draw the registration errors of so many surgeries, shape (surgery, 3); none along the axis."""
    across = rng.normal(0, 1, (count, 2)) * sizes.registration_mm
    return np.column_stack([across, np.zeros(count)])


def piercing_mm(rng: np.random.Generator, sizes: Spread, count: int) -> Points:
    """Draw what differs from piercing to piercing, shape (piercing, 3): x, y across, z along the axis."""
    unit = rng.normal(0, 1, (count, 3, 2))
    scale = np.array(
        [
            [sizes.stage_mm, sizes.vision_mm],
            [sizes.stage_mm, sizes.vision_mm],
            [sizes.stage_mm, sizes.surface_mm],
        ]
    )
    return (unit * scale).sum(axis=2)


def split(error_mm: Points, inward: Points) -> tuple[Points, AnyArray]:
    """Split errors into the part across each thread, shape (thread, 3), and along it, shape (thread,)."""
    along = (error_mm * inward).sum(axis=1)
    return error_mm - along[:, None] * inward, along


def error_sources(scene: Scene) -> tuple[ErrorSource, ...]:
    """List every source with the size that was used and where that comes from."""
    robot, settings = scene.robot, scene.settings
    share = robot.tracking_residual_fraction
    motion_um = float(scene.motion.displacement_mm[:, :2].std()) * UM_PER_MM
    return (
        ErrorSource(
            name="registration of live image and robot, one draw for the surgery",
            sd_um=robot.registration_error_um.value,
            source=robot.registration_error_um.source,
        ),
        ErrorSource(name="robot stage", sd_um=robot.stage_error_um.value, source=robot.stage_error_um.source),
        ErrorSource(
            name="finding the site in the image",
            sd_um=robot.vision_error_um.value,
            source=robot.vision_error_um.source,
        ),
        ErrorSource(name="finding the surface", sd_um=settings.surface_error_um, source="assumed"),
        ErrorSource(
            name=f"brain motion left after prediction ({100 * share.value:g} % of the motion)",
            sd_um=share.value * motion_um,
            source=share.source,
        ),
    )
