# SPDX-License-Identifier: Apache-2.0
"""Vessels seen before surgery."""

from __future__ import annotations

from trephine.case.records._figures import plain_fields
from trephine.case.records._images import get_volume, put_volume
from trephine.case.store import Case, Writer
from trephine.model.anatomy import Angiogram


def write(angiogram: Angiogram, writer: Writer) -> None:
    """Lay the vessels and what is known of their scan ready."""
    put_volume(writer, "vessels", angiogram.vessels)
    figures = {"schema_version": 1, **plain_fields(angiogram, without=("vessels",))}
    writer.put_json("angiogram_record", figures)


def read(case: Case) -> Angiogram | None:
    """Read the vessels back; ``None`` when the person has no angiogram."""
    if not case.has("angiogram_record"):
        return None
    figures = case.read_json("angiogram_record")
    figures.pop("schema_version")
    return Angiogram(vessels=get_volume(case, "vessels"), **figures)
