# SPDX-License-Identifier: Apache-2.0
"""Which side of the head answers to a hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray, Vector3
from trephine.model.activation import Side
from trephine.stages.mapping.hand_area import Region, opposite, region_of
from trephine.stages.mapping.noise_field import Scene
from trephine.stages.mapping.settings import Settings

Pattern = Literal["usual", "weak", "bilateral", "ipsilateral", "absent"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """How the search region of one side answers.

    Parameters
    ----------
    hemisphere
        The side.
    region
        Where it was looked for.
    z
        In the region's searched voxels, shape (voxel,).
    peak_z, peak_mm
        Largest of them, and where, ``scanner``, shape (3,).
    least_z
        What noise alone reaches there as seldom as the settings ask.
    """

    hemisphere: Side
    region: Region
    z: AnyArray
    peak_z: float
    peak_mm: Vector3
    least_z: float

    @property
    def is_there(self) -> bool:
        """Whether the peak is more than noise."""
        return self.peak_z >= self.least_z


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """The answers to one hand: of the opposite side and of its own."""

    opposite: Answer
    own: Answer

    @property
    def laterality_index(self) -> float | None:
        """From 1 (all opposite) to -1 (all on the hand's own side); nothing when neither side answers.

        Sums of z above half of the largest z of both sides [seghier2008]_: no fixed threshold decides.
        """
        if not (self.opposite.is_there or self.own.is_there):
            return None
        edge = 0.5 * max(self.opposite.peak_z, self.own.peak_z)
        a = float(self.opposite.z[self.opposite.z >= edge].sum())
        b = float(self.own.z[self.own.z >= edge].sum())
        return (a - b) / (a + b)

    def pattern(self, settings: Settings) -> Pattern:
        """Name the pattern of both answers."""
        index = self.laterality_index
        if index is None:
            return "absent"
        if self.own.is_there and (not self.opposite.is_there or index < -settings.least_laterality_index):
            return "ipsilateral"
        if self.own.is_there and index <= settings.least_laterality_index:
            return "bilateral"
        return "weak" if self.opposite.peak_z < settings.weak_peak_z else "usual"


def sides_of(z: AnyArray, hand: Side, scene: Scene) -> Sides:
    """Look at both sides of the head in a map of one hand.

    Parameters
    ----------
    z
        Shape of the maps' grid.
    hand
        The hand that moved.
    scene
        The grid, the knobs, and how high noise rises.

    Returns
    -------
    Sides
        Both answers.
    """

    def answer(side: Side) -> Answer:
        region = region_of(scene.where, scene.anatomy, side, scene.settings)
        inside = z[region.box][region.is_searched]
        if not inside.size:
            return Answer(
                hemisphere=side, region=region, z=inside, peak_z=0.0, peak_mm=region.knob_mm, least_z=np.inf
            )
        best = int(np.argmax(inside))
        noise = scene.noise_in(region.is_searched)
        return Answer(
            hemisphere=side,
            region=region,
            z=inside,
            peak_z=float(inside[best]),
            peak_mm=region.points_mm[region.is_searched][best],
            least_z=noise.least_z(scene.settings.false_found_fraction),
        )

    return Sides(opposite=answer(opposite(hand)), own=answer(hand))
