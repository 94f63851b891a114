# SPDX-License-Identifier: Apache-2.0
"""Every figure that a rule asks for, measured from the nouns."""

from __future__ import annotations

import numpy as np

from trephine.core.frames import SCANNER
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.participant import Participant
from trephine.safety.judgement import Figure
from trephine.stages.screening.image_quality import grey_white_contrast
from trephine.stages.screening.layers import Layers, Spread
from trephine.stages.screening.settings import Settings

_SD_OF_95_PERCENT = 1.96
_WITHOUT_CT = (
    "There is no CT, so bone is an estimate from the T1, where it looks like air: it cannot be judged by."
)


def person_figures(participant: Participant) -> dict[str, Figure]:
    """Return figures that the study states of the person."""
    said = {"age": participant.age_years, "body_mass_index": participant.body_mass_index_kg_per_m2}
    return {
        rule: Figure(value=value, remark="" if value is not None else "Not said in the study.")
        for rule, value in said.items()
    }


def person_answers(participant: Participant) -> dict[str, bool | None]:
    """Return answers that the study gives to yes-or-no questions; ``None`` where it does not."""
    return {
        name: value
        for name, value in participant
        if name not in ("label", "age_years", "body_mass_index_kg_per_m2")
    }


def image_figures(anatomy: Anatomy) -> dict[str, Figure]:
    """Return figures of the planning T1's quality."""
    contrast = grey_white_contrast(anatomy)
    missing = "Too little tissue was found to measure it." if contrast is None else ""
    return {
        "t1_voxel_size": Figure(value=max(anatomy.t1.grid.voxel_mm), remark="Longest edge of a voxel."),
        "t1_contrast": Figure(value=contrast, remark=missing),
    }


def layer_figures(layers: Layers, device: Device, settings: Settings, *, has_ct: bool) -> dict[str, Figure]:
    """Return figures of skull and scalp over the hand area; never bare: each has its interval.

    Parameters
    ----------
    layers
        As measured.
    device
        Its thickness is held against the bone.
    settings
        Errors of the measurement.
    has_ct
        Whether bone was seen rather than estimated.
    """
    error_mm = settings.bone_error_with_ct_mm if has_ct else settings.bone_error_without_ct_mm
    bone, skin = _widened(layers.skull, error_mm), _widened(layers.scalp, error_mm)
    height_mm = device.body.thickness_mm.value
    remark = "Median over the implant's area; the interval holds its variation, and the error."
    bone_remark = remark if has_ct else f"{_WITHOUT_CT} {remark}"
    return {
        "skull_thickness": Figure(
            value=layers.skull.median_mm, low=bone[0], high=bone[1], remark=bone_remark, is_trusted=has_ct
        ),
        "implant_height": Figure(
            value=height_mm - layers.skull.median_mm,
            low=height_mm - bone[1],
            high=height_mm - bone[0],
            remark=f"Height above the skull of {device.name}, {height_mm:g} mm thick, with its foot level "
            f"with the inner face of the bone. {bone_remark}",
            is_trusted=has_ct,
        ),
        "scalp_thickness": Figure(value=layers.scalp.median_mm, low=skin[0], high=skin[1], remark=remark),
    }


def hand_figures(hand_map: HandMap, anatomy: Anatomy) -> dict[str, Figure]:
    """Return figures of the hand area: place, strength, uncertainty, agreement with anatomy."""
    is_shown = hand_map.target_source == "task"
    no_task = "The task shows no response; the target is the anatomical knob."
    return {
        "hand_from_midline": Figure(
            value=midline_distance_mm(anatomy, hand_map), remark="From the template's midsagittal plane."
        ),
        "hand_response": Figure(value=_strongest_z(hand_map), remark="" if is_shown else no_task),
        "hand_uncertainty": Figure(
            value=hand_map.target_sd_mm, remark="Standard deviation of one axis." if is_shown else no_task
        ),
        "hand_agreement": Figure(
            value=hand_map.disagreement_mm,
            remark="Between the task's centre and the anatomical knob." if is_shown else no_task,
        ),
    }


def vessel_figures(angiogram: Angiogram | None) -> dict[str, Figure]:
    """Return the thinnest vessel that can be known before surgery."""
    if angiogram is None:
        remark = "There is no angiography, so no vessel is known until the microscope sees the cortex."
        return {"vessels_known": Figure(value=None, remark=remark)}
    remark = (
        "Thinnest vessel that the angiography shows; its registration has a standard deviation of "
        f"{angiogram.registration_error_mm:.2g} mm."
    )
    return {"vessels_known": Figure(value=angiogram.smallest_diameter_mm, remark=remark)}


def midline_distance_mm(anatomy: Anatomy, hand_map: HandMap) -> float:
    """Return the target's distance from the template's midsagittal plane, in the person's own mm."""
    target = hand_map.target_mm[np.newaxis]
    template_mm = anatomy.mni_from_scanner(target, frame=SCANNER)[0]
    stretch = float(np.linalg.norm(anatomy.mni_from_scanner.affine.matrix[0, :3]))
    return abs(float(template_mm[0])) / stretch


def _strongest_z(hand_map: HandMap) -> float | None:
    """Return the peak of the contrasts that show the target's side; nothing when none does."""
    peaks = [
        contrast.peak_z
        for contrast in hand_map.contrasts
        if contrast.hemisphere == hand_map.hemisphere and contrast.peak_z is not None
    ]
    return max(peaks, default=None)


def _widened(spread: Spread, error_mm: float) -> tuple[float, float]:
    """Return the wider of the variation over the area and the error of measurement.

    They are not added: much of the variation between lines is that error.
    """
    margin = _SD_OF_95_PERCENT * error_mm
    low = min(spread.low_mm, spread.median_mm - margin)
    return max(low, 0.0), max(spread.high_mm, spread.median_mm + margin)
