# SPDX-License-Identifier: Apache-2.0
"""What tissues and materials do with heat, and what an implant's heat does to a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.core.sourced import Confidence

_PER_MIN = 1e-6 / 60
"""Cubic metres a second in a millilitre a minute."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measured(_Part):
    """One property with its spread.

    Parameters
    ----------
    mean
        In ``unit``.
    sd
        Standard deviation between studies; nothing where it is not known.
    studies
        How many; nothing where it is not known.
    unit
        As printed.
    source, confidence, note
        As in ``core.sourced``.
    """

    mean: float
    sd: float | None = None
    studies: int | None = None
    unit: str
    source: str
    confidence: Confidence
    note: str = ""


class Material(_Part):
    """A part of an implant."""

    conductivity: Measured
    density: Measured
    heat_capacity: Measured


class TissueEntry(Material):
    """A tissue; its blood flow is that through a kilogram of it."""

    perfusion: Measured


class Blood(_Part):
    """What blood carries."""

    density: Measured
    heat_capacity: Measured


class TissueTable(_Part):
    """Every tissue and material.

    Parameters
    ----------
    schema_version
        Version of this layout.
    blood
        Carries heat off.
    tissues, materials
        By name.
    """

    schema_version: Literal[1] = 1
    blood: Blood
    tissues: Mapping[str, TissueEntry]
    materials: Mapping[str, Material]

    def drain_mw_per_mm3_k(self, tissue: str, *, perfusion: float | None = None) -> float:
        """Return what blood takes from a volume of tissue for each kelvin.

        Flow is given through a kilogram, so it is multiplied by the tissue's density, not only the blood's.

        Parameters
        ----------
        tissue
            Its name.
        perfusion
            ml/min/kg; the mean when not given.
        """
        entry = self.tissues[tissue]
        flow_hz = (entry.perfusion.mean if perfusion is None else perfusion) * _PER_MIN * entry.density.mean
        return self.blood.density.mean * self.blood.heat_capacity.mean * flow_hz * 1e-6


class HottestPlace(_Part):
    """Where one tissue gets warmest.

    Parameters
    ----------
    tissue
        Its name.
    rise_k_per_mw
        Steady rise for each milliwatt.
    place_mm
        In ``scanner``.
    """

    tissue: str
    rise_k_per_mw: float
    place_mm: tuple[float, float, float]


class AllowedPower(_Part):
    """The largest power that keeps some tissues within a rise.

    Parameters
    ----------
    among
        Which tissues: every one, or grey and white matter alone.
    rise_k
        The rise.
    tissue
        Which tissue reaches it first.
    power_mw
        With every property at its mean.
    low_mw, high_mw
        5th and 95th percentile over draws of tissue and skin; nothing without draws.
    """

    among: Literal["every tissue", "brain"]
    rise_k: float
    tissue: str
    power_mw: float
    low_mw: float | None = None
    high_mw: float | None = None


class ImplantHeat(_Part):
    """The steady heat of a seated implant in one person's head.

    Parameters
    ----------
    schema_version
        Version of this layout.
    device, housing
        What is seated, and what its wall is taken to be made of.
    hottest
        One a tissue, the warmest first.
    allowed
        For each rise asked about.
    power_mw
        Power asked about; nothing when none was given.
    blood_fraction, surface_fraction
        Where the heat goes: with blood, and through the skin and the cut sides of the block.
    imbalance_fraction
        Heat not accounted for.
    grid_change_fraction
        By how much the largest rise changes when cells near the implant are twice as wide.
    fine_mm
        Width of the cells near the implant.
    cells
        How many.
    draws
        Of tissue and skin.
    assumptions
        What a reader must know, one sentence each.
    """

    schema_version: Literal[1] = 1
    device: str
    housing: str
    hottest: tuple[HottestPlace, ...]
    allowed: tuple[AllowedPower, ...]
    power_mw: float | None = None
    blood_fraction: float
    surface_fraction: float
    imbalance_fraction: float
    grid_change_fraction: float
    fine_mm: float
    cells: int
    draws: int
    assumptions: tuple[str, ...]
