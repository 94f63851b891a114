# SPDX-License-Identifier: Apache-2.0
"""How far from a vessel is far enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from trephine.core.arrays import AnyArray
from trephine.core.units import UM_PER_MM
from trephine.model.device import Robot
from trephine.model.ground import VesselsBefore
from trephine.model.live_view import LiveView
from trephine.stages.placement.live_vessels import least_width_um, miss_um
from trephine.stages.placement.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Distances to keep, and the spread behind them.

    Parameters
    ----------
    vessel_mm, sulcus_mm
        From a needle's centre line to a vessel's wall and to a sulcus's edge.
    sd_mm
        Standard deviation, across a vessel's wall, of needle against vessel.
    common_mm
        Its part that is one and the same for all threads of an array.
    needle_radius_mm
        Half the needle's width.
    is_exact
        Whether the margin comes from the whole of the error; before surgery it does not.
    least_width_um
        Width from which on the live view's vessels are covered by the calibration; absent without a view.
    """

    vessel_mm: float
    sulcus_mm: float
    sd_mm: float
    needle_radius_mm: float
    common_mm: float = 0.0
    is_exact: bool = True
    least_width_um: float | None = None

    def hit_probability(self, clearance_mm: AnyArray) -> AnyArray:
        """Return the chance that a needle meets one straight wall at a distance: Phi((r - c) / sd)."""
        reach = self.needle_radius_mm - clearance_mm
        if self.sd_mm == 0:
            return (reach > 0).astype(np.float64)
        return ndtr(reach / self.sd_mm)


def margins(
    robot: Robot, settings: Settings, *, live_view: LiveView | None, before: VesselsBefore | None
) -> Margins:
    """Work out the margins from the stated errors.

    Parameters
    ----------
    robot
        Stage, vision, registration and tracking errors.
    settings
        Accepted chances and the errors of the pictures.
    live_view, before
        What the vessels come from, if anything.

    Returns
    -------
    Margins
        ``m = r + sd * Phi^-1(1 - eps)`` with independent errors added as squares, and the distance from
        the marks of a live view within which its vessels lie by calibration. Without a live view the
        vessels are known to millimetres only; the margin is then that of the robot and a provisional
        addition, while ``sd_mm`` and the hit probability keep the whole error.
    """
    radius = robot.needle_diameter_um.value / 2 / UM_PER_MM
    picture_um = live_view.registration_error_um if live_view else 0.0
    working = spread_um(robot, settings, picture_um=picture_um) / UM_PER_MM
    common = float(np.hypot(robot.registration_error_um.value, picture_um)) / UM_PER_MM
    z = -float(ndtri(settings.hit_limit_fraction))
    plan_mm = picture_um / UM_PER_MM
    if live_view is not None and live_view.plan_error_mm is not None:
        plan_mm = live_view.plan_error_mm
    sulcus = -float(ndtri(settings.sulcus_miss_fraction)) * float(np.hypot(settings.sulcus_error_mm, plan_mm))
    if live_view is not None:
        return Margins(
            vessel_mm=radius + working * z + miss_um(live_view, settings.vessels) / UM_PER_MM,
            sulcus_mm=sulcus,
            sd_mm=working,
            common_mm=common,
            needle_radius_mm=radius,
            least_width_um=least_width_um(live_view, settings.vessels),
        )
    scan = np.hypot(before.registration_error_mm if before else 0.0, settings.surface_shift_mm)
    return Margins(
        vessel_mm=radius + working * z + settings.provisional_margin_mm,
        sulcus_mm=sulcus,
        sd_mm=float(np.hypot(working, scan)),
        common_mm=float(np.hypot(common, scan)),
        is_exact=False,
        needle_radius_mm=radius,
    )


def spread_um(robot: Robot, settings: Settings, *, picture_um: float) -> float:
    """Add the standard deviations of one axis as squares, in micrometres."""
    parts = (
        robot.stage_error_um.value,
        robot.vision_error_um.value,
        robot.registration_error_um.value,
        robot.tracking_residual_fraction.value * settings.motion_sd_um,
        settings.segmentation_error_um,
        picture_um,
    )
    return float(np.sqrt(sum(part**2 for part in parts)))
