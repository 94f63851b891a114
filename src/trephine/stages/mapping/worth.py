# SPDX-License-Identifier: Apache-2.0
"""What cortex is worth to a thread, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Points, Vector3
from trephine.core.random import generator
from trephine.model.activation import Side
from trephine.model.volume import Volume
from trephine.stages.mapping.contrast_maps import MapOfContrast
from trephine.stages.mapping.planning_grid import Place, volume_on
from trephine.stages.mapping.settings import Settings
from trephine.stages.mapping.target_certainty import Decision

_REACH_SD = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Worth:
    """What makes cortex valuable.

    Parameters
    ----------
    z_share
        The hand's z over its peak, shape of the grid; absent when only anatomy speaks.
    box, drawn_shares
        Part of the grid where it was drawn again, and the draws, shape (draw, i, j, k); absent likewise.
    centres_mm
        Centre of the hand area in every draw, shape (draw, 3).
    up_mm
        From the centre to the target above it, shape (3,): distance counts from the line between them, so
        that the crown above a response in a sulcus keeps its value.
    hemisphere
        The other side is worth nothing.
    """

    z_share: AnyArray | None = None
    box: tuple[slice, slice, slice] | None = None
    drawn_shares: AnyArray | None = None
    centres_mm: Points
    up_mm: Vector3
    hemisphere: Side

    def share_in(self, number: int, near: AnyArray) -> AnyArray | float:
        """Return z over its peak in one draw, at some voxels of the grid, 0 to 1; 1 when anatomy speaks."""
        if self.z_share is None:
            return 1.0
        share = self.z_share
        if self.box is not None and self.drawn_shares is not None:
            share = share.copy()
            share[self.box] = self.drawn_shares[number]
        return np.clip(share.ravel()[near], 0.0, 1.0)


def worth_of(
    own: MapOfContrast, decision: Decision, target_mm: Vector3, where: Place, settings: Settings
) -> Worth:
    """Draw centres and maps as they might be.

    Parameters
    ----------
    own
        The map of the hand against rest, with its noise drawn again.
    decision
        Where the centre is, and its covariance by cause.
    target_mm
        The crown above it, ``scanner``, shape (3,).
    where
        The maps' grid.
    settings
        How many draws, and their seed.

    Returns
    -------
    Worth
        With the map as it is when anatomy decides, or no noise could be drawn.
    """
    hemisphere = where_of(own)
    rng = generator(settings.seed, "mapping.worth")
    up = target_mm - decision.centre_mm
    draws, search, peak_z = own.certainty.draws, own.search, own.contrast.peak_z
    if decision.source == "knob" or draws is None or search is None or peak_z is None:
        away = rng.multivariate_normal(np.zeros(3), decision.covariance_mm2, settings.noise_draws)
        return Worth(centres_mm=decision.centre_mm + away, up_mm=up, hemisphere=hemisphere)
    rest = np.sum([part for name, part in decision.parts_mm2.items() if name != "noise"], axis=0)
    middle = draws.centroids_mm.mean(axis=0)
    centres = decision.centre_mm + draws.centroids_mm - middle
    centres = centres + rng.multivariate_normal(np.zeros(3), rest, len(centres))
    return Worth(
        z_share=own.contrast.z.values.astype(np.float64) / peak_z,
        box=search.region.box,
        drawn_shares=draws.z[draws.stood] / peak_z,
        centres_mm=centres,
        up_mm=up,
        hemisphere=hemisphere,
    )


def where_of(own: MapOfContrast) -> Side:
    """Return the side that the map's hand is looked for on."""
    return own.contrast.hemisphere or "left"


def weight_of(place: Place, worth: Worth, settings: Settings) -> tuple[Volume, Volume]:
    """Return the value of grey matter for the hand, and its standard deviation over the draws.

    Parameters
    ----------
    place
        The maps' grid.
    worth
        What makes cortex valuable.
    settings
        How fast value falls with distance.

    Returns
    -------
    mean, sd
        On the maps' grid, both over the mean's largest value, so that the mean is at most 1.
    """
    middle = worth.centres_mm.mean(axis=0) + worth.up_mm / 2
    reach_mm = _REACH_SD * settings.weight_sd_mm + float(np.linalg.norm(worth.up_mm)) / 2
    near = np.linalg.norm(place.points_mm - middle, axis=1) <= reach_mm
    near &= place.in_hemisphere(worth.hemisphere).ravel() & (place.grey_fraction.ravel() > 0)
    points, grey = place.points_mm[near], np.clip(place.grey_fraction.ravel()[near], 0.0, 1.0)
    total, square = np.zeros(len(points)), np.zeros(len(points))
    for number, centre in enumerate(worth.centres_mm):
        distance = _distance_to_line_mm(points, centre, centre + worth.up_mm)
        bell = np.exp(-0.5 * (distance / settings.weight_sd_mm) ** 2)
        value = grey * bell * worth.share_in(number, near)
        total += value
        square += value**2
    count = len(worth.centres_mm)
    mean = total / count
    sd = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    largest = max(float(mean.max(initial=0.0)), 1e-12)
    made = np.zeros((2, len(near)))
    made[:, near] = np.stack([mean, sd]) / largest
    return volume_on(place.grid, made[0], "1"), volume_on(place.grid, made[1], "1")


def _distance_to_line_mm(points_mm: Points, start_mm: Vector3, end_mm: Vector3) -> AnyArray:
    along = end_mm - start_mm
    length2 = float(along @ along)
    share = np.clip((points_mm - start_mm) @ along / max(length2, 1e-12), 0.0, 1.0)
    return np.linalg.norm(points_mm - start_mm - share[:, None] * along, axis=1)
