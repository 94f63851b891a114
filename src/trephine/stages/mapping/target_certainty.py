# SPDX-License-Identifier: Apache-2.0
"""Whether the task or anatomy says where the hand is, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import chi2

from trephine.core.arrays import AnyArray, Vector3
from trephine.model.hand_evidence import CentreCertainty
from trephine.stages.mapping.contrast_maps import MapOfContrast
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.planning_grid import Place, volume_on
from trephine.stages.mapping.settings import Settings

_REACH_SD = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """Where the centre of the hand area is taken to be.

    Parameters
    ----------
    source
        What says so.
    reason
        Why anatomy stands in for the task; empty when it does not.
    centre_mm
        In ``scanner``, shape (3,).
    parts_mm2
        Covariances by cause, each of shape (3, 3), mm squared.
    """

    source: Literal["task", "knob"]
    reason: str
    centre_mm: Vector3
    parts_mm2: dict[str, AnyArray]

    @property
    def covariance_mm2(self) -> AnyArray:
        """Their sum, shape (3, 3): the causes have nothing to do with one another."""
        return np.sum(list(self.parts_mm2.values()), axis=0)

    @property
    def sd_mm(self) -> float:
        """Root of the mean variance along one axis."""
        return float(np.sqrt(np.trace(self.covariance_mm2) / 3))


def decide(
    own: MapOfContrast, models: tuple[RunModel, ...], knob_mm: Vector3, settings: Settings
) -> Decision:
    """Take the task's centre where the task shows one that is surer than anatomy; anatomy's knob elsewhere.

    Parameters
    ----------
    own
        The map of the hand against rest.
    models
        All runs.
    knob_mm
        Anatomical hand knob of the side to implant.
    settings
        Spread of the knob and what repetition cannot show.

    Returns
    -------
    Decision
        Never the hand's own side: when that side answers more, anatomy stands in.
    """
    by_anatomy = {"anatomy": settings.knob_sd_mm**2 * np.eye(3)}
    pattern = "absent" if own.sides is None else own.sides.pattern(settings)
    centre = own.contrast.centroid_mm
    if centre is None or pattern in ("absent", "ipsilateral"):
        reason = "the side opposite to the hand shows no response"
        if pattern == "ipsilateral":
            reason = "the hand's own side answers more than the opposite one"
        return Decision(source="knob", reason=reason, centre_mm=knob_mm, parts_mm2=by_anatomy)
    parts = parts_of(own, models, settings)
    by_task = Decision(source="task", reason="", centre_mm=centre, parts_mm2=parts)
    if by_task.sd_mm <= settings.knob_sd_mm:
        return by_task
    reason = f"the task's centre is less sure (standard deviation {by_task.sd_mm:.1f} mm) than anatomy"
    return Decision(source="knob", reason=reason, centre_mm=knob_mm, parts_mm2=by_anatomy)


def parts_of(own: MapOfContrast, models: tuple[RunModel, ...], settings: Settings) -> dict[str, AnyArray]:
    """Return the covariance of a task's centre by cause, each of shape (3, 3), mm squared.

    Noise comes from its draws (or the jackknife, where larger); registration from its stated errors, which
    average over runs; regressors from the shifts that they cause; runs from what they differ by beyond noise;
    the rest is ``systematic_sd_mm``. An unknown noise is as wide as anatomy's spread.
    """
    noise = own.certainty.noise_covariance_mm2
    noise = settings.knob_sd_mm**2 * np.eye(3) if noise is None else noise
    placing = np.mean([model.placed.error_mm**2 for model in models]) / len(models) / 3
    parts = {
        "noise": noise,
        "registration": float(placing) * np.eye(3),
        "systematic": settings.systematic_sd_mm**2 * np.eye(3),
    }
    if own.certainty.nuisance_covariance_mm2 is not None:
        parts["regressors"] = own.certainty.nuisance_covariance_mm2
    apart = [one.centroid_apart_mm for one in own.certainty.retests if one.kind == "runs"]
    if apart:
        known = [settings.search_radius_mm if one is None else one for one in apart]
        # Two runs at a distance d have a variance of d^2/2 over three axes; their mean has it over the runs.
        between = float(np.mean(np.square(known))) / 2 / 3 / len(models)
        parts["runs"] = max(0.0, between - float(np.trace(noise)) / 3) * np.eye(3)
    return parts


def radius95_mm(covariance_mm2: AnyArray) -> float:
    """Return the radius of the sphere that holds 95 % of a normal distribution about its centre.

    The squared distance is taken for a scaled chi-square of the same mean and variance [satterthwaite1946]_.
    """
    spread = np.linalg.eigvalsh(covariance_mm2)
    total, square = float(spread.sum()), float((spread**2).sum())
    if total <= 0:
        return 0.0
    return float(np.sqrt(square / total * chi2.ppf(0.95, total**2 / square)))


def certainty_on(where: Place, decision: Decision, hemisphere: str) -> CentreCertainty:
    """Describe how sure a decision is, with the chance of the centre to lie in each voxel of grey matter."""
    covariance = decision.covariance_mm2
    away = where.points_mm - decision.centre_mm
    square = np.einsum("pi,ij,pj->p", away, np.linalg.inv(covariance), away)
    chance = np.where(square < _REACH_SD**2, np.exp(-0.5 * square), 0.0).reshape(where.grid.shape)
    chance = chance * np.clip(where.grey_fraction, 0.0, 1.0) * where.in_hemisphere(hemisphere)
    total = float(chance.sum())
    return CentreCertainty(
        centre_mm=decision.centre_mm,
        covariance_mm2=covariance,
        radius95_mm=radius95_mm(covariance),
        parts_mm={name: float(np.sqrt(np.trace(part) / 3)) for name, part in decision.parts_mm2.items()},
        probability=volume_on(where.grid, chance / total if total > 0 else chance, "1"),
    )
