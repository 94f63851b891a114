# SPDX-License-Identifier: Apache-2.0
"""3D Slicer's markups (``.mrk.json``): points, lines and curves, written in LPS as that program expects.

The only module in which positions are LPS; what comes in and goes out is RAS+ in ``scanner``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from trephine.core.arrays import Points, locked
from trephine.core.errors import FormatError, InputError
from trephine.core.frames import SCANNER, Frame
from trephine.formats.text import read_json_object
from trephine.model.thread_plan import ThreadPlan

SCHEMA: Final = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
_TURN = (-1.0, -1.0, 1.0)
"""RAS to LPS and back: x and y change sign."""
_DECIMALS = 6
Kind = Literal["points", "line", "curve", "closed curve"]
_TYPE_OF: Final[dict[Kind, str]] = {
    "points": "Fiducial",
    "line": "Line",
    "curve": "Curve",
    "closed curve": "ClosedCurve",
}
_KIND_OF: Final[dict[str, Kind]] = {name: kind for kind, name in _TYPE_OF.items()}
_FEWEST: Final[dict[Kind, int]] = {"points": 0, "line": 2, "curve": 2, "closed curve": 3}


@dataclass(frozen=True, kw_only=True, eq=False)
class Markup:
    """A list of named points, a line between two, or a curve through many.

    Parameters
    ----------
    kind
        ``points``, ``line``, ``curve``, or ``closed curve`` whose first point is not repeated at the end.
    name
        Shown by Slicer.
    positions_mm
        Positions in ``frame``, RAS+, shape (point, 3).
    labels
        One for each position.
    frame
        Frame of the positions.
    """

    kind: Kind
    name: str
    positions_mm: Points
    labels: tuple[str, ...]
    frame: Frame

    def __post_init__(self) -> None:
        points = locked(self.positions_mm, np.float64, (len(self.labels), 3), "positions_mm")
        is_enough = len(points) >= _FEWEST[self.kind] and (self.kind != "line" or len(points) == 2)
        if not np.all(np.isfinite(points)) or not is_enough:
            raise InputError.because(
                where=f"markup {self.name!r}",
                found=f"{self.kind} with positions {points.tolist()}",
                expected="finite positions: two for a line, two or more for a curve, three for a closed one",
                remedy="Leave out what is not known.",
            )
        object.__setattr__(self, "positions_mm", points)


def markups_bytes(markups: Sequence[Markup]) -> bytes:
    """Write markups as the bytes of a ``.mrk.json`` file; Slicer makes one node of each."""
    document = {"@schema": SCHEMA, "markups": [_node(markup) for markup in markups]}
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def plan_bytes(plan: ThreadPlan) -> bytes:
    """Write a thread plan as markups: one line from entry to tip for each thread.

    Parameters
    ----------
    plan
        Threads in ``scanner``.

    Returns
    -------
    bytes
        A ``.mrk.json`` file; lines are named ``thread 01`` and so on.
    """
    lines = [
        Markup(
            kind="line",
            name=f"thread {thread.number:02d}",
            positions_mm=np.array([thread.entry_mm, thread.tip_mm]),
            labels=(f"{thread.number:02d} entry", f"{thread.number:02d} tip"),
            frame=SCANNER,
        )
        for thread in plan.threads
    ]
    return markups_bytes(lines)


def read_markups(path: Path, frame: Frame = SCANNER) -> tuple[Markup, ...]:
    """Read point lists, lines and curves.

    Parameters
    ----------
    path
        A ``.mrk.json`` file in LPS or RAS.
    frame
        Frame to give the positions.

    Returns
    -------
    tuple of Markup
        In the order of the file, RAS+.

    Raises
    ------
    FormatError
        If the file is no markups file, or holds another kind, unit or coordinate system.
    """
    nodes = read_json_object(path).get("markups")
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        raise FormatError.because(
            where=f"{path}, markups",
            found="nothing" if nodes is None else repr(nodes)[:60],
            expected="a list of markups, as 3D Slicer saves them",
            remedy="Save the markups from 3D Slicer as .mrk.json.",
        )
    return tuple(_markup(node, f"{path}, markups[{index}]", index, frame) for index, node in enumerate(nodes))


def _node(markup: Markup) -> dict[str, Any]:
    turned = np.round(markup.positions_mm * _TURN, _DECIMALS) + 0.0  # + 0.0 makes -0.0 into 0.0
    points = [
        {
            "id": str(number),
            "label": label,
            "description": "",
            "associatedNodeID": "",
            "position": position,
            "orientation": [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0],
            "selected": True,
            "locked": True,
            "visibility": True,
            "positionStatus": "defined",
        }
        for number, (label, position) in enumerate(zip(markup.labels, turned.tolist(), strict=True), start=1)
    ]
    return {
        "type": _TYPE_OF[markup.kind],
        "name": markup.name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        "controlPoints": points,
    }


def _markup(node: dict[str, Any], where: str, index: int, frame: Frame) -> Markup:
    system, unit = node.get("coordinateSystem", "LPS"), node.get("coordinateUnits", "mm")
    if node.get("type") not in _KIND_OF or system not in ("LPS", "RAS") or unit != "mm":
        raise FormatError.because(
            where=where,
            found=f"type {node.get('type')!r}, coordinates {system!r} in {unit!r}",
            expected=f"{', '.join(_KIND_OF)}; LPS or RAS; mm",
            remedy="Save point lists, lines and curves in mm.",
        )
    points = node.get("controlPoints", [])
    try:
        positions = np.array([point["position"] for point in points], dtype=np.float64).reshape(-1, 3)
        labels = tuple(str(point.get("label", "")) for point in points)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError.because(
            where=f"{where}, controlPoints",
            found=f"a point without a position of three numbers ({error})",
            expected="three numbers under position",
            remedy="Place every point, or delete it, and save again.",
        ) from error
    return Markup(
        kind=_KIND_OF[node["type"]],
        name=str(node.get("name", f"markup {index + 1}")),
        positions_mm=positions * _TURN if system == "LPS" else positions,
        labels=labels,
        frame=frame,
    )
