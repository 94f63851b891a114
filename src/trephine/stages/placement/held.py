# SPDX-License-Identifier: Apache-2.0
"""Threads that stay at their place, and what room they leave for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist, pdist

from trephine.core.arrays import AnyArray
from trephine.core.findings import Finding, Severity
from trephine.core.frames import SCANNER
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.clearance import clearance_map
from trephine.kernels.geometry.segments import distance_to_segments
from trephine.model.device import Device
from trephine.model.ground import Ground
from trephine.model.obstacles import Obstacles
from trephine.model.thread_plan import Thread
from trephine.stages.placement.bleeding import hit_map
from trephine.stages.placement.candidates import BY_SITE, Candidates
from trephine.stages.placement.margins import Margins
from trephine.stages.placement.settings import Settings

_ROUNDING_MM = 1e-9
_OF_GROUND = ("grey_count", "thickness_mm", "thickness_sd_mm")


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """Locked threads as sites on the map they are now judged by.

    Parameters
    ----------
    threads
        As the earlier plan has them.
    sites
        Where they enter, one a thread.
    is_open
        Whether each lies where a thread may go at all, shape (thread,).
    """

    threads: tuple[Thread, ...]
    sites: Candidates
    is_open: AnyArray


def held(threads: tuple[Thread, ...], ground: Ground, obstacles: Obstacles, margin: Margins) -> Held:
    """Measure locked threads on the present map.

    Parameters
    ----------
    threads
        Locked ones.
    ground, obstacles
        What a thread is worth at its place, and what is near it.
    margin
        The errors.

    Returns
    -------
    Held
        A place off the map is not open, and worth nothing.
    """
    to_implant = obstacles.scanner_from_implant.inverse()
    entry = to_implant(_places(threads, "entry_mm"), frame=SCANNER)
    tip = to_implant(_places(threads, "tip_mm"), frame=SCANNER)
    along = (tip - entry) / np.maximum(np.linalg.norm(tip - entry, axis=1, keepdims=True), 1e-12)
    index = np.rint(obstacles.row_column_of(entry[:, :2])).astype(int)
    within = np.all((index >= 0) & (index < obstacles.outside.shape), axis=1)
    at = tuple(np.where(within[:, None], index, 0).T)
    nearest = np.rint(np.where(within[:, None], index, 0) / ground.site_pixels).astype(int)
    site = tuple(np.minimum(nearest, np.array(ground.value.shape) - 1).T)
    vessel, sulcus = (
        clearance_map(mask, obstacles.pixel_mm)[at] if threads else np.zeros(0)
        for mask in (obstacles.vessel, obstacles.sulcus)
    )
    return Held(
        threads=threads,
        sites=Candidates(
            entry_mm=entry,
            inward=along,
            value=np.where(within, ground.value[site], 0.0).astype(np.float64),
            hit_chance=hit_map(obstacles, margin)[at] if threads else np.zeros(0),
            vessel_mm=vessel,
            sulcus_mm=sulcus,
            depth_mm=np.linalg.norm(tip - entry, axis=1),
            refused={},
            **{name: getattr(ground, name)[site].astype(np.float64) for name in _OF_GROUND},
        ),
        is_open=within & ~obstacles.outside[at],
    )


def _places(threads: tuple[Thread, ...], name: str) -> AnyArray:
    return np.array([getattr(thread, name) for thread in threads], dtype=np.float64).reshape(-1, 3)


def room_beside(
    sites: Candidates, kept: Held, anchors_mm: AnyArray, spacing_mm: float, settings: Settings
) -> Candidates:
    """Leave out the sites too near a locked thread, or under its line to the anchor.

    Parameters
    ----------
    sites
        Candidates.
    kept
        Locked threads.
    anchors_mm
        Every anchor, shape (anchor, 3).
    spacing_mm
        Smallest distance between two entries.
    settings
        Room a needle needs beside a laid thread.

    Returns
    -------
    Candidates
        With how many sites the locked threads refuse.
    """
    if not kept.threads or len(sites.value) == 0:
        return sites
    entry = kept.sites.xy_mm
    start = anchors_mm[[thread.anchor for thread in kept.threads], :2]
    near = cdist(sites.xy_mm, entry).min(axis=1) < spacing_mm - _ROUNDING_MM
    under = distance_to_segments(sites.xy_mm, start, entry).min(axis=1) < settings.berth_um / UM_PER_MM
    refused = sites.refused | {"locked threads": int((near | under).sum())}
    return replace(sites.only(~(near | under)), refused=refused)


def with_held(kept: Held, sites: Candidates) -> Candidates:
    """Put the locked threads' sites before the others."""
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(kept.sites, name), getattr(sites, name)]) for name in BY_SITE
    }
    return replace(sites, **joined)


def as_they_were(threads: tuple[Thread, ...], kept: Held) -> tuple[Thread, ...]:
    """Give locked threads back their own places, which rounding must not move."""
    mine = {thread.number: thread for thread in kept.threads}
    return tuple(
        mine[thread.number].model_copy(
            update={
                "order": thread.order,
                "clearance_um": thread.clearance_um,
                "margin_um": thread.margin_um,
                "value": thread.value,
                "hit_probability": thread.hit_probability,
            }
        )
        if thread.number in mine
        else thread
        for thread in threads
    )


def findings(kept: Held, margin: Margins, device: Device) -> Iterator[Finding]:
    """Say which locked threads break a limit: they stay, and the plan must not be carried out with them."""
    sites = kept.sites
    spacing_mm = device.threads.spacing_um.value / UM_PER_MM
    for word, broken in (
        ("where no thread may go or nothing can be judged", ~kept.is_open),
        ("nearer to a vessel than the margin", sites.vessel_mm < margin.vessel_mm - _ROUNDING_MM),
        ("nearer to a sulcus than the margin", sites.sulcus_mm < margin.sulcus_mm - _ROUNDING_MM),
        ("nearer to another locked thread than the spacing", _crowded(sites.xy_mm, spacing_mm)),
    ):
        numbers = [thread.number for thread, is_so in zip(kept.threads, broken, strict=True) if is_so]
        if numbers:
            yield Finding(
                code="LOCK_BREAKS_LIMIT",
                severity=Severity.BLOCK,
                message=f"Locked threads {', '.join(map(str, numbers))} lie {word}. They were kept as asked.",
                value=len(numbers),
                limit=0,
                unit="1",
            )


def _crowded(xy_mm: AnyArray, spacing_mm: float) -> AnyArray:
    if len(xy_mm) < 2 or pdist(xy_mm).min() >= spacing_mm - _ROUNDING_MM:
        return np.zeros(len(xy_mm), dtype=bool)
    gap = cdist(xy_mm, xy_mm)
    np.fill_diagonal(gap, np.inf)
    return gap.min(axis=1) < spacing_mm - _ROUNDING_MM
