# SPDX-License-Identifier: Apache-2.0
"""Sweep the limits of the plan that stands; nothing of the case is changed."""

from __future__ import annotations

from collections.abc import Mapping

from trephine.case.records import ground as ground_record
from trephine.core.progress import Progress, silent
from trephine.model.what_if import Knob, WhatIf
from trephine.pipeline import inputs
from trephine.pipeline.step import Workspace


def swept(
    workspace: Workspace, wanted: Mapping[Knob, tuple[float, ...]] | None, *, progress: Progress = silent
) -> WhatIf:
    """Plan again with one limit after another changed, on the maps of the plan that stands.

    Parameters
    ----------
    workspace
        A case whose placement has finished.
    wanted
        Values to try of each limit; by default shares of the plan's own.
    progress
        Told before every plan.

    Raises
    ------
    InputError
        If there is no plan yet.
    ConfigError
        If a value is out of range.
    NumericalError
        If a solver fails.
    """
    from trephine.stages.placement.settings import Settings
    from trephine.stages.placement.solve import Means
    from trephine.stages.placement.what_if import what_if

    own = inputs.plan(workspace)
    means = Means(
        device=inputs.device(workspace),
        robot=inputs.robot(workspace),
        limits=inputs.limits(workspace),
        settings=Settings.model_validate(own.settings),
    )
    maps = (ground_record.read(workspace.case), inputs.obstacles(workspace), own.vessels_from)
    view = inputs.live_view(workspace) if own.vessels_from == "live view" else None
    return what_if(maps, view, means, wanted=wanted, progress=progress)
