# SPDX-License-Identifier: Apache-2.0
"""What the scans say of the cortex under the opening, so that planning on a live view reads no volume.

Height and sulci are those of the map of obstacles; the layers here are what that map does not hold.
"""

from __future__ import annotations

import numpy as np

from trephine.case.records._affine import affine_json, affine_of
from trephine.case.records._arrays import get_array, put_array
from trephine.case.store import Case, Writer
from trephine.model.ground import Ground, VesselsBefore

_SHARED = {"height_mm": "height", "sulcus": "sulcus"}
_LAYERS = {
    "rim": "rim",
    "normal": "normal",
    "value": "value",
    "brain_share": "brainshare",
    "depth_mm": "depth",
    "grey_count": "greycount",
    "thickness_mm": "thickness",
    "thickness_sd_mm": "thicknesssd",
}
_BEFORE = "vesselsbefore"


def write(ground: Ground, writer: Writer) -> None:
    """Lay what the map of obstacles does not hold ready."""
    for field, layer in _LAYERS.items():
        put_array(writer, "ground_layer", getattr(ground, field), layer=layer)
    before = ground.before
    if before is not None:
        put_array(writer, "ground_layer", before.mask, layer=_BEFORE)
    record = {
        "schema_version": 1,
        "scanner_from_implant": affine_json(ground.scanner_from_implant),
        "origin_mm": ground.origin_mm.tolist(),
        "pixel_mm": ground.pixel_mm,
        "site_pixels": ground.site_pixels,
        "vessels_before": before
        and {
            "smallest_diameter_mm": before.smallest_diameter_mm,
            "registration_error_mm": before.registration_error_mm,
        },
    }
    writer.put_json("ground_record", record)


def read(case: Case) -> Ground:
    """Read the ground back."""
    record = case.read_json("ground_record")
    shared = {field: get_array(case, "obstacles_layer", layer=layer) for field, layer in _SHARED.items()}
    own = {field: get_array(case, "ground_layer", layer=layer) for field, layer in _LAYERS.items()}
    seen = record["vessels_before"]
    before = seen and VesselsBefore(mask=get_array(case, "ground_layer", layer=_BEFORE), **seen)
    return Ground(
        scanner_from_implant=affine_of(record["scanner_from_implant"]),
        origin_mm=np.array(record["origin_mm"]),
        pixel_mm=record["pixel_mm"],
        site_pixels=record["site_pixels"],
        before=before,
        **shared,
        **own,
    )
