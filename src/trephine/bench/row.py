# SPDX-License-Identifier: Apache-2.0
"""One measurement beside a peer's."""

from __future__ import annotations

import os
import platform
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

import trephine


class Machine(BaseModel):
    """What the figures were measured on.

    Parameters
    ----------
    processor, system, python
        As the operating system names them.
    core_count
        Cores this process may use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    processor: str
    system: str
    python: str
    core_count: int

    @classmethod
    def this(cls) -> Machine:
        """Describe the machine this runs on."""
        return cls(
            processor=platform.processor() or platform.machine(),
            system=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            core_count=len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1,
        )


class Row(BaseModel):
    """One figure of ours beside a peer's on the same work.

    Parameters
    ----------
    work
        What was done, exactly enough to do it again.
    figure
        What was measured, such as ``time`` or ``objective``.
    unit
        Unit of both figures.
    better
        Which direction is better.
    ours, peer
        The figures; medians where ``repeat_count`` is above one. ``peer`` is absent where nobody else does
        the work.
    peer_name, peer_version
        Who the peer is.
    repeat_count
        Repeats behind each figure.
    note
        What a reader must know before quoting it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    work: str
    figure: str
    unit: str
    better: Literal["lower", "higher"]
    ours: float
    peer: float | None
    peer_name: str | None
    peer_version: str | None
    repeat_count: int = 1
    note: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ratio(self) -> float | None:
        """Ours over the peer's; absent without a peer."""
        return None if self.peer is None or self.peer == 0 else self.ours / self.peer


class Result(BaseModel):
    """Every row of one benchmark.

    Parameters
    ----------
    schema_version
        Version of this layout.
    name
        Of the benchmark.
    version
        Of trephine.
    machine
        What it ran on.
    rows
        The measurements.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    name: str
    version: str = trephine.__version__
    machine: Machine
    rows: tuple[Row, ...]
