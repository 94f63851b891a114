# SPDX-License-Identifier: Apache-2.0
"""Smooth maps: the affine part as JSON, and one displacement volume for each axis."""

from __future__ import annotations

import numpy as np

from trephine.case.records._affine import affine_json, affine_of
from trephine.case.records._figures import plain_fields
from trephine.case.records._images import get_volume, put_volume
from trephine.case.store import Case, Writer
from trephine.core.frames import Frame
from trephine.model.registration import Registration
from trephine.model.volume import Volume
from trephine.model.warp import Warp

_AXES = ("x", "y", "z")


def write(warp: Warp, writer: Writer) -> None:
    """Lay a smooth map ready."""
    names = {"source": str(warp.source), "target": str(warp.target)}
    writer.put_json("transform", affine_json(warp.affine), **names)
    for index, axis in enumerate(_AXES):
        part = Volume(values=warp.displacement_mm[..., index], grid=warp.grid, unit="mm")
        put_volume(writer, "displacement", part, axis=axis, **names)


def read(case: Case, *, target: Frame, source: Frame) -> Warp:
    """Read a smooth map back."""
    names = {"source": str(source), "target": str(target)}
    parts = [get_volume(case, "displacement", frame=target, axis=axis, **names) for axis in _AXES]
    return Warp(
        affine=affine_of(case.read_json("transform", **names)),
        displacement_mm=np.stack([part.values for part in parts], axis=-1),
        grid=parts[0].grid,
    )


def write_registration(registration: Registration, writer: Writer) -> None:
    """Lay one scan's registration to the planning T1 ready."""
    figures = plain_fields(registration, without=("scanner_from_moving",))
    value = affine_json(registration.scanner_from_moving) | {"registration": figures}
    affine = registration.scanner_from_moving
    writer.put_json("transform", value, source=str(affine.source), target=str(affine.target))


def read_registration(case: Case, moving: str) -> Registration:
    """Read one scan's registration back."""
    value = case.read_json("transform", source=moving, target="scanner")
    return Registration(scanner_from_moving=affine_of(value), **value["registration"])
