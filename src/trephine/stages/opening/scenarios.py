# SPDX-License-Identifier: Apache-2.0
"""What may turn out otherwise than the scans say: hand map, registration, vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, qmc

from trephine.core.arrays import AnyArray, Points
from trephine.core.random import generator
from trephine.model.activation import HandMap
from trephine.model.anatomy import Angiogram
from trephine.stages.opening.settings import Settings

_AXES = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenarios:
    """Equally likely ways in which the day of surgery may differ from the plan, one a row.

    Parameters
    ----------
    map_shift_mm
        How far the hand truly lies from the map's place, in ``scanner``, shape (scenario, 3).
    cortex_shift_mm
        How far the exposed cortex lies from where the scan says, shape (scenario, 3).
    vessel_shift_mm
        How far known vessels lie from where the angiogram says, shape (scenario, 3).
    room_fraction
        Share of the densest packing of threads that vessels too small for any scan leave room for,
        shape (scenario,).
    """

    map_shift_mm: Points
    cortex_shift_mm: Points
    vessel_shift_mm: Points
    room_fraction: AnyArray


def scenarios(hand_map: HandMap, angiogram: Angiogram | None, settings: Settings) -> Scenarios:
    """Draw scenarios: normal shifts of the stated spread, and room for threads anywhere in its range.

    Notes
    -----
    A scrambled Sobol sequence spreads the draws evenly, so that few of them give a steady mean.
    """
    rng = generator(settings.seed, "opening.scenarios")
    power = int(np.ceil(np.log2(settings.scenario_count)))
    uniform = qmc.Sobol(3 * _AXES + 1, scramble=True, rng=rng).random_base2(power)[: settings.scenario_count]
    step = norm.ppf(np.clip(uniform[:, : 3 * _AXES], 1e-6, 1 - 1e-6))
    spread = hand_map.target_sd_mm**2 * np.eye(_AXES)
    if hand_map.certainty is not None:
        spread = np.asarray(hand_map.certainty.covariance_mm2)
    values, vectors = np.linalg.eigh(spread)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # The published figure is a mean distance; of a normal error in three directions it is 1.6 deviations.
    scan_sd = settings.surface_shift_mm / float(np.sqrt(8 / np.pi))
    vessel_sd = angiogram.registration_error_mm if angiogram is not None else 0.0
    low, high = settings.room_low_fraction, settings.room_high_fraction
    return Scenarios(
        map_shift_mm=step[:, :3] @ root.T,
        cortex_shift_mm=scan_sd * step[:, 3:6],
        vessel_shift_mm=vessel_sd * step[:, 6:9],
        room_fraction=low + (high - low) * uniform[:, 9],
    )
