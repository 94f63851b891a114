# SPDX-License-Identifier: Apache-2.0
"""Trajectories from any planning program whose files are read."""

from __future__ import annotations

from pathlib import Path

from trephine.core.arrays import Vector3
from trephine.core.errors import FormatError
from trephine.formats.markups import Markup, read_markups
from trephine.formats.rosa import read_rosa
from trephine.model.trajectory import Trajectory

_POINTS_OF_LINE = 2


def read_trajectories(path: Path, *, centre_mm: Vector3) -> tuple[Trajectory, ...]:
    """Read trajectories by the name's ending.

    Parameters
    ----------
    path
        ``.mrk.json`` of 3D Slicer with one line a trajectory, entry first; or ``.ros`` of ROSA.
    centre_mm
        Centre of the reference volume in ``scanner``, from which ROSA counts.

    Returns
    -------
    tuple of Trajectory
        In the order of the file.

    Raises
    ------
    FormatError
        If the ending is unknown or the file is not as it should be.
    """
    name = path.name.lower()
    if name.endswith(".ros"):
        return read_rosa(path, centre_mm=centre_mm)
    if name.endswith(".mrk.json"):
        return tuple(_of_line(markup, path) for markup in read_markups(path))
    raise FormatError.because(
        where=str(path),
        found=f"a file named {path.name}",
        expected="a plan of ours (.json), 3D Slicer's markups (.mrk.json), or ROSA's plan (.ros)",
        remedy="Export the plan as one of these.",
    )


def _of_line(markup: Markup, path: Path) -> Trajectory:
    if markup.kind != "line" or len(markup.positions_mm) != _POINTS_OF_LINE:
        raise FormatError.because(
            where=f"{path}, markup {markup.name!r}",
            found=f"{markup.kind} of {len(markup.positions_mm)} points",
            expected="a line of two points, entry first",
            remedy="Keep only lines in the file, one a thread.",
        )
    return Trajectory(name=markup.name, entry_mm=markup.positions_mm[0], tip_mm=markup.positions_mm[1])
