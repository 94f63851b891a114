# SPDX-License-Identifier: Apache-2.0
"""Where the hand is."""

from __future__ import annotations

from typing import Any

from trephine.case.layout import label_of
from trephine.case.records._figures import plain_fields
from trephine.case.records._images import get_volume, put_volume
from trephine.case.records._table import Cell, tsv_bytes
from trephine.case.store import Case, Writer
from trephine.core.errors import InternalError
from trephine.model.activation import ContrastMap, HandMap, RunQuality
from trephine.model.hand_evidence import Alternative, CentreCertainty, Cluster, NuisanceShift, Peak, Retest
from trephine.model.knob import OwnKnob

_MAPS = {"z": "contrast_z", "effect_percent": "contrast_effect", "variance_percent2": "contrast_variance"}
_FILES = ("contrasts", "weight", "weight_sd", "certainty", "run_pictures")
_PARTS = {"clusters": Cluster, "peaks": Peak, "nuisance_shifts": NuisanceShift, "retests": Retest}
_SAID = ("hemisphere", "peak_z", "peak_probability", "discovery_fraction", "knob_distance_mm")


def write(hand_map: HandMap, writer: Writer) -> None:
    """Lay the maps and tables of every contrast and the hand's place ready."""
    labels = [label_of(contrast.name) for contrast in hand_map.contrasts]
    if len(set(labels)) != len(labels):
        raise InternalError.because(
            where="hand map",
            found=f"contrasts {[contrast.name for contrast in hand_map.contrasts]}",
            expected="names that stay different as letters and digits",
            remedy="Rename the trial types in the events file, or the contrasts in the settings.",
        )
    for label, contrast in zip(labels, hand_map.contrasts, strict=True):
        for field, key in _MAPS.items():
            if getattr(contrast, field) is not None:
                put_volume(writer, key, getattr(contrast, field), contrast=label)
        _put_tables(writer, contrast, label)
    put_volume(writer, "hand_weight", hand_map.weight)
    if hand_map.weight_sd is not None:
        put_volume(writer, "hand_weight_sd", hand_map.weight_sd)
    for number, picture in enumerate(hand_map.run_pictures, start=1):
        put_volume(writer, "registered_run", picture, run=str(number))
    record = plain_fields(hand_map, without=_FILES)
    if hand_map.certainty is not None:
        put_volume(writer, "hand_probability", hand_map.certainty.probability)
        record["certainty"] = plain_fields(hand_map.certainty, without=("probability",))
    contrasts = [_contrast_record(contrast) for contrast in hand_map.contrasts]
    has = {"has_weight_sd": hand_map.weight_sd is not None, "run_pictures": len(hand_map.run_pictures)}
    writer.put_json("hand_map_record", {"schema_version": 2, **record, **has, "contrasts": contrasts})


def _contrast_record(contrast: ContrastMap) -> dict[str, Any]:
    has = {"has_variance": contrast.variance_percent2 is not None}
    return plain_fields(contrast, without=tuple(_MAPS)) | has


def _put_tables(writer: Writer, contrast: ContrastMap, label: str) -> None:
    clusters = [
        (one.number, one.volume_mm3, *one.centre_mm, *one.centre_mni_mm, *_said(one))
        for one in contrast.clusters
    ]
    columns = ("number", "volume_mm3", *_axes("centre", "centre_mni"), *_SAID)
    writer.put("cluster_table", tsv_bytes(columns, clusters), contrast=label)
    peaks = [(one.cluster, *one.position_mm, *one.position_mni_mm, *_said(one)) for one in contrast.peaks]
    columns = ("cluster", *_axes("position", "position_mni"), *_SAID)
    writer.put("peak_table", tsv_bytes(columns, peaks), contrast=label)


def _axes(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}_{axis}_mm" for name in names for axis in "xyz")


def _said(one: Cluster | Peak) -> tuple[Cell, ...]:
    return tuple(getattr(one, name) for name in _SAID)


def read(case: Case) -> HandMap:
    """Read the hand map back; that of an earlier version has no certainty."""
    record = case.read_json("hand_map_record")
    record.pop("schema_version")
    contrasts = tuple(_contrast(case, entry) for entry in record.pop("contrasts"))
    runs = tuple(RunQuality(**entry) for entry in record.pop("runs"))
    certainty = record.pop("certainty", None)
    if certainty is not None:
        certainty = CentreCertainty(probability=get_volume(case, "hand_probability"), **certainty)
    pictured = range(1, record.pop("run_pictures", 0) + 1)
    return HandMap(
        contrasts=contrasts,
        runs=runs,
        weight=get_volume(case, "hand_weight"),
        weight_sd=get_volume(case, "hand_weight_sd") if record.pop("has_weight_sd", False) else None,
        certainty=certainty,
        run_pictures=tuple(get_volume(case, "registered_run", run=str(number)) for number in pictured),
        alternatives=tuple(Alternative(**entry) for entry in record.pop("alternatives", ())),
        own_knobs=tuple(OwnKnob(**entry) for entry in record.pop("own_knobs", ())),
        **record,
    )


def _contrast(case: Case, entry: dict[str, Any]) -> ContrastMap:
    label = label_of(entry["name"])
    has = {"z": True, "effect_percent": True, "variance_percent2": entry.pop("has_variance", False)}
    maps: dict[str, Any] = {
        field: get_volume(case, key, contrast=label) for field, key in _MAPS.items() if has[field]
    }
    parts: dict[str, Any] = {
        name: tuple(kind(**one) for one in entry.pop(name, ())) for name, kind in _PARTS.items()
    }
    return ContrastMap(**maps, **parts, **entry)
