# SPDX-License-Identifier: Apache-2.0
"""What the imaging stage judges about its own result."""

from __future__ import annotations

import numpy as np

from trephine.core.findings import Finding, Severity
from trephine.core.frames import MNI152, SCANNER
from trephine.model.anatomy import Anatomy, ImagingResult, Tissue
from trephine.model.skull import SkullSuspect
from trephine.stages.imaging.cortex_checks import judge_cortex
from trephine.stages.imaging.operated import LARGEST_DIFFERENCE_MM, LARGEST_TABLE_DIFFERENCE
from trephine.stages.imaging.sinuses import judge_sinuses

_USUAL_INTRACRANIAL_ML = (1000.0, 2000.0)
"""Adult range; assumed from volumetric studies (about 1100 to 1900 ml)."""
MOST_FLUID_FRACTION = 0.25
"""Mean of healthy adults in their twenties (0.187 of the inside of the skull, yamada2023) and twice a
standard deviation of 0.03, which is assumed. Judged against the young, as age is not known here."""
_BASE_MM = 0.0
"""Height in mni152 above which fluid counts: below, cisterns differ and the outline is unsure."""
_COUNTED_VOXELS = 200_000
_LARGEST_VOXEL_MM = 1.3
_LARGEST_ROUND_TRIP_MM = 1.0


def judge(result: ImagingResult, agreeing_starts: int, finalists: int) -> tuple[Finding, ...]:
    """Look at an imaging result for what a clinician must know.

    Parameters
    ----------
    result
        What the stage made.
    agreeing_starts, finalists
        Of the affine registration to the template.

    Returns
    -------
    tuple
        Findings, in a fixed order.
    """
    anatomy = result.anatomy
    found = [
        _starts(agreeing_starts, finalists),
        _round_trip(anatomy),
        _size(anatomy),
        _fluid(anatomy),
        _voxel(anatomy),
        _skull(anatomy),
        _vessels(result),
    ]
    few = (finding for finding in found if finding is not None)
    return (*few, *map(_operated, anatomy.suspects), *judge_cortex(anatomy), *judge_sinuses(anatomy))


def intracranial_ml(anatomy: Anatomy) -> float:
    """Return the volume inside the skull."""
    volume = anatomy.intracranial
    return float(np.count_nonzero(volume.values)) * volume.grid.voxel_volume_mm3 / 1000.0


def round_trip_mm(anatomy: Anatomy) -> float:
    """Return the 99th percentile of the distance after going to the template and back, within the brain."""
    tissue = anatomy.tissue
    where = np.argwhere(tissue.values >= Tissue.GREY)
    some = where[:: max(1, len(where) // 4000)].astype(np.float64)
    points = tissue.grid.mm_of(some)
    there = anatomy.mni_from_scanner(points, frame=SCANNER)
    back = anatomy.scanner_from_mni(there, frame=MNI152)
    return float(np.percentile(np.linalg.norm(back - points, axis=1), 99.0))


def fluid_fraction(anatomy: Anatomy) -> float:
    """Return the share of fluid in the inside of the skull above its base, 0 to 1."""
    tissue = anatomy.tissue
    inside = np.argwhere(anatomy.intracranial.values)
    some = inside[:: max(1, len(inside) // _COUNTED_VOXELS)]
    points_mm = tissue.grid.mm_of(some.astype(np.float64))
    is_above = anatomy.mni_from_scanner(points_mm, frame=SCANNER)[:, 2] > _BASE_MM
    is_fluid = tissue.values[tuple(some.T)] == Tissue.CSF
    return float(np.count_nonzero(is_fluid & is_above)) / max(int(np.count_nonzero(is_above)), 1)


def _starts(agreeing: int, finalists: int) -> Finding | None:
    if finalists < 2 or agreeing >= 2:
        return None
    return Finding(
        code="TEMPLATE_FIT_UNSURE",
        severity=Severity.WARN,
        message="Only one start of the fit to the template ended where the best one did: "
        "look at the brain outline.",
        value=float(agreeing),
        limit=2.0,
        unit="1",
        source="assumed",
    )


def _round_trip(anatomy: Anatomy) -> Finding | None:
    gap = round_trip_mm(anatomy)
    if gap <= _LARGEST_ROUND_TRIP_MM:
        return None
    return Finding(
        code="TEMPLATE_MAPS_DISAGREE",
        severity=Severity.WARN,
        message="Going to the template and back does not return to the same place: "
        "template positions are uncertain.",
        value=gap,
        limit=_LARGEST_ROUND_TRIP_MM,
        unit="mm",
        source="assumed",
    )


def _size(anatomy: Anatomy) -> Finding | None:
    size = intracranial_ml(anatomy)
    low, high = _USUAL_INTRACRANIAL_ML
    if low <= size <= high:
        return None
    return Finding(
        code="INTRACRANIAL_VOLUME_UNUSUAL",
        severity=Severity.WARN,
        message="The volume found inside the skull is outside the usual adult range: "
        "look at the brain outline.",
        value=size,
        limit=low if size < low else high,
        unit="ml",
        source="assumed",
    )


def _fluid(anatomy: Anatomy) -> Finding | None:
    share = fluid_fraction(anatomy)
    if share <= MOST_FLUID_FRACTION:
        return None
    return Finding(
        code="BRAIN_ATROPHY_SUSPECTED",
        severity=Severity.WARN,
        message=f"Of the inside of the skull above its base {100 * share:.0f} % is fluid, more than in young "
        "adults: a shrunken brain, as is usual in age, a cavity, or a wrong outline.",
        value=share,
        limit=MOST_FLUID_FRACTION,
        unit="1",
        source="yamada2023",
    )


def _voxel(anatomy: Anatomy) -> Finding | None:
    largest = max(anatomy.t1.grid.voxel_mm)
    if largest <= _LARGEST_VOXEL_MM:
        return None
    return Finding(
        code="T1_VOXELS_COARSE",
        severity=Severity.WARN,
        message="The planning T1 is too coarse to follow narrow sulci; plan on a scan of about 1 mm.",
        value=largest,
        limit=_LARGEST_VOXEL_MM,
        unit="mm",
        source="assumed",
    )


def _skull(anatomy: Anatomy) -> Finding | None:
    if anatomy.has_ct:
        return None
    return Finding(
        code="SKULL_ESTIMATED_FROM_T1",
        severity=Severity.WARN,
        message="There is no usable CT: the skull's thickness is not known, only the interval that the T1 "
        "leaves open; its middle is no better than the usual thickness of adults.",
    )


def _operated(suspect: SkullSuspect) -> Finding:
    x_mm, y_mm, z_mm = suspect.centre_mm
    brighter = suspect.table_difference_fraction
    is_table = brighter > LARGEST_TABLE_DIFFERENCE
    no_table = f"; there its outer table is not dark (brighter by {brighter:.2f} of white matter)"
    return Finding(
        code="CRANIOTOMY_SUSPECTED",
        severity=Severity.WARN,
        message=f"The {suspect.place} bone looks operated upon or abnormal: {suspect.area_mm2 / 100:.0f} cm2 "
        f"around ({x_mm:.0f}, {y_mm:.0f}, {z_mm:.0f}) mm differ from the other side by "
        f"{suspect.difference_mm:+.1f} mm{no_table if is_table else ''}.",
        value=brighter if is_table else suspect.difference_mm,
        limit=LARGEST_TABLE_DIFFERENCE if is_table else LARGEST_DIFFERENCE_MM,
        unit="1" if is_table else "mm",
        source="assumed",
    )


def _vessels(result: ImagingResult) -> Finding | None:
    if result.angiogram is not None:
        return None
    return Finding(
        code="ANGIOGRAM_MISSING",
        severity=Severity.UNKNOWN,
        message="There is no usable angiogram: vessels stay unknown until the live image, "
        "and large ones may lie under the opening.",
    )
