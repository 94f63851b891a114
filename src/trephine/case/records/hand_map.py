# SPDX-License-Identifier: Apache-2.0
"""Where the hand is."""

from __future__ import annotations

from typing import Any

from trephine.case.layout import label_of
from trephine.case.records._figures import plain_fields
from trephine.case.records._images import get_volume, put_volume
from trephine.case.store import Case, Writer
from trephine.core.errors import InternalError
from trephine.model.activation import ContrastMap, HandMap, RunQuality

_MAPS = ("z", "effect_percent")


def write(hand_map: HandMap, writer: Writer) -> None:
    """Lay the maps of every contrast and the hand's place ready."""
    labels = [label_of(contrast.name) for contrast in hand_map.contrasts]
    if len(set(labels)) != len(labels):
        raise InternalError.because(
            where="hand map",
            found=f"contrasts {[contrast.name for contrast in hand_map.contrasts]}",
            expected="names that stay different as letters and digits",
            remedy="Rename the trial types in the events file.",
        )
    for label, contrast in zip(labels, hand_map.contrasts, strict=True):
        put_volume(writer, "contrast_z", contrast.z, contrast=label)
        put_volume(writer, "contrast_effect", contrast.effect_percent, contrast=label)
    put_volume(writer, "hand_weight", hand_map.weight)
    record = plain_fields(hand_map, without=("contrasts", "weight"))
    contrasts = [plain_fields(contrast, without=_MAPS) for contrast in hand_map.contrasts]
    writer.put_json("hand_map_record", {"schema_version": 1, **record, "contrasts": contrasts})


def read(case: Case) -> HandMap:
    """Read the hand map back."""
    record = case.read_json("hand_map_record")
    record.pop("schema_version")
    contrasts = tuple(_contrast(case, entry) for entry in record.pop("contrasts"))
    runs = tuple(RunQuality(**entry) for entry in record.pop("runs"))
    return HandMap(contrasts=contrasts, runs=runs, weight=get_volume(case, "hand_weight"), **record)


def _contrast(case: Case, entry: dict[str, Any]) -> ContrastMap:
    label = label_of(entry["name"])
    return ContrastMap(
        z=get_volume(case, "contrast_z", contrast=label),
        effect_percent=get_volume(case, "contrast_effect", contrast=label),
        **entry,
    )
