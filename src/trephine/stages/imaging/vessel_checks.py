# SPDX-License-Identifier: Apache-2.0
"""What a clinician must know of the vessels found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trephine.core.findings import Finding, Severity
from trephine.kernels.segmentation.knots import Knot, dense_knots, densest_of_one_tube
from trephine.model.anatomy import Angiogram
from trephine.model.scan import ScanKind
from trephine.model.vessels import VesselScan
from trephine.stages.imaging.settings import Settings

_MOST_KNOTS = 3


def judge(angiogram: Angiogram, settings: Settings) -> tuple[Finding, ...]:
    """Say what each scan can show and whether a knot of vessels was found.

    Parameters
    ----------
    angiogram
        What was found.
    settings
        Widest usual vessel, and when a vessel counts as shown.

    Returns
    -------
    tuple
        Findings, in a fixed order.
    """
    found: list[Finding] = []
    for scan in angiogram.scans:
        found += _of_scan(scan, settings)
    found += _knots(angiogram, settings)
    return tuple(found)


def _of_scan(scan: VesselScan, settings: Settings) -> Iterator[Finding]:
    name = str(scan.kind)
    if not np.any(scan.probability.values):
        yield Finding(
            code="NO_VESSELS_SEEN",
            severity=Severity.UNKNOWN,
            message=f"No vessel was found in the {name} scan inside the skull: it may show another part of "
            "the head. It is not evidence that there are none.",
        )
    else:
        yield _size(scan, settings)
    if scan.is_cut:
        yield Finding(
            code="VESSEL_SCAN_CUT",
            severity=Severity.WARN,
            message=f"The background of the {name} scan had been set to zero before it came here: what was "
            "cut away is not known, and its noise, probabilities and smallest vessel rest on an assumption.",
        )
    if scan.kind is ScanKind.CE_T1W:
        yield Finding(
            code="DURA_ENHANCES",
            severity=Severity.NOTE,
            message="In a T1 with contrast agent the dura, the choroid plexus and some lesions are as bright "
            "as vessels and are labelled with them.",
        )


def _size(scan: VesselScan, settings: Settings) -> Finding:
    name, size_mm = str(scan.kind), scan.smallest_diameter_mm
    if not scan.is_limit_known:
        return Finding(
            code="VESSEL_SIZE_UNKNOWN",
            severity=Severity.WARN,
            message=f"It could not be shown that the {name} scan finds "
            f"{settings.shown_recall_fraction:.0%} of vessels of any size up to {size_mm:.1f} mm: "
            "take every vessel as possibly missing.",
            value=size_mm,
            unit="mm",
        )
    return Finding(
        code="SMALLEST_VESSEL_SHOWN",
        severity=Severity.NOTE,
        message=f"Vessels thinner than {size_mm:.1f} mm are not shown reliably by the {name} scan, and those "
        "whose blood is dimmer than its large vessels' not even at that width. Most vessels of the cortex "
        "are 0.01 to 0.6 mm wide and cannot be planned from it.",
        value=size_mm,
        unit="mm",
    )


def _knots(angiogram: Angiogram, settings: Settings) -> Iterator[Finding]:
    grid = angiogram.vessels.grid
    label = np.asarray(angiogram.vessels.values) > 0
    if not label.any():
        return
    knots = dense_knots(label, grid.affine_mm, settings.widest_vessel_mm, _middle_mm(angiogram))
    limit = densest_of_one_tube(settings.widest_vessel_mm)
    for knot in knots[:_MOST_KNOTS]:
        yield Finding(
            code="VASCULAR_MALFORMATION_SUSPECTED",
            severity=Severity.WARN,
            message=_words(knot, settings),
            value=knot.density_fraction,
            limit=limit,
            unit="1",
            source="assumed",
        )


def _words(knot: Knot, settings: Settings) -> str:
    x, y, z = knot.centre_mm
    return (
        f"About ({x:.0f}, {y:.0f}, {z:.0f}) mm, vessels fill {knot.density_fraction:.0%} of the room over "
        f"some {knot.size_mm:.0f} mm, more than one vessel {settings.widest_vessel_mm:g} mm wide, and "
        f"{knot.other_side_fraction:.0%} on the other side: a vascular malformation, an aneurysm or a very "
        "large vein. A radiologist must look at it."
    )


def _middle_mm(angiogram: Angiogram) -> float:
    """Return x half way between left and right: the middle of the region looked at."""
    shown = [scan.probability for scan in angiogram.scans]
    middles = []
    for volume in shown:
        where = np.argwhere(np.asarray(volume.values[::2, ::2, ::2]) > 0) * 2.0
        if len(where):
            x = volume.grid.mm_of(where)[:, 0]
            middles.append(0.5 * float(np.percentile(x, 2.0) + np.percentile(x, 98.0)))
    return float(np.mean(middles)) if middles else 0.0
