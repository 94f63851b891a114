# SPDX-License-Identifier: Apache-2.0
"""Surfaces of both hemispheres: two meshes, one file a measure, and what is known of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np

from trephine.case.records._figures import plain_fields
from trephine.case.store import Case, Writer
from trephine.core.frames import SCANNER
from trephine.formats import gifti
from trephine.model.cortex import CortexQuality, CorticalSurface

_MESHES = ("white", "pial")
_MEASURES = {
    "thickness_mm": ("cortex_length", "thickness"),
    "thickness_sd_mm": ("cortex_length", "thicknesssd"),
    "sulcal_depth_mm": ("cortex_length", "sulcaldepth"),
    "curvature_per_mm": ("cortex_curvature", ""),
    "is_cortex": ("cortex_mark", "cortex"),
    "is_crown": ("cortex_mark", "crown"),
    "is_sure": ("cortex_mark", "sure"),
}


def _entities(side: str, measure: str) -> dict[str, str]:
    return {"hemi": side[0].upper()} | ({"measure": measure} if measure else {})


def write(hemispheres: tuple[CorticalSurface, ...], writer: Writer) -> None:
    """Lay every hemisphere ready."""
    for half in hemispheres:
        for mesh in _MESHES:
            data = gifti.surface_bytes(getattr(half, mesh))
            writer.put("cortex_mesh", data, hemi=half.hemisphere[0].upper(), surface=mesh)
        for name, (key, measure) in _MEASURES.items():
            values = getattr(half, name)
            writer.put(key, gifti.values_bytes(values, name), **_entities(half.hemisphere, measure))
    record = {half.hemisphere: plain_fields(half.quality, without=()) for half in hemispheres}
    writer.put_json("cortex_record", {"schema_version": 1, "hemispheres": record})


def read(case: Case) -> tuple[CorticalSurface, ...]:
    """Read back every hemisphere there is."""
    if not case.has("cortex_record"):
        return ()
    record = case.read_json("cortex_record")["hemispheres"]
    return tuple(_half(case, side, quality) for side, quality in sorted(record.items()))


def _half(case: Case, side: Any, quality: dict[str, Any]) -> CorticalSurface:  # noqa: ANN401 - left or right
    white, pial = (
        gifti.read_surface(case.verified("cortex_mesh", hemi=side[0].upper(), surface=mesh), SCANNER)
        for mesh in _MESHES
    )
    values: dict[str, Any] = {
        name: gifti.read_values(case.verified(key, **_entities(side, measure)))
        for name, (key, measure) in _MEASURES.items()
    }
    values |= {name: np.asarray(values[name] > 0.5) for name in values if name.startswith("is_")}
    return CorticalSurface(
        hemisphere=side, white=white, pial=pial, quality=CortexQuality(**quality), **values
    )
