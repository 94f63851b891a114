# SPDX-License-Identifier: Apache-2.0
"""Two plans side by side: what each gives, risks and takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from trephine.core.units import UM_PER_MM
from trephine.model.thread_plan import ThreadPlan

_SAME_SITE_MM = 0.05
"""Entries nearer than this count as the same site: less than the robot's own error twice over."""
_HARDLY = 0.005
"""Differences below this share are called none."""
_Figure = Callable[[ThreadPlan], float | None]


class ComparedFigure(BaseModel):
    """One figure of both plans.

    Parameters
    ----------
    name, label
        For programs and for people.
    kind
        What it speaks of.
    unit
        Of both.
    better
        Which direction is better, if one is.
    values
        The figure of each plan; absent where a plan does not tell.
    winner
        Which plan is better in this figure by more than half a percent, if one is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    label: str
    kind: str
    unit: str
    better: str
    values: tuple[float | None, float | None]
    winner: Literal["", "first", "second"] = ""


class PlanComparison(BaseModel):
    """Two plans side by side.

    Parameters
    ----------
    schema_version
        Version of this layout.
    names
        What the plans are called.
    figures
        Yield, risk and time.
    shared_sites
        Threads of the first plan that have one of the second at the same site.
    words
        The trade in plain sentences.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    names: tuple[str, str]
    figures: tuple[ComparedFigure, ...]
    shared_sites: int
    words: tuple[str, ...]


def _least(plan: ThreadPlan) -> float | None:
    spare = [one.clearance_um - one.margin_um for one in plan.threads if one.clearance_um is not None]
    return min(spare, default=None)


def _of_yield(name: str) -> _Figure:
    return lambda plan: None if plan.electrode_yield is None else getattr(plan.electrode_yield, name)


def _of_reach(name: str) -> _Figure:
    return lambda plan: None if plan.map_reach is None else getattr(plan.map_reach, name)


def _of_bleeding(name: str) -> _Figure:
    return lambda plan: None if plan.bleeding is None else getattr(plan.bleeding, name)


_FIGURES: tuple[tuple[str, str, str, str, str, _Figure], ...] = (
    ("threads", "Threads placed", "yield", "1", "higher", lambda p: len(p.threads)),
    ("value", "Functional value, all threads", "yield", "1", "higher",
     lambda p: sum(one.value for one in p.threads)),
    ("gap", "Gap of the objective to its proven bound, as a share", "yield", "1", "",
     lambda p: p.gap_fraction),
    ("covered", "Share of the hand map in reach", "yield", "1", "higher",
     _of_reach("covered_fraction")),
    ("kept", "Share of the hand map kept under the planned losses", "yield", "1", "higher",
     _of_reach("kept_fraction")),
    ("grey", "Electrodes expected in grey matter", "yield", "1", "higher",
     _of_yield("grey")),
    ("layer5", "Electrodes expected in layer V", "yield", "1", "higher",
     _of_yield("layer5")),
    ("hits", "Hits of known vessels to expect", "risk", "1", "lower", _of_bleeding("mean")),
    ("any_hit", "Chance of any hit", "risk", "1", "lower", _of_bleeding("any_probability")),
    ("to_spare", "Least clearance beyond the margin", "risk", "um", "higher", _least),
    ("spacing", "Smallest distance between threads", "risk", "um", "", lambda p: p.smallest_spacing_um),
    ("crossings", "Crossing pairs", "risk", "1", "lower", lambda p: p.crossings),
    ("under_laid", "Insertions under a laid thread", "risk", "1", "lower", lambda p: p.under_laid),
    ("longest", "Longest thread needed", "risk", "mm", "lower",
     lambda p: max((one.length_needed_mm for one in p.threads), default=None)),
    ("way", "Way of the robot", "time", "mm", "lower", lambda p: p.travel_mm),
    ("time", "Robot's time, nothing repeated", "time", "s", "lower", lambda p: p.work_time_s),
)  # fmt: skip


def compared(first: ThreadPlan, second: ThreadPlan, names: tuple[str, str]) -> PlanComparison:
    """Put two plans side by side.

    Parameters
    ----------
    first, second
        In one frame.
    names
        What they are called.

    Returns
    -------
    PlanComparison
        Figures and sentences; nothing in it says which plan to take.
    """
    figures = tuple(
        ComparedFigure(
            name=name,
            label=label,
            kind=kind,
            unit=unit,
            better=better,
            values=values,
            winner=_winner(better, values),
        )
        for name, label, kind, unit, better, read in _FIGURES
        for values in [(read(first), read(second))]
    )
    shared = _shared(first, second)
    return PlanComparison(
        names=names, figures=figures, shared_sites=shared, words=_words(figures, names, shared, first, second)
    )


def _winner(better: str, values: tuple[float | None, float | None]) -> Literal["", "first", "second"]:
    one, other = values
    if not better or one is None or other is None or abs(other - one) <= _HARDLY * abs(one):
        return ""
    return "second" if (other > one) == (better == "higher") else "first"


def _shared(first: ThreadPlan, second: ThreadPlan) -> int:
    if not first.threads or not second.threads:
        return 0
    one, other = (np.array([thread.entry_mm for thread in plan.threads]) for plan in (first, second))
    gap = np.linalg.norm(one[:, None] - other[None], axis=2)
    return int((gap.min(axis=1) < _SAME_SITE_MM).sum())


def _words(
    figures: tuple[ComparedFigure, ...],
    names: tuple[str, str],
    shared: int,
    first: ThreadPlan,
    second: ThreadPlan,
) -> tuple[str, ...]:
    """Say the trade in plain sentences."""
    by = {figure.name: figure.values for figure in figures}
    one, other = names
    lines = [f"{shared} of the {len(first.threads)} sites of {one} are also in {other} (within "
             f"{_SAME_SITE_MM * UM_PER_MM:.0f} um)."]  # fmt: skip
    lines.append(_sentence(other, by["threads"], "threads", 0))
    lines.append(_sentence(other, by["value"], "functional value", 1))
    hits = by["any_hit"]
    if hits[0] is None or hits[1] is None:
        lines.append("The chance of a hit is not known for both: no vessels are known.")
    else:
        lines.append(f"The chance of meeting a known vessel is {_percent(hits[0])} in {one} and "
                     f"{_percent(hits[1])} in {other}.")  # fmt: skip
    if "angiogram" in (first.vessels_from, second.vessels_from):
        lines.append("An angiogram shows few of the vessels a thread can meet: its risks are too small.")
    times = [(seconds or 0) / 60 for seconds in by["time"]]
    lines.append(f"The robot works {times[0]:.1f} min on {one} and {times[1]:.1f} min on {other}.")
    if first.vessels_from != second.vessels_from:
        lines.append(f"Careful: vessels come from {first.vessels_from} in {one} but from "
                     f"{second.vessels_from} in {other}; their risks cannot be compared.")  # fmt: skip
    return tuple(lines)


def _sentence(other: str, values: tuple[float | None, float | None], what: str, digits: int) -> str:
    before, after = ((value or 0.0) for value in values)
    change = after - before
    if abs(change) <= _HARDLY * max(abs(before), 1e-9):
        return f"{other} has hardly any change of {what} ({before:.{digits}f} and {after:.{digits}f})."
    share = f", {100 * change / before:+.1f} %" if before else ""
    more = "more" if change > 0 else "less"
    ends = f"{before:.{digits}f} to {after:.{digits}f}{share}"
    return f"{other} has {abs(change):.{digits}f} {more} {what} ({ends})."


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
