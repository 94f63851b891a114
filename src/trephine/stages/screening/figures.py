# SPDX-License-Identifier: Apache-2.0
"""Every figure that a rule asks for, measured from the nouns."""

from __future__ import annotations

import numpy as np

from trephine.core.frames import SCANNER
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device
from trephine.model.registration import Registration
from trephine.safety.judgement import Figure
from trephine.stages.screening.image_quality import air_above_mm, ghosts_of, noise_of
from trephine.stages.screening.layers import Layers, Spread
from trephine.stages.screening.settings import Settings

_SD_OF_95_PERCENT = 1.96
_WITHOUT_CT = (
    "There is no CT, so bone is an estimate from the T1, where it looks like air: it cannot be judged by."
)


def image_figures(anatomy: Anatomy, layers: Layers) -> dict[str, Figure]:
    """Return figures of the planning T1's quality, and of what it shows of the head."""
    air_mm = min(air_above_mm(anatomy), layers.air_mm)
    return {
        "t1_voxel_size": Figure(value=max(anatomy.t1.grid.voxel_mm), remark="Longest edge of a voxel."),
        "t1_coverage": Figure(
            value=air_mm,
            remark="Least air between head and edge of the image, above the vertex and over the site.",
        ),
        "scalp_shown": Figure(value=layers.scalp_fraction, remark="Share of lines over the site."),
        **_noise_figures(anatomy),
        "t1_ghosting": _ghosting(anatomy),
    }


def _noise_figures(anatomy: Anatomy) -> dict[str, Figure]:
    noise = noise_of(anatomy)
    if noise is None:
        missing = Figure(value=None, remark="Too little tissue was found, or no noise, to measure it.")
        return {"t1_contrast": missing, "t1_noise": missing}
    remark = "The interval is that of the three axes of the image."
    (low, middle, high), (least, share, most) = noise.contrast, noise.percent
    return {
        "t1_contrast": Figure(value=middle, low=low, high=high, remark=remark),
        "t1_noise": Figure(value=share, low=least, high=most, remark=f"Of white matter's signal. {remark}"),
    }


def _ghosting(anatomy: Anatomy) -> Figure:
    ghosts = ghosts_of(anatomy)
    if isinstance(ghosts, str):
        return Figure(value=None, remark=ghosts)
    return Figure(
        value=ghosts.level_percent,
        remark=f"Signal {ghosts.where} the head beyond that of the corners, of white matter's signal.",
    )


def registration_figures(registrations: tuple[Registration, ...], hand_map: HandMap) -> dict[str, Figure]:
    """Return the standard deviation of the least sure registration of a scan that was used."""
    used = {item.moving: item.error_mm for item in registrations if item.is_trusted}
    used |= {run.name: run.registration_error_mm for run in hand_map.runs}
    refused = [item.moving for item in registrations if not item.is_trusted]
    refused += [run.name for run in hand_map.runs if not run.is_registration_trusted]
    if not used:
        return {"registration_error": Figure(value=None, remark="No scan was laid on the T1.")}
    worst = max(used, key=lambda name: used[name])
    remark = f"Of {worst}, the least sure of {len(used)}."
    if refused:
        remark += f" Not to be trusted: {', '.join(refused)}."
    return {"registration_error": Figure(value=used[worst], remark=remark, is_trusted=not refused)}


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
    bone = (layers.skull.low_mm, layers.skull.high_mm)
    skin = _widened(layers.scalp, error_mm)
    body = device.body.thickness_mm
    height_mm = body.value
    least_mm, most_mm = (height_mm if end is None else end for end in (body.low, body.high))
    remark = "Median over the implant's area; the interval holds its variation, and the error."
    bone_remark = remark if has_ct else f"{_WITHOUT_CT} {remark}"
    return {
        "skull_thickness": Figure(
            value=layers.skull.median_mm, low=bone[0], high=bone[1], remark=bone_remark, is_trusted=has_ct
        ),
        "implant_height": Figure(
            value=height_mm - layers.skull.median_mm,
            low=least_mm - bone[1],
            high=most_mm - bone[0],
            remark=f"Height above the skull of {device.name}, {height_mm:g} mm thick, with its foot level "
            f"with the inner face of the bone. {bone_remark}",
            is_trusted=has_ct,
        ),
        "implant_gap": Figure(
            value=layers.gap_mm,
            low=max(layers.gap_mm - _SD_OF_95_PERCENT * error_mm, 0.0),
            high=layers.gap_mm + _SD_OF_95_PERCENT * error_mm,
            remark=f"Departure of the outer skull from a plane over {device.body.width_mm.value:g} mm.",
        ),
        "scalp_thickness": Figure(value=layers.scalp.median_mm, low=skin[0], high=skin[1], remark=remark),
    }


def hand_figures(hand_map: HandMap, anatomy: Anatomy, settings: Settings) -> dict[str, Figure]:
    """Return figures of the hand area: place, strength, uncertainty, agreement with anatomy."""
    is_shown = hand_map.target_source == "task"
    no_task = "The task shows no response; the target is the anatomical knob."
    return {
        "hand_from_midline": _from_sinus(anatomy, hand_map, settings),
        "hand_response": _with_sd(
            _strongest_z(hand_map),
            1.0,
            "Largest z in the side's area; the interval is that of a z statistic, and the largest of many "
            "is larger than the truth."
            if is_shown
            else no_task,
        ),
        "hand_uncertainty": Figure(
            value=hand_map.target_sd_mm,
            remark="Standard deviation of one axis; how sure it is itself is not known."
            if is_shown
            else no_task,
        ),
        "hand_agreement": _with_sd(
            hand_map.disagreement_mm,
            hand_map.target_sd_mm,
            "Between the task's centre and the anatomical knob; the interval is that of the task's centre."
            if is_shown
            else no_task,
        ),
    }


def repeat_figures(hand_map: HandMap) -> dict[str, Figure]:
    """Return how far the hand area moves from run to run and with the nuisance regressors."""
    shown = [item for item in hand_map.contrasts if item.hemisphere == hand_map.hemisphere]
    runs = [item.run_shift_mm for item in shown if item.run_shift_mm is not None]
    models = [item.nuisance_shift_mm for item in shown if item.nuisance_shift_mm is not None]
    lone = "There is one run of the task only." if len(hand_map.runs) < 2 else "Not every run shows it."
    return {
        "hand_retest": Figure(
            value=max(runs, default=None), remark="Between centres of single runs." if runs else lone
        ),
        "hand_nuisance": Figure(
            value=max(models, default=None),
            remark="Largest shift of the centre." if models else "No centre was found to compare.",
        ),
    }


def motion_figures(hand_map: HandMap) -> dict[str, Figure]:
    """Return the head's motion during the worst run of the task."""
    if not hand_map.runs:
        missing = Figure(value=None, remark="The motion of no run is on record.")
        return {"head_motion": missing, "task_outliers": missing}
    lost = max(100.0 * run.outlier_volumes / max(run.volumes, 1) for run in hand_map.runs)
    mean_mm = max(run.mean_displacement_mm for run in hand_map.runs)
    return {
        "head_motion": Figure(value=mean_mm, remark="Mean framewise displacement of the worst run."),
        "task_outliers": Figure(value=lost, remark="Volumes modelled away in the worst run."),
    }


def _with_sd(value: float | None, sd: float, remark: str) -> Figure:
    """Return a figure with the interval of a distance or statistic, not below 0 for what has no sign."""
    if value is None:
        return Figure(value=None, remark=remark)
    reach = _SD_OF_95_PERCENT * sd
    return Figure(value=value, low=max(value - reach, min(value, 0.0)), high=value + reach, remark=remark)


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


def _from_sinus(anatomy: Anatomy, hand_map: HandMap, settings: Settings) -> Figure:
    """Return how far beside the sinus the target lies, or the template's midplane where that is less."""
    plane_mm = midline_distance_mm(anatomy, hand_map)
    plane_sd_mm = float(np.hypot(hand_map.target_sd_mm, settings.midline_error_mm))
    from_plane = _with_sd(plane_mm, plane_sd_mm, "From the template's midsagittal plane.")
    zone = next((one for one in anatomy.sinuses if one.name == "superior sagittal"), None)
    if zone is None:
        return from_plane
    there = anatomy.mni_from_scanner(np.vstack([hand_map.target_mm, zone.centre_mm]), frame=SCANNER)
    nearest = int(np.argmin(np.abs(there[1:, 1] - there[0, 1])))
    stretch = float(np.linalg.norm(anatomy.mni_from_scanner.affine.matrix[0, :3]))
    beside_mm = abs(float(there[0, 0] - there[1 + nearest, 0])) / stretch
    sd_mm = float(np.hypot(hand_map.target_sd_mm, zone.sd_mm[nearest]))
    from_zone = _with_sd(beside_mm, sd_mm, f"From the middle of the {zone.name} sinus's zone, across.")
    value = min(beside_mm, plane_mm)
    return Figure(
        value=value,
        low=min(low for low in (from_plane.low, from_zone.low) if low is not None),
        high=max(high for high in (from_plane.high, from_zone.high) if high is not None),
        remark=from_zone.remark if value == beside_mm else from_plane.remark,
    )


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
