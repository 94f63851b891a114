# SPDX-License-Identifier: Apache-2.0
"""Sites in reserve: where a thread may go when its own site fails on the day."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.frames import IMPLANT, Affine
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.segments import crossing_pairs, distance_to_segments
from trephine.model.device import Device
from trephine.model.thread_plan import Spare
from trephine.stages.placement.candidates import Candidates
from trephine.stages.placement.layout import Layout, length_needed_mm
from trephine.stages.placement.settings import Settings


def spares(
    layout: Layout, sites: Candidates, pose: Affine, device: Device, settings: Settings
) -> tuple[Spare, ...]:
    """List sites in reserve, best first, each with the threads that can go there at their turn.

    Parameters
    ----------
    layout, sites
        The plan, and the sites that pass every limit.
    pose
        ``scanner_from_implant``.
    device, settings
        Spacing, length, berth, and how many to list.

    Returns
    -------
    tuple
        By falling value. Each keeps the spacing from every planned entry and every other spare.

    Notes
    -----
    A thread can go to a spare when, seen along the axis, its line crosses no other thread's, the spare is
    not within the berth of a thread laid before, no entry still to come is within the berth of the new line,
    and the thread is long enough. That holds for one thread at a time: after one has gone to a spare, plan
    again.
    """
    spacing = device.threads.spacing_um.value / UM_PER_MM
    taken = [*sites.xy_mm[layout.site]]
    found: list[Spare] = []
    for site in np.argsort(-sites.value, kind="stable"):
        if len(found) == settings.spare_count:
            break
        if taken and np.linalg.norm(np.array(taken) - sites.xy_mm[site], axis=1).min() < spacing - 1e-9:
            continue
        can = _can_go(int(site), layout, sites, device, settings)
        if not can.any():
            continue
        taken.append(sites.xy_mm[site])
        found.append(_written(int(site), sites, np.sort(layout.order[can]), pose))
    return tuple(found)


def _can_go(site: int, layout: Layout, sites: Candidates, device: Device, settings: Settings) -> AnyArray:
    """Tell which threads can go to a site at their turn, shape (thread,)."""
    entry, start = sites.xy_mm[layout.site], layout.anchors_mm[layout.anchor, :2]
    place = np.broadcast_to(sites.xy_mm[site], entry.shape)
    berth, turn = settings.berth_um / UM_PER_MM, layout.order
    long_enough = (
        length_needed_mm(
            sites.entry_mm[[site]], layout.anchors_mm[layout.anchor], sites.depth_mm[site], settings
        )
        <= device.threads.length_mm.value
    )
    other = ~np.eye(len(entry), dtype=bool)
    is_earlier = turn[None, :] < turn[:, None]
    covered = distance_to_segments(place[:1], start, entry)[0] < berth
    under = (is_earlier & other & covered[None, :]).any(axis=1)
    beside = distance_to_segments(entry, start, place).T
    barred = (beside < berth) & ~is_earlier & other
    crosses = np.zeros(len(entry), dtype=bool)
    for thread in np.flatnonzero(long_enough & ~under & ~barred.any(axis=1)):
        ends = entry.copy()
        ends[thread] = place[thread]
        crosses[thread] = bool((crossing_pairs(start, ends) == thread).any())
    return long_enough & ~under & ~barred.any(axis=1) & ~crosses


def _written(site: int, sites: Candidates, numbers: AnyArray, pose: Affine) -> Spare:
    entry = sites.entry_mm[site]
    tip = entry + sites.depth_mm[site] * sites.inward[site]
    (a, b, c), (d, e, f) = pose(np.stack([entry, tip]), frame=IMPLANT).tolist()
    is_known = np.isfinite(sites.vessel_mm[site])
    return Spare(
        entry_mm=(a, b, c),
        tip_mm=(d, e, f),
        value=float(sites.value[site]),
        hit_probability=float(sites.hit_chance[site]) if is_known else None,
        for_threads=tuple(int(number) for number in numbers),
    )
