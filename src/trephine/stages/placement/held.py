# SPDX-License-Identifier: Apache-2.0
"""Threads that stay at their place, and what room they leave for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from trephine.core.arrays import AnyArray
from trephine.core.findings import Finding, Severity
from trephine.core.frames import SCANNER, Affine
from trephine.core.units import UM_PER_MM
from trephine.kernels.geometry.clearance import clearance_map
from trephine.kernels.geometry.segments import crossing_pairs, distance_to_segments
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


def findings(
    kept: Held, made: tuple[Thread, ...], pose: Affine, margin: Margins, device: Device
) -> Iterator[Finding]:
    """Say which locked threads break a limit and by how much, and which to release.

    Parameters
    ----------
    kept
        Locked threads on the present map: they stay, and the plan must not be carried out with broken ones.
    made
        Every thread of the plan.
    pose
        ``scanner_from_implant``.
    margin, device
        The limits.

    Yields
    ------
    Finding
        BLOCK for each limit that is broken; then one WARN with the locks to release, if there are any.
    """
    sites = kept.sites
    spacing_mm = device.threads.spacing_um.value / UM_PER_MM
    broken: set[int] = set()
    for word, short_mm in (
        ("where no thread may go or nothing can be judged", np.where(kept.is_open, 0.0, np.inf)),
        ("nearer to a vessel than the margin", margin.vessel_mm - sites.vessel_mm),
        ("nearer to a sulcus than the margin", margin.sulcus_mm - sites.sulcus_mm),
        ("nearer to another locked thread than the spacing", spacing_mm - _nearest(sites.xy_mm)),
    ):
        short = {t.number: s for t, s in zip(kept.threads, short_mm, strict=True) if s > _ROUNDING_MM}
        broken |= set(short)
        if short:
            named = ", ".join(_by_how_much(number, float(mm)) for number, mm in short.items())
            yield Finding(
                code="LOCK_BREAKS_LIMIT",
                severity=Severity.BLOCK,
                message=f"Locked threads {named} lie {word}. They were kept as asked.",
                value=len(short),
                limit=0,
                unit="1",
            )
    crossing = _in_the_way(made, {thread.number for thread in kept.threads}, pose)
    if broken or crossing:
        yield _to_release(kept, broken, crossing)


def _by_how_much(number: int, short_mm: float) -> str:
    """Name a thread, and how much it lacks where that is a length."""
    return f"{number} (by {short_mm * UM_PER_MM:.0f} um)" if np.isfinite(short_mm) else f"{number}"


def _in_the_way(made: tuple[Thread, ...], locked: set[int], pose: Affine) -> set[int]:
    """Return the fewest locked threads, one after another, whose release leaves no crossing with a lock."""
    back = pose.inverse()
    start, end = (back(_places(made, name), frame=SCANNER)[:, :2] for name in ("anchor_mm", "entry_mm"))
    pairs = [{made[i].number, made[j].number} & locked for i, j in crossing_pairs(start, end)]
    left = [pair for pair in pairs if pair]
    found: set[int] = set()
    while left:
        worst = max(sorted(locked), key=lambda number: sum(number in pair for pair in left))
        found.add(worst)
        left = [pair for pair in left if worst not in pair]
    return found


def _to_release(kept: Held, broken: set[int], crossing: set[int]) -> Finding:
    go = broken | crossing
    stay = [str(thread.number) for thread in kept.threads if thread.number not in go]
    why = [
        f"{', '.join(map(str, sorted(numbers)))} ({reason})"
        for numbers, reason in (
            (broken, "they break a limit"),
            (crossing - broken, "other threads cross them"),
        )
        if numbers
    ]
    again = f"plan again with --lock {','.join(stay)}" if stay else "plan again without --lock"
    return Finding(
        code="LOCKS_TO_RELEASE",
        severity=Severity.WARN,
        message=f"Release locked threads {'; '.join(why)}: {again}.",
        value=len(go),
        limit=0,
        unit="1",
    )


def _nearest(xy_mm: AnyArray) -> AnyArray:
    """Return how far each place is from the nearest other one, shape (place,)."""
    gap = cdist(xy_mm, xy_mm)
    np.fill_diagonal(gap, np.inf)
    return gap.min(axis=1, initial=np.inf)
