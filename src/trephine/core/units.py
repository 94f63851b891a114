# SPDX-License-Identifier: Apache-2.0
"""Unit suffixes of names, and conversions for use at borders only."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SUFFIXES: Final = MappingProxyType(
    {
        "_mm": "millimetre", "_um": "micrometre", "_mm2": "square millimetre", "_mm3": "cubic millimetre",
        "_ml": "millilitre", "_s": "second", "_ms": "millisecond", "_min": "minute", "_hz": "hertz",
        "_uv": "microvolt", "_ua": "microampere", "_nc": "nanocoulomb", "_kohm": "kilo-ohm",
        "_uc_per_cm2": "microcoulomb per square centimetre", "_mw": "milliwatt", "_degc": "degree Celsius",
        "_rise_k": "kelvin above baseline", "_kpa": "kilopascal", "_un": "micronewton", "_rad": "radian",
        "_mm_per_s": "millimetre per second", "_um_per_s": "micrometre per second", "_hu": "Hounsfield unit",
        "_percent": "percent", "_fraction": "fraction of one", "_kg_per_m2": "kilogram per square metre",
        "_years": "year", "_voxel": "voxel", "_tesla": "tesla", "_mm_per_s2": "millimetre per second squared",
        "_per_mm": "per millimetre", "_deg": "degree, at borders to people only", "_per_min": "per minute",
        "_mwh": "milliwatt hour", "_h": "hour", "_v": "volt",
        "_pixel": "pixel", "_signal": "MR signal, arbitrary unit", "_sigmas": "robust standard deviations",
    }
)  # fmt: skip
"""Suffix of a name to the unit it stands for."""

UM_PER_MM: Final = 1000.0


def mm_from_um(length_um: float) -> float:
    """Convert micrometres to millimetres."""
    return length_um / UM_PER_MM


def um_from_mm(length_mm: float) -> float:
    """Convert millimetres to micrometres."""
    return length_mm * UM_PER_MM
