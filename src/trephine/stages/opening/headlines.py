# SPDX-License-Identifier: Apache-2.0
"""The opening's headline figures."""

from __future__ import annotations

import numpy as np

from trephine.model.opening import Opening
from trephine.model.summary import Headline


def headlines(opening: Opening) -> tuple[Headline, ...]:
    """Return the figures a reader asks for first.

    Parameters
    ----------
    opening
        The opening planned.

    Returns
    -------
    tuple
        Place, distances and bone.
    """
    centre = np.mean(opening.craniectomy_mm, axis=0)
    return (
        Headline(
            name="craniectomy_centre",
            value=(float(centre[0]), float(centre[1]), float(centre[2])),
            unit="mm",
            frame="scanner",
            label="Centre of the craniectomy on the skull",
        ),
        Headline(name="hemisphere", value=opening.hemisphere, unit="word", label="Side to open"),
        _mm("target_offset", opening.target_offset_mm, "Hand target from the implant's axis"),
        _mm("midline_distance", opening.midline_distance_mm, "Craniectomy from the midline"),
        Headline(
            name="bone_thickness",
            value=opening.bone_thickness_mean_mm if opening.is_bone_measured else None,
            unit="mm",
            label="Bone under the implant, mean and what the scans leave open for it",
            low=opening.bone_low_mm,
            high=opening.bone_high_mm,
        ),
        _mm("skull_fit_rms", opening.skull_fit_rms_mm, "Skull's departure from the flat foot, RMS"),
        Headline(name="tilt", value=opening.tilt_rad, unit="rad", label="Axis from the cortex normal"),
        _mm("durectomy_radius", opening.durectomy_radius_mm, "Radius of the dura's opening"),
    )


def _mm(name: str, value: float, label: str) -> Headline:
    return Headline(name=name, value=value, unit="mm", label=label)
