# SPDX-License-Identifier: Apache-2.0
"""Headline figures of the imaging stage."""

from __future__ import annotations

import numpy as np

from trephine.core.frames import SCANNER
from trephine.kernels.geometry.meshes import corner_areas
from trephine.model.anatomy import Anatomy, ImagingResult, Tissue
from trephine.model.registration import Registration
from trephine.model.summary import Headline
from trephine.stages.imaging.checks import fluid_fraction, intracranial_ml, round_trip_mm
from trephine.stages.imaging.cortex_checks import hand_thickness_mm
from trephine.stages.imaging.operated import LOWEST_MM

_TISSUES = ((Tissue.GREY, "Grey matter"), (Tissue.WHITE, "White matter"), (Tissue.CSF, "Fluid"))


def headlines(result: ImagingResult) -> tuple[Headline, ...]:
    """Return the stage's figures.

    Parameters
    ----------
    result
        What the stage made.

    Returns
    -------
    tuple
        Volumes, the round trip to the template, and one error a registered scan.
    """
    anatomy = result.anatomy
    voxel_ml = anatomy.tissue.grid.voxel_volume_mm3 / 1000.0
    count = np.bincount(anatomy.tissue.values.ravel(), minlength=len(Tissue))
    figures = [_number("intracranial_ml", intracranial_ml(anatomy), "ml", "Inside of the skull")]
    figures += [
        _number(f"{kind.name.lower()}_ml", float(count[kind]) * voxel_ml, "ml", label)
        for kind, label in _TISSUES
    ]
    share = 100 * fluid_fraction(anatomy)
    figures.append(
        _number("fluid_percent", share, "percent", "Fluid, of the inside above the base of the skull")
    )
    label = "To the template and back, 99th percentile"
    figures.append(_number("template_round_trip_mm", round_trip_mm(anatomy), "mm", label))
    source = "CT" if anatomy.has_ct else "T1 estimate"
    figures.append(Headline(name="skull_source", value=source, unit="word", label="Skull comes from"))
    figures += [_of_skull(anatomy), *_of_cortex(anatomy)]
    for registration in result.registrations:
        figures += _of_registration(registration)
    if result.angiogram is not None:
        vessels = result.angiogram.vessels
        size_ml = float(np.count_nonzero(vessels.values)) * vessels.grid.voxel_volume_mm3 / 1000.0
        figures.append(_number("vessels_ml", size_ml, "ml", "Vessels seen"))
    return tuple(figures)


def _of_skull(anatomy: Anatomy) -> Headline:
    """Return the skull's usual thickness over the vault; without a CT its interval alone."""
    skull = anatomy.skull
    template_mm = anatomy.mni_from_scanner(anatomy.outer_skull.points_mm, frame=SCANNER)
    is_vault = template_mm[:, 2] > LOWEST_MM
    label = "Skull over the vault, medians of thickness and of its bounds"
    if not is_vault.any():
        return Headline(name="skull_mm", value=None, unit="mm", label=label)
    middle, low, high = (
        round(float(np.median(values[is_vault])), 1)
        for values in (skull.thickness_mm, skull.low_mm, skull.high_mm)
    )
    value = middle if skull.is_measured else None
    return Headline(name="skull_mm", value=value, low=low, high=high, unit="mm", label=label)


def _of_cortex(anatomy: Anatomy) -> list[Headline]:
    """Return thickness, area and quality of each hemisphere."""
    figures = []
    for half in anatomy.hemispheres:
        side, name = half.hemisphere, f"cortex.{half.hemisphere}"
        area_mm2 = corner_areas(half.pial.points_mm, half.pial.faces)
        thickness = float(np.average(half.thickness_mm, weights=area_mm2 * half.is_cortex))
        figures.append(_number(f"{name}.thickness_mm", thickness, "mm", f"Mean thickness of cortex, {side}"))
        near_mm = hand_thickness_mm(half, anatomy)
        if near_mm is not None:
            label = f"Median thickness near the anatomical hand knob, {side}"
            figures.append(_number(f"{name}.hand_thickness_mm", near_mm, "mm", label))
        area = float((area_mm2 * half.is_cortex).sum())
        figures.append(_number(f"{name}.pial_mm2", area, "mm2", f"Pial surface, {side}"))
        unsure = 100 * half.quality.unsure_fraction
        figures.append(
            _number(f"{name}.unsure_percent", unsure, "percent", f"Cortex of unsure thickness, {side}")
        )
    return figures


def _of_registration(registration: Registration) -> list[Headline]:
    """Return whether a scan is used, its error and how far its header was off."""
    name = registration.moving
    used = Headline(
        name=f"{name}.used",
        value="yes" if registration.is_trusted else "no",
        unit="word",
        label=f"{name} used",
    )
    if not registration.is_trusted:
        return [used]
    error = f"Registration error of {name}, one standard deviation"
    offset = f"How far the header of {name} was off"
    return [
        used,
        _number(f"{name}.error_mm", registration.error_mm, "mm", error),
        _number(f"{name}.header_offset_mm", registration.header_offset_mm, "mm", offset),
    ]


def _number(name: str, value: float, unit: str, label: str) -> Headline:
    """Return a figure rounded to what it can mean."""
    return Headline(name=name, value=round(float(value), 3), unit=unit, label=label)
