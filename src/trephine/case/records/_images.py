# SPDX-License-Identifier: Apache-2.0
"""Volumes and surfaces by their key in the layout."""

from __future__ import annotations

from trephine.case.layout import spec
from trephine.case.store import Case, Writer
from trephine.core.errors import InternalError
from trephine.core.frames import SCANNER, Frame
from trephine.formats import gifti, nifti
from trephine.model.surface import Surface
from trephine.model.volume import Volume


def put_volume(writer: Writer, key: str, volume: Volume, **entities: str) -> None:
    """Lay a volume ready under a key whose declared unit is the volume's own."""
    if volume.unit != spec(key).unit:
        raise InternalError.because(
            where=f"file {key}",
            found=f"a volume in {volume.unit!r}",
            expected=f"unit {spec(key).unit!r}",
            remedy="This is a fault of trephine; please report it.",
        )
    writer.put(key, nifti.volume_bytes(volume), **entities)


def get_volume(case: Case, key: str, *, frame: Frame = SCANNER, **entities: str) -> Volume:
    """Read a volume back in its declared unit."""
    path = case.verified(key, **entities)
    return nifti.read_volume(path, frame, spec(key).unit, is_own_result=True)


def put_surface(writer: Writer, key: str, surface: Surface) -> None:
    """Lay a surface ready."""
    writer.put(key, gifti.surface_bytes(surface))


def get_surface(case: Case, key: str) -> Surface:
    """Read a surface back."""
    return gifti.read_surface(case.verified(key), SCANNER)
