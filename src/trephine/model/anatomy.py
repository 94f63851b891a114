# SPDX-License-Identifier: Apache-2.0
"""A person's head as the imaging stage found it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from trephine.core.errors import InputError
from trephine.model.cortex import CorticalSurface
from trephine.model.registration import Registration
from trephine.model.sinus import DuralSinus
from trephine.model.skull import SkullSuspect, SkullThickness
from trephine.model.surface import Surface
from trephine.model.vessels import NO_VESSELS, VesselScan, VesselTree
from trephine.model.volume import Volume
from trephine.model.warp import Warp


class Tissue(IntEnum):
    """Labels of the tissue volume."""

    BACKGROUND = 0
    SCALP = 1
    """Everything soft outside the skull."""
    SKULL = 2
    CSF = 3
    GREY = 4
    WHITE = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Anatomy:
    """Tissues, surfaces and the way to the template, all in ``scanner``.

    Parameters
    ----------
    t1
        Planning T1 with its slow shading removed, signal in arbitrary units, reoriented to RAS+.
    tissue
        ``Tissue`` labels on the same grid, uint8.
    intracranial
        Inside of the skull (brain and CSF), uint8 0 or 1, same grid.
    sulcal_depth_mm
        Depth below the brain's closed hull, float32, same grid, 0 outside the brain.
    cortex, outer_skull, scalp
        Pial surface (outer boundary of grey), outer face of the skull, skin.
    skull
        Thickness of the skull at every corner of ``outer_skull``, with its interval.
    mni_from_scanner, scanner_from_mni
        Maps to and from the template.
    suspects
        Places of the vault that look operated upon, largest first.
    has_ct
        Whether the skull comes from a CT; otherwise it is an estimate from the T1.
    hemispheres
        White and pial surfaces, left then right; empty where they could not be made.
    sinuses
        Zones in which a venous sinus of the dura must be expected, from anatomy.
    """

    t1: Volume
    tissue: Volume
    intracranial: Volume
    sulcal_depth_mm: Volume
    cortex: Surface
    outer_skull: Surface
    scalp: Surface
    skull: SkullThickness
    mni_from_scanner: Warp
    scanner_from_mni: Warp
    has_ct: bool
    hemispheres: tuple[CorticalSurface, ...] = ()
    suspects: tuple[SkullSuspect, ...] = ()
    sinuses: tuple[DuralSinus, ...] = ()

    def __post_init__(self) -> None:
        if len(self.skull.thickness_mm) != len(self.outer_skull.points_mm):
            raise InputError.because(
                where="thickness of the skull",
                found=f"{len(self.skull.thickness_mm)} values",
                expected=f"one a corner of the outer skull, {len(self.outer_skull.points_mm)}",
                remedy="Measure the thickness on the same surface.",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Angiogram:
    """Vessels seen before surgery.

    Parameters
    ----------
    vessels
        1 in a vessel of any scan, uint8, on a grid in ``scanner``.
    smallest_diameter_mm
        Vessels thinner than this are not shown reliably; the largest such size of all scans, since one scan
        may show arteries and another veins.
    registration_error_mm
        Standard deviation of the registration to the planning T1, the largest of all scans.
    tree
        Centre lines and radii from all scans.
    scans
        What each scan shows, in the order of ``tree.scan``.
    """

    vessels: Volume
    smallest_diameter_mm: float
    registration_error_mm: float
    tree: VesselTree = NO_VESSELS
    scans: tuple[VesselScan, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagingResult:
    """All that the imaging stage hands on.

    Parameters
    ----------
    anatomy
        The head.
    angiogram
        Vessels seen before surgery; absent without a scan that shows them and could be registered.
    registrations
        One for each other scan, trusted or not.
    pictures
        Each of these scans as its pose lays it, by name, coarse, for people to look at.
    """

    anatomy: Anatomy
    angiogram: Angiogram | None
    registrations: tuple[Registration, ...]
    pictures: Mapping[str, Volume] = field(default_factory=dict)
