# SPDX-License-Identifier: Apache-2.0
"""Text files of a study: JSON objects and tab-separated tables."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from trephine.core.errors import FormatError
from trephine.formats.content import read_bytes

NOT_AVAILABLE = frozenset({"", "n/a"})
"""Cells that say nothing, as BIDS writes them."""


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, with or without a byte-order mark.

    Raises
    ------
    FormatError
        If there is no such file, or it is no UTF-8 text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError.because(
            where=str(path),
            found=f"bytes that are no UTF-8 text ({error.reason} at byte {error.start})",
            expected="UTF-8 text",
            remedy="Save the file as UTF-8.",
        ) from error


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON file whose top level is an object.

    Raises
    ------
    FormatError
        If the file is missing, is no JSON, or holds something else than an object.
    """
    try:
        value = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FormatError.because(
            where=f"{path}, line {error.lineno}",
            found=f"text that is no JSON ({error.msg})",
            expected="one JSON object",
            remedy="Correct the file; a missing comma or quote near that line is the usual cause.",
        ) from error
    if not isinstance(value, dict):
        raise FormatError.because(
            where=str(path),
            found=f"JSON of type {type(value).__name__}",
            expected="a JSON object in curly braces",
            remedy="Put the fields into one object.",
        )
    return value


def read_table(path: Path, required: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a tab-separated table with a header.

    Parameters
    ----------
    path
        A ``.tsv`` file.
    required
        Columns that must be there.

    Returns
    -------
    list of dict
        One row each, column name to cell, spaces around cells removed.

    Raises
    ------
    FormatError
        If a column is missing or repeated, a row has another number of cells, or there is no row.
    """
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    header = [cell.strip() for cell in lines[0].split("\t")] if lines else []
    missing = [name for name in required if name not in header]
    if missing or len(set(header)) != len(header):
        raise FormatError.because(
            where=f"{path}, header",
            found=f"columns {', '.join(header) or 'none'}" + _separator_guess(lines),
            expected=f"tab-separated columns with {', '.join(required)}, each once",
            remedy=f"Add the missing column {', '.join(missing)}." if missing else "Name every column once.",
        )
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(header):
            raise FormatError.because(
                where=f"{path}, line {number}",
                found=f"{len(cells)} cells",
                expected=f"{len(header)}, one for each column",
                remedy="Write n/a where there is no value, and separate cells by one tab.",
            )
        rows.append(dict(zip(header, cells, strict=True)))
    if not rows:
        raise FormatError.because(
            where=str(path),
            found="a header without rows",
            expected="at least one row",
            remedy="Export the table anew.",
        )
    return rows


def number_of(cell: str, where: str, what: str) -> float:
    """Read a finite number from a cell.

    Raises
    ------
    FormatError
        If the cell holds anything else.
    """
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FormatError.because(
            where=where,
            found=repr(cell),
            expected=f"{what} as a number, such as 12.5",
            remedy="Write a plain number with a decimal point and no unit.",
        )
    return value


def _separator_guess(lines: list[str]) -> str:
    if not lines or "\t" in lines[0]:
        return ""
    for separator, word in ((",", "commas"), (";", "semicolons"), ("  ", "spaces")):
        if separator in lines[0]:
            return f" (the cells seem to be separated by {word})"
    return ""
