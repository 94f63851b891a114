# SPDX-License-Identifier: Apache-2.0
"""The flat maps of what threads must keep away from.

They are stored as plain NumPy arrays, which keep NaN and truth values and need no third dimension.
"""

from __future__ import annotations

import numpy as np

from trephine.case.records._affine import affine_json, affine_of
from trephine.case.records._arrays import get_array, put_array
from trephine.case.store import Case, Writer
from trephine.model.obstacles import Obstacles

LAYERS = {"vessel": "vessel", "sulcus": "sulcus", "outside": "outside", "height_mm": "height"}


def write(obstacles: Obstacles, writer: Writer) -> None:
    """Lay every layer and the pixels' place ready."""
    for field, layer in LAYERS.items():
        put_array(writer, "obstacles_layer", getattr(obstacles, field), layer=layer)
    record = {
        "schema_version": 1,
        "scanner_from_implant": affine_json(obstacles.scanner_from_implant),
        "origin_mm": obstacles.origin_mm.tolist(),
        "pixel_mm": obstacles.pixel_mm,
    }
    writer.put_json("obstacles_record", record)


def read(case: Case) -> Obstacles:
    """Read the maps back."""
    record = case.read_json("obstacles_record")
    layers = {field: get_array(case, "obstacles_layer", layer=layer) for field, layer in LAYERS.items()}
    return Obstacles(
        scanner_from_implant=affine_of(record["scanner_from_implant"]),
        origin_mm=np.array(record["origin_mm"]),
        pixel_mm=record["pixel_mm"],
        **layers,
    )
