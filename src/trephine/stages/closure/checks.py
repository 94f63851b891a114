# SPDX-License-Identifier: Apache-2.0
"""What the heat of an implant means."""

from __future__ import annotations

from trephine.core.findings import Finding, Severity
from trephine.model.tissue_heat import ImplantHeat

GRID_FRACTION = 0.05
"""Cells twice as wide may change the largest rise by this much; assumed."""


def checks(heat: ImplantHeat, hole_ml: float, limit_rise_k: float) -> tuple[Finding, ...]:
    """Judge the power asked about, the cells and the labels.

    Parameters
    ----------
    heat
        What was computed.
    hole_ml
        Air inside the labels.
    limit_rise_k
        Largest rise of tissue that is allowed.

    Returns
    -------
    tuple of Finding
        Nothing without a reason.
    """
    found = list(_power(heat, limit_rise_k))
    if abs(heat.grid_change_fraction) > GRID_FRACTION:
        found.append(
            Finding(
                code="HEAT_GRID_TOO_COARSE", severity=Severity.WARN,
                message="The largest rise depends on the cells: make them finer (closure.fine_mm).",
                value=100 * abs(heat.grid_change_fraction), limit=100 * GRID_FRACTION, unit="percent",
                source="assumed",
            )
        )  # fmt: skip
    if hole_ml > 0.01:
        found.append(
            Finding(
                code="HEAT_LABELS_HAVE_AIR", severity=Severity.WARN,
                message="The labels hold air inside the head near the implant, taken for air of sinuses.",
                value=hole_ml, unit="ml", source="assumed",
            )
        )  # fmt: skip
    return tuple(found)


def _power(heat: ImplantHeat, limit_rise_k: float) -> tuple[Finding, ...]:
    """Judge the power asked about, if one was."""
    if heat.power_mw is None:
        return ()
    warmest = heat.hottest[0]
    rise_k = heat.power_mw * warmest.rise_k_per_mw
    low_mw = min(
        (each.low_mw or each.power_mw) * limit_rise_k / each.rise_k
        for each in heat.allowed
        if each.among == "every tissue"
    )
    if rise_k > limit_rise_k:
        return (
            Finding(
                code="IMPLANT_TOO_WARM", severity=Severity.BLOCK,
                message=f"At {heat.power_mw:g} mW {warmest.tissue} gets warmer than allowed.",
                value=rise_k, limit=limit_rise_k, unit="K", source="podcast2024",
            ),
        )  # fmt: skip
    if heat.power_mw > low_mw:
        return (
            Finding(
                code="IMPLANT_MAY_BE_TOO_WARM", severity=Severity.WARN,
                message=f"At {heat.power_mw:g} mW {warmest.tissue} may get too warm: in one draw "
                "of twenty the allowed power is lower.",
                value=heat.power_mw, limit=low_mw, unit="mW", source="podcast2024",
            ),
        )  # fmt: skip
    return ()
