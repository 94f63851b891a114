# SPDX-License-Identifier: Apache-2.0
"""The opening's headline figures."""

from __future__ import annotations

import numpy as np

from trephine.model.opening import Opening, OpeningResult
from trephine.model.summary import Headline


def headlines(result: OpeningResult) -> tuple[Headline, ...]:
    """Return the figures a reader asks for first.

    Parameters
    ----------
    result
        What was planned.

    Returns
    -------
    tuple
        Place, expected yield, distances and bone.
    """
    opening = result.opening
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
        *_expected(opening),
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
        *_drilling(opening),
        Headline(
            name="choices",
            value=len(opening.choices),
            unit="1",
            label="Poses to choose from, this one included",
        ),
    )


def _expected(opening: Opening) -> tuple[Headline, ...]:
    """Return the expected yield; provisional, as its label says."""
    expected = opening.expected
    if expected is None:
        return ()
    return (
        Headline(
            name="expected_yield",
            value=expected.mean,
            unit="1",
            label=f"Expected yield of {expected.threads_asked} threads, each worth 0 to 1; provisional, "
            "90 % of scenarios",
            low=expected.low,
            high=expected.high,
        ),
    )


def _drilling(opening: Opening) -> tuple[Headline, ...]:
    """Return how deep the bone goes at the outline: at the least by the scans, at the most."""
    if not opening.drill_depths:
        return ()
    depths = [each.depth_mm for each in opening.drill_depths]
    return (
        Headline(
            name="drill_depth",
            value=sum(depths) / len(depths) if opening.is_bone_measured else None,
            unit="mm",
            label="Depth to drill along the outline, mean, and the least and most that the scans leave open",
            low=min(each.low_mm for each in opening.drill_depths),
            high=max(each.high_mm for each in opening.drill_depths),
        ),
    )


def _mm(name: str, value: float, label: str) -> Headline:
    return Headline(name=name, value=value, unit="mm", label=label)
