# SPDX-License-Identifier: Apache-2.0
"""The figures by which a hand map is judged."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import Vector3
from trephine.core.frames import MNI152, SCANNER, Frame
from trephine.model.activation import ContrastMap, HandMap, RunQuality
from trephine.model.summary import Headline


def headlines(hand_map: HandMap) -> tuple[Headline, ...]:
    """Return target, knob, every contrast's hand area and every run's quality.

    Parameters
    ----------
    hand_map
        The stage's answer.

    Returns
    -------
    tuple
        Named ``target...``, ``<contrast>.centroid_scanner`` and so on, ``<run>.max_displacement`` and so on.
    """
    made = [
        Headline(name="hand", value=hand_map.hand, unit="word", label="Hand whose area is the target"),
        Headline(name="hemisphere", value=hand_map.hemisphere, unit="word", label="Side to implant"),
        _position("target_scanner", hand_map.target_mm, SCANNER, "Target on the cortex"),
        _position("target_mni", hand_map.target_mni_mm, MNI152, "Target in the template"),
        _number("target_sd", hand_map.target_sd_mm, "Standard deviation of the target, each axis"),
        Headline(
            name="target_source", value=hand_map.target_source, unit="word", label="What the target follows"
        ),
        _position("knob_scanner", hand_map.knob_mm, SCANNER, "Anatomical hand knob"),
        *_of_own_knobs(hand_map),
        Headline(name="bold.used", value="yes", unit="word", label="BOLD used"),
        _number("disagreement", hand_map.disagreement_mm, "Task's centre to anatomical knob"),
    ]
    for contrast in hand_map.contrasts:
        if contrast.hemisphere is not None:
            made += _of_contrast(contrast)
    for quality in hand_map.runs:
        made += _of_run(quality)
    return tuple(made)


def _of_own_knobs(hand_map: HandMap) -> list[Headline]:
    made = []
    for knob in hand_map.own_knobs:
        name, said = f"own_knob_{knob.hemisphere}", f"Hand knob of the {knob.hemisphere} cortex itself"
        made += [
            _position(f"{name}.scanner", knob.position_mm, SCANNER, said),
            _position(f"{name}.mni", knob.position_mni_mm, MNI152, f"{said}, in the template"),
            _number(f"{name}.sd", knob.sd_mm, f"{said}: standard deviation along the sulcus"),
            _number(f"{name}.template_distance", knob.template_distance_mm, f"{said}: to the template's"),
            _number(f"{name}.task_distance", knob.task_distance_mm, f"{said}: to the task's centre"),
        ]
    return made


def _of_contrast(contrast: ContrastMap) -> list[Headline]:
    name = contrast.name
    return [
        _position(
            f"{name}.centroid_scanner", contrast.centroid_mm, SCANNER, f"{name}: centre of the hand area"
        ),
        _position(
            f"{name}.centroid_mni", contrast.centroid_mni_mm, MNI152, f"{name}: centre in the template"
        ),
        _number(f"{name}.centroid_sd", contrast.centroid_sd_mm, f"{name}: standard deviation of the centre"),
        _position(f"{name}.peak_scanner", contrast.peak_mm, SCANNER, f"{name}: strongest voxel"),
        _position(
            f"{name}.peak_mni", contrast.peak_mni_mm, MNI152, f"{name}: strongest voxel in the template"
        ),
        _number(f"{name}.peak_z", contrast.peak_z, f"{name}: z of the strongest voxel", "1"),
        _number(f"{name}.volume", contrast.volume_mm3, f"{name}: size of the hand area", "mm3"),
        _number(
            f"{name}.nuisance_shift",
            contrast.nuisance_shift_mm,
            f"{name}: largest shift by nuisance regressors",
        ),
        _number(f"{name}.run_shift", contrast.run_shift_mm, f"{name}: largest shift between runs"),
    ]


def _of_run(quality: RunQuality) -> list[Headline]:
    name = quality.name
    return [
        _number(
            f"{name}.max_displacement", quality.max_displacement_mm, f"{name}: largest head motion a volume"
        ),
        _number(
            f"{name}.mean_displacement", quality.mean_displacement_mm, f"{name}: mean head motion a volume"
        ),
        Headline(
            name=f"{name}.outlier_volumes",
            value=quality.outlier_volumes,
            unit="1",
            label=f"{name}: volumes modelled away, of {quality.volumes}",
        ),
        _number(
            f"{name}.registration_error",
            quality.registration_error_mm,
            f"{name}: registration to the T1, spread",
        ),
        _number(f"{name}.header_offset", quality.header_offset_mm, f"{name}: headers off by"),
    ]


def _position(name: str, position_mm: Vector3 | None, frame: Frame, label: str) -> Headline:
    value = None
    if position_mm is not None:
        x, y, z = (round(float(number), 3) for number in np.asarray(position_mm))
        value = (x, y, z)
    return Headline(name=name, value=value, unit="mm", frame=frame, label=label)


def _number(name: str, value: float | None, label: str, unit: str = "mm") -> Headline:
    return Headline(
        name=name, value=None if value is None else round(float(value), 4), unit=unit, label=label
    )
