# SPDX-License-Identifier: Apache-2.0
"""Expected thread yield of an implant pose: how much value the threads can gather, over all scenarios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.units import UM_PER_MM
from trephine.model.device import Device
from trephine.stages.opening.crown import Crown
from trephine.stages.opening.scenarios import Scenarios
from trephine.stages.opening.settings import Settings

_LEAST_FACING = 0.76
"""Cosine of the largest angle between a crown's normal and the implant's axis at which a thread enters."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """The opened window as the yield sees it.

    Parameters
    ----------
    radius_mm
        Of the circle about the axis in which threads may enter.
    hinge_mm
        Distance of the straight hinge from the axis; infinite when no dura is folded back.
    thread_count
        Threads of the implant.
    thread_mm2
        Area that one thread needs in the densest packing.
    """

    radius_mm: float
    hinge_mm: float
    thread_count: int
    thread_mm2: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """What every scenario gives, shape (axis, scenario) each.

    Parameters
    ----------
    value
        Summed value of the threads.
    threads
        How many fit.
    blocked_fraction
        Share of the exposed crown under known vessels.
    """

    value: AnyArray
    threads: AnyArray
    blocked_fraction: AnyArray


def window(device: Device, radius_mm: float, settings: Settings) -> Window:
    """Describe the window of a device."""
    spacing = device.threads.spacing_um.value / UM_PER_MM
    hinge = radius_mm * float(np.cos(settings.hinge_arc_rad / 2)) if settings.dura == "flap" else np.inf
    return Window(
        radius_mm=radius_mm - settings.site_rim_mm,
        hinge_mm=hinge - settings.site_rim_mm,
        thread_count=int(device.threads.thread_count.value),
        thread_mm2=float(np.sqrt(3) / 2 * spacing**2),
    )


def gathered(
    crown: Crown, drawn: Scenarios, opened: Window, place_mm: AnyArray, axes: Points, medial: Points
) -> Gathered:
    """Fill the best exposed crown with threads, for several axes through one place.

    Parameters
    ----------
    crown, drawn
        Cortex and scenarios.
    opened
        The window.
    place_mm
        A point of the axes, in ``scanner``, shape (3,).
    axes, medial
        Unit vectors outward, and at right angles to them towards the hinge, shape (axis, 3).

    Returns
    -------
    Gathered
        Every scenario of every axis.

    Notes
    -----
    The continuous relaxation of the packing: a thread takes the area of a hexagon of the densest packing,
    over the share of room that small vessels leave; crown is filled from its most valuable places
    downwards until all threads are used. Sites are not looked for, which is what makes it fast.
    """
    near = _near(crown, drawn, opened, place_mm, axes)
    order = np.argsort(-crown.value[:, near], axis=1, kind="stable")
    ranked = _Ranked(
        value=np.take_along_axis(crown.value[:, near], order, axis=1),
        is_clear=np.take_along_axis(crown.is_clear[:, near], order, axis=1),
        moved_mm=(crown.place_mm - place_mm)[near][order] + drawn.cortex_shift_mm[:, None],
        normal=crown.normal[near][order],
        area_mm2=crown.area_mm2[near][order],
    )
    rows = [_filled(ranked, drawn, opened, axis, side) for axis, side in zip(axes, medial, strict=True)]
    value, threads, blocked = (np.array(column) for column in zip(*rows, strict=True))
    return Gathered(value=value, threads=threads, blocked_fraction=blocked)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ranked:
    """Crown about one place, the most valuable first in every scenario, shape (scenario, corner)."""

    value: AnyArray
    is_clear: AnyArray
    moved_mm: AnyArray
    normal: AnyArray
    area_mm2: AnyArray


def _near(crown: Crown, drawn: Scenarios, opened: Window, place_mm: AnyArray, axes: Points) -> AnyArray:
    """Return the corners that any axis may expose in any scenario."""
    relative = crown.place_mm - place_mm
    mean = axes.mean(axis=0) / np.linalg.norm(axes.mean(axis=0))
    height = relative @ mean
    lateral = np.linalg.norm(relative - height[:, None] * mean, axis=1)
    spread = np.linalg.norm(drawn.cortex_shift_mm, axis=1).max()
    lean = np.tan(np.arccos(np.clip(axes @ mean, -1, 1)).max()) * (np.abs(height) + spread)
    return np.flatnonzero(lateral <= opened.radius_mm + spread + lean)


def _filled(
    ranked: _Ranked, drawn: Scenarios, opened: Window, axis: AnyArray, side: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Fill the crown under one axis; return value, threads and blocked share of every scenario."""
    off_axis2 = (ranked.moved_mm**2).sum(axis=-1) - (ranked.moved_mm @ axis) ** 2
    facing = ranked.normal @ axis
    is_open = (off_axis2 <= opened.radius_mm**2) & (ranked.moved_mm @ side <= opened.hinge_mm)
    flat = np.where(is_open & (facing > _LEAST_FACING), ranked.area_mm2 * facing, 0.0)
    clear = np.where(ranked.is_clear, flat, 0.0)
    room = clear * (drawn.room_fraction / opened.thread_mm2)[:, None]
    before = np.cumsum(room, axis=1) - room
    taken = np.clip(opened.thread_count - before, 0.0, room)
    whole = flat.sum(axis=1)
    blocked = np.where(whole > 0, 1 - clear.sum(axis=1) / np.maximum(whole, 1e-9), 0.0)
    return (taken * ranked.value).sum(axis=1), taken.sum(axis=1), blocked
