# SPDX-License-Identifier: Apache-2.0
"""Everything the imaging stage makes: anatomy, angiogram, registrations."""

from __future__ import annotations

from trephine.case.records import angiogram, cortex, sinuses, skull, warp
from trephine.case.records._figures import plain_fields
from trephine.case.records._images import get_surface, get_volume, put_surface, put_volume
from trephine.case.store import Case, Writer
from trephine.core.frames import MNI152, SCANNER
from trephine.model.anatomy import Anatomy, ImagingResult
from trephine.model.registration import Registration
from trephine.model.volume import Volume

_VOLUMES = ("t1", "tissue", "intracranial", "sulcal_depth")
_SURFACES = ("cortex", "outer_skull", "scalp")
_IN_FILES = (
    *("t1", "tissue", "intracranial", "sulcal_depth_mm", "skull"),
    *_SURFACES,
    *("mni_from_scanner", "scanner_from_mni"),
    *("hemispheres", "sinuses"),
)


def write(result: ImagingResult, writer: Writer) -> None:
    """Lay the imaging stage's results ready."""
    anatomy = result.anatomy
    put_volume(writer, "t1", anatomy.t1)
    put_volume(writer, "tissue", anatomy.tissue)
    put_volume(writer, "intracranial", anatomy.intracranial)
    put_volume(writer, "sulcal_depth", anatomy.sulcal_depth_mm)
    for key in _SURFACES:
        put_surface(writer, key, getattr(anatomy, key))
    skull.write(anatomy.skull, writer)
    cortex.write(anatomy.hemispheres, writer)
    sinuses.write(anatomy.sinuses, writer)
    warp.write(anatomy.mni_from_scanner, writer)
    warp.write(anatomy.scanner_from_mni, writer)
    for registration in result.registrations:
        warp.write_registration(registration, writer)
    for name, picture in result.pictures.items():
        put_volume(writer, "registered", picture, scan=name)
    moving = [str(registration.scanner_from_moving.source) for registration in result.registrations]
    figures = plain_fields(anatomy, without=_IN_FILES)
    writer.put_json("anatomy_record", {"schema_version": 1, **figures, "registrations": moving})
    if result.angiogram is not None:
        angiogram.write(result.angiogram, writer)


def read(case: Case) -> Anatomy:
    """Read the anatomy back."""
    figures = case.read_json("anatomy_record")
    figures.pop("schema_version")
    figures.pop("registrations")
    suspects = tuple(skull.suspect_of(each) for each in figures.pop("suspects"))
    t1, tissue, intracranial, depth = (get_volume(case, key) for key in _VOLUMES)
    outer, outer_skull, scalp = (get_surface(case, key) for key in _SURFACES)
    return Anatomy(
        t1=t1,
        tissue=tissue,
        intracranial=intracranial,
        sulcal_depth_mm=depth,
        cortex=outer,
        outer_skull=outer_skull,
        scalp=scalp,
        skull=skull.read(case),
        suspects=suspects,
        mni_from_scanner=warp.read(case, target=MNI152, source=SCANNER),
        scanner_from_mni=warp.read(case, target=SCANNER, source=MNI152),
        hemispheres=cortex.read(case),
        sinuses=sinuses.read(case),
        **figures,
    )


def read_pictures(case: Case) -> dict[str, Volume]:
    """Read back each further scan as its registration lays it, by name, for people to look at."""
    names = case.read_json("anatomy_record")["registrations"]
    return {
        name: get_volume(case, "registered", scan=name) for name in names if case.has("registered", scan=name)
    }


def read_registrations(case: Case) -> tuple[Registration, ...]:
    """Read back how every other scan was registered to the planning T1."""
    names = case.read_json("anatomy_record")["registrations"]
    return tuple(warp.read_registration(case, name) for name in names)
