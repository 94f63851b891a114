# SPDX-License-Identifier: Apache-2.0
"""Anchors, order, lengths and electrodes of the chosen threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import IMPLANT, Affine
from trephine.core.random import generator
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.outlines import ring
from trephine.kernels.geometry.segments import crossing_pairs, is_crossing
from trephine.kernels.optimize.matching import matched
from trephine.kernels.optimize.order_bound import order_bound
from trephine.kernels.optimize.order_search import order_length, shortened
from trephine.kernels.optimize.ordering import kept, must_precede, nearest_next, travel_between_mm
from trephine.model.device import Device
from trephine.model.opening import Position
from trephine.model.thread_plan import Thread
from trephine.stages.placement.candidates import Candidates
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.settings import OrderSettings, Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Chosen sites with their anchors, in the order of the sites.

    Parameters
    ----------
    site
        Indices into the candidates, shape (thread,).
    anchor
        Anchor of each, shape (thread,).
    anchors_mm
        Every anchor in ``implant``, shape (anchor, 3).
    order
        Place of each in the robot's order, from 1, shape (thread,).
    number
        Name of each, from 1: its place in the order, but for threads that were laid out before.
    crossings, under_laid
        Pairs that cross, and insertions beneath a thread already laid.
    travel_mm, travel_bound_mm
        Way of the robot, and the proven least one.
    """

    site: AnyArray
    anchor: AnyArray
    anchors_mm: Points
    order: AnyArray
    number: AnyArray
    crossings: int
    under_laid: int
    travel_mm: float
    travel_bound_mm: float


def anchors_mm(device: Device) -> Points:
    """Return the anchors on their ring in ``implant``, one a thread, shape (anchor, 3)."""
    count = int(device.threads.thread_count.value)
    xy = ring(device.anchors.ring_radius_mm.value, count)
    return np.column_stack([xy, np.full(count, device.anchors.height_mm.value)])


def length_needed_mm(entry_mm: Points, anchor_mm: Points, depth_mm: AnyArray, settings: Settings) -> AnyArray:
    """Return the length from anchor to tip with slack for brain motion and settling, shape (thread,)."""
    free = np.linalg.norm(entry_mm - anchor_mm, axis=1)
    return free * (1 + settings.slack_fraction) + settings.slack_mm + depth_mm


def is_reached_by_all(sites: Candidates, device: Device, settings: Settings) -> AnyArray:
    """Tell which sites even the farthest anchor reaches with the device's thread, shape (site,)."""
    longest = np.zeros(len(sites.value))
    for anchor in anchors_mm(device):
        longest = np.maximum(
            longest, length_needed_mm(sites.entry_mm, anchor[None], sites.depth_mm, settings)
        )
    return longest <= device.threads.length_mm.value


def laid_out(
    sites: Candidates,
    chosen: AnyArray,
    device: Device,
    settings: Settings,
    *,
    locked: tuple[Thread, ...] = (),
) -> Layout:
    """Match the chosen sites to anchors without crossings and order them for the robot.

    Parameters
    ----------
    sites, chosen
        Candidates and the indices of those to use; the first are those of ``locked``.
    device
        Gives the anchors.
    settings
        Room a needle needs beside a laid thread.
    locked
        Threads that stay: they keep their anchors and numbers, and come first, in their own order.

    Returns
    -------
    Layout
        With the crossings and insertions under laid threads counted in what was made.

    Notes
    -----
    The demands form no ring as long as the spacing is more than twice the berth: give every thread of a ring
    the anchor of the thread that runs past it, and each gets shorter by at least the spacing less twice the
    berth, which a matching of least total length does not allow. The bound is on the orders that keep every
    demand that the order found keeps.
    """
    anchors, mine = anchors_mm(device), len(locked)
    entry = sites.xy_mm[chosen]
    anchor = _anchored(anchors[:, :2], entry, locked)
    start = anchors[anchor, :2]
    before = must_precede(start, entry, berth_mm=settings.berth_um / UM_PER_MM)
    demands = before | _locked_first(locked, len(chosen))
    sequence, travel, bound = _ordered(anchors[anchor], sites.entry_mm[chosen], demands, settings.order)
    order = np.empty(len(chosen), dtype=int)
    order[sequence] = np.arange(1, len(chosen) + 1)
    names = np.setdiff1d(np.arange(1, len(anchors) + 1), [thread.number for thread in locked])
    number = np.array([thread.number for thread in locked] + [0] * (len(chosen) - mine), dtype=int)
    number[sequence[sequence >= mine]] = names[: len(chosen) - mine]
    late = before & (order[:, None] > order[None, :])
    return Layout(
        site=chosen,
        anchor=anchor,
        anchors_mm=anchors,
        order=order,
        number=number,
        crossings=len(crossing_pairs(start, entry)),
        under_laid=int(late.any(axis=1).sum()),
        travel_mm=travel,
        travel_bound_mm=bound,
    )


def _anchored(anchors_xy_mm: AnyArray, entry_xy_mm: AnyArray, locked: tuple[Thread, ...]) -> AnyArray:
    """Match entries to anchors; locked ones come first and have theirs, whose lines others keep clear of."""
    mine = len(locked)
    taken = np.array([thread.anchor for thread in locked], dtype=int)
    left = np.setdiff1d(np.arange(len(anchors_xy_mm)), taken)
    barred = is_crossing(anchors_xy_mm[left], entry_xy_mm[mine:], anchors_xy_mm[taken], entry_xy_mm[:mine])
    found = matched(anchors_xy_mm[left], entry_xy_mm[mine:], barred=barred)
    return np.concatenate([taken, left[found]])


def _locked_first(locked: tuple[Thread, ...], count: int) -> AnyArray:
    """Demand that locked threads precede all others and keep their order, shape (thread, thread)."""
    mine = len(locked)
    place = np.array([thread.order for thread in locked], dtype=int)
    demands = np.zeros((count, count), dtype=bool)
    demands[:mine, mine:] = True
    demands[:mine, :mine] = place[:, None] < place[None, :]
    return demands


def _ordered(
    start_mm: Points, entry_mm: Points, before: AnyArray, effort: OrderSettings
) -> tuple[AnyArray, float, float]:
    """Return the order of work, its way and the proven least way, the ways out to the cortex included."""
    travel = travel_between_mm(start_mm, entry_mm)
    first = nearest_next(travel, before)
    chain = kept(before, first)
    rng = generator(effort.seed, "placement.order")
    order = shortened(first, travel, chain, tries=effort.tries, rng=rng)
    between = order_length(order, travel)
    rounds = effort.rounds if len(order) <= effort.exact_size else 0
    bound = order_bound(travel, chain, found=np.array(between), rounds=rounds)
    carried = float(np.linalg.norm(entry_mm - start_mm, axis=1).sum())
    return order, carried + between, carried + bound


def threads(
    layout: Layout, sites: Candidates, pose: Affine, *, device: Device, margin: Margins, settings: Settings
) -> tuple[Thread, ...]:
    """Write the threads out in ``scanner``, by number.

    Parameters
    ----------
    layout, sites
        What was chosen.
    pose
        ``scanner_from_implant``.
    device
        Depths and pitch.
    margin
        Distances kept, and the chance of a hit.
    settings
        Slack of the free length.

    Returns
    -------
    tuple
        One ``Thread`` a site.
    """
    entry, inward = sites.entry_mm[layout.site], sites.inward[layout.site]
    anchor = layout.anchors_mm[layout.anchor]
    depth = sites.depth_mm[layout.site]
    length = length_needed_mm(entry, anchor, depth, settings)
    vessel, sulcus = sites.vessel_mm[layout.site], sites.sulcus_mm[layout.site]
    # Of vessel and sulcus, the one with the least to spare is told of, beside what it asks for.
    is_sulcus = sulcus - margin.sulcus_mm < vessel - margin.vessel_mm
    nearest = np.where(is_sulcus, sulcus, vessel)
    asked = np.where(is_sulcus, margin.sulcus_mm, margin.vessel_mm)
    chance = sites.hit_chance[layout.site]
    tip = entry + depth[:, None] * inward
    electrode = tip[:, None] - device.electrode_offsets_mm()[None, :, None] * inward[:, None]
    return tuple(
        Thread(
            number=int(layout.number[index]),
            anchor=int(layout.anchor[index]),
            order=int(layout.order[index]),
            anchor_mm=_placed(pose, anchor[index]),
            entry_mm=_placed(pose, entry[index]),
            tip_mm=_placed(pose, tip[index]),
            electrodes_mm=tuple(_placed(pose, place) for place in electrode[index]),
            clearance_um=_finite_um(nearest[index]),
            margin_um=float(asked[index] * UM_PER_MM),
            value=float(sites.value[layout.site][index]),
            hit_probability=float(chance[index]) if np.isfinite(vessel[index]) else None,
            length_needed_mm=float(length[index]),
        )
        for index in np.argsort(layout.number)
    )


def _placed(pose: Affine, place_mm: AnyArray) -> Position:
    x, y, z = pose(place_mm[None], frame=IMPLANT)[0]
    return float(x), float(y), float(z)


def _finite_um(distance_mm: float) -> float | None:
    return float(distance_mm * UM_PER_MM) if np.isfinite(distance_mm) else None
