# SPDX-License-Identifier: Apache-2.0
"""Tables as data: the page only sets them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["text", "number", "severity", "code"]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under named columns.

    Parameters
    ----------
    key
        Name within the page.
    title
        Said above it.
    columns
        Name and kind of each.
    rows
        Cells as words; a ``severity`` cell starts with its sign.
    is_folded
        Closed on screen until asked for, open on paper.
    note
        Said below it.
    """

    key: str
    title: str
    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[str, ...], ...]
    is_folded: bool = False
    note: str = ""

    def without_empty_columns(self) -> Table:
        """Return the table without the columns in which no row says anything."""
        kept = [n for n in range(len(self.columns)) if any(row[n] for row in self.rows)]
        return replace(
            self,
            columns=tuple(self.columns[n] for n in kept),
            rows=tuple(tuple(row[n] for n in kept) for row in self.rows),
        )
