# SPDX-License-Identifier: Apache-2.0
"""The skull's thickness with its interval: plain arrays, one value a corner of the outer skull."""

from __future__ import annotations

from typing import Any

from trephine.case.records._arrays import get_array, put_array
from trephine.case.store import Case, Writer
from trephine.model.skull import SkullSuspect, SkullThickness

_LAYERS = {"thickness_mm": "thickness", "low_mm": "low", "high_mm": "high"}


def write(skull: SkullThickness, writer: Writer) -> None:
    """Lay the arrays and where they come from ready."""
    for field, layer in _LAYERS.items():
        put_array(writer, "skull_layer", getattr(skull, field), layer=layer)
    writer.put_json("skull_record", {"schema_version": 1, "is_measured": skull.is_measured})


def read(case: Case) -> SkullThickness:
    """Read the thickness back."""
    record = case.read_json("skull_record")
    layers = {field: get_array(case, "skull_layer", layer=layer) for field, layer in _LAYERS.items()}
    return SkullThickness(is_measured=record["is_measured"], **layers)


def suspect_of(record: dict[str, Any]) -> SkullSuspect:
    """Return a suspected place from its JSON."""
    x_mm, y_mm, z_mm = record["centre_mm"]
    return SkullSuspect(**{**record, "centre_mm": (x_mm, y_mm, z_mm)})
