# SPDX-License-Identifier: Apache-2.0
"""The hand area found in other ways, side by side with the one that the target follows."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import Vector3
from trephine.model.activation import Side
from trephine.model.hand_evidence import Alternative
from trephine.model.knob import OwnKnob
from trephine.stages.mapping.noise_field import Scene
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.resting import resting_area


def alternatives_to(
    centre_mm: Vector3,
    hemisphere: Side,
    knob_mm: Vector3,
    own: OwnKnob,
    at_rest: tuple[tuple[RunModel, ...], Scene],
) -> tuple[Alternative, ...]:
    """List the other ways to find the hand area, each with its distance to the centre taken.

    Parameters
    ----------
    centre_mm
        That the target follows, ``scanner``, shape (3,).
    hemisphere
        Side to implant.
    knob_mm
        The template's knob in this person.
    own
        The knob of that side in the person's own cortex.
    at_rest
        Runs at rest, or the task's when there are none, with their noise, grid and settings.

    Returns
    -------
    tuple of Alternative
        The template's knob; the person's own; the area that goes with the other side's knob at rest. None
        of them moves the target.
    """
    models, scene = at_rest
    template = Alternative(
        name="template knob",
        position_mm=knob_mm,
        sd_mm=scene.settings.knob_sd_mm,
        target_distance_mm=_apart_mm(knob_mm, centre_mm),
        remark="The hand knob of the template, carried over by the registration to it.",
    )
    return (
        template,
        _own(centre_mm, own, scene.settings.knob_sd_mm),
        _at_rest(centre_mm, hemisphere, models, scene),
    )


def _own(centre_mm: Vector3, own: OwnKnob, knob_sd_mm: float) -> Alternative:
    place, sd = own.position_mm, own.sd_mm
    if place is None or sd is None:
        return Alternative(
            name="own knob", position_mm=None, sd_mm=None, target_distance_mm=None, remark=own.remark
        )
    # The landmark's own error comes on top of the spread of function about it.
    return Alternative(
        name="own knob",
        position_mm=place,
        sd_mm=float(np.hypot(knob_sd_mm, sd)),
        target_distance_mm=_apart_mm(place, centre_mm),
        remark=own.remark,
    )


def _at_rest(centre_mm: Vector3, hemisphere: Side, models: tuple[RunModel, ...], scene: Scene) -> Alternative:
    found = resting_area(models, hemisphere, scene)
    if found is None:
        return _nothing("No run covers the hand knob of the other side.")
    origin = "Rest runs" if found.source == "rest" else "What the task's model leaves over, as if at rest"
    if found.centre_mm is None:
        return _nothing(
            f"{origin}: nothing near the knob goes with the other side's knob in particular (z "
            f"{found.peak_z:.1f}, needed {found.least_z:.1f}; {100 * found.chance_fraction:.0f} % of other "
            "places do as much)."
        )
    # Halves of a run share its drift and motion, so they cannot show this way to be surer than anatomy.
    sd_mm = max(scene.settings.knob_sd_mm, found.sd_mm or 0.0)
    return Alternative(
        name="resting state",
        position_mm=found.centre_mm,
        sd_mm=sd_mm,
        target_distance_mm=_apart_mm(found.centre_mm, centre_mm),
        remark=f"{origin}: goes with the other side's knob (z {found.peak_z:.1f}; "
        f"{100 * found.chance_fraction:.0f} % of other places do as much). Drift and motion can do the same.",
    )


def _nothing(remark: str) -> Alternative:
    return Alternative(
        name="resting state", position_mm=None, sd_mm=None, target_distance_mm=None, remark=remark
    )


def _apart_mm(first: Vector3, second: Vector3) -> float:
    return float(np.linalg.norm(np.asarray(first) - np.asarray(second)))
