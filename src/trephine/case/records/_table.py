# SPDX-License-Identifier: Apache-2.0
"""Rows as tab-separated text, as BIDS writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Cell = str | int | float | bool | None


def tsv_bytes(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write rows under a header; what is not known is ``n/a``.

    Parameters
    ----------
    columns
        Names, with units as suffixes.
    rows
        One sequence of cells a row, as long as ``columns``.

    Returns
    -------
    bytes
        UTF-8 text.
    """
    lines = ["\t".join(columns)]
    lines += ["\t".join("n/a" if cell is None else str(cell) for cell in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()
