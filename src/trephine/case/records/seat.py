# SPDX-License-Identifier: Apache-2.0
"""The seated implant: for programs, for 3D Slicer, and as a mesh."""

from __future__ import annotations

import numpy as np

from trephine.case.store import Case, Writer
from trephine.core.frames import SCANNER
from trephine.formats.markups import Markup, markups_bytes
from trephine.formats.stl import stl_bytes
from trephine.model.seat import Seat, SeatResult


def write(result: SeatResult, writer: Writer) -> None:
    """Lay the seat, its screws and its mesh ready."""
    writer.put_json("seat", result.seat)
    writer.put("seat_markups", markups_bytes((screw_points(result.seat),)))
    writer.put("seat_mesh", stl_bytes(result.body, "seated_implant"))


def read(case: Case) -> Seat:
    """Read the seat back."""
    return Seat.model_validate_json(case.read_bytes("seat"))


def screw_points(seat: Seat) -> Markup:
    """Return where screws enter the skull, as points in ``scanner``."""
    return Markup(
        kind="points",
        name="screws",
        positions_mm=np.array([screw.place_mm for screw in seat.screws]).reshape(-1, 3),
        labels=tuple(f"screw-{screw.number}" for screw in seat.screws),
        frame=SCANNER,
    )
