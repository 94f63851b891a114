# SPDX-License-Identifier: Apache-2.0
"""Plan again with one limit after another changed: yield against risk against time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import get_args

from trephine.core.errors import ConfigError
from trephine.core.progress import Progress, silent
from trephine.core.units import UM_PER_MM
from trephine.model.ground import Ground
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles
from trephine.model.what_if import Knob, WhatIf, WhatIfPoint, point_of
from trephine.stages.placement.choosing import asked_count
from trephine.stages.placement.margins import margins
from trephine.stages.placement.obstacle_map import Origin
from trephine.stages.placement.solve import Means, Scene, plan_on

SHARES: Mapping[Knob, tuple[float, ...]] = MappingProxyType(
    {
        "hit_limit": (0.1, 0.3, 1.0, 3.0, 10.0),
        "bleed_limit": (0.1, 0.3, 1.0, 3.0),
        "threads": (0.25, 0.5, 0.75, 1.0),
        "spacing": (0.8, 0.9, 1.0, 1.25, 1.5),
    }
)
"""Values tried of each limit, as shares of the plan's own."""
_UNITS: Mapping[Knob, str] = MappingProxyType(
    {"hit_limit": "1", "bleed_limit": "1", "threads": "1", "spacing": "um"}
)
_LARGEST_CHANCE = 0.49


def what_if(
    maps: tuple[Ground, Obstacles, Origin],
    view: LiveView | None,
    means: Means,
    *,
    wanted: Mapping[Knob, tuple[float, ...]] | None = None,
    progress: Progress = silent,
) -> WhatIf:
    """Make one plan for every value of every limit, the others as they are.

    Parameters
    ----------
    maps
        Ground and obstacles of the plan that stands, and what its vessels come from.
    view
        The live view of that plan, where it has one.
    means
        Device, robot, limits and settings of that plan.
    wanted
        Values to try of each limit: fractions, threads, or um; by default shares of the plan's own.
    progress
        Told before every plan.

    Returns
    -------
    WhatIf
        Figures of every plan, each with its proven bound.

    Raises
    ------
    ConfigError
        If a value is out of range.
    NumericalError
        If a solver fails.
    """
    asked = wanted or {knob: tuple(_own(knob, means) * share for share in SHARES[knob]) for knob in SHARES}
    tried = [
        (knob, value)
        for knob, values in asked.items()
        for value in sorted({_fit(knob, one, means) for one in values})
    ]
    points, standing = [], None
    for place, (knob, value) in enumerate(tried):
        progress(place, len(tried), f"what if {knob} were {value:g}")
        is_own = abs(value - _own(knob, means)) <= 1e-9 * _own(knob, means)
        if is_own and standing is not None:
            made = standing.model_copy(update={"knob": knob, "limit": value, "unit": _UNITS[knob]})
        else:
            made = _point(maps, view, _changed(knob, value, means), (knob, value, _UNITS[knob], is_own))
        standing = made if is_own else standing
        points.append(made)
    progress(len(tried), len(tried), "what if")
    return WhatIf(objective_kind=means.settings.solver.objective, vessels_from=maps[2], points=tuple(points))


def _point(
    maps: tuple[Ground, Obstacles, Origin],
    view: LiveView | None,
    means: Means,
    at: tuple[Knob, float, str, bool],
) -> WhatIfPoint:
    ground, obstacles, origin = maps
    margin = margins(means.robot, means.settings, live_view=view, before=ground.before)
    scene = Scene(ground=ground, obstacles=obstacles, origin=origin, margin=margin)
    plan = plan_on(scene, means, progress=silent, is_explained=False).value.plan
    return point_of(plan, at, margin.vessel_mm * UM_PER_MM)


def _own(knob: Knob, means: Means) -> float:
    """Return the limit's value in the plan that stands."""
    settings, threads = means.settings, means.device.threads
    return {
        "hit_limit": settings.hit_limit_fraction,
        "bleed_limit": settings.bleed_limit_fraction,
        "threads": float(asked_count(means.device, settings)),
        "spacing": threads.spacing_um.value,
    }[knob]


def _fit(knob: Knob, value: float, means: Means) -> float:
    """Round a count, and refuse what cannot be."""
    most = {"threads": means.device.threads.thread_count.value, "spacing": float("inf")}.get(
        knob, _LARGEST_CHANCE
    )
    given = float(round(value)) if knob == "threads" else value
    if 0 < given <= most:
        return given
    raise ConfigError.because(
        where=f"what-if, {knob}",
        found=f"{value:g}",
        expected=f"more than 0 and at most {most:g} {_UNITS[knob]}".removesuffix(" 1"),
        remedy=f"Give other values; the limits that can be changed are {', '.join(get_args(Knob))}.",
    )


def _changed(knob: Knob, value: float, means: Means) -> Means:
    """Return the means with one limit changed. The order is not proven: its time is told all the same."""
    settings, device = means.settings, means.device
    quick = settings.order.model_copy(update={"rounds": 0})
    settings = settings.model_copy(update={"order": quick, "spare_count": 0})
    if knob in ("hit_limit", "bleed_limit"):
        return replace(means, settings=settings.model_copy(update={f"{knob}_fraction": value}))
    if knob == "threads":
        return replace(means, settings=settings.model_copy(update={"thread_limit": round(value)}))
    spacing = device.threads.spacing_um.model_copy(update={"value": value})
    threads = device.threads.model_copy(update={"spacing_um": spacing})
    return replace(means, settings=settings, device=device.model_copy(update={"threads": threads}))
