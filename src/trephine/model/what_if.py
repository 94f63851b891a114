# SPDX-License-Identifier: Apache-2.0
"""What a plan would give, risk and take under other limits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.model.thread_plan import Bleeding, ThreadPlan

Knob = Literal["hit_limit", "bleed_limit", "threads", "spacing"]


class WhatIfPoint(BaseModel):
    """One plan with one limit changed, all others as in the plan that stands.

    Parameters
    ----------
    knob
        Which limit: the accepted chance of a hit by one thread, that of any hit by the array, how many
        threads, or their spacing.
    limit, unit
        Its value; chances as fractions.
    is_standing
        Whether this is the value of the plan that stands.
    margin_um
        From a needle's centre line to a vessel's wall.
    threads_asked, threads_placed, threads_bound
        Wanted, placed, and at most possible as far as is proven.
    objective, bound, gap_fraction
        What the plan has of its objective, the proven upper bound on it, and (bound - objective) / bound.
    value
        Functional value of all threads.
    covered_fraction, kept_fraction
        Share of the hand map in reach, and expected to stay in reach under the planned losses.
    bleeding
        Hits of known vessels to expect; absent where no vessels are known.
    work_time_s
        Robot's time, nothing repeated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    knob: Knob
    limit: float
    unit: str
    is_standing: bool
    margin_um: float
    threads_asked: int
    threads_placed: int
    threads_bound: int
    objective: float
    bound: float
    gap_fraction: float
    value: float
    covered_fraction: float
    kept_fraction: float
    bleeding: Bleeding | None
    work_time_s: float


class WhatIf(BaseModel):
    """A sweep of limits, each point a whole plan with its proven bound.

    Parameters
    ----------
    schema_version
        Version of this layout.
    objective_kind
        What every plan was made for.
    vessels_from
        What the vessels come from.
    points
        By knob, each knob's from the strictest up.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    objective_kind: Literal["value", "coverage", "retraction"]
    vessels_from: Literal["live view", "angiogram", "nothing"]
    points: tuple[WhatIfPoint, ...]


def point_of(plan: ThreadPlan, at: tuple[Knob, float, str, bool], margin_um: float) -> WhatIfPoint:
    """Read the figures of one plan.

    Parameters
    ----------
    plan
        As it was made.
    at
        Knob, its value and unit, and whether it is that of the plan that stands.
    margin_um
        That it keeps from vessels.
    """
    knob, limit, unit, is_standing = at
    reach = plan.map_reach
    return WhatIfPoint(
        knob=knob,
        limit=limit,
        unit=unit,
        is_standing=is_standing,
        margin_um=margin_um,
        threads_asked=plan.threads_asked,
        threads_placed=len(plan.threads),
        threads_bound=plan.threads_asked if plan.threads_bound is None else plan.threads_bound,
        objective=plan.objective,
        bound=plan.objective if plan.bound is None else plan.bound,
        gap_fraction=plan.gap_fraction or 0.0,
        value=sum(thread.value for thread in plan.threads),
        covered_fraction=reach.covered_fraction if reach else 0.0,
        kept_fraction=reach.kept_fraction if reach else 0.0,
        bleeding=plan.bleeding,
        work_time_s=plan.work_time_s,
    )
