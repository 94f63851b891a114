# SPDX-License-Identifier: Apache-2.0
"""Read a plan that is not the case's own, and judge it on the case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from trephine.case.records import ground as ground_record
from trephine.core.errors import FormatError, InputError
from trephine.core.findings import Outcome
from trephine.formats.text import read_json_object
from trephine.formats.trajectories import read_trajectories
from trephine.model.thread_plan import ThreadPlan
from trephine.pipeline import inputs
from trephine.pipeline.step import Workspace
from trephine.stages.placement.settings import Settings

if TYPE_CHECKING:
    from trephine.stages.placement.foreign import Case
    from trephine.stages.placement.solve import Means

OWN = "case"
"""Names the plan of the case itself."""


def plan_named(workspace: Workspace, name: str) -> Outcome[ThreadPlan]:
    """Return the plan of the case, one of ours in a file, or one made elsewhere as judged on the case.

    Parameters
    ----------
    workspace
        A case whose placement has finished.
    name
        ``case``, or the path of a ``.json`` plan of ours, ``.mrk.json`` markups or a ``.ros`` plan.

    Returns
    -------
    Outcome
        The plan; findings only where it was judged here.

    Raises
    ------
    InputError
        If the plan does not suit the case: another device, frame or number of threads.
    FormatError
        If the file is none of these.
    """
    own = inputs.plan(workspace)
    if name == OWN:
        return Outcome(value=own, findings=())
    path = Path(name)
    if path.name.endswith(".json") and not path.name.endswith(".mrk.json"):
        return Outcome(value=_ours(path, own), findings=())
    lines = read_trajectories(path, centre_mm=_centre_mm(workspace))
    from trephine.stages.placement.foreign import judge

    judged = judge(lines, _case(workspace, own), _means(workspace))
    return Outcome(value=judged.value.plan, findings=judged.findings)


def _ours(path: Path, own: ThreadPlan) -> ThreadPlan:
    """Read a plan in our own layout and compare its device and place with the case's."""
    document = read_json_object(path)
    try:
        plan = ThreadPlan.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise FormatError.because(
            where=f"{path}, {'.'.join(map(str, first['loc'])) or 'top'}",
            found=f"{first['msg']} (schema_version {document.get('schema_version')!r})",
            expected="a thread plan of schema version 2",
            remedy="Plan again with this version, or give Slicer's markups of the plan.",
        ) from error
    if plan.device != own.device:
        raise _unlike(path, "device", plan.device, own.device)
    if plan.threads and own.threads:
        middle = [np.mean([one.entry_mm for one in each.threads], axis=0) for each in (plan, own)]
        apart_mm = float(np.linalg.norm(middle[0] - middle[1]))
        if apart_mm > _FARTHEST_MM:
            raise _unlike(
                path, "middle of the entries", f"{apart_mm:.0f} mm away", f"within {_FARTHEST_MM:g} mm"
            )
    return plan


_FARTHEST_MM = 30.0
"""Plans farther apart are of another person or frame: wider than any implant's foot; assumed."""


def _unlike(path: Path, what: str, found: str, expected: str) -> InputError:
    return InputError.because(
        where=f"{path}, {what}",
        found=found,
        expected=f"{expected}, as in the case",
        remedy="Choose a plan of this person and device.",
    )


def _centre_mm(workspace: Workspace) -> np.ndarray:
    """Return the middle of the planning T1's grid, from which ROSA counts."""
    grid = inputs.anatomy(workspace).t1.grid
    return grid.mm_of((np.array([grid.shape], dtype=np.float64) - 1) / 2)[0]


def _case(workspace: Workspace, own: ThreadPlan) -> Case:
    from trephine.stages.placement.foreign import Case

    return Case(
        ground=ground_record.read(workspace.case),
        obstacles=inputs.obstacles(workspace),
        origin=own.vessels_from,
        live_view=inputs.live_view(workspace) if own.vessels_from == "live view" else None,
    )


def _means(workspace: Workspace) -> Means:
    from trephine.stages.placement.solve import Means

    settings = workspace.sections["placement"]
    return Means(
        device=inputs.device(workspace),
        robot=inputs.robot(workspace),
        limits=inputs.limits(workspace),
        settings=settings if isinstance(settings, Settings) else Settings(),
    )
