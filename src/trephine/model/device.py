# SPDX-License-Identifier: Apache-2.0
"""Implants and robots as data, every number sourced."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from trephine.core.arrays import AnyArray
from trephine.core.sourced import Sourced
from trephine.core.units import UM_PER_MM


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(_Part):
    """The implant's body: a disc, or a square plate for a rigid array."""

    shape: Literal["disc", "square"]
    width_mm: Sourced
    thickness_mm: Sourced
    bump_mm: Sourced
    """Height allowed above the outer table."""


class Threads(_Part):
    """The threads or shanks of one implant."""

    kind: Literal["flexible", "rigid"]
    thread_count: Sourced
    electrode_count: Sourced
    """Electrodes on one thread."""
    electrode_pitch_um: Sourced
    tip_to_first_electrode_um: Sourced
    width_um: Sourced
    thickness_um: Sourced
    length_mm: Sourced
    """Free length from anchor to tip."""
    insertion_depth_mm: Sourced
    """Depth of the tip below the pia that is aimed at."""
    spacing_um: Sourced
    """Smallest distance between neighbouring threads on the cortex."""


class Anchors(_Part):
    """Where threads leave the implant: a ring on its foot."""

    ring_radius_mm: Sourced
    height_mm: Sourced
    """Of the ring above the foot (positive outward)."""


class Device(_Part):
    """One implant.

    Parameters
    ----------
    schema_version
        Version of this layout.
    name, description
        For people.
    body, threads, anchors
        Its parts.
    """

    schema_version: Literal[1] = 1
    name: str
    description: str
    body: Body
    threads: Threads
    anchors: Anchors

    def electrode_offsets_mm(self) -> AnyArray:
        """Return how far above a thread's tip every electrode is, from the tip up, shape (electrode,)."""
        pitch = self.threads.electrode_pitch_um.value / UM_PER_MM
        first = self.threads.tip_to_first_electrode_um.value / UM_PER_MM
        return first + np.arange(int(self.threads.electrode_count.value)) * pitch


class Robot(_Part):
    """One insertion robot, with its error sources as standard deviations of one axis.

    Parameters
    ----------
    schema_version
        Version of this layout.
    name, description
        For people.
    """

    schema_version: Literal[1] = 1
    name: str
    description: str
    needle_diameter_um: Sourced
    stage_error_um: Sourced
    """Position of needle tip against command."""
    vision_error_um: Sourced
    """Locating a site and the surface in the live image."""
    registration_error_um: Sourced
    """Between live image and robot base."""
    latency_s: Sourced
    """From image to motion."""
    tracking_residual_fraction: Sourced
    """Share of brain motion left after prediction."""
    thread_time_s: Sourced
    """One pick, insertion and check."""
    pick_success_fraction: Sourced
    release_success_fraction: Sourced
    tilt_limit_rad: Sourced
    travel_mm_per_s: Sourced
