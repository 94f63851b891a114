# SPDX-License-Identifier: Apache-2.0
"""Where every thread goes, from which anchor, in which order."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.model.opening import Position


class Thread(BaseModel):
    """One planned thread, positions in ``scanner``.

    Parameters
    ----------
    number
        1-based name of the thread, the same from plan to decoder.
    anchor
        Index of its anchor on the implant, from 0.
    order
        When the robot inserts it, from 1.
    anchor_mm, entry_mm, tip_mm
        Where it leaves the implant, pierces the pia, and ends.
    electrodes_mm
        Electrode centres from tip to surface.
    clearance_um
        Distance from the entry's centre line, on the cortex, to what has the least to spare of vessel walls
        and sulcus edges; absent when nothing to avoid is known within the opening.
    margin_um
        Distance that was required from it.
    value
        Functional value of its electrodes, 0 to 1.
    hit_probability
        Chance of meeting a known vessel under the stated errors; absent when no vessels are known.
    length_needed_mm
        From anchor to tip with slack for brain motion and settling.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    anchor: int
    order: int
    anchor_mm: Position
    entry_mm: Position
    tip_mm: Position
    electrodes_mm: tuple[Position, ...]
    clearance_um: float | None
    margin_um: float
    value: float
    hit_probability: float | None
    length_needed_mm: float


class ThreadPlan(BaseModel):
    """Every thread of one implant.

    Parameters
    ----------
    schema_version
        Version of this layout.
    frame
        Frame of every position.
    device
        Name of the device planned for.
    vessels_from
        What the vessels come from: the live view, an angiogram, or nothing.
    threads_asked
        How many the device has.
    threads
        Those placed, by number.
    objective, bound
        Sum of the threads' scores and the solver's proven upper bound on it.
    gap_fraction
        (bound - objective) / bound.
    solver_status
        The solver's own word.
    candidate_count
        Sites that passed every limit.
    candidate_spacing_um
        Pitch of the grid of sites.
    spacing_um
        Smallest distance between two entries asked for.
    smallest_spacing_um, smallest_clearance_um
        What the plan reaches; clearance absent when nothing to avoid is known.
    crossings
        Pairs of threads that cross between anchor and entry, seen along the implant's axis.
    under_laid
        Insertions that would have to pass beneath a thread already laid.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    frame: Literal["scanner"] = "scanner"
    device: str
    vessels_from: Literal["live view", "angiogram", "nothing"]
    threads_asked: int
    threads: tuple[Thread, ...]
    objective: float
    bound: float
    gap_fraction: float
    solver_status: str
    candidate_count: int
    candidate_spacing_um: float
    spacing_um: float
    smallest_spacing_um: float | None
    smallest_clearance_um: float | None
    crossings: int
    under_laid: int
