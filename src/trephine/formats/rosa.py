# SPDX-License-Identifier: Apache-2.0
"""Trajectories of a ROSA robot's plan (``.ros``): text in sections, positions in LPS.

The layout follows public readers of the format, not its maker's documents: sections begin with a name in
brackets; a trajectory is one line of name, kind, colour, whether the entry is set, entry, whether the target
is set, target, length and diameter. Positions count from the centre of the reference volume.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from trephine.core.arrays import Vector3
from trephine.core.errors import FormatError
from trephine.formats.text import read_text
from trephine.model.trajectory import Trajectory

_TURN = np.array([-1.0, -1.0, 1.0])
_SECTION = re.compile(r"^\[(?P<name>[^\]]+)\]\s*$", re.MULTILINE)
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_POINT = rf"{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}"
_LINE = re.compile(
    rf"^\s*(?P<name>\S+)\s+\d+\s+\d+\s+(?P<has_entry>[01])\s+(?P<entry>{_POINT})\s+(?P<has_tip>[01])\s+"
    rf"(?P<tip>{_POINT})(?:\s+{_NUMBER}){{0,2}}\s*$"
)
_COUNT = re.compile(r"^\s*\d+\s*$")
_REMEDY = "Save the plan again from ROSA with every trajectory's entry and target set."


def read_rosa(path: Path, *, centre_mm: Vector3) -> tuple[Trajectory, ...]:
    """Read the trajectories of a ROSA plan.

    Parameters
    ----------
    path
        A ``.ros`` file.
    centre_mm
        Centre of the plan's reference volume in ``scanner``, RAS+, shape (3,).

    Returns
    -------
    tuple of Trajectory
        In the order of the file.

    Raises
    ------
    FormatError
        If it has no section of trajectories, or a line of it is not as it should be.
    """
    found = []
    for number, line in _lines(path):
        told = _LINE.match(line)
        if told is None or "0" in (told["has_entry"], told["has_tip"]):
            raise FormatError.because(
                where=f"{path}, line {number}",
                found=repr(line.strip())[:90],
                expected="name kind colour 1 x y z 1 x y z length diameter",
                remedy=_REMEDY,
            )
        entry, tip = (np.array(told[end].split(), dtype=np.float64) * _TURN for end in ("entry", "tip"))
        found.append(Trajectory(name=told["name"], entry_mm=entry + centre_mm, tip_mm=tip + centre_mm))
    return tuple(found)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return the numbered lines of the section of trajectories; a line that only counts them is left out."""
    text = read_text(path)
    sections = list(_SECTION.finditer(text))
    for section, after in zip(sections, [*sections[1:], None], strict=True):
        if section["name"].strip().upper() == "TRAJECTORY":
            first = text[: section.end()].count("\n") + 1
            body = text[section.end() : after.start() if after else len(text)]
            lines = enumerate(body.split("\n")[1:], start=first + 1)
            return [(number, line) for number, line in lines if line.strip() and not _COUNT.match(line)]
    raise FormatError.because(
        where=str(path),
        found=f"sections {', '.join(section['name'] for section in sections)[:90] or 'none'}",
        expected="a section [TRAJECTORY]",
        remedy=_REMEDY,
    )
