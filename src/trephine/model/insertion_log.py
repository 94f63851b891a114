# SPDX-License-Identifier: Apache-2.0
"""What happened, in simulation, when the robot inserted the threads."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.model.opening import Position


class Attempt(BaseModel):
    """One try at one thread, simulated; positions in ``scanner``.

    Parameters
    ----------
    thread
        Number in the plan.
    attempt
        From 1.
    start_s, duration_s
        On the robot's clock.
    planned_entry_mm, reached_entry_mm
        Where it was to pierce the pia, and where it did on the resting brain.
    planned_tip_mm, reached_tip_mm
        Likewise for the tip; equal to the entry when nothing was inserted.
    lateral_error_um, depth_error_um
        Across and along the planned axis (positive is too deep).
    clearance_um
        From the reached entry to the nearest known vessel wall; absent when no vessels are known.
    result
        What came of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thread: int
    attempt: int
    start_s: float
    duration_s: float
    planned_entry_mm: Position
    reached_entry_mm: Position
    planned_tip_mm: Position
    reached_tip_mm: Position
    lateral_error_um: float
    depth_error_um: float
    clearance_um: float | None
    result: Literal["inserted", "not picked", "not released", "held: brain moving", "held: vessel too near"]


class ErrorSource(BaseModel):
    """One source of error with the size that was used.

    Parameters
    ----------
    name
        For people.
    sd_um
        Standard deviation of one axis.
    source
        Citation key or ``assumed``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sd_um: float
    source: str


class ExpectedFigure(BaseModel):
    """One figure over many rehearsed surgeries, each with its own draw of every error.

    Parameters
    ----------
    name
        Such as ``mean_lateral_error`` or ``vessel_hits``.
    unit
        Unit of the three numbers; ``1`` for a count or share.
    mean, low, high
        Mean over surgeries, and the interval that holds 95 % of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    unit: str
    mean: float
    low: float
    high: float


class InsertionLog(BaseModel):
    """A rehearsal of every thread.

    Parameters
    ----------
    schema_version
        Version of this layout.
    is_simulated
        Always true here: no real robot was driven.
    robot
        Name of the robot.
    seed
        Of the simulated motion and errors.
    attempts
        Every try in order of time.
    error_sources
        What was drawn from.
    threads_planned, threads_inserted
        Counts.
    vessel_hits
        Piercings, inserted or not released, whose needle met a known vessel; absent when none are known.
    total_time_s
        From first pick to last check.
    surgeries
        How many whole surgeries ``expected`` was rehearsed over.
    expected
        What to expect of a surgery like this one, with its spread.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    is_simulated: Literal[True] = True
    robot: str
    seed: int
    attempts: tuple[Attempt, ...]
    error_sources: tuple[ErrorSource, ...]
    threads_planned: int
    threads_inserted: int
    vessel_hits: int | None
    total_time_s: float
    surgeries: int = 0
    expected: tuple[ExpectedFigure, ...] = ()
