# SPDX-License-Identifier: Apache-2.0
"""The thread plan: for programs, for spreadsheets and for 3D Slicer."""

from __future__ import annotations

from trephine import __version__
from trephine.case.records import ground, obstacles
from trephine.case.records._table import Cell, tsv_bytes
from trephine.case.store import Case, Writer
from trephine.formats import markups, probe
from trephine.model.obstacles import PlacementResult
from trephine.model.thread_plan import Provenance, Thread, ThreadPlan

_PLACES = ("anchor_mm", "entry_mm", "tip_mm")
_FIGURES = ("clearance_um", "margin_um", "value", "hit_probability", "length_needed_mm")
_COLUMNS = (
    "number",
    "anchor",
    "order",
    *(f"{place.removesuffix('_mm')}_{axis}_mm" for place in _PLACES for axis in "xyz"),
    *_FIGURES,
)


def write(result: PlacementResult, writer: Writer) -> None:
    """Lay the plan, the map of obstacles it was made on and the ground below ready."""
    writer.put_json("plan", with_origin(result.plan, writer))
    writer.put("plan_table", table_bytes(result.plan))
    writer.put("plan_markups", markups.plan_bytes(result.plan))
    writer.put("plan_probe", probe.probe_bytes(result.plan))
    obstacles.write(result.obstacles, writer)
    ground.write(result.ground, writer)


def read(case: Case) -> ThreadPlan:
    """Read the plan back."""
    return ThreadPlan.model_validate_json(case.read_bytes("plan"))


def with_origin(plan: ThreadPlan, writer: Writer) -> ThreadPlan:
    """Return the plan with what it is made from."""
    made_from = Provenance(
        version=__version__,
        stage_version=writer.stage_version,
        settings_sha256=writer.settings_sha256,
        inputs=dict(writer.inputs),
    )
    return plan.model_copy(update={"made_from": made_from})


def table_bytes(plan: ThreadPlan) -> bytes:
    """Return a plan as a table, one thread a row."""
    return tsv_bytes(_COLUMNS, (_row(thread) for thread in plan.threads))


def _row(thread: Thread) -> tuple[Cell, ...]:
    places = [value for place in _PLACES for value in getattr(thread, place)]
    figures = [getattr(thread, figure) for figure in _FIGURES]
    return (thread.number, thread.anchor, thread.order, *places, *figures)
