# SPDX-License-Identifier: Apache-2.0
"""What is asked of a run, what it tells while it goes on, and what it ends with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from trephine.core.findings import Finding

Kind = Literal["fresh", "started", "progress", "finished", "would run"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened during a run.

    Parameters
    ----------
    stage
        Where.
    kind
        What: it was ``fresh``, ``started``, made ``progress``, ``finished``, or ``would run``.
    label
        Reason or current step, for people.
    done, total
        Steps of this stage.
    """

    stage: str
    kind: Kind
    label: str
    done: int = 0
    total: int = 0


Tell = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to run.

    Parameters
    ----------
    first
        Run this stage and every later one anew, even when fresh.
    last
        Stop after this stage.
    is_dry
        Only say what would be run.
    """

    first: str | None = None
    last: str | None = None
    is_dry: bool = False


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """What became of one stage.

    Parameters
    ----------
    stage
        Its name.
    done
        ``fresh``, ``finished`` or ``would run``.
    reason
        Why.
    findings
        What stands in its receipt.
    duration_s
        Time it took in this run.
    """

    stage: str
    done: Kind
    reason: str
    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What became of a run.

    Parameters
    ----------
    run
        Its name under ``log/``; absent for a dry one.
    stages
        One result a stage, in order.
    """

    run: str | None
    stages: tuple[StageResult, ...]
