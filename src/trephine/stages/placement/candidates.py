# SPDX-License-Identifier: Apache-2.0
"""Sites a thread may enter at, and what each is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trephine.core.arrays import AnyArray, Points, Points2
from trephine.core.frames import IMPLANT
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.clearance import clearance_map
from trephine.kernels.geometry.voxels import sampled
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.device import Device, Robot
from trephine.model.obstacles import Obstacles
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.patch import Patch
from trephine.stages.placement.settings import Settings

_PIA_MM = 0.6
_PATH_STEP_MM = 0.25


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
    vessel_mm, sulcus_mm
        Clearance to the nearest vessel and sulcus, infinite without any, shape (site,).
    refused
        How many grid sites within the dura's opening each limit refuses on its own.
    """

    entry_mm: Points
    inward: Points
    value: AnyArray
    vessel_mm: AnyArray
    sulcus_mm: AnyArray
    refused: dict[str, int]

    @property
    def xy_mm(self) -> Points2:
        """Entries in the implant's plane."""
        return self.entry_mm[:, :2]

    def only(self, keep: AnyArray) -> Candidates:
        """Return the sites where ``keep``, shape (site,), is true."""
        return replace(
            self,
            entry_mm=self.entry_mm[keep],
            inward=self.inward[keep],
            value=self.value[keep],
            vessel_mm=self.vessel_mm[keep],
            sulcus_mm=self.sulcus_mm[keep],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Worth:
    """What a site's value is read from."""

    anatomy: Anatomy
    hand_map: HandMap
    device: Device
    robot: Robot


def candidates(
    obstacles: Obstacles, cortex: Patch, margin: Margins, worth: Worth, settings: Settings
) -> Candidates:
    """List the sites of a square grid that keep every margin and stay in brain.

    Parameters
    ----------
    obstacles, cortex
        What to avoid, and the surface with its normals.
    margin
        Distances to keep.
    worth
        Anatomy, hand map, device and robot.
    settings
        Pitch of the grid and the share of the path in brain.

    Returns
    -------
    Candidates
        In rows of the grid; grid sites are centres of pixels, so distances are exact.
    """
    step = settings.candidate_pixels
    vessel = clearance_map(obstacles.vessel, obstacles.pixel_mm)[::step, ::step]
    sulcus = clearance_map(obstacles.sulcus, obstacles.pixel_mm)[::step, ::step]
    open_site = ~obstacles.outside[::step, ::step]
    passes = open_site & (vessel >= margin.vessel_mm) & (sulcus >= margin.sulcus_mm)
    refused = {
        "vessels": int((open_site & (vessel < margin.vessel_mm)).sum()),
        "sulci": int((open_site & (sulcus < margin.sulcus_mm)).sum()),
    }
    row, column = np.nonzero(passes)
    index = np.column_stack([row, column]) * step
    xy = obstacles.xy_of(index)
    entry = np.column_stack([xy, obstacles.height_mm[tuple(index.T)].astype(np.float64)])
    inward = tilted(cortex.normal[tuple(index.T)], worth.robot.tilt_limit_rad.value)
    in_brain = brain_fraction(entry, inward, cortex, worth) >= settings.brain_depth_fraction
    refused["fluid on the path"] = int((~in_brain).sum())
    value = thread_value(entry, inward, cortex, worth)
    return Candidates(
        entry_mm=entry[in_brain],
        inward=inward[in_brain],
        value=value[in_brain],
        vessel_mm=vessel[row, column][in_brain],
        sulcus_mm=sulcus[row, column][in_brain],
        refused=refused,
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


def electrode_depths_mm(device: Device) -> AnyArray:
    """Return the depth of every electrode below the pia along the thread, from the tip up."""
    threads = device.threads
    tip = threads.insertion_depth_mm.value - threads.tip_to_first_electrode_um.value / UM_PER_MM
    return tip - np.arange(int(threads.electrode_count.value)) * threads.electrode_pitch_um.value / UM_PER_MM


def thread_value(entry_mm: Points, inward: Points, cortex: Patch, worth: Worth) -> AnyArray:
    """Average functional weight times share of grey matter over a thread's electrodes, shape (site,)."""
    tissue, weight = worth.anatomy.tissue, worth.hand_map.weight
    grey = (tissue.values == Tissue.GREY).astype(np.float32)
    total = np.zeros(len(entry_mm))
    depths = electrode_depths_mm(worth.device)
    for depth in depths[depths > 0]:
        place = cortex.pose(entry_mm + depth * inward, frame=IMPLANT)
        share = sampled(grey, tissue.grid.affine_mm, place)
        total += share * np.clip(sampled(weight.values, weight.grid.affine_mm, place), 0, 1)
    return total / len(depths)


def brain_fraction(entry_mm: Points, inward: Points, cortex: Patch, worth: Worth) -> AnyArray:
    """Return the share of every path, from below the pia to the tip, that lies in brain, shape (site,)."""
    tissue = worth.anatomy.tissue
    brain = np.isin(tissue.values, (Tissue.GREY, Tissue.WHITE)).astype(np.float32)
    depths = np.arange(_PIA_MM, worth.device.threads.insertion_depth_mm.value, _PATH_STEP_MM)
    share = np.zeros(len(entry_mm))
    for depth in depths:
        share += sampled(brain, tissue.grid.affine_mm, cortex.pose(entry_mm + depth * inward, frame=IMPLANT))
    return share / len(depths)
