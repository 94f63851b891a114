# SPDX-License-Identifier: Apache-2.0
"""Where and how to open: for programs, for 3D Slicer, and as a mesh for a printer."""

from __future__ import annotations

import numpy as np

from trephine.case.store import Case, Writer
from trephine.core.frames import SCANNER
from trephine.formats.markups import Kind, Markup, markups_bytes
from trephine.formats.stl import stl_bytes
from trephine.model.opening import Opening, OpeningResult, Position

_AXIS_MM = 30.0
"""Half the length of the line drawn for the implant's axis."""


def write(result: OpeningResult, writer: Writer) -> None:
    """Lay the opening, its outlines and its drill template ready."""
    writer.put_json("opening", result.opening)
    writer.put("opening_markups", markups_bytes(outlines(result.opening)))
    writer.put("drill_template", stl_bytes(result.template, "drill_template"))


def read(case: Case) -> Opening:
    """Read the opening back."""
    return Opening.model_validate_json(case.read_bytes("opening"))


def outlines(opening: Opening) -> tuple[Markup, ...]:
    """Return what is cut, and the implant's axis, as markups in ``scanner``."""
    foot, axis = opening.pose.matrix[:3, 3], opening.pose.matrix[:3, 2]
    inner, outer = foot - _AXIS_MM * axis, foot + _AXIS_MM * axis
    made = [
        _markup("craniectomy", "closed curve", opening.craniectomy_mm),
        _markup("window for threads", "closed curve", opening.durectomy_mm),
        Markup(
            kind="line",
            name="implant axis",
            positions_mm=np.array([inner, outer]),
            labels=("inward", "outward"),
            frame=SCANNER,
        ),
    ]
    if opening.flap is not None:
        made.append(_markup("dura cut", "curve", opening.flap.cut_mm))
        made.append(_markup("dura hinge", "line", opening.flap.hinge_mm))
    if opening.incision is not None:
        made.append(_markup("scalp incision", "curve", opening.incision.line_mm))
    return tuple(made)


def _markup(name: str, kind: Kind, points: tuple[Position, ...]) -> Markup:
    labels = tuple(f"{name}-{number}" for number in range(1, len(points) + 1))
    return Markup(kind=kind, name=name, positions_mm=np.array(points), labels=labels, frame=SCANNER)
