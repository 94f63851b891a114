# SPDX-License-Identifier: Apache-2.0
"""The rehearsal of every insertion."""

from __future__ import annotations

from trephine.case.records._table import Cell, tsv_bytes
from trephine.case.store import Case, Writer
from trephine.model.insertion_log import Attempt, InsertionLog

_PLACES = ("planned_entry_mm", "reached_entry_mm", "planned_tip_mm", "reached_tip_mm")
_FIRST = ("thread", "attempt", "start_s", "duration_s", "result")
_LAST = ("lateral_error_um", "depth_error_um", "clearance_um")
_COLUMNS = (
    *_FIRST,
    *(f"{place.removesuffix('_mm')}_{axis}_mm" for place in _PLACES for axis in "xyz"),
    *_LAST,
)


def write(insertion_log: InsertionLog, writer: Writer) -> None:
    """Lay the log and its table ready."""
    writer.put_json("insertion", insertion_log)
    writer.put("insertion_table", _table(insertion_log))


def write_of_replan(insertion_log: InsertionLog, writer: Writer, number: int) -> None:
    """Lay the log of a plan made again in surgery ready, and its table."""
    writer.put_json("replan_insertion", insertion_log, number=str(number))
    writer.put("replan_insertion_table", _table(insertion_log), number=str(number))


def read(case: Case) -> InsertionLog:
    """Read the log back."""
    return InsertionLog.model_validate_json(case.read_bytes("insertion"))


def _table(insertion_log: InsertionLog) -> bytes:
    return tsv_bytes(_COLUMNS, (_row(attempt) for attempt in insertion_log.attempts))


def _row(attempt: Attempt) -> tuple[Cell, ...]:
    places = [value for place in _PLACES for value in getattr(attempt, place)]
    first = [getattr(attempt, name) for name in _FIRST]
    return (*first, *places, *(getattr(attempt, name) for name in _LAST))
