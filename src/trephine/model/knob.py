# SPDX-License-Identifier: Apache-2.0
"""The hand knob as a person's own cortex shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.core.arrays import Points, Vector3, locked


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnKnob:
    """Where the precentral gyrus of one hemisphere bulges back into the central sulcus.

    Parameters
    ----------
    hemisphere
        Side of the person.
    position_mm, position_mni_mm
        Middle of the cortex of the sulcus's front bank at the top of the bulge, about half way down, in
        ``scanner`` and ``mni152``, shape (3,); absent when the cortex shows no single one.
    sd_mm
        Standard deviation along the sulcus over depths and widths at which the bulge was measured. It says
        how well the landmark is placed, not how near to it the hand's function lies.
    ends_mm
        Between these places of the sulcus 95 % of those measurements fall, shape (2, 3).
    height_mm
        How far the sulcus stands back there from the chord between the bulge's shoulders, mean of all.
    sulcus_mm
        The central sulcus half way down, from the midline to the Sylvian fissure, ``scanner``, shape
        (n, 3); empty when it was not found.
    template_distance_mm, task_distance_mm
        To the template's knob, and to the task's centre of the hand on the other side.
    remark
        What it rests on, or why there is none.
    """

    hemisphere: Literal["left", "right"]
    position_mm: Vector3 | None
    position_mni_mm: Vector3 | None
    sd_mm: float | None
    ends_mm: Points | None
    height_mm: float | None
    sulcus_mm: Points
    template_distance_mm: float | None
    task_distance_mm: float | None
    remark: str

    def __post_init__(self) -> None:
        for name, shape in (("position_mm", (3,)), ("position_mni_mm", (3,)), ("ends_mm", (2, 3))):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, locked(value, "float64", shape, name))
        line = np.asarray(self.sulcus_mm, dtype=np.float64).reshape(-1, 3)
        object.__setattr__(self, "sulcus_mm", locked(line, "float64", (None, 3), "sulcus_mm"))
