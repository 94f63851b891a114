# SPDX-License-Identifier: Apache-2.0
"""Zones of the dura's venous sinuses."""

from __future__ import annotations

import numpy as np

from trephine.case.records._figures import plain_fields
from trephine.case.store import Case, Writer
from trephine.model.sinus import DuralSinus


def write(sinuses: tuple[DuralSinus, ...], writer: Writer) -> None:
    """Lay all zones ready."""
    zones = [plain_fields(zone, without=()) for zone in sinuses]
    writer.put_json("sinuses_record", {"schema_version": 1, "sinuses": zones})


def read(case: Case) -> tuple[DuralSinus, ...]:
    """Read all zones back."""
    if not case.has("sinuses_record"):
        return ()
    zones = case.read_json("sinuses_record")["sinuses"]
    return tuple(
        DuralSinus(
            name=zone["name"],
            centre_mm=np.array(zone["centre_mm"], dtype=np.float64).reshape(-1, 3),
            half_width_mm=np.array(zone["half_width_mm"]),
            sd_mm=np.array(zone["sd_mm"]),
        )
        for zone in zones
    )
