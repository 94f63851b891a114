# SPDX-License-Identifier: Apache-2.0
"""The table of series, for people and for the study."""

from __future__ import annotations

from trephine.pipeline.intake.request import Line

COLUMNS = ("no", "scanner_no", "slices", "volumes", "voxel_mm", "words", "kind", "fate", "why", "name",
           "face", "findings")  # fmt: skip


def cells(line: Line) -> tuple[str, ...]:
    """Return a line's cells in the order of ``COLUMNS``; an empty one is a dash."""
    found = "; ".join(dict.fromkeys(finding.code for finding in line.findings))
    row = (str(line.number), line.scanner_number, str(line.slices), str(line.volumes), line.voxel_mm,
           line.words, line.kind.value, line.fate, line.reason, line.name, line.face, found)  # fmt: skip
    return tuple(" ".join(cell.split()) or "-" for cell in row)


def table_bytes(lines: tuple[Line, ...]) -> bytes:
    """Return the table as tab-separated text."""
    rows = [COLUMNS, *(cells(line) for line in lines)]
    return ("\n".join("\t".join(row) for row in rows) + "\n").encode()
