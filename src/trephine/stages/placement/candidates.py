# SPDX-License-Identifier: Apache-2.0
"""Sites a thread may enter at, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.core.arrays import AnyArray, Points, Points2
from trephine.kernels.geometry.clearance import clearance_map
from trephine.model.device import Robot
from trephine.model.ground import Ground
from trephine.model.obstacles import Obstacles
from trephine.stages.placement.bleeding import hit_map
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.settings import Settings

_ON_GROUND = ("depth_mm", "grey_count", "thickness_mm", "thickness_sd_mm")
BY_SITE = ("entry_mm", "inward", "value", "hit_chance", "vessel_mm", "sulcus_mm", *_ON_GROUND)


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Sites that pass every limit, in ``implant``.

    Parameters
    ----------
    entry_mm
        Where the pia is pierced, shape (site, 3).
    inward
        Unit direction of the thread, shape (site, 3).
    value
        Functional value of a thread there, 0 to 1, shape (site,).
    hit_chance
        Chance that one piercing there meets a known vessel, shape (site,).
    depth_mm, grey_count
        Depth of the tip, and electrodes in grey matter by the tissue labels, shape (site,).
    thickness_mm, thickness_sd_mm
        Of grey matter, NaN where not known, shape (site,).
    vessel_mm, sulcus_mm
        Clearance to the nearest vessel and sulcus, infinite without any, shape (site,).
    refused
        How many grid sites within the dura's opening each limit refuses on its own.
    is_exact
        Whether the chances of hits are those of a live view.
    """

    entry_mm: Points
    inward: Points
    value: AnyArray
    hit_chance: AnyArray
    depth_mm: AnyArray
    grey_count: AnyArray
    thickness_mm: AnyArray
    thickness_sd_mm: AnyArray
    vessel_mm: AnyArray
    sulcus_mm: AnyArray
    refused: dict[str, int]
    is_exact: bool = True

    @property
    def xy_mm(self) -> Points2:
        """Entries in the implant's plane."""
        return self.entry_mm[:, :2]

    def only(self, keep: AnyArray) -> Candidates:
        """Return the sites where ``keep``, shape (site,), is true."""
        return replace(self, **{name: getattr(self, name)[keep] for name in BY_SITE})


def candidates(
    ground: Ground, obstacles: Obstacles, margin: Margins, robot: Robot, settings: Settings
) -> Candidates:
    """List the sites of a square grid that keep every margin and stay in brain.

    Parameters
    ----------
    ground
        What every site is worth, and the surface with its normals.
    obstacles
        What to avoid.
    margin
        Distances to keep.
    robot
        Gives the limit of tilt.
    settings
        Share of the path in brain.

    Returns
    -------
    Candidates
        In rows of the grid; grid sites are centres of pixels, so distances are exact.

    Notes
    -----
    The margin keeps one straight wall's chance within the limit. Between two vessels the chances add, so the
    chance from the whole map must be within it too.
    """
    step = ground.site_pixels
    vessel = clearance_map(obstacles.vessel, obstacles.pixel_mm)[::step, ::step]
    sulcus = clearance_map(obstacles.sulcus, obstacles.pixel_mm)[::step, ::step]
    open_site = ~obstacles.outside[::step, ::step]
    chance = hit_map(obstacles, margin)[::step, ::step]
    # Before surgery the margin leaves most of the error out, and so does this limit.
    is_safe = (chance <= settings.hit_limit_fraction) | (not margin.is_exact)
    passes = open_site & (vessel >= margin.vessel_mm) & is_safe & (sulcus >= margin.sulcus_mm)
    in_brain = ground.brain_share >= settings.brain_depth_fraction
    refused = {
        "vessels": int((open_site & ~((vessel >= margin.vessel_mm) & is_safe)).sum()),
        "sulci": int((open_site & (sulcus < margin.sulcus_mm)).sum()),
        "fluid on the path": int((passes & ~in_brain).sum()),
    }
    row, column = np.nonzero(passes & in_brain)
    index = np.column_stack([row, column]) * step
    height = obstacles.height_mm[tuple(index.T)].astype(np.float64)
    return Candidates(
        entry_mm=np.column_stack([obstacles.xy_of(index), height]),
        inward=tilted(ground.normal[row, column].astype(np.float64), robot.tilt_limit_rad.value),
        value=ground.value[row, column].astype(np.float64),
        hit_chance=chance[row, column],
        vessel_mm=vessel[row, column],
        sulcus_mm=sulcus[row, column],
        refused=refused,
        is_exact=margin.is_exact,
        **{name: getattr(ground, name)[row, column].astype(np.float64) for name in _ON_GROUND},
    )


def tilted(normal: Points, limit_rad: float) -> Points:
    """Return inward directions: against the cortex normal, but no more than a limit from the axis.

    Parameters
    ----------
    normal
        Outward normals in ``implant``, shape (site, 3).
    limit_rad
        Largest angle from the axis.

    Returns
    -------
    numpy.ndarray
        Unit vectors, shape (site, 3).
    """
    unit = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    across = np.linalg.norm(unit[:, :2], axis=1)
    angle = np.minimum(np.arctan2(across, unit[:, 2]), limit_rad)
    side = unit[:, :2] / np.maximum(across, 1e-12)[:, None]
    return -np.column_stack([side * np.sin(angle)[:, None], np.cos(angle)])
