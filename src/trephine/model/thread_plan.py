# SPDX-License-Identifier: Apache-2.0
"""Where every thread goes, from which anchor, in which order."""

from __future__ import annotations

from typing import Any, Literal

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
        Chance that one piercing meets a known vessel under the stated errors, from the whole map of vessels;
        absent when no vessels are known.
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


class Spare(BaseModel):
    """A site in reserve, in ``scanner``.

    Parameters
    ----------
    entry_mm, tip_mm
        Where a thread would pierce the pia, and end.
    value
        Functional value of a thread there, 0 to 1.
    hit_probability
        Chance that one piercing meets a known vessel; absent when no vessels are known.
    for_threads
        Numbers of the threads that can go there at their turn, one of them at a time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry_mm: Position
    tip_mm: Position
    value: float
    hit_probability: float | None
    for_threads: tuple[int, ...]


class Bleeding(BaseModel):
    """Hits of known vessels to expect over the whole array.

    Parameters
    ----------
    limit_fraction
        Accepted chance of any hit by first piercings, were they independent.
    budget, spent
        That chance as a sum over threads: -ln(1 - limit), and what the plan takes of it,
        the sum of -ln(1 - hit probability).
    piercings
        Piercings to expect of one thread, counting those repeated after a failed release.
    mean, low, high
        Hits to expect, and the interval that holds 95 % of arrays: errors shared by all threads make them
        come together.
    any_probability
        Chance of at least one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit_fraction: float
    budget: float
    spent: float
    piercings: float
    mean: float
    low: int
    high: int
    any_probability: float


class ElectrodeYield(BaseModel):
    """Where the electrodes of the whole array are expected to end.

    Parameters
    ----------
    electrodes
        Of all threads.
    grey, grey_low, grey_high
        Those expected in grey matter, with the interval in which every thickness is wrong the same way;
        without an interval where no surface tells the thickness.
    layer5, layer5_low, layer5_high
        Those expected in layer V, likewise; absent where no surface tells the thickness.
    threads_with_thickness
        Threads at which the thickness is known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    electrodes: int
    grey: float
    grey_low: float | None = None
    grey_high: float | None = None
    layer5: float | None = None
    layer5_low: float | None = None
    layer5_high: float | None = None
    threads_with_thickness: int = 0


class MapReach(BaseModel):
    """How much of the hand map over the durectomy the array reaches, as shares of its weight.

    Parameters
    ----------
    reach_mm
        Cortex this near an entry counts as reached.
    covered_fraction
        Reached with every thread in place.
    loss_fraction, block_fraction
        Planned chance that a thread is lost on its own, and that all of one place are lost together.
    kept_fraction, kept_low_fraction, kept_high_fraction
        Expected to stay in reach under these losses, and the interval that holds 95 % of drawn losses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reach_mm: float
    covered_fraction: float
    loss_fraction: float
    block_fraction: float
    kept_fraction: float
    kept_low_fraction: float
    kept_high_fraction: float


class Provenance(BaseModel):
    """What a plan was made from and by.

    Parameters
    ----------
    version, stage_version
        Of trephine and of its placement.
    settings_sha256
        Of all settings in use.
    inputs
        Name of each input to its hash: results of earlier stages, live view, device, robot, limits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    stage_version: str
    settings_sha256: str
    inputs: dict[str, str]


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
    threads_bound
        How many at most fit, as far as is proven.
    objective_kind
        What the sites were chosen for: the sum of the threads' values, the share of the hand map in reach, or
        the share expected to stay in reach.
    objective, bound
        What the plan has of it, and a proven upper bound on that; no bound is known of a plan made elsewhere.
    gap_fraction
        (bound - objective) / bound, where it is known.
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
    travel_mm, travel_bound_mm
        Way of the robot from anchor to entry and on to the next anchor, starting over the implant's middle,
        and the proven least way of any order that never works under a laid thread.
    work_time_s
        Robot's time for one insertion a thread, without waiting for the brain and without tries repeated.
    bleeding
        Hits to expect over the array; absent when no vessels are known.
    electrode_yield
        Electrodes expected in grey matter and in layer V.
    map_reach
        How much of the hand map the array reaches, and keeps when threads are lost.
    thread_width_um
        Widest width of a thread.
    spares
        Sites in reserve, best first.
    settings
        Settings of placement that it was made with, the seed of the order's search among them.
    made_from
        Hashes of its inputs; absent until it is written into a case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = 2
    frame: Literal["scanner"] = "scanner"
    device: str
    vessels_from: Literal["live view", "angiogram", "nothing"]
    threads_asked: int
    threads: tuple[Thread, ...]
    threads_bound: int | None = None
    objective_kind: Literal["value", "coverage", "retraction"] = "value"
    objective: float
    bound: float | None
    gap_fraction: float | None
    solver_status: str
    candidate_count: int
    candidate_spacing_um: float
    spacing_um: float
    smallest_spacing_um: float | None
    smallest_clearance_um: float | None
    crossings: int
    under_laid: int
    travel_mm: float = 0.0
    travel_bound_mm: float = 0.0
    work_time_s: float = 0.0
    bleeding: Bleeding | None = None
    electrode_yield: ElectrodeYield | None = None
    map_reach: MapReach | None = None
    thread_width_um: float | None = None
    spares: tuple[Spare, ...] = ()
    settings: dict[str, Any] = {}
    made_from: Provenance | None = None


def electrode_name(thread: Thread, index: int) -> str:
    """Return the one name of an electrode, from plan to decoder: thread and place from the tip up, from 1."""
    return f"t{thread.number:02d}e{index:02d}"
