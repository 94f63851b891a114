# SPDX-License-Identifier: Apache-2.0
"""What is judged about the surfaces of the cortex."""

from __future__ import annotations

import numpy as np

from trephine.core.findings import Finding, Severity
from trephine.model.anatomy import Anatomy
from trephine.model.cortex import CorticalSurface
from trephine.stages.imaging.cortex import HAND_RADIUS_MM, hand_mm

_MOST_UNSURE_FRACTION = 0.25
_MOST_CROSSINGS_FRACTION = 0.001
_MOST_CUT_NEAR_HAND = 100
_USUAL_THICKNESS_MM = (1.5, 4.5)
"""Range of cortical thickness over the whole brain (1 to 4.5 mm, `fischl2000`), less its thinnest areas."""


def judge_cortex(anatomy: Anatomy) -> tuple[Finding, ...]:
    """Judge the surfaces of both hemispheres.

    Parameters
    ----------
    anatomy
        With its hemispheres.

    Returns
    -------
    tuple
        Findings, left hemisphere first.
    """
    if not anatomy.hemispheres:
        message = "White and pial surfaces could not be made: thickness and crowns are not known."
        return (Finding(code="CORTEX_SURFACE_MISSING", severity=Severity.UNKNOWN, message=message),)
    found = [
        finding
        for half in anatomy.hemispheres
        for finding in (_poor(half), _thickness(half, anatomy))
        if finding is not None
    ]
    return tuple(found)


def hand_thickness_mm(half: CorticalSurface, anatomy: Anatomy) -> float | None:
    """Return the median thickness near the anatomical hand knob; nothing where too little is sure."""
    distance = np.linalg.norm(half.pial.points_mm - hand_mm(anatomy, half.hemisphere), axis=1)
    near = (distance <= HAND_RADIUS_MM) & half.is_sure
    return float(np.median(half.thickness_mm[near])) if np.count_nonzero(near) > 100 else None


def _poor(half: CorticalSurface) -> Finding | None:
    """Tell of surfaces that are no ball, cross themselves, or are unsure over much of the cortex."""
    quality = half.quality
    measured = [
        ("triangles that pierce each other", quality.crossings_left / len(half.white.faces)),
        ("cortex of unsure thickness", quality.unsure_fraction),
        ("voxels cut out of white matter near the hand", float(quality.voxels_cut_near_hand)),
        ("an Euler number other than 2", abs(quality.euler_number - 2.0)),
    ]
    limits = (_MOST_CROSSINGS_FRACTION, _MOST_UNSURE_FRACTION, float(_MOST_CUT_NEAR_HAND), 0.0)
    over = [
        (what, value, limit) for (what, value), limit in zip(measured, limits, strict=True) if value > limit
    ]
    if not over:
        return None
    _, value, limit = over[0]
    return Finding(
        code="CORTEX_SURFACE_POOR",
        severity=Severity.WARN,
        message=f"The surfaces of the {half.hemisphere} hemisphere are poor: "
        f"{', '.join(each for each, _, _ in over)}. Look at their outlines on the scan.",
        value=value,
        limit=limit,
        unit="1",
        source="assumed",
    )


def _thickness(half: CorticalSurface, anatomy: Anatomy) -> Finding | None:
    """Tell of cortex near the hand that is thicker or thinner than cortex is."""
    value = hand_thickness_mm(half, anatomy)
    low, high = _USUAL_THICKNESS_MM
    if value is not None and low <= value <= high:
        return None
    if value is None:
        message = f"Near the {half.hemisphere} hand knob too little cortex could be measured."
        return Finding(code="THICKNESS_OUT_OF_RANGE", severity=Severity.UNKNOWN, message=message)
    return Finding(
        code="THICKNESS_OUT_OF_RANGE",
        severity=Severity.WARN,
        message=f"Cortex near the {half.hemisphere} hand knob measures {value:.1f} mm: unusual anatomy, "
        "or edges that were not found.",
        value=value,
        limit=low if value < low else high,
        unit="mm",
        source="fischl2000",
    )
