# SPDX-License-Identifier: Apache-2.0
"""Numbers, positions and severities as words for people."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from trephine.core.findings import Finding, Severity
from trephine.model.screening import Answer

DISCLAIMER: Final = (
    "Research and simulation software, not a medical device. "
    "Nothing here may guide the treatment of a person."
)
ABSENT: Final = "\u2013"
_MINUS: Final = "\u2212"

# Heaviest first. A sign of its own for each, so that no meaning hangs on colour alone.
SEVERITIES: Final = {
    Severity.BLOCK: ("\u25a0", "Block"),
    Severity.UNKNOWN: ("?", "Unknown"),
    Severity.WARN: ("\u25b2", "Warning"),
    Severity.NOTE: ("\u25cb", "Note"),
}
ANSWERS: Final = {
    Answer.BLOCK: ("\u25a0", "Block"),
    Answer.UNKNOWN: ("?", "Unknown"),
    Answer.CONCERN: ("\u25b2", "Concern"),
    Answer.PASS: ("\u25cf", "Pass"),
}
_UNITS: Final = {
    "um": "\u00b5m",
    "1": "",
    "word": "",
    "mm2": "mm\u00b2",
    "mm3": "mm\u00b3",
    "degc": "\u00b0C",
    "percent": "%",
    "fraction": "",
    "kg_per_m2": "kg/m\u00b2",
    "rad": "rad",
}


def number(value: float | None, digits: int | None = None) -> str:
    """Write a number: three figures that count, or ``digits`` decimals; a dash when there is none."""
    if value is None:
        return ABSENT
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value).replace("-", _MINUS)
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 or value == round(value) else (1 if size >= 10 else 2)
        if 0 < size < 0.1:
            digits = min(6, 1 - math.floor(math.log10(size)))
        text = f"{value + 0.0:.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{value + 0.0:.{digits}f}"
    return (text if float(text) != 0 else text.lstrip("-")).replace("-", _MINUS)


def unit(name: str | None) -> str:
    """Write a unit as people do."""
    return _UNITS.get(name or "", name or "")


def with_unit(value: float | None, name: str | None) -> str:
    """Write a number and its unit."""
    if value is None:
        return ABSENT
    if name == "rad":
        return f"{number(math.degrees(value), 1)}\u00b0"
    return f"{number(value)} {unit(name)}".strip()


def position(point_mm: Iterable[float] | None) -> str:
    """Write x, y and z in mm with one decimal."""
    if point_mm is None:
        return ABSENT
    return ", ".join(number(float(value), 1) for value in point_mm)


def count_of(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def by_severity(findings: Iterable[Finding]) -> dict[Severity, list[Finding]]:
    """Sort findings into their severities, heaviest first, keeping their order."""
    groups: dict[Severity, list[Finding]] = {severity: [] for severity in SEVERITIES}
    for finding in findings:
        groups[finding.severity].append(finding)
    return groups
